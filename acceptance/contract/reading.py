"""From a folder of feature files and a profile to a contract; mistakes are told with their line.

The step modules must be imported before: they declare what each sentence states.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pytest_bdd.parser import Step

from acceptance.contract.feature_files import (
    ENDING,
    read_feature,
    require_sentence,
    rows,
    title_of,
)
from acceptance.contract.profile import NAME, Profile, read_profile
from acceptance.contract.sentences import MODEL, ORDER, PROVIDER, Sentence, States, known
from acceptance.contract.values import Contract, Model, Provider, refuse
from acceptance.errors import Subject
from acceptance.resources import is_address
from acceptance.shipped import FEATURES

STORY = FEATURES
"""The first contract, where none is named."""
MARKS = frozenset({"disruptive"})
"""Tags of the suite's own, which no profile names."""


def contract_in(folder: Path) -> Path:
    """The folder that holds the feature files: itself, or its `features/`."""
    inside = folder / "features"
    return inside if not (folder / NAME).exists() and inside.is_dir() else folder


def read_contract(folder: Path) -> Contract:
    """The contract of a folder.

    Raises:
        ContractError: nobody could be judged by it; names file and line.
    """
    folder = contract_in(folder.absolute())
    if not folder.is_dir():
        refuse(str(folder), "a folder", "none", "name a folder with --contract=DIR")
    if not (folder / NAME).exists():
        fix = "write one; docs/contract.md shows how, and features/profile.yaml is an example"
        refuse(str(folder), f"feature files, and {NAME} beside them", f"no {NAME}", fix)
    profile = read_profile(folder / NAME)
    return _Reading(profile, tuple(_files(folder, profile))).contract()


def _files(folder: Path, profile: Profile) -> Iterator[Path]:
    """The feature files in the order in which they are judged."""
    there = {path.name: path for path in sorted(folder.iterdir()) if _is_feature(path)}
    for path in sorted(folder.glob("*/*")):
        if _is_feature(path):
            fix = f"move it up, beside {NAME}"
            refuse(str(path), f"feature files in {folder}", "one in a folder below", fix)
    if not there:
        refuse(str(folder), "feature files", "none", "put at least one NAME.feature there")
    listed = [name if name.endswith(ENDING) else f"{name}{ENDING}" for name in profile.features]
    for name in listed:
        if listed.count(name) > 1:
            found = f"{name} more than once"
            refuse(profile.at("features"), "each file once", found, "correct the list")
        if name not in there:
            refuse(profile.at("features"), f"a file {name}", "none", "correct the list")
    if listed and (left := sorted(set(there) - set(listed))):
        what = f"{', '.join(left)}: not in the list"
        refuse(profile.at("features"), "every feature file", what, "add it, or drop the list")
    yield from (there[name] for name in listed or there)


def _is_feature(path: Path) -> bool:
    return path.suffix.lower() == ENDING


@dataclass(frozen=True, kw_only=True, slots=True)
class _Said:
    """A sentence in a scenario, its row filled in."""

    step: Step
    mark: Sentence
    place: str
    tags: frozenset[str]

    @property
    def values(self) -> Mapping[str, Any]:
        return self.mark.values(self.step.name)

    @property
    def table(self) -> list[tuple[str, str]]:
        """The column `model` of its table, each name with its place."""
        table = self.step.datatable
        if table is None:
            return []
        titles, *rows = [[str(cell.value) for cell in row.cells] for row in table.rows]
        path, _, _ = self.place.rpartition(":")
        if MODEL not in titles or not set(titles) <= {MODEL, ORDER}:
            expected = f"a table with the column {MODEL}, and {ORDER} for a chain"
            found, fix = ", ".join(titles), "correct its titles: no other column is read"
            refuse(f"{path}:{table.location.line}", expected, found, fix)
        for number, row in enumerate(rows, start=1):
            if ORDER in titles and row[titles.index(ORDER)] != str(number):
                place = f"{path}:{table.rows[number].location.line}"
                found = row[titles.index(ORDER)]
                refuse(place, f"{number} in the column {ORDER}", found, "number the rows anew")
        places = [f"{path}:{row.location.line}" for row in table.rows[1:]]
        return [(row[titles.index(MODEL)], place) for row, place in zip(rows, places, strict=True)]


class _Reading:
    """One reading of a folder."""

    def __init__(self, profile: Profile, files: tuple[Path, ...]) -> None:
        self._profile = profile
        self._files = files
        self._tags = {row.tag for row in (*profile.criteria, *profile.requirements, *profile.tasks)}
        self._used = set[str]()
        self._said: list[_Said] = []
        self._titles: dict[str, str] = {}
        self._spelled: dict[str, tuple[str, str]] = {}
        self._notes: list[str] = []

    def contract(self) -> Contract:
        for file in self._files:
            self._read(file)
        self._require_rows_proven()
        offered = self._offered()
        models = dict(self._models(offered))
        profile = self._profile
        for name in profile.upstreams:
            if name not in models:
                refuse(
                    profile.at("upstreams", name),
                    "a model of the feature files",
                    repr(name),
                    "correct the name, or remove the entry",
                )
        return Contract(
            folder=profile.path.parent,
            title=profile.title,
            files=self._files,
            criteria=profile.criteria,
            requirements=profile.requirements,
            tasks=profile.tasks,
            offered=tuple(offered),
            models=models,
            chains=tuple(self._chains()),
            providers=profile.providers,
            endpoint=self._endpoint(),
            key_source=self._value(States.KEY_SOURCE, "secret"),
            open_webui=profile.open_webui,
            gateway=profile.gateway,
            ordinary_user=profile.ordinary_user,
            proven_by=dict(self._proven_by()),
            notes=tuple(self._notes),
        )

    def _read(self, file: Path) -> None:
        feature = read_feature(file)
        lines = file.read_text(encoding="utf-8").splitlines()
        for template in feature.scenarios.values():
            rule = template.rule
            above = feature.tags | (rule.tags if rule else set()) | template.tags
            self._check_tags(above, lines, file)
            for row, tags, line in rows(template, lines):
                self._check_tags(tags, lines, file)
                self._titled_once(title_of(template, row), f"{file}:{line}")
                for written, step in zip(template.steps, template.render(row).steps, strict=True):
                    place = f"{file}:{step.line_number if written.name == step.name else line}"
                    require_sentence(step, place)
                    mark = known(step.name)
                    if mark:
                        said = _Said(
                            step=step, mark=mark, place=place, tags=frozenset(above | tags)
                        )
                        self._said.append(said)

    def _titled_once(self, title: str, place: str) -> None:
        """Refuse a title that another scenario has: records and waivers know them by it."""
        first = self._titles.setdefault(title, place)
        if first != place:
            fix = "name one of them otherwise"
            refuse(place, "a title of its own for each scenario", f"{title!r} at {first}, too", fix)

    def _check_tags(self, tags: Iterable[str], lines: list[str], file: Path) -> None:
        self._used.update(tags)
        for tag in sorted(set(tags) - self._tags - MARKS):
            line = next((n for n, text in enumerate(lines, 1) if f"@{tag}" in text.split()), 1)
            refuse(
                f"{file}:{line}",
                f"a tag that {NAME} names",
                f"@{tag}",
                f"correct it, or add it to the criteria, requirements or tasks of {NAME}",
            )

    def _require_rows_proven(self) -> None:
        for section in ("criteria", "requirements", "tasks"):
            for row in getattr(self._profile, section):
                if row.tag not in self._used:
                    refuse(
                        self._profile.at(section, row.name),
                        f"a scenario with the tag @{row.tag}",
                        "none: nothing would prove it",
                        "tag what proves it, or remove the entry",
                    )

    def _offered(self) -> dict[str, str]:
        """The models that must be in the selector, each with the place that says so first."""
        offered: dict[str, str] = {}
        for said in self._of(States.OFFERED):
            named = [(said.values[MODEL], said.place)] if MODEL in said.values else said.table
            if not named:
                refuse(said.place, "at least one model in the table", "none", "add a row")
            rows_of = dict[str, str]()
            for name, place in named:
                if rows_of.setdefault(name, place) != place:
                    found = f"{name}, which {rows_of[name]} has, too"
                    refuse(place, "each model once in a table", found, "remove one of them")
                self._spelled_once(name, place)
                offered.setdefault(name, place)
        return offered

    def _models(self, offered: Mapping[str, str]) -> Iterator[tuple[str, Model]]:
        stated: dict[str, tuple[Provider, str]] = {}
        for said in self._of(States.ANSWERER):
            name, provider = said.values[MODEL], self._provider(said)
            self._listed(name, said.place, offered)
            known_provider, place = stated.setdefault(name, (provider, said.place))
            if known_provider is not provider:
                what = f"{name} at {provider.name}; {place} has it at {known_provider.name}"
                refuse(said.place, "one provider for a model", what, "correct one of them")
        for said in self._of(States.ASKED):
            name = said.values[MODEL]
            self._listed(name, said.place, offered)
            if name not in stated:
                what = f"{name!r} is asked, and no sentence says who must answer"
                fix = (
                    f'add a row to a scenario that ends: the answer comes from "{name}" at PROVIDER'
                )
                refuse(said.place, "a provider for each model that is asked", what, fix)
        for said in self._said:
            if said.mark.takes_away or PROVIDER in said.values:
                self._provider(said)
        for name, (provider, _) in stated.items():
            upstream = self._profile.upstreams.get(name, "")
            yield name, Model(name=name, provider=provider, upstream=upstream)

    def _provider(self, said: _Said) -> Provider:
        name = said.values[PROVIDER]
        if name not in self._profile.providers:
            known_names = ", ".join(self._profile.providers) or "none at all"
            refuse(
                said.place,
                f"a provider of {NAME}: {known_names}",
                repr(name),
                f"correct it, or add {name} with its hosts to the providers of {NAME}",
            )
        return self._profile.providers[name]

    def _listed(self, name: str, place: str, offered: Mapping[str, str]) -> None:
        self._spelled_once(name, place)
        if name not in offered:
            near = get_close_matches(name, offered, 1)
            signs = f" ({near[0]!a})" if near and not near[0].isascii() else ""
            nearest = f"; the nearest one that is listed is {near[0]!r}{signs}" if near else ""
            refuse(
                place,
                "a model that some sentence lists as offered",
                f"{name!r}{nearest}",
                "correct the name, or list it with the models that are offered",
            )

    def _spelled_once(self, name: str, place: str) -> None:
        """Refuse a name that differs from another only in case, spaces or dashes."""
        if name != name.strip() or not name:
            refuse(place, "a name without spaces at its ends", repr(name), "correct it")
        if not name.isprintable():
            refuse(place, "a name of signs that one can see", ascii(name), "type it anew")
        plain = "".join(sign for sign in name.lower() if sign not in " -_")
        other, first = self._spelled.setdefault(plain, (name, place))
        if other != name:
            what = f"{name!r}, and {other!r} at {first}"
            refuse(place, "one spelling of a model", what, "spell it as the gateway does")

    def _chains(self) -> Iterator[tuple[str, ...]]:
        begun: _Said | None = None
        told = dict[str, tuple[tuple[str, ...], str]]()
        for said in self._said:
            if said.mark.states is States.CHAIN_OF:
                begun = said
            elif said.mark.states is States.CHAIN:
                chain = tuple(name for name, _ in said.table)
                self._check_chain(chain, begun, said)
                first, place = told.setdefault(chain[0], (chain, said.place))
                if first != chain:
                    found = f"{' -> '.join(chain)}; {place} has {' -> '.join(first)}"
                    refuse(said.place, f"one chain of {chain[0]}", found, "correct one of them")
        yield from (chain for chain, _ in told.values())

    def _check_chain(self, chain: tuple[str, ...], begun: _Said | None, said: _Said) -> None:
        if len(chain) < 2:  # noqa: PLR2004  # one model and its substitute
            fix = "name at least one substitute in the table, in a column `model`"
            refuse(said.place, "a chain of two models or more", f"{len(chain)}", fix)
        if begun and begun.values[MODEL] != chain[0]:
            what = f"{begun.values[MODEL]!r} is read, and the table begins with {chain[0]!r}"
            refuse(said.place, "the chain of the model that is read", what, "correct one of them")
        body, last = chain[:-1], chain[-1]
        twice = [name for name, count in Counter(body).items() if count > 1]
        if twice:
            what = f"{', '.join(twice)} more than once"
            refuse(said.place, "each model once; only the last may lead back", what, "correct it")
        for name, place in said.table:
            self._spelled_once(name, place)
        if last in body:
            self._notes.append(f"the chain {' -> '.join(chain)} leads back to {last}, as agreed")

    def _proven_by(self) -> Iterator[tuple[Subject, str]]:
        """For each thing that others rest on, the criterion that most of its proofs are about."""
        for subject in Subject:
            proofs = [said.tags for said in self._said if said.mark.proves is subject]
            counts = Counter(
                row.name for tags in proofs for row in self._profile.criteria if row.tag in tags
            )
            if counts:
                yield subject, counts.most_common(1)[0][0]

    def _of(self, states: States) -> list[_Said]:
        return [said for said in self._said if said.mark.states is states]

    def _value(self, states: States, name: str) -> str:
        """The one value of this kind; several would contradict each other."""
        values = dict[str, str]()
        for said in self._of(states):
            value = str(said.values[name])
            values.setdefault(value, said.place)
            if len(values) > 1:
                first, place = next(iter(values.items()))
                found = f"{value}; {place} says {first}"
                refuse(said.place, f"one {name} in a contract", found, "correct one of them")
        return next(iter(values), "")

    def _endpoint(self) -> str:
        endpoint = self._value(States.DECLARED_ENDPOINT, "endpoint")
        for said in self._of(States.DECLARED_ENDPOINT):
            if not is_address(endpoint):
                expected = "an address as in http://SERVICE.NAMESPACE:PORT/v1"
                refuse(said.place, expected, endpoint, "correct it")
        return endpoint
