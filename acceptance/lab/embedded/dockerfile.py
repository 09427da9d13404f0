"""What a Dockerfile adds to the image from which it starts: files, variables, and a command.

Nothing is built. What it installs or changes by `RUN` is not there.

Source: the Dockerfile reference (2025), https://docs.docker.com/reference/dockerfile/.
"""

import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

_CONTINUED = re.compile(r"\\[ \t]*\r?\n")
_COMMENT = re.compile(r"^[ \t]*#.*(\r?\n|$)", re.MULTILINE)
_INSTRUCTION = re.compile(r"^[ \t]*(?P<name>[A-Za-z]+)[ \t]+(?P<rest>\S[^\r\n]*)", re.MULTILINE)
_HEREDOC = re.compile(r"<<[-~]?[\"']?\w")
_MOST_BYTES, _LONGEST = 1_000_000, 10_000
"""Of a file, and of an instruction that is taken apart as a shell does."""
_MOST_INSTRUCTIONS = 1_000


@dataclass(kw_only=True, slots=True)
class Built:
    """The last stage of a Dockerfile."""

    image: str
    """From which it starts; a stage's own where it starts from another one."""
    folder: str = ""
    """Its working directory; empty: the image's."""
    copies: list[tuple[str, str]] = field(default_factory=list)
    """Files of the build's folder, each with where it goes; a folder ends with `/`."""
    variables: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] | None = None
    command: list[str] | None = None


def built(text: str) -> Built | None:
    """What comes of a Dockerfile; None where it starts from nothing."""
    found: Built | None = None
    stages: dict[str, Built] = {}
    for name, rest in islice(_instructions(text[:_MOST_BYTES]), _MOST_INSTRUCTIONS):
        if name == "FROM":
            words = [each for each in rest.split() if not each.startswith("--")]
            before = stages.get(words[0]) if words else None
            found = _again(before) if before else Built(image=words[0] if words else "")
            if len(words) > 2 and words[1].upper() == "AS":  # noqa: PLR2004  # IMAGE AS NAME
                stages[words[2]] = found
        elif found:
            _follow(found, name, rest)
    return found


def _again(stage: Built) -> Built:
    return Built(
        image=stage.image,
        folder=stage.folder,
        copies=[*stage.copies],
        variables={**stage.variables},
        entrypoint=stage.entrypoint,
        command=stage.command,
    )


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    text = _CONTINUED.sub(" ", _COMMENT.sub("", text))
    for match in _INSTRUCTION.finditer(text):
        yield match["name"].upper(), match["rest"].rstrip()


def _follow(found: Built, name: str, rest: str) -> None:
    match name:
        case "WORKDIR":
            found.folder = posixpath.join(found.folder, _words(rest)[0])
        case "ENV":
            found.variables |= _variables(rest)
        case "COPY" | "ADD":
            found.copies += _copies(rest)
        case "CMD":
            found.command = _command(rest)
        case "ENTRYPOINT":
            found.entrypoint, found.command = _command(rest), None


def _command(rest: str) -> list[str]:
    """A list of words, or a line for a shell."""
    try:
        words = json.loads(rest)
    except (ValueError, RecursionError):
        words = None
    listed = isinstance(words, list) and all(isinstance(each, str) for each in words)
    return words if listed else ["/bin/sh", "-c", rest]


def _copies(rest: str) -> Iterator[tuple[str, str]]:
    options, words = [], _words(rest)
    if rest.startswith("["):
        words = _command(rest)
    while words and words[0].startswith("--"):
        options.append(words.pop(0))
    if any(each.startswith("--from") for each in options) or _HEREDOC.search(rest):
        return
    *sources, target = words if len(words) > 1 else ["."]
    into = target.endswith("/") or len(sources) > 1 or target in (".", "./")
    for source in sources:
        yield source, posixpath.join(target, "") if into else target


def _variables(rest: str) -> Mapping[str, str]:
    """`NAME=value …`, or the old form of one: `NAME value`."""
    name, _, value = rest.partition(" ")
    if "=" not in name:
        return {name: value.strip()}
    parts = (each.partition("=") for each in _words(rest))
    return {name: value for name, equals, value in parts if equals}


def _words(rest: str) -> list[str]:
    try:
        return shlex.split(rest[:_LONGEST]) or [""]
    except ValueError:  # a quote that is not closed
        return rest.split() or [""]
