"""YAML that strangers wrote: read as Kubernetes and LiteLLM read it, within limits."""

from typing import Any

import yaml

from domain.shown import whole

_MOST_ENTRIES = 10_000
"""Of one mapping, once its merge keys are followed."""
MOST_VALUES = 200_000
"""Of one document, once its aliases are followed: kubectl, too, refuses excessive aliasing."""


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
        if not isinstance(each, dict | list):
            return 1
        if id(each) not in counted:
            inner = each.values() if isinstance(each, dict) else each
            counted[id(each)] = 1 + sum(count(item) for item in inner)
        return counted[id(each)]

    return count(value)
