"""The fallback chain as a pure function over the gateway's rules in force."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType

from acceptance.checks.proof import Chain, Substitute
from acceptance.message import explain

Rules = Mapping[str, tuple[str, ...]]
"""Models by the name of the one that they stand in for."""

DEEPEST = 5
"""How many fallbacks deep LiteLLM 1.106.2 goes unless `max_fallbacks` says otherwise."""
ANY = "*"
"""The rule for every model that has none: what LiteLLM makes of `default_fallbacks`."""
OF_ENTRY = "of its entry"
"""How the kind of a rule ends that stands in a model's own entry."""
ALIAS = "model_group_alias"
"""The router's setting by which another model is asked under this name."""


def walk_chain(
    model: str,
    rules: Rules,
    served: Collection[str],
    *,
    deepest: int = DEEPEST,
    kinds: Mapping[str, Rules] = MappingProxyType({}),
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
        kinds: rules of every other kind, by the setting that holds them.
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
        otherwise=tuple(each for name in order for each in _otherwise(name, kinds)),
    )


def _otherwise(name: str, kinds: Mapping[str, Rules]) -> Iterator[Substitute]:
    for kind, rules in kinds.items():
        own = _own(name, rules)
        targets = own if own is not None else rules.get(ANY, ())
        if any(each != name for each in targets):
            yield Substitute(model=name, kind=kind, targets=targets)


def _own(name: str, rules: Rules) -> tuple[str, ...] | None:
    """The rule for exactly this name, or for the name without its provider."""
    return rules.get(name, rules.get(name.partition("/")[2]))


def check_chain(chain: Chain, expected: tuple[str, ...]) -> None:
    """Raise AssertionError unless the gateway tries exactly these models, in this order.

    Args:
        chain: what the gateway does.
        expected: the models in order; a last one that stands before is where the chain leads back.
            Another kind of fallback that goes to a later one of them does no harm.
    """
    agreed = tuple(dict.fromkeys(expected))
    back = expected[-1:] if len(agreed) < len(expected) else ()
    astray = [each for each in chain.otherwise if not _follows(each, agreed)]
    linked = chain.order == agreed and not chain.unknown and chain.cycles == back
    if linked and not astray:
        return
    found = [str(chain), *map(str, astray)]
    found += [f"{name} is not in model_list" for name in chain.unknown]
    found += [f"{name} leads back to itself" for name in chain.cycles]
    raise AssertionError(
        explain(
            "The fallback chain is not the one that was agreed on.",
            expected=" -> ".join(expected),
            found="; ".join(found),
            where="LiteLLM's settings in force, GET /router/settings (not its file)",
            fix=_FIX_OTHERWISE if linked else _FIX_CHAIN,
        )
    )


_FIX_CHAIN = (
    "correct router_settings.fallbacks, which wins, or litellm_settings.fallbacks "
    "(one such key in the file, each of its targets in a list), look for max_fallbacks, restart "
    "LiteLLM"
)
_FIX_OTHERWISE = "remove what the brackets name for these models, restart LiteLLM"


def _follows(substitute: Substitute, order: tuple[str, ...]) -> bool:
    """Whether it leads to a later model of this chain, and to nobody else."""
    if substitute.kind == ALIAS or substitute.model not in order:
        return substitute.kind == ALIAS  # an alias is no fallback: who answers is asked elsewhere
    later = order[order.index(substitute.model) :]
    return set(substitute.targets) <= set(later)


def takes_long_ones(chain: Chain, other: str, agreed: Collection[str]) -> bool:
    """Whether a rule that was not agreed on gives long questions for a chain's first model away.

    Args:
        chain: of that model.
        other: who would answer them.
        agreed: the order in which models may follow each other; none for a parallel model.
    """
    return any(
        each.model == chain.order[0] and other in each.targets and not _follows(each, tuple(agreed))
        for each in chain.otherwise
        if "context_window" in each.kind
    )


def check_alone(chains: Iterable[Chain], told: Collection[str] = ()) -> None:
    """Raise AssertionError if one of the models has any fallback.

    Args:
        chains: each model's.
        told: models that were asked and did not answer by themselves. What their own entries put in
            their place was told there, as the cause: one fault, one red line.
    """
    replaced = [each for chain in chains for each in _replaced(chain, told)]
    if replaced:
        raise AssertionError(
            explain(
                "A parallel model is replaced when it is away.",
                expected="no fallback for a model outside of the chain",
                found="; ".join(replaced),
                where="LiteLLM's settings in force: GET /router/settings, for it or for *; "
                "GET /model/info; GET /key/info and /team/info of the key in use",
                fix="remove default_fallbacks and the fallbacks of these models, of the kind that "
                "the brackets name",
            )
        )


def _replaced(chain: Chain, told: Collection[str]) -> Iterator[str]:
    model = chain.order[0]
    if len(chain.order) > 1:
        yield f"{chain} (fallbacks or default_fallbacks)"
    for each in chain.otherwise:
        if each.model == model and not (model in told and each.kind.endswith(OF_ENTRY)):
            yield str(each)


def check_agree(told: Mapping[str, str]) -> None:
    """Raise AssertionError unless every replica of the gateway told the same."""
    if len(set(told.values())) > 1:
        lines = {name: dict.fromkeys(text.splitlines()) for name, text in told.items()}
        alike = set.intersection(*map(set, lines.values()))
        apart = {name: [each for each in of if each not in alike] for name, of in lines.items()}
        raise AssertionError(
            explain(
                "The replicas of LiteLLM do not serve the same.",
                expected="the same models, chains and entries from each of them",
                found="\n            ".join(
                    f"{name}: {'; '.join(of) or 'none of what the others have'}"
                    for name, of in apart.items()
                ),
                where="GET /v1/models, /router/settings and /model/info of each pod behind the "
                "Service",
                fix="restart the older ones: a request meets any of them, by chance",
            )
        )
