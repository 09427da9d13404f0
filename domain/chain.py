"""The fallback chain as a pure function over the gateway's rules in force."""

from collections.abc import Collection, Iterable, Mapping

from domain.message import explain
from domain.proof import Chain

DEEPEST = 5
"""How many fallbacks deep LiteLLM 1.106.2 goes unless `max_fallbacks` says otherwise."""
ANY = "*"
"""The rule for every model that has none: what LiteLLM makes of `default_fallbacks`."""


def walk_chain(
    model: str,
    rules: Mapping[str, tuple[str, ...]],
    served: Collection[str],
    *,
    deepest: int = DEEPEST,
) -> Chain:
    """The order in which models are tried, as LiteLLM 1.106.2 does it, each of them once.

    One flat list and a chain of single hops give the same order: a model's own fallbacks are tried
    before the next one of the list that it stands in. One without a rule of its own goes on with
    those of the model that was asked for; only where that has none either, `ANY` counts.
    Source: `router_utils/fallback_event_handlers.py`.

    Args:
        model: the model asked for.
        rules: fallbacks by the name that they are for.
        served: names that the gateway serves.
        deepest: tries after which a model's own fallbacks are no longer looked up.
    """
    order = [model]
    cycles: list[str] = []

    def follow(name: str, path: tuple[str, ...], tries: int) -> None:
        if tries >= deepest:
            return
        own = _own(name, rules)
        cycles.extend(each for each in own or () if each in path)
        candidates = (own, _own(model, rules), rules.get(ANY))
        for following in next((each for each in candidates if each is not None), ()):
            if following not in order:
                order.append(following)
                tries += 1
                follow(following, (*path, following), tries)

    follow(model, (model,), 0)
    return Chain(
        order=tuple(order),
        unknown=tuple(name for name in order if name not in served),
        cycles=tuple(dict.fromkeys(cycles)),
    )


def _own(name: str, rules: Mapping[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    """The rule for exactly this name, or for the name without its provider."""
    return rules.get(name, rules.get(name.partition("/")[2]))


def check_chain(chain: Chain, expected: tuple[str, ...]) -> None:
    """Raise AssertionError unless the gateway tries exactly these models, in this order.

    Args:
        chain: what the gateway does.
        expected: the models in order; a last one that stands before is where the chain leads back.
    """
    agreed = tuple(dict.fromkeys(expected))
    back = expected[-1:] if len(agreed) < len(expected) else ()
    if chain.order == agreed and not chain.unknown and chain.cycles == back:
        return
    found = [str(chain)]
    found += [f"{name} is not in model_list" for name in chain.unknown]
    found += [f"{name} leads back to itself" for name in chain.cycles]
    raise AssertionError(
        explain(
            "The fallback chain is not the one that was agreed on.",
            expected=" -> ".join(expected),
            found="; ".join(found),
            where="LiteLLM's settings in force, GET /router/settings (not the ConfigMap)",
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
                where="LiteLLM's settings in force, GET /router/settings: for it or for *",
                fix="remove default_fallbacks and the fallbacks of these models",
            )
        )


def check_agree(told: Mapping[str, str]) -> None:
    """Raise AssertionError unless every replica of the gateway told the same."""
    if len(set(told.values())) > 1:
        raise AssertionError(
            explain(
                "The replicas of LiteLLM do not serve the same.",
                expected="the same models and the same chain from each of them",
                found="\n            ".join(f"{name}: {text}" for name, text in told.items()),
                where="GET /v1/models and /fallback/{model} of each pod behind the Service",
                fix="restart the older ones: a request meets any of them, by chance",
            )
        )
