"""The fallback chain as a pure function over what the gateway says of each model."""

from collections.abc import Callable, Collection, Iterable

from domain.message import explain
from domain.proof import Chain

_DEEPEST = 5
"""LiteLLM 1.106.2 stops after this many fallbacks in a row (`max_fallbacks`)."""


def walk_chain(
    model: str, fallbacks_of: Callable[[str], tuple[str, ...]], served: Collection[str]
) -> Chain:
    """The order in which models are tried, each at its first place.

    One flat list and a chain of single hops give the same order: a model's own fallbacks are tried
    before the next one of the list that it stands in.

    Args:
        model: the model asked for.
        fallbacks_of: the gateway's own list for a model, empty when it has none.
        served: names that the gateway serves.
    """
    order: list[str] = []
    cycles: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            cycles.append(name)
            return
        if name not in order:
            order.append(name)
        if len(path) < _DEEPEST:
            for following in fallbacks_of(name):
                visit(following, (*path, name))

    visit(model, ())
    return Chain(
        order=tuple(order),
        unknown=tuple(name for name in order if name not in served),
        cycles=tuple(dict.fromkeys(cycles)),
    )


def check_chain(chain: Chain, expected: tuple[str, ...]) -> None:
    """Raise AssertionError unless the gateway tries exactly these models, in this order."""
    if chain.order == expected and not chain.unknown and not chain.cycles:
        return
    found = [str(chain)]
    found += [f"{name} is not in model_list" for name in chain.unknown]
    found += [f"{name} leads back to itself" for name in chain.cycles]
    raise AssertionError(
        explain(
            "The fallback chain is not the story's.",
            expected=" -> ".join(expected),
            found="; ".join(found),
            where="LiteLLM's settings in force, GET /fallback/{model} (not the ConfigMap)",
            fix="correct litellm_settings.fallbacks (one such key in the file), restart LiteLLM",
        )
    )


def check_alone(chains: Iterable[Chain]) -> None:
    """Raise AssertionError if one of the models has any fallback."""
    replaced = [str(chain) for chain in chains if len(chain.order) > 1]
    if replaced:
        raise AssertionError(
            explain(
                "A parallel model is replaced when it is away.",
                expected="no fallback for a model outside of the chain",
                found="; ".join(replaced),
                where="LiteLLM's settings in force: /fallback/{model}, default_fallbacks",
                fix="remove default_fallbacks and the fallbacks of these models",
            )
        )
