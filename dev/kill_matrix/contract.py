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
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_bdd.feature import get_feature

import steps
from acceptance.clients.answers import nonce
from acceptance.clients.open_webui import OpenWebUI
from acceptance.contract.feature_files import places, title_of
from acceptance.contract.profile import NAME
from acceptance.contract.reading import read_contract
from acceptance.contract.sentences import PROVIDER, States, known
from acceptance.contract.values import Contract
from acceptance.errors import SetupError
from acceptance.lab import environments
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.running_labs import attached, published
from acceptance.lab.embedded.target import embedded_target
from acceptance.plugin.gherkin import DISRUPTIVE
from acceptance.secret import Secret
from acceptance.target import Account, Target
from acceptance.verdict import ExitCode, Verdict
from dev.kill_matrix.judge import judge

_FOLDER = Path(__file__).parents[2] / "features"
_QUOTED = re.compile(r'"([^"<>]+)"')
_OTHER = "-changed"
_ROWS = ("criteria", "requirements", "tasks")
"""Sections whose texts are for people."""
_SLICE = 5
"""Every so many of the changes are tried by `--slice`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutation:
    """One change of one file of the contract."""

    file: str
    line: int
    """Of the file, from 1."""
    what: str
    new: str
    """The whole line as it becomes; empty: it goes."""
    tame: str = ""
    """Why it may be as true as before; empty where it cannot be."""

    def write(self, folder: Path) -> Path:
        """A copy of the contract with this change."""
        shutil.copytree(_FOLDER, folder)
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
    """Those that failed and do not state the value."""

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
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for what, new in _changes(text.strip(), contract):
                indent = text[: len(text) - len(text.lstrip())]
                changed = "\n".join(indent + each for each in new.splitlines())
                tame = _tame(text.strip(), new)
                yield Mutation(file=path.name, line=number, what=what, new=changed, tame=tame)
    yield from _of_the_profile(contract)


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


def _others(value: str) -> Iterable[str]:
    if "://" not in value:
        return (value + _OTHER,)
    return (
        value.replace("http://", "https://"),
        value.replace("/v1", ""),
        re.sub(r":(\d+)/", ":9999/", value),
        value.replace(".ml.", ".other."),
    )


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
                yield Mutation(file=path.name, line=number, what=what, new=new, tame=tame)


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


_target: Target | None = None
_open = ExitStack()


def _attach(cache: Path) -> None:
    """Take the lab that is up for this process."""
    global _target  # noqa: PLW0603  # a pool hands nothing else from its initializer to its tasks
    steps.load()
    story = read_contract(_FOLDER)
    lab = _open.enter_context(attached(cache, lambda _line: None))
    _target = embedded_target(
        lab, open_webui=story.open_webui, gateway=story.gateway, names=story.providers
    )


def _tried(mutation: Mutation) -> Noticed:
    assert _target is not None
    with tempfile.TemporaryDirectory() as folder:
        try:
            contract = read_contract(mutation.write(Path(folder) / "features"))
        except SetupError as error:
            return Noticed(mutation=mutation, refused=_gist(str(error)))
        before = read_contract(_FOLDER)  # a line that went is stated there only
        stating, comparing = _stating(contract if mutation.new else before, mutation)
        found = judge(_judged_by(_target, contract), contract, stating)
    if found.unfit:
        unfit = found.unfit.splitlines()[0]
        if mutation.file == NAME:
            return Noticed(mutation=mutation, refused=unfit)
        return Noticed(mutation=mutation, beside=(f"nothing was judged: {unfit}",))
    failed = [title for title, ending in found.endings.items() if ending.verdict is Verdict.FAILED]
    profile = mutation.file == NAME
    beside = [] if profile else [each for each in failed if each not in stating | comparing]
    noticed = failed if profile or stating & set(failed) else []
    told = [note for note in found.remarks if "in no sentence of the contract" in note]
    if not noticed and told:
        return Noticed(mutation=mutation, refused=f"remarked: {told[0]}")
    return Noticed(mutation=mutation, failed=tuple(noticed), beside=tuple(beside))


def _judged_by(target: Target, contract: Contract) -> Target:
    """The target with an account of its own: one may sign in 15 times in three minutes only."""
    account = Account(email=f"{nonce().lower()}@lab.example", password=Secret(nonce()))
    first = OpenWebUI(target.open_webui, target.administrator, name="the lab's administrator")
    global _administrator  # noqa: PLW0603  # it signs in once a process
    _administrator = _administrator or first
    if _administrator is first:
        first.sign_in()
    _administrator.add_user(account, role="admin")
    if contract.open_webui.name != target.open_webui_service.name:
        target = replace(target, open_webui_service=contract.open_webui)
    if contract.gateway.name != target.gateway_service.name:
        target = replace(target, gateway_service=contract.gateway)
    return replace(target, administrator=account)


_administrator: OpenWebUI | None = None


def _gist(message: str) -> str:
    found = {line.split()[0]: line.split(None, 1)[1] for line in message.splitlines()[1:] if line}
    place = Path(found["where"]).name
    return f"{place}: expected {found['expected']}, found {found['found']}"


def run(chosen: Collection[Mutation], *, cache: Path) -> list[Noticed]:
    """What was noticed of each change, against one lab that stays up.

    Raises:
        SetupError: the lab does not start.
    """
    programs = environments.ensure_all(cache=cache, say=print)
    manifests = Manifests.load(DEFAULT)
    spawn = multiprocessing.get_context("spawn")
    story = read_contract(_FOLDER)
    alone = [each for each in chosen if _disturbs(story, each)]
    rest = [each for each in chosen if each not in alone]
    found = []
    with EmbeddedLab(manifests, programs.__getitem__, say=print) as lab, published(lab, cache):
        for some, workers in ((rest, 2), (alone, 1)):
            with ProcessPoolExecutor(
                workers, mp_context=spawn, initializer=_attach, initargs=(cache,)
            ) as pool:
                for noticed in pool.map(_tried, some):
                    found.append(noticed)
                    mark = "" if noticed.right else "  <- WRONG"
                    line = f"{len(found):>3}/{len(chosen)} {noticed.mutation}: {noticed.by}{mark}"
                    print(line, flush=True)  # noqa: T201  # progress
    order = {each: number for number, each in enumerate(chosen)}
    return sorted(found, key=lambda each: order[each.mutation])


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
    parser.add_argument("--slice", action="store_true", help="some of the changes only")
    parser.add_argument("--only", default="", help="those whose description holds this text")
    parser.add_argument("--cache", type=Path, default=environments.CACHE)
    parser.add_argument("--document", type=Path, help="write the matrix as Markdown as well")
    options = parser.parse_args(arguments)
    steps.load()
    every = list(mutations(read_contract(_FOLDER)))
    chosen = [
        each for each in every[:: _SLICE if options.slice else 1] if options.only in str(each)
    ]
    try:
        found = run(chosen, cache=options.cache)
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
