"""Rehearse an upgrade: live on the versions that are deployed, start the next on their volumes.

Whatever was green, or there, and is not afterwards is told, and makes the exit code 1.
"""

import argparse
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from acceptance.contract.profile import NAME, read_profile
from acceptance.contract.reading import STORY, contract_in
from acceptance.errors import SetupError
from acceptance.lab.embedded.lab import EmbeddedLab, Programs, programs_for
from acceptance.lab.embedded.manifests import DEFAULT, Manifests, places
from acceptance.lab.embedded.placeholders import completed
from acceptance.lab.embedded.plan import of_versions
from acceptance.lab.environments import CACHE, PROGRAMS
from acceptance.lab.terminal import say, write
from acceptance.message import explain
from acceptance.rehearsal.bisection import first_red, releases_between
from acceptance.rehearsal.comparison import (
    Comparison,
    bisection,
    compare,
    is_worse_alike,
    report,
    turned,
)
from acceptance.rehearsal.life import Life
from acceptance.rehearsal.stage import Deployment, Judge, Stage
from acceptance.shipped import told_as
from acceptance.signals import sigterm_like_ctrl_c
from acceptance.verdict import ExitCode

_PROGRAMS = {program.name: program for program in PROGRAMS}
Versions = Mapping[str, str]
"""By program name, `open-webui`."""


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 when nothing is worse, 1 when something is, 99 when nothing can be said."""
    options = _parser().parse_args(arguments)
    try:
        with sigterm_like_ctrl_c():
            return _Rehearsal(options).run()
    except SetupError as error:
        write(str(error))
    except KeyboardInterrupt:
        write("\nThe rehearsal was ended; nothing of its lab is left.")
    return ExitCode.UNFIT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=told_as("rehearse"), description=__doc__)
    parser.add_argument(
        "--manifests",
        type=places,
        default=(DEFAULT,),
        help="folder or file to start, or several with commas",
    )
    parser.add_argument(
        "--from",
        dest="older",
        type=_versions,
        default={},
        metavar="VERSIONS",
        help="versions that are deployed, as --to; without it those that the images' tags name",
    )
    parser.add_argument(
        "--to",
        dest="newer",
        type=_versions,
        required=True,
        metavar="VERSIONS",
        help="versions that are to be: open-webui=0.12.4,litellm=1.108.7, or one of them",
    )
    parser.add_argument(
        "--and-back", action="store_true", help="start the old versions once more; told, not judged"
    )
    parser.add_argument(
        "--bisect", action="store_true", help="find the first release of one program that is red"
    )
    parser.add_argument("--contract", type=Path, default=STORY, help="what is asked")
    parser.add_argument(
        "--without-contract",
        action="store_true",
        help="look at what people had, and judge no scenario",
    )
    parser.add_argument("--reports", type=Path, default=Path("reports/rehearsal"))
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for what is built once")
    parser.add_argument(
        "--allow-code",
        action="store_true",
        help="run code that the manifests bring for LiteLLM to import: it runs as you",
    )
    parser.add_argument("pytest", nargs="*", help="behind --, more for pytest: -m 'not disruptive'")
    return parser


def _versions(text: str) -> Versions:
    pairs = dict(each.partition("=")[::2] for each in text.split(","))
    if not pairs or not all(name in _PROGRAMS and version for name, version in pairs.items()):
        raise argparse.ArgumentTypeError(f"expected open-webui=X,litellm=Y, found {text!r}")
    return pairs


def _bisects_one(newer: Versions) -> str:
    return explain(
        "It is not clear which program's releases to look through.",
        expected="the version of one program",
        found=", ".join(f"{name}={version}" for name, version in newer.items()),
        where="--to, with --bisect",
        fix="name the one that is suspected; the other keeps the version that is deployed",
    )


def _not_judged(before: Stage) -> str:
    return explain(
        "There is nothing that an upgrade could make worse.",
        expected="a deployment that serves, and can be judged, before its upgrade",
        found="; ".join(before.problems) or "no record of the run on the deployed versions",
        where=str(before),
        fix=f"run `{told_as('check', 'accept')}` with these manifests first",
    )


class _Rehearsal:
    """One deployment and its volumes, from one pair of versions to the next."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._profile = read_profile(contract_in(options.contract) / NAME)
        given = Manifests.load(*options.manifests)
        given = completed(given.trusted() if options.allow_code else given)
        self._older = of_versions(given, options.older)
        self._reports: Path = options.reports.resolve()
        self._judge = (
            None
            if options.without_contract
            else Judge(
                contract=options.contract.resolve(),
                cache=options.cache,
                reports=self._reports,
                more=options.pytest,
            )
        )
        if options.bisect and len(options.newer) != 1:
            raise SetupError(_bisects_one(options.newer))

    def run(self) -> int:
        """Rehearse, and write the report."""
        older, newer = self._programs(self._older), self._newer(self._options.newer)
        shutil.rmtree(self._reports, ignore_errors=True)
        with EmbeddedLab(self._older, older, say=say) as self._lab:
            self._deployment = Deployment(
                self._lab, self._profile.open_webui, self._profile.gateway
            )
            self._life = self._lived()
            before = self._stage("before", self._judge)
            if before.problems or (self._judge and before.record is None):
                raise SetupError(_not_judged(before))
            declared = self._declared()
            volumes = self._lab.folder / "volumes-before"
            if self._options.bisect:
                self._lab.keep_volumes(volumes)
            self._lab.run_versions(*newer)
            after = self._stage("after", self._judge)
            found = compare(before, after, declared)
            back = None
            if self._options.and_back:
                self._lab.run_versions(self._older, older)
                back = self._stage("back", self._judge)
            text = report(before, after, found, left_out=self._life.left_out, back=back)
            if self._options.bisect:
                text += self._bisected(before, after, found, volumes) if found.worse else ""
        self._reports.mkdir(parents=True, exist_ok=True)
        (self._reports / "rehearsal.md").write_text(text, encoding="utf-8")
        write(f"\n{text}\nreport: {self._reports / 'rehearsal.md'}")
        return ExitCode.NOT_ACCEPTED if found.worse else ExitCode.ACCEPTED

    def _programs(self, manifests: Manifests) -> Programs:
        return programs_for(manifests, cache=self._options.cache, say=say)

    def _newer(self, versions: Versions) -> tuple[Manifests, Programs]:
        manifests = of_versions(self._older, versions)
        return manifests, self._programs(manifests)

    def _lived(self) -> Life:
        target = self._deployment.target()
        if not target.open_webui:
            raise SetupError(target.open_webui_problem)
        say(f"people use {', '.join(f'{each} {it}' for each, it in self._lab.versions.items())}")
        life = Life(target.administrator, say)
        life.live(target.open_webui)
        for each in life.left_out:
            say(f"left out: {each}")
        return life

    def _stage(self, name: str, judge: Judge | None) -> Stage:
        return self._deployment.stage(name, self._life, judge)

    def _declared(self) -> tuple[str, ...]:
        """The names of the variables that the manifests give to Open WebUI."""
        environment = self._deployment.declared()
        return tuple(name for name, each in environment.items() if each.source != "image")

    def _bisected(self, before: Stage, after: Stage, told: Comparison, volumes: Path) -> str:
        """The first release at which something is worse that is worse at the newer version, too.

        What is worse in another way is told, and does not count; a release that does not show what
        is looked for cannot tell, and is passed over.
        """
        (name,) = self._options.newer
        program = _PROGRAMS[name]
        older, newer = before.versions[program.title], after.versions[program.title]
        between = releases_between(program, older, newer)
        # where no scenario turned, none has to be judged again
        judge = self._judge if turned(before.record, after) else None
        seen = {newer: told.worse}

        def is_red(version: str) -> bool:
            manifests, programs = self._newer({name: version})
            self._lab.run_versions(manifests, programs, volumes=volumes)
            self._deployment.forget()
            stage = self._stage(f"bisect-{version}", judge)
            found = compare(before, stage)
            seen[version] = found.worse
            say(f"{program.title} {version}: {'; '.join(found.worse) or 'nothing is worse'}")
            return is_worse_alike(found, told, serves=not stage.problems)

        green, red, unclear = first_red(older, between, newer, is_red)
        return bisection(program.title, green, red, told.worse, seen, unclear)


if __name__ == "__main__":
    sys.exit(main())
