"""What comes from outside, as nobody promised it: values for property tests."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

PLANTED = "sk-planted-0123456789"
"""A secret in what is read, which no message may hold."""
TEXTS = (
    *("", " ", "\n", "a", "0", "-1", "²", "٣", "9" * 30, "9" * 5000, "1e999", "NaN", "true", "*"),
    *("/", "..", "../x", "/etc/passwd", "a:b", "a=b", "a/b:²", "a/b:99999999", "x" * 300),
    *("http://[", "http://a:b/", "http://a:²/", "$(A)$(A)", "os.environ/X", "{{ x }}", "1:20"),
    *("\0", "\x1b[2J", "\u202e", "\ud83d", "\ude00", "'", '"', "[", "{", "- ", "&a *a", "!!set x"),
)
"""Texts that some parser stumbles over."""
LEAVES = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from(
        [None, True, False, 0, -1, 65536, 10**30, 10**400, 1e308, float("inf"), float("nan")]
    ),
    st.text(max_size=8),
)


def values(names: tuple[str, ...], *, leaves: int = 12) -> st.SearchStrategy[Any]:
    """JSON of any shape, whose objects have these names more often than not."""
    keys = st.one_of(st.sampled_from(names), st.sampled_from(names), st.sampled_from(TEXTS))
    return st.recursive(
        LEAVES,
        lambda parts: st.lists(parts, max_size=3) | st.dictionaries(keys, parts, max_size=4),
        max_leaves=leaves,
    )


def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401  # any YAML
    """The path of everything within a value."""
    if not isinstance(value, dict | list):
        return
    for name, part in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*above, name)
        yield from paths(part, (*above, name))


@st.composite
def damaged(draw: st.DrawFn, value: Any) -> Any:  # noqa: ANN401  # any YAML
    """The same value with something in it that is another thing, gone, or there twice."""
    value = deepcopy(value)
    known = [*paths(value)]
    *above, last = draw(st.sampled_from(known))
    part = _at(value, above)
    match draw(st.sampled_from(["odd", "odd", "moved", "gone", "more"])):
        case "gone":
            del part[last]
        case "moved":
            part[last] = deepcopy(_at(value, draw(st.sampled_from(known))))
        case "more" if isinstance(part, list):
            part.append(deepcopy(part[last]))
        case _:
            part[last] = draw(values(("name", "kind", "data", "spec"), leaves=4))
    return value


def _at(value: Any, path: Any) -> Any:  # noqa: ANN401  # any YAML
    for step in path:
        value = value[step]
    return value
