"""A feature file, read strictly: what pytest-bdd would pass over in silence is an error.

pytest-bdd 9.0.1 keeps one of two scenarios of one title, runs no row of an outline without rows,
and lets an unknown sentence or a table that nobody reads be found out when all has been started.
"""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path

from pytest_bdd.exceptions import GherkinParseError, StepError
from pytest_bdd.feature import get_feature
from pytest_bdd.gherkin_parser import Scenario as Written
from pytest_bdd.gherkin_parser import get_gherkin_document
from pytest_bdd.parser import Examples, Feature, ScenarioTemplate, Step
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from acceptance.contract.values import LARGEST, refuse

ENDING = ".feature"
_COLUMN = re.compile(r"<([^<>\s][^<>]*)>")
_TABLE, _TEXT = "datatable", "docstring"
"""The parameters by which pytest-bdd hands a step what stands below it."""


def read_feature(file: Path) -> Feature:
    """The feature of a file.

    Raises:
        ContractError: a part of it would not be judged; names file and line.
    """
    _check_text(file)
    try:
        feature = get_feature(str(file.parent), file.name)
        document = get_gherkin_document(str(file))
    except GherkinParseError as error:
        found = " ".join(error.message.split())
        refuse(f"{file}:{error.line}", "Gherkin", found, "correct that line")
    except StepError as error:
        refuse(f"{file}:{error.line}", "Gherkin", error.message, "correct that line")
    titles = dict[str, int]()
    for child in document.feature.children:
        for each in child.rule.children if child.rule else [child]:
            if each.scenario:
                _check_scenario(each.scenario, titles, file)
    if not titles:
        refuse(f"{file}:1", "scenarios", "none", "write one, or remove the file")
    return feature


def _check_text(file: Path) -> None:
    try:
        if not file.is_file():
            refuse(str(file), "a text file", "none that can be read", "remove it, or mend the link")
        if file.stat().st_size > LARGEST:
            found = f"more than {LARGEST} bytes"
            refuse(str(file), "a feature file of a size that people read", found, "divide it")
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        refuse(f"{file}:{line}", "text in UTF-8", "another encoding", "save it as UTF-8")
    except OSError as error:
        refuse(str(file), "a file that can be read", str(error), "correct its rights")
    if text.startswith("\ufeff"):
        refuse(f"{file}:1", "text in UTF-8", "a byte order mark before it", "save it without one")
    if all(not line.strip() or line.strip().startswith("#") for line in text.splitlines()):
        refuse(f"{file}:1", "a feature", "an empty file", "write one, or remove the file")


def _check_scenario(written: Written, titles: dict[str, int], file: Path) -> None:
    """Refuse one of which a part would not be run, or that could not fail."""
    place = f"{file}:{written.location.line}"
    first = titles.setdefault(written.name, written.location.line)
    if first != written.location.line:
        found = f"{written.name!r} in line {first}, too"
        refuse(place, "a title of its own for each scenario", found, "name one of them otherwise")
    if not any(step.keyword_type == "Outcome" for step in written.steps):
        refuse(place, "a scenario with a `Then`", "none: it could not fail", "say what must hold")
    columns, used = dict(_columns(written, file)), dict(_placeholders(written))
    for name, line in used.items():
        if name not in columns:
            found = f"<{name}>, and {'the columns ' + ', '.join(columns) if columns else 'no rows'}"
            fix = f"correct it, or add a column {name} below `Examples:`"
            refuse(f"{file}:{line}", "a column of the outline's rows", found, fix)
    for name, line in columns.items():
        if name not in used:
            found = f"{name}, which no sentence holds as <{name}>"
            refuse(f"{file}:{line}", "columns that sentences use", found, "use it, or remove it")


def _columns(written: Written, file: Path) -> Iterator[tuple[str, int]]:
    """Each column of an outline's rows, and where."""
    for table in written.examples:
        if table.table_header is None or not table.table_body:
            fix = "add a row, or remove the table"
            refuse(f"{file}:{table.location.line}", "rows below `Examples:`", "none", fix)
        cells = [[cell.value for cell in row.cells] for row in table.table_body]
        for row, values in zip(table.table_body, cells, strict=True):
            if cells.count(values) > 1:
                found = f"{' | '.join(values)} more than once"
                refuse(f"{file}:{row.location.line}", "each row once", found, "remove one of them")
        yield from ((cell.value, cell.location.line) for cell in table.table_header.cells)


def _placeholders(written: Written) -> Iterator[tuple[str, int]]:
    """Each column that the sentences of an outline use, and where; its title may use it, too."""
    for step in written.steps:
        cells = (
            [cell.value for row in step.datatable.rows for cell in row.cells]
            if step.datatable
            else []
        )
        texts = [step.text, *cells, step.docstring.content if step.docstring else ""]
        for name in _COLUMN.findall("\n".join(texts)):
            yield name, step.location.line


def require_sentence(step: Step, place: str) -> None:
    """Return if a step function takes this sentence, and all that stands below it.

    Raises:
        ContractError: none does.
    """
    functions = [*step_function_context_registry.values()]
    taking = [
        each
        for each in functions
        if each.type in (None, step.type) and each.parser.is_matching(step.name)
    ]
    said = f"{step.type.title()} {step.name}"
    if not taking:
        near = max(
            (text for each in functions for text in _patterns(each)),
            key=lambda text: SequenceMatcher(None, _bare(text), _bare(said)).ratio(),
            default="none is loaded",
        )
        fix = "say it in those words; features/ shows each sentence in use"
        refuse(place, f"a sentence that steps/ knows; the nearest one is: {near}", said, fix)
    for below, there in ((_TABLE, step.datatable), (_TEXT, step.docstring)):
        reads = any(below in inspect.signature(each.step_func).parameters for each in taking)
        kind = "table" if below == _TABLE else "text"
        if there and not reads:
            fix = "remove it, or take a sentence that reads it"
            refuse(place, f"no {kind} below: {said}", f"a {kind} that nobody reads", fix)
        if reads and not there:
            refuse(place, f"a {kind} below: {said}", "none", "add it, as features/ shows")


def _patterns(function: StepFunctionContext) -> Iterator[str]:
    """A step function's sentence in words; each alternative of a pattern by itself."""
    kind, text = (function.type or "given").title(), str(function.parser.name)
    plain = re.sub(r"\(\?P<(\w+)>(?:[^()|]|\\.)*\)", r"{\1}", text)
    options = re.search(r"\(\?P<\w+>([^()]*)\)", plain)
    for option in options[1].split("|") if options else [""]:
        yield f"{kind} {plain.replace(options[0], option) if options else plain}"


def _bare(sentence: str) -> str:
    """A sentence without its values."""
    return re.sub(r'"[^"]*"|\{\w+\}', "", sentence).lower()


def rows(
    template: ScenarioTemplate, lines: list[str]
) -> Iterator[tuple[dict[str, str], set[str], int]]:
    """Each row of an outline with its tags and its line; a plain scenario has one row."""
    for table in template.examples:
        for cells, row in zip(table.examples, table.as_contexts(), strict=True):
            yield dict(row), set(table.tags), _line_of(cells, table, lines)
    if not template.examples:
        yield {}, set(), template.line_number


def places(template: ScenarioTemplate, file: Path) -> Iterator[tuple[dict[str, str], set[int]]]:
    """Each row of a scenario with the lines that it is made of; a plain scenario has one row."""
    lines = file.read_text(encoding="utf-8").splitlines()
    for row, _, line in rows(template, lines):
        tables = [step.datatable.rows for step in template.steps if step.datatable]
        cells = {each.location.line for table in tables for each in table}
        yield row, {line, *(step.line_number for step in template.steps), *cells}


def title_of(template: ScenarioTemplate, row: Mapping[str, str], *more: str) -> str:
    """The title of an outline's row: the values that its name leaves out are added to it."""
    named = set(re.findall(r"<(.+?)>", template.name))
    added = [*(value for column, value in row.items() if column not in named), *more]
    name = template.render(row).name
    return f"{name} ({', '.join(added)})" if added else name


def _line_of(cells: Iterable[str], table: Examples, lines: list[str]) -> int:
    wanted = [str(cell) for cell in cells]
    first = table.line_number or 1
    for number in range(first, len(lines)):
        if [cell.strip() for cell in lines[number].strip().strip("|").split("|")] == wanted:
            return number + 1
    return first
