"""The Dockerfile's instructions, and what of the checkout its build sees."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.sources import REPOSITORY


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """The instructions from one FROM to the next."""

    base: str
    instructions: tuple[tuple[str, str], ...]

    def all(self, word: str) -> list[str]:
        """What stands behind each instruction of this kind."""
        return [text for name, text in self.instructions if name == word]

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that it sets; none of them holds a space."""
        return dict(
            each.split("=", maxsplit=1) for text in self.all("ENV") for each in text.split()
        )


def stages() -> Mapping[str, Stage]:
    """Each stage by its name; the last, which is the image, by `image`."""
    text = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = [block.splitlines() for block in f"\n{text}".split("\nFROM ")[1:]]
    found = {}
    for first, *lines in blocks:
        base, _, name = first.partition(" AS ")
        split = (line.partition(" ") for line in lines if line and not line.startswith("#"))
        instructions = tuple((word, rest) for word, _, rest in split)
        found[name or "image"] = Stage(base=base, instructions=instructions)
    return found


def context() -> list[Path]:
    """The files that `.dockerignore` lets through, relative to the checkout.

    It names whole folders and files, and the one exception within them.
    """
    lines = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line[:1] not in "#!"] == ["*", "**/__pycache__"]
    locators = [REPOSITORY / line[1:] for line in lines if line.startswith("!")]
    assert [place for place in locators if not place.exists()] == []
    return [
        file.relative_to(REPOSITORY)
        for place in locators
        for file in (place.rglob("*") if place.is_dir() else [place])
        if file.is_file() and "__pycache__" not in file.parts
    ]
