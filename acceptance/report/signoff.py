"""The record of a run, for whoever signs it: verify it, sign it, compare two of them.

Signatures are OpenSSH's own, detached, in `signoff.json.sig`: whoever has the public key can check
one with `ssh-keygen -Y verify` and without this suite.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from acceptance import files
from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.report.changes import changes
from acceptance.report.consistency import contradictions
from acceptance.report.cover.binding import ForeignPageError, shown
from acceptance.report.record import (
    PAGE,
    PARTIAL,
    SIGNATURE,
    WHOLE,
    Record,
    UnreadableRecordError,
    intact,
    read,
)
from acceptance.shipped import COMMAND, IN_CHECKOUT, told_as
from acceptance.verdict import ExitCode

NAMESPACE = "open-webui-litellm-acceptance"
"""Keeps a signature from being used for anything else (`ssh-keygen -n`)."""
_MOST_BYTES = 1_000_000
"""Of a signature, a key or a file of signers."""
_READABLE = 3
"""Contradictions that are told; one is enough to refuse a record."""
_RECORD = Path("reports", WHOLE)
_DEFAULT = "[%(default)s]"
_TAKE_IT = f"take the run's record, or let a new run make one: {told_as('check', 'accept')}"
_SIGN_IT = (
    f"let one of them sign it: {told_as('sign --key=…', 'sign KEY=…')}; where nobody has to, "
    f"leave {'SIGNERS' if IN_CHECKOUT else '--signers'} out"
)


def verify(file: Path, signers: Path | None = None) -> list[str]:
    """What can be said for the record, line by line; page and signature beside it are checked too.

    Args:
        file: the record.
        signers: OpenSSH's file of allowed signers, one of whom must have signed; without it, the
            key of a signature is told, and nobody's name.

    Raises:
        SetupError: the file is not what its digest or its signature was made of, or contradicts
            itself; the page beside it shows something else; signers are named, and none has signed.
    """
    said = _holding(file)
    signature = Path(f"{file}{SIGNATURE}")
    if signature.is_symlink() or signature.exists():
        return [*said, _signed_by(file, signature, signers)]
    absent = f"no {signature.name} beside it"
    if signers is not None:
        expected = f"a signature by one of those in {signers}"
        raise SetupError(
            _problem("The record is not signed.", expected, absent, file, fix=_SIGN_IT)
        )
    return [*said, f"not signed: {absent}"]


def _holding(
    file: Path, changed: str = "The record was changed after it was written."
) -> list[str]:
    """What can be said for a record that holds.

    Raises:
        SetupError: it does not.
    """
    text, record, digest = _read(file)
    if not intact(text):
        raise SetupError(_problem(changed, digest, "another digest", file))
    if found := contradictions(text):
        expected, listed = "one run, told once", "; ".join(found[:_READABLE])
        raise SetupError(_problem("The record contradicts itself.", expected, listed, file))
    said = [record.statement, f"digest holds: {digest}"]
    if record.partial:
        said.append(f"partial: {record.partial}")
    return [*said, *_page_beside(file, digest)]


def _page_beside(file: Path, digest: str) -> list[str]:
    """What can be said of the page beside a record; nothing where there is none.

    Raises:
        SetupError: it is not as it was made, or shows another record than those that are there.
    """
    page = file.with_name(PAGE)
    if not page.exists():
        return []
    try:
        shows = shown(page)
    except ForeignPageError as error:
        found = str(error)
    else:
        if shows == digest:
            return [f"{page.name} shows this record, and is as it was made"]
        if other := _shown_beside(file, shows):
            return [f"{page.name} shows {other.name}, which is beside it, and not this record"]
        found = f"it shows {shows or 'no record'}"
    title = "The page beside the record does not belong to it."
    fix = f"trust the record, not that page: remove it, or make it anew: {told_as('report')}"
    raise SetupError(_problem(title, f"a page of {digest}", found, page, fix=fix))


def _shown_beside(file: Path, digest: str) -> Path | None:
    """The run's other record, if it holds and is the one of this digest."""
    for other in (file.with_name(name) for name in (WHOLE, PARTIAL)):
        if other.exists():
            text, _, claimed = _read(other)
            if claimed == digest and intact(text):
                return other
    return None


def _signed_by(file: Path, signature: Path, signers: Path | None) -> str:
    for given in (signature, *([signers] if signers else [])):
        _require_small(given)
    about = ["-n", NAMESPACE, "-s", str(signature)]
    if signers is None:
        return _ssh_keygen("check-novalidate", *about, file=file)
    known = ["-f", str(signers)]
    found = _ssh_keygen("find-principals", "-s", str(signature), *known, file=file)
    name = found.partition("\n")[0].partition(",")[0]  # one key may be several people's
    return _ssh_keygen("verify", *about, *known, "-I", name, file=file)


def _require_small(given: Path, title: str = "The signature does not hold.") -> None:
    """Raise SetupError unless it is a file of a size that ssh-keygen can be given."""
    try:
        files.content(given, _MOST_BYTES)
    except OSError as error:
        found = str(error)
        raise SetupError(_problem(title, "a small file", found, given)) from error


def _ssh_keygen(command: str, *arguments: str, file: Path) -> str:
    done = _run("ssh-keygen", "-Y", command, *arguments, standard_input=files.content(file))
    if done.returncode:
        found = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise SetupError(_problem("The signature does not hold.", "a good signature", found, file))
    return done.stdout.decode(errors="replace").strip()


def sign(file: Path, key: Path) -> list[str]:
    """Sign a record that holds, with an OpenSSH private key or the public key of an agent's.

    Raises:
        SetupError: the record or the page beside it does not hold, or the key does not sign.
    """
    statement, *_ = _holding(file, "A changed record is not signed.")
    signature = Path(f"{file}{SIGNATURE}")
    if key.exists():  # of an agent's key, the half that is public is enough
        _require_small(key, "The record was not signed.")
    try:
        signature.unlink(missing_ok=True)  # ssh-keygen would ask whether to replace it
    except OSError as error:
        found = str(error)
        raise SetupError(
            _problem("The record was not signed.", "a file or nothing", found, signature)
        ) from error
    done = _run("ssh-keygen", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(file))
    if done.returncode:
        found = done.stderr.decode(errors="replace").strip()
        raise SetupError(
            _problem("The record was not signed.", f"a signature by {key}", found, key)
        )
    return [f"signed: {statement}", f"the signature is in {signature}"]


def diff(before: Path, after: Path) -> list[str]:
    """What changed between two records, line by line.

    Raises:
        SetupError: one of them is no record.
    """
    found = changes(_read(before)[1], _read(after)[1])
    return [f"changed: {each}" for each in found] or ["nothing changed"]


def _read(file: Path) -> tuple[str, Record, str]:
    """Text, content and claimed digest of a record."""
    try:
        if not file.is_file():
            raise UnreadableRecordError("no file" if not file.exists() else "not a regular file")
        text = files.content(file).decode("utf-8")
        return text, *read(text)
    except (OSError, ValueError) as error:
        raise SetupError(
            _problem("This is no record.", "a signoff.json of this suite", str(error), file)
        ) from error


def _run(*command: str, standard_input: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    try:
        # A passphrase is asked for at the terminal, not on these streams.
        return subprocess.run(command, input=standard_input, capture_output=True, check=False)
    except OSError as error:
        where = Path(command[0])
        raise SetupError(_problem("No signature.", "OpenSSH 8.0", str(error), where)) from error


def _problem(title: str, expected: str, found: str, where: Path, *, fix: str = _TAKE_IT) -> str:
    return explain(title, expected=expected, found=found, where=str(where), fix=fix)


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 when it holds, 99 when it does not."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    verifying = commands.add_parser(
        "verify", description="Whether a record's digest holds, and a signature beside it."
    )
    verifying.add_argument("file", type=Path, nargs="?", default=_RECORD, help=_DEFAULT)
    verifying.add_argument("--signers", type=Path, help="OpenSSH's file of allowed signers")
    signing = commands.add_parser(
        "sign", description="Write a signature beside a record, by an OpenSSH key."
    )
    signing.add_argument("file", type=Path, nargs="?", default=_RECORD, help=_DEFAULT)
    signing.add_argument("--key", type=Path, required=True, help="an OpenSSH key")
    comparing = commands.add_parser("diff", description="What changed from one record to another.")
    comparing.add_argument("before", type=Path, help="a signoff.json of an earlier run")
    comparing.add_argument("after", type=Path, nargs="?", default=_RECORD, help=_DEFAULT)
    given = parser.parse_args(arguments)
    try:
        if given.command == "verify":
            said = verify(given.file, given.signers)
        elif given.command == "sign":
            said = sign(given.file, given.key)
        else:
            said = diff(given.before, given.after)
    except SetupError as error:
        said, code = [str(error)], ExitCode.UNFIT
    else:
        code = ExitCode.ACCEPTED
    print("\n".join(said))  # noqa: T201  # a command's own output
    return code


if __name__ == "__main__":
    sys.exit(main())
