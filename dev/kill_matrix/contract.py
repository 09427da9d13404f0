"""`make contract-matrix`: each value of the contract is changed, and somebody has to notice.

The deployment stays well and its contract becomes wrong: a value that no scenario compares would be
decoration. A wrong contract is noticed if it is refused, or if scenarios that state the value fail.
"""

import argparse
import multiprocessing
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from pytest_bdd.feature import get_feature

import steps
from acceptance.clients.answers import nonce
from acceptance.clients.open_webui import OpenWebUI
from acceptance.contract.feature_files import places, title_of
from acceptance.contract.profile import NAME
from acceptance.contract.reading import STORY, read_contract
from acceptance.contract.sentences import PROVIDER, States, known
from acceptance.contract.values import Contract
from acceptance.errors import SetupError
from acceptance.lab import environments
from acceptance.lab.embedded.lab import EmbeddedLab, programs_for
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.placeholders import completed
from acceptance.lab.embedded.running import RunningLab
from acceptance.lab.embedded.running_labs import attached_to, describe
from acceptance.lab.embedded.target import embedded_target
from acceptance.plugin.gherkin import DISRUPTIVE
from acceptance.secret import Secret
from acceptance.target import Account, Target
from acceptance.verdict import ExitCode, Verdict
from dev.kill_matrix.judge import judge

_QUOTED = re.compile(r'"([^"<>]+)"')
_OTHER = "-changed"
_ROWS = ("criteria", "requirements", "tasks")
"""Sections whose texts are for people."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutation:
    """One change of one file of the contract."""

    kind: str
    """What the value is: its sentence's, an example's, or the one of a section of the profile."""
    file: str
    line: int
    """Of the file, from 1."""
    what: str
    new: str
    """The whole line as it becomes; empty: it goes."""
    tame: str = ""
    """Why it may be as true as before; empty where it cannot be."""

    def write(self, contract: Path, folder: Path) -> Path:
        """A copy of the contract with this change."""
        shutil.copytree(contract, folder)
        path = folder / self.file
        lines = path.read_text(encoding="utf-8").splitlines()
        lines[self.line - 1 : self.line] = self.new.splitlines()
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return folder

    @property
    def stated_at(self) -> int:
        """The line that holds the changed value: an added one comes after its model."""
        return self.line + self.new.count("\n")

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.what}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Noticed:
    """Who noticed a change."""

    mutation: Mutation
    refused: str = ""
    """What is told of the contract; empty where it was judged by."""
    failed: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    """Those that failed and do not state the value, with what they say."""

    @property
    def right(self) -> bool:
        """Whether the scenarios that state the value noticed, and no other."""
        if self.refused or (self.mutation.tame and not self.failed):
            return not self.beside
        return bool(self.failed and not self.beside)

    @property
    def by(self) -> str:
        """In words."""
        if self.refused:
            return f"refused: {self.refused}"
        nobody = f"nobody: {self.mutation.tame}" if self.mutation.tame else "NOBODY"
        beside = f" (and, wrongly, {'; '.join(self.beside)})" if self.beside else ""
        return ("; ".join(self.failed) or nobody) + beside


def mutations(contract: Contract) -> Iterator[Mutation]:
    """Every value of the contract, changed in turn."""
    for path in contract.files:
        kind = ""
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            kind = _kind(text.strip()) or kind
            for what, new in _changes(text.strip(), contract):
                indent = text[: len(text) - len(text.lstrip())]
                yield Mutation(
                    kind=f"{kind} {_sort(what, contract)}",
                    file=path.name,
                    line=number,
                    what=what,
                    new="\n".join(indent + each for each in new.splitlines()),
                    tame=_tame(text.strip(), new),
                )
    yield from _of_the_profile(contract)


def some_of_each_kind(contract: Contract) -> list[Mutation]:
    """The slice: of each kind of value one change, and rather one that is not refused at once."""
    first: dict[str, Mutation] = {}
    judged: dict[str, Mutation] = {}
    for each in mutations(contract):
        if each.kind in judged or each.tame or _disturbs(contract, each):
            continue
        first.setdefault(each.kind, each)
        with tempfile.TemporaryDirectory() as folder, suppress(SetupError):
            read_contract(each.write(contract.folder, Path(folder) / "features"))
            judged[each.kind] = each
    return [*{**first, **judged}.values()]


def _kind(text: str) -> str:
    """What the values of a line are; empty: those of the line above, whose table it is."""
    if text.startswith("Examples:"):
        return "example"
    said = known(text.partition(" ")[2])
    return said.states.name if said and said.states else ""


def _sort(what: str, contract: Contract) -> str:
    """What the value is that is changed."""
    old, _, _ = what.partition(" -> ")
    return "provider" if old in contract.providers else "model" if old in contract.models else ""


def _tame(text: str, new: str) -> str:
    """Why a changed line may be as true as before."""
    if not new:
        return "the contract says less"
    said = known(text.partition(" ")[2])
    return "another outage, of which it holds as well" if said and said.takes_away else ""


def _changes(text: str, contract: Contract) -> Iterator[tuple[str, str]]:
    """What can be wrong in a line of a feature: the change in words, and the line with it."""
    if text.startswith("|"):
        yield from _cells(text, contract)
    elif re.match(r"(?:Given|When|Then|And|But) ", text):
        yield from _values(text, contract)


def _values(text: str, contract: Contract) -> Iterator[tuple[str, str]]:
    for value in dict.fromkeys(_QUOTED.findall(text)):
        for other in _others(value):
            yield f"{value} -> {other}", text.replace(f'"{value}"', f'"{other}"')
    said = known(text.partition(" ")[2])
    provider = said.values(text.partition(" ")[2]).get(PROVIDER, "") if said else ""
    if provider in contract.providers:
        other = next(name for name in contract.providers if name != provider)
        yield f"{provider} -> {other}", re.sub(rf"\b{re.escape(provider)}\b", other, text)
    if said and said.states is States.ANSWERER:
        name = said.values(text.partition(" ")[2])["model"]
        instead = [each for each in contract.models.values() if each.name not in (name, "<model>")]
        if name in contract.models:
            model = instead[-1]
            new = text.replace(f'"{name}"', f'"{model.name}"')
            yield (
                f"{name} -> {model}",
                re.sub(rf" at {re.escape(provider)}$", f" at {model.provider.name}", new),
            )


def _others(value: str) -> Iterator[str]:
    """What is wrong in a value's place: of an address each part in turn."""
    if "://" not in value:
        yield value + _OTHER
        return
    url = urlsplit(value)
    path = url.path.removesuffix("/v1") if url.path.endswith("/v1") else f"{url.path}/v1"
    name, *domains = (url.hostname or "").split(".")
    host = ".".join((name, "other", *domains[1:])) if domains else name + _OTHER
    yield url._replace(scheme="http" if url.scheme == "https" else "https").geturl()
    yield url._replace(path=path).geturl()
    yield url._replace(netloc=f"{url.hostname}:9999").geturl()
    yield url._replace(netloc=f"{host}:{url.port}" if url.port else host).geturl()


def _cells(text: str, contract: Contract) -> Iterator[tuple[str, str]]:
    cells = [cell.strip() for cell in text.strip("|").split("|")]
    if not set(cells) & {*contract.models, *contract.providers}:
        return
    for index, cell in enumerate(cells):
        if cell in contract.providers:
            other = next(name for name in contract.providers if name != cell)
        elif cell in contract.models:
            other = cell + _OTHER
        else:
            other = "9"
        yield f"{cell} -> {other}", _row(cells, index, other)
        if cell in contract.models:
            added = _row(cells, index, other)
            yield f"added: {other}", f"{text}\n{added}"
    yield f"removed: {' | '.join(cells)}", ""


def _row(cells: list[str], index: int, other: str) -> str:
    return f"| {' | '.join([*cells[:index], other, *cells[index + 1 :]])} |"


def _of_the_profile(contract: Contract) -> Iterator[Mutation]:
    """The entries that a machine reads; the texts of rows are for people."""
    path = contract.folder / NAME
    section = ""
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        entry = re.fullmatch(r"( *)([^#:\n]+?): *(.*)", text)
        if entry:
            section = section if entry[1] else entry[2]
            for what, new in _entry(section, *entry.groups()):
                tame = _tame(text, new)
                yield Mutation(
                    kind=section or entry[2],
                    file=path.name,
                    line=number,
                    what=what,
                    new=new,
                    tame=tame,
                )


def _entry(section: str, indent: str, name: str, value: str) -> Iterator[tuple[str, str]]:
    if section == "title" or (section in _ROWS and not indent):
        return
    if section in _ROWS:
        bare = name.strip('"')
        yield f"{bare} -> {bare}{_OTHER}", f'{indent}"{bare}{_OTHER}": {value}'
        return
    for word in re.findall(r"[\w.:/-]+", value):
        if word.rstrip(":") not in ("service", "hosts"):
            new = f"{indent}{name}: {value.replace(word, word + _OTHER, 1)}"
            yield f"{name}: {word} -> {word}{_OTHER}", new
    if indent:
        yield f"removed: {name}", ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scenario:
    """A scenario as far as it is known who states what."""

    title: str
    file: str
    lines: frozenset[int]
    states: frozenset[States]
    compares: frozenset[States]
    disruptive: bool


def _scenarios(contract: Contract) -> Iterator[_Scenario]:
    for file in contract.files:
        for template in get_feature(str(file.parent), file.name).scenarios.values():
            for row, lines in places(template, file):
                marks = [mark for step in template.render(row).steps if (mark := known(step.name))]
                yield _Scenario(
                    title=title_of(template, row),
                    file=file.name,
                    lines=frozenset(lines),
                    states=frozenset(mark.states for mark in marks if mark.states),
                    compares=frozenset(mark.about for mark in marks if mark.about),
                    disruptive=DISRUPTIVE in template.tags,
                )


def _stating(contract: Contract, mutation: Mutation) -> tuple[set[str], set[str]]:
    """Titles of the scenarios that state the changed line, and of those that compare its kind."""
    every = [*_scenarios(contract)]
    stating = [
        each for each in every if each.file == mutation.file and mutation.stated_at in each.lines
    ]
    kinds = frozenset[States]().union(*(each.states for each in stating))
    comparing = {each.title for each in every if each.compares & kinds}
    return {each.title for each in stating}, comparing


def _disturbs(story: Contract, mutation: Mutation) -> bool:
    """Whether a scenario that takes a provider away may be tried: nobody else may look then."""
    return any(
        each.disruptive and each.file == mutation.file and mutation.line in each.lines
        for each in _scenarios(story)
    )


class Judging:
    """A lab that stays up, by a contract that it fulfils, and by changed ones."""

    def __init__(self, lab: RunningLab, contract: Contract) -> None:
        self._contract = contract
        self._target = embedded_target(
            lab,
            open_webui=contract.open_webui,
            gateway=contract.gateway,
            names=contract.providers,
        )
        target = self._target
        self._administrator = OpenWebUI(
            target.open_webui, target.administrator, name="the lab's administrator"
        )
        self._administrator.sign_in()

    def noticed(self, mutation: Mutation) -> Noticed:
        """Who notices this change."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                copy = mutation.write(self._contract.folder, Path(folder) / "features")
                contract = read_contract(copy)
            except SetupError as error:
                return Noticed(mutation=mutation, refused=_gist(str(error)))
            stated_in = contract if mutation.new else self._contract  # a line that went is not
            stating, comparing = _stating(stated_in, mutation)
            found = judge(self._target_by(contract), contract, stating)
        if found.unfit:
            unfit = found.unfit.splitlines()[0]
            if mutation.file == NAME:
                return Noticed(mutation=mutation, refused=unfit)
            return Noticed(mutation=mutation, beside=(f"nothing was judged: {unfit}",))
        failed = [
            title for title, ending in found.endings.items() if ending.verdict is Verdict.FAILED
        ]
        profile = mutation.file == NAME
        wrongly = [] if profile else [each for each in failed if each not in stating | comparing]
        beside = [f"{each}: {' '.join(found.endings[each].message.split())}" for each in wrongly]
        noticed = failed if profile or stating & set(failed) else []
        told = [note for note in found.remarks if "in no sentence of the contract" in note]
        if not noticed and told:
            return Noticed(mutation=mutation, refused=f"remarked: {told[0]}")
        return Noticed(mutation=mutation, failed=tuple(noticed), beside=tuple(beside))

    def _target_by(self, contract: Contract) -> Target:
        """The target, with an account of its own: one signs in 15 times in three minutes only."""
        account = Account(email=f"{nonce().lower()}@lab.example", password=Secret(nonce()))
        self._administrator.add_user(account, role="admin")
        target = self._target
        if contract.open_webui.name != target.open_webui_service.name:
            target = replace(target, open_webui_service=contract.open_webui)
        if contract.gateway.name != target.gateway_service.name:
            target = replace(target, gateway_service=contract.gateway)
        return replace(target, administrator=account)


_judging: Judging
"""Of a process that tries changes: a pool hands nothing else from its start to its tasks."""
_open = ExitStack()


def start(lab: Path, contract: Path) -> None:
    """Let this process try changes of a contract on the lab of this folder."""
    global _judging  # noqa: PLW0603  # as above
    steps.load()
    _judging = Judging(_open.enter_context(attached_to(lab)), read_contract(contract))


def _noticed(mutation: Mutation) -> Noticed:
    return _judging.noticed(mutation)


def _gist(message: str) -> str:
    found = {line.split()[0]: line.split(None, 1)[1] for line in message.splitlines()[1:] if line}
    place = Path(found["where"]).name
    return f"{place}: expected {found['expected']}, found {found['found']}"


def try_each(
    chosen: Sequence[Mutation],
    lab: EmbeddedLab,
    contract: Contract,
    *,
    start: Callable[[Path, Path], None] = start,
) -> list[Noticed]:
    """What was noticed of each change, in their order, on a lab that is up and fulfils the rest.

    Args:
        chosen: what to change.
        lab: where it is judged.
        contract: what is changed.
        start: begins each process that tries changes.
    """
    describe(lab)
    alone = [each for each in chosen if _disturbs(contract, each)]
    rest = [each for each in chosen if each not in alone]
    found = []
    for some, workers in ((rest, 2), (alone, 1)):
        with ProcessPoolExecutor(
            workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=start,
            initargs=(lab.folder, contract.folder),
        ) as pool:
            for noticed in pool.map(_noticed, some):
                found.append(noticed)
                mark = "" if noticed.right else "  <- WRONG"
                line = f"{len(found):>3}/{len(chosen)} {noticed.mutation}: {noticed.by}{mark}"
                print(line, flush=True)  # noqa: T201  # progress
    return sorted(found, key=lambda each: chosen.index(each.mutation))


def document(found: Iterable[Noticed]) -> str:
    """The matrix as Markdown."""
    rows = [
        (f"{each.mutation.file}:{each.mutation.line}", each.mutation.what, each.by)
        for each in found
    ]
    lines = [
        "# Contract matrix",
        "",
        "Made by `make contract-matrix`; do not edit. The deployment is well, and one value of the",
        "contract is changed in turn: the scenarios that state it must fail, or the contract must",
        "be refused.",
        "",
        "| where | what was changed | who noticed |",
        "|---|---|---|",
        *(f"| {' | '.join(each.replace('|', chr(92) + '|') for each in row)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Change each value; 0 when each change was noticed by who states it."""
    parser = argparse.ArgumentParser(prog="contract-matrix", description=__doc__)
    parser.add_argument("--slice", action="store_true", help="one change of each kind of value")
    parser.add_argument("--only", default="", help="those whose description holds this text")
    parser.add_argument("--contract", type=Path, default=STORY, help="whose values are changed")
    parser.add_argument("--manifests", type=Path, default=DEFAULT, help="what fulfils it")
    parser.add_argument("--cache", type=Path, default=environments.CACHE)
    parser.add_argument("--document", type=Path, help="write the matrix as Markdown as well")
    options = parser.parse_args(arguments)
    steps.load()
    try:
        contract = read_contract(options.contract)
        of_interest = some_of_each_kind(contract) if options.slice else list(mutations(contract))
        chosen = [each for each in of_interest if options.only in str(each)]
        manifests = completed(Manifests.load(options.manifests))
        programs = programs_for(manifests, cache=options.cache, say=print)
        with EmbeddedLab(manifests, programs, say=print) as lab:
            found = try_each(chosen, lab, contract)
    except SetupError as error:
        print(error, file=sys.stderr)  # noqa: T201  # a command speaks
        return ExitCode.UNFIT
    if options.document:
        options.document.write_text(document(found), encoding="utf-8")
    wrong = [each for each in found if not each.right]
    print(f"{len(found)} changes, {len(wrong)} not noticed as they must be")  # noqa: T201  # likewise
    return ExitCode.NOT_ACCEPTED if wrong else ExitCode.ACCEPTED


if __name__ == "__main__":
    sys.exit(main())
