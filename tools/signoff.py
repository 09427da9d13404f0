"""The record of a run, for whoever signs it: verify it, sign it, compare two of them.

Signatures are OpenSSH's own, detached, in `signoff.json.sig`: whoever has the public key can check
one with `ssh-keygen -Y verify` and without this suite.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from domain.changes import changes
from domain.errors import SetupError
from domain.message import explain
from domain.record import SIGNATURE, Record, UnreadableRecordError, intact, read
from domain.verdict import ExitCode

NAMESPACE = "open-webui-litellm-acceptance"
"""Keeps a signature from being used for anything else (`ssh-keygen -n`)."""


def verify(file: Path, signers: Path | None = None) -> list[str]:
    """What can be said for the record, line by line; a signature beside it is checked too.

    Args:
        file: the record.
        signers: OpenSSH's file of allowed signers; without it, the key is told and nobody's name.

    Raises:
        SetupError: the file is not what its digest or its signature was made of.
    """
    record, digest = _read(file)
    if not intact(file.read_text(encoding="utf-8")):
        raise SetupError(
            _problem("The record was changed after it was written.", digest, "another digest", file)
        )
    said = [record.statement, f"digest holds: {digest}"]
    if record.partial:
        said.append(f"partial: {record.partial}")
    signature = Path(f"{file}{SIGNATURE}")
    if not signature.exists():
        return [*said, f"not signed: no {signature.name} beside it"]
    return [*said, _signed_by(file, signature, signers)]


def _signed_by(file: Path, signature: Path, signers: Path | None) -> str:
    about = ["-n", NAMESPACE, "-s", str(signature)]
    if signers is None:
        return _ssh_keygen("check-novalidate", *about, file=file)
    known = ["-f", str(signers)]
    names = _ssh_keygen("find-principals", "-s", str(signature), *known, file=file).splitlines()
    return _ssh_keygen("verify", *about, *known, "-I", names[0], file=file)


def _ssh_keygen(command: str, *arguments: str, file: Path) -> str:
    done = _run("ssh-keygen", "-Y", command, *arguments, standard_input=file.read_bytes())
    if done.returncode:
        found = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise SetupError(_problem("The signature does not hold.", "a good signature", found, file))
    return done.stdout.decode(errors="replace").strip()


def sign(file: Path, key: Path) -> list[str]:
    """Sign a record that holds, with an OpenSSH private key or the public key of an agent's.

    Raises:
        SetupError: the record does not hold, or the key does not sign.
    """
    record, digest = _read(file)
    if not intact(file.read_text(encoding="utf-8")):
        raise SetupError(_problem("A changed record is not signed.", digest, "another", file))
    signature = Path(f"{file}{SIGNATURE}")
    signature.unlink(missing_ok=True)  # ssh-keygen would ask whether to replace it
    done = _run("ssh-keygen", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(file))
    if done.returncode:
        found = done.stderr.decode(errors="replace").strip()
        raise SetupError(
            _problem("The record was not signed.", f"a signature by {key}", found, key)
        )
    return [f"signed: {record.statement}", f"the signature is in {signature}"]


def diff(before: Path, after: Path) -> list[str]:
    """What changed between two records, line by line.

    Raises:
        SetupError: one of them is no record.
    """
    found = changes(_read(before)[0], _read(after)[0])
    return [f"changed: {each}" for each in found] or ["nothing changed"]


def _read(file: Path) -> tuple[Record, str]:
    try:
        return read(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, UnreadableRecordError) as error:
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


def _problem(title: str, expected: str, found: str, where: Path) -> str:
    return explain(
        title,
        expected=expected,
        found=found,
        where=str(where),
        fix="take the record that the run left, or let a new run make one: make accept",
    )


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 when it holds, 99 when it does not."""
    parser = argparse.ArgumentParser(prog="python -m tools.signoff", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    verifying = commands.add_parser("verify", help="the digest, and a signature beside the file")
    verifying.add_argument("file", type=Path)
    verifying.add_argument("--signers", type=Path, help="OpenSSH's file of allowed signers")
    signing = commands.add_parser("sign", help="write a detached signature beside the file")
    signing.add_argument("file", type=Path)
    signing.add_argument("--key", type=Path, required=True, help="an OpenSSH key")
    comparing = commands.add_parser("diff", help="what changed from one record to another")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
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
