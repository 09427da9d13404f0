"""YAML that strangers wrote: read as Kubernetes and LiteLLM read it, within limits."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import yaml

from acceptance.shown import whole

_MOST_ENTRIES = 10_000
"""Of one mapping, once its merge keys are followed."""
MOST_VALUES = 200_000
"""Of one document, once its aliases are followed: kubectl, too, refuses excessive aliasing."""
_MARKS = re.compile("^\N{ZERO WIDTH NO-BREAK SPACE}", re.MULTILINE)
"""Of the order of bytes: where files were put together, they stand within the text, too."""
_BLANKS = re.compile(r"\s*")


def as_yaml(text: str) -> str:
    """A text as a loader of YAML takes it, line for line.

    Tabs of JSON are blanks, and its values that follow each other are documents, as for kubectl.
    """
    text = _MARKS.sub("", text)
    starts = list(_values_of_json(text))
    if not starts:
        return text
    pieces = [text[start:end].replace("\t", " ") for start, end in pairwise([*starts, len(text)])]
    rest = [f"--- {piece}" for piece in pieces[1:]]
    whole = [each if each.endswith("\n") else f"{each}\n" for each in (pieces[0], *rest)]
    return text[: starts[0]].replace("\t", " ") + "".join(whole)


def _values_of_json(text: str) -> list[int]:
    """Where the values begin that a text of JSON has; none where it is no such text."""
    starts, decoder = [], json.JSONDecoder()
    at = _BLANKS.match(text, 0).end()  # type: ignore[union-attr]  # nothing matches, too
    if not text.startswith(("{", "["), at):
        return []
    try:
        while at < len(text):
            starts.append(at)
            _, end = decoder.raw_decode(text, at)
            at = _BLANKS.match(text, end).end()  # type: ignore[union-attr]  # likewise
    except (ValueError, RecursionError):
        return []
    return starts


class Loader(yaml.SafeLoader):
    r"""Refuses merge keys (`<<`) that multiply: a few lines can become millions of entries.

    Half of a character (`"\ud83d"`) is read as the API server reads it from JSON: as U+FFFD.
    """

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> str:
        """See `yaml.SafeLoader`."""
        return whole(super().construct_scalar(node))

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """See `yaml.SafeLoader`."""
        super().flatten_mapping(node)
        if len(node.value) > _MOST_ENTRIES:
            raise yaml.YAMLError("merge keys multiply without end")


def values_in(value: Any) -> int:  # noqa: ANN401  # any YAML
    """How many values a document has, each alias counted as what it stands for.

    Raises:
        RecursionError: it is too deep, or holds itself.
    """
    counted: dict[int, int] = {}

    def count(each: Any) -> int:  # noqa: ANN401  # likewise
        if isinstance(each, Instead):
            return count(each.value)
        if not isinstance(each, dict | list):
            return 1
        if id(each) not in counted:
            inner = each.values() if isinstance(each, dict) else each
            counted[id(each)] = 1 + sum(count(item) for item in inner)
        return counted[id(each)]

    return count(value)


@dataclass(frozen=True, slots=True)
class Instead:
    """What stands in a file of Compose in the place of what an earlier file says: `!override`."""

    value: Any
    """None: nothing, as after `!reset`."""


class OddCharacterError(ValueError):
    """A text holds a character that no program can be given; says which, and in which line."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.line = line


class ManifestLoader(Loader):
    """Reads as kubectl does (sigs.k8s.io/yaml 1.6): a date is a text, and keys are not repeated."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.duplicates: list[tuple[str, int]] = []
        """Keys that stand twice in one mapping of the document, with their lines."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  # PyYAML's signature
        """See `yaml.SafeLoader`."""
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        seen = set[tuple[str, str]]()
        for key in keys:
            if (key.tag, key.value) in seen and key.value != "<<":
                self.duplicates.append((key.value, key.start_mark.line + 1))
            seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep=deep)

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> str:
        """See `yaml.SafeLoader`."""
        text = super().construct_scalar(node)
        if "\0" in text:
            raise OddCharacterError("a text with NUL", node.start_mark.line + 1)
        return text

    def construct_instead(self, node: yaml.Node) -> Instead:
        """What Compose's tags stand before; `!reset` takes away, whatever stands behind it."""
        if node.tag == "!reset":
            return Instead(None)
        if isinstance(node, yaml.MappingNode):
            return Instead(self.construct_mapping(node, deep=True))
        if isinstance(node, yaml.SequenceNode):
            return Instead(self.construct_sequence(node, deep=True))
        tag = self.resolve(yaml.ScalarNode, node.value, (True, False))  # type: ignore[no-untyped-call]
        return Instead(self.construct_object(yaml.ScalarNode(tag, node.value)))

    def construct_number(self, node: yaml.ScalarNode) -> Any:  # noqa: ANN401  # int, float, str
        """A number; `12:30` is a text, which YAML 1.1 would take for one of base sixty."""
        if ":" in node.value:
            return self.construct_scalar(node)
        if node.tag.endswith(":int"):
            return self.construct_yaml_int(node)
        return self.construct_yaml_float(node)


for _kind in ("timestamp", "value"):
    ManifestLoader.add_constructor(f"tag:yaml.org,2002:{_kind}", ManifestLoader.construct_scalar)
for _kind in ("reset", "override"):
    ManifestLoader.add_constructor(f"!{_kind}", ManifestLoader.construct_instead)
for _kind in ("int", "float"):
    ManifestLoader.add_constructor(f"tag:yaml.org,2002:{_kind}", ManifestLoader.construct_number)


def line_of(node: yaml.Node, path: Sequence[str | int]) -> int:
    """The line of a field, or of what stands nearest above it."""
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = [value for key, value in node.value if key.value == step]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            found = node.value[step : step + 1]
        else:
            break
        if not found:
            break
        node = found[-1]
    return int(node.start_mark.line) + 1
