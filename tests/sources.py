"""The project's own Python files, as text and as syntax trees, for the tests of its form."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
ROOMS = (
    *("acceptance.draft", "acceptance.contract", "acceptance.checks"),
    *("acceptance.clients", "acceptance.kubernetes"),
    *("acceptance.lab.cluster", "acceptance.rehearsal", "acceptance.lab"),
    *("acceptance.report", "acceptance.plugin", "acceptance.command"),
    *("acceptance", "dev", "fixtures", "steps"),
)
"""A room inside of another comes before it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """One module that a file imports."""

    file: str
    line: int
    module: str
    lazy: bool
    """Whether it happens inside of a function, so not when the file itself is imported."""

    @property
    def top(self) -> str:
        """The package."""
        return self.module.partition(".")[0]

    @property
    def room(self) -> str:
        """The room that the module is in; its package where it is none of ours."""
        return next((room for room in ROOMS if f"{self.module}.".startswith(f"{room}.")), self.top)

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def files(room: str) -> list[Path]:
    """Every Python file of a room, without those of a room inside of it."""
    inner = [
        REPOSITORY / other.replace(".", "/") for other in ROOMS if other.startswith(f"{room}.")
    ]
    found = (REPOSITORY / room.replace(".", "/")).rglob("*.py")
    return sorted(path for path in found if not set(inner) & set(path.parents))


@cache
def tree(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> list[Import]:
    """Every import statement of a file, inside of functions too."""
    name = path.relative_to(REPOSITORY).as_posix()
    return [
        Import(file=name, line=node.lineno, module=module, lazy=lazy)
        for node, lazy in _walk(tree(path), lazy=False)
        for module in _modules(node, path)
    ]


def _walk(node: ast.AST, *, lazy: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node, lazy
    inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, lazy=inside)


def _modules(node: ast.Import | ast.ImportFrom, path: Path) -> list[str]:
    """What a statement imports; the linter allows relative ones of the same folder only."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if node.level:
        return [".".join((*path.relative_to(REPOSITORY).parent.parts, str(node.module)))]
    return [str(node.module)]
