"""The order in which models are tried, against LiteLLM's own router and against the story."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acceptance.checks.chain import (
    ALIAS,
    ANY,
    OF_ENTRY,
    check_agree,
    check_alone,
    check_chain,
    takes_long_ones,
    walk_chain,
)
from acceptance.checks.proof import Chain
from acceptance.lab.environments import CACHE, LITELLM, ensure
from tests.checks.making import refused
from tests.story import CHAIN, MODELS

Rules = Mapping[str, tuple[str, ...]]
PRIMARY, SECOND, THIRD = CHAIN
CHAINED: Rules = {PRIMARY: (SECOND,), SECOND: (THIRD,)}

HEALTHY: dict[str, Rules] = {
    "as the story has it": CHAINED,
    "H18 flat": {PRIMARY: (SECOND, THIRD)},
    "flat and chained": {PRIMARY: (SECOND, THIRD), SECOND: (THIRD,)},
    "a default that is in the chain": {**CHAINED, ANY: (SECOND,)},
    "a default that is not: the chain is specific, so it never counts": {
        **CHAINED,
        ANY: ("mistral/mistral-small-latest",),
    },
    "other models' fallbacks": {**CHAINED, "h16": ("h17",)},
}


@pytest.mark.parametrize("rules", HEALTHY.values(), ids=HEALTHY.keys())
def test_the_storys_chain(rules: Rules) -> None:
    check_chain(walk_chain(PRIMARY, rules, MODELS), CHAIN)


WRONG: dict[str, tuple[Rules, str]] = {
    "F080 the third tier is missing": (
        {PRIMARY: (SECOND,)},
        "found     vllm-qwen -> ollama-qwen\n",
    ),
    "F082 a misspelt target": ({**CHAINED, PRIMARY: ("ollama_qwen",)}, "ollama_qwen is not in"),
    "F084 no fallbacks at all": ({}, "found     vllm-qwen\n"),
    "the wrong order": ({PRIMARY: (THIRD, SECOND)}, "vllm-qwen -> openai-gpt4o -> ollama-qwen"),
    "one too many": ({**CHAINED, THIRD: ("groq/mixtral-8x7b-32768",)}, "-> groq/mixtral"),
    "a cycle": ({**CHAINED, THIRD: (PRIMARY,)}, "vllm-qwen leads back to itself"),
    "itself": ({**CHAINED, SECOND: (SECOND, THIRD)}, "ollama-qwen leads back to itself"),
    "only a default": ({ANY: (THIRD,)}, "vllm-qwen -> openai-gpt4o"),
}


@pytest.mark.parametrize(("rules", "found"), WRONG.values(), ids=WRONG.keys())
def test_another_chain(rules: Rules, found: str) -> None:
    with refused("vllm-qwen -> ollama-qwen -> openai-gpt4o", found, "not its file"):
        check_chain(walk_chain(PRIMARY, rules, MODELS), CHAIN)


def test_parallel_models_stand_alone() -> None:
    check_alone(walk_chain(name, CHAINED, MODELS) for name in MODELS if name not in CHAIN)


@pytest.mark.parametrize(
    "more",
    [
        {ANY: ("ollama-qwen",)},  # F085
        {"groq/mixtral-8x7b-32768": ("ollama-qwen",)},
        {"mixtral-8x7b-32768": ("ollama-qwen",)},  # LiteLLM takes it for the one with its provider
    ],
)
def test_a_parallel_model_that_is_replaced(more: Rules) -> None:
    chains = [walk_chain("groq/mixtral-8x7b-32768", {**CHAINED, **more}, MODELS)]
    with refused("groq/mixtral-8x7b-32768 -> ollama-qwen", "default_fallbacks"):
        check_alone(chains)


OTHERWISE: dict[str, tuple[Mapping[str, Rules], str]] = {
    "P06 context window": (
        {"context_window_fallbacks": {"groq/mixtral-8x7b-32768": ("gemini/gemini-2.5-flash",)}},
        "groq/mixtral-8x7b-32768 -> gemini/gemini-2.5-flash (context_window_fallbacks)",
    ),
    "content policy, for every model": (
        {"content_policy_fallbacks": {ANY: ("ollama-qwen",)}},
        "(content_policy_fallbacks)",
    ),
    "an entry's own": (
        {"litellm_params.fallbacks of its entry": {"groq/mixtral-8x7b-32768": ("groq/x",)}},
        "(litellm_params.fallbacks of its entry)",
    ),
    "an alias": ({ALIAS: {"groq/mixtral-8x7b-32768": ("ollama-qwen",)}}, "(model_group_alias)"),
    "an alias of the key": (
        {"aliases of the key in use": {"groq/mixtral-8x7b-32768": ("ollama-qwen",)}},
        "(aliases of the key in use)",
    ),
}


@pytest.mark.parametrize(("kinds", "found"), OTHERWISE.values(), ids=OTHERWISE.keys())
def test_every_kind_of_fallback_replaces_a_model(kinds: Mapping[str, Rules], found: str) -> None:
    chains = [walk_chain("groq/mixtral-8x7b-32768", CHAINED, MODELS, kinds=kinds)]
    with refused("is replaced when it is away", found, "the kind that the brackets name"):
        check_alone(chains)


def test_an_alias_of_a_model_for_itself_is_none() -> None:
    kinds = {ALIAS: {"groq/mixtral-8x7b-32768": ("groq/mixtral-8x7b-32768",)}}
    check_alone([walk_chain("groq/mixtral-8x7b-32768", CHAINED, MODELS, kinds=kinds)])


def test_another_kind_of_fallback_within_the_chain() -> None:
    def check(*targets: str) -> None:
        kinds = {"context_window_fallbacks": {SECOND: targets}}
        check_chain(walk_chain(PRIMARY, CHAINED, MODELS, kinds=kinds), CHAIN)

    check(THIRD)
    for target in (PRIMARY, "groq/mixtral-8x7b-32768"):
        with refused(f"{SECOND} -> {target} (context_window_fallbacks)", "brackets name"):
            check(target)


def test_a_chain_reads_as_it_goes() -> None:
    assert str(Chain(order=("a", "b"))) == "a -> b"


Ask = Callable[[str, Rules], list[str]]
NAMES = ("a", "b", "c", "d", "e", "f", "g", "h", "groq/a", "groq/i")


@pytest.fixture(scope="module")
def litellm() -> Iterator[Ask]:
    """LiteLLM's own router, in its own environment."""
    python = ensure(LITELLM, cache=CACHE, say=lambda _line: None).python
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONPATH": ""}
    with subprocess.Popen(
        [python, Path(__file__).with_name("litellm_router.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as process:
        assert process.stdin
        assert process.stdout
        written, told = process.stdin, process.stdout

        def ask(model: str, rules: Rules) -> list[str]:
            own = [{name: [*targets]} for name, targets in rules.items() if name != ANY]
            default = [*rules.get(ANY, ())]
            question = {"model": model, "fallbacks": own, "default": default, "served": NAMES}
            written.write(json.dumps(question) + "\n")
            written.flush()
            order: list[str] = json.loads(told.readline())
            return order

        yield ask


TARGETS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=7, unique=True).map(tuple)
RULES = st.dictionaries(st.sampled_from((*NAMES, "i", ANY)), TARGETS, max_size=8)


@settings(max_examples=30)
@given(model=st.sampled_from(NAMES), rules=RULES)
def test_litellm_tries_them_in_this_order(litellm: Ask, model: str, rules: Rules) -> None:
    assert [*walk_chain(model, rules, NAMES).order] == litellm(model, rules)


@pytest.mark.parametrize("length", [2, 6, 8])
def test_how_deep_litellm_goes(litellm: Ask, length: int) -> None:
    hops = {NAMES[at]: (NAMES[at + 1],) for at in range(length - 1)}
    order = walk_chain("a", hops, NAMES).order
    assert [*order] == litellm("a", hops)
    assert len(order) == min(length, 6)


@given(model=st.sampled_from(NAMES), rules=RULES)
def test_flat_and_chained_are_the_same(model: str, rules: Rules) -> None:
    order = walk_chain(model, rules, NAMES).order
    assert walk_chain(model, {model: order[1:]} if order[1:] else {}, NAMES).order == order
    assert len(set(order)) == len(order)
    assert order[0] == model


def test_replicas_of_the_gateway_are_held_against_each_other() -> None:
    entry = "vllm-qwen is openai/Qwen at http://vllm-api, parameters 1a"
    check_agree({"a": f"vllm-qwen\n{entry}", "b": f"vllm-qwen\n{entry}"})
    with refused("a: vllm-qwen is openai/Qwen at http://vllm-api", "b: vllm-qwen is openai/Other"):
        check_agree({"a": f"vllm-qwen\n{entry}", "b": "vllm-qwen\nvllm-qwen is openai/Other"})
    with refused("b: none of what the others have"):
        check_agree({"a": f"vllm-qwen\n{entry}", "b": "vllm-qwen"})


@pytest.mark.parametrize(
    ("model", "kind", "agreed", "blamed"),
    [
        (THIRD, "context_window_fallbacks", (), True),  # P06: parallel
        (THIRD, "litellm_params.context_window_fallbacks of its entry", (), True),
        (THIRD, "content_policy_fallbacks", (), False),  # what was asked is not improper
        (PRIMARY, "context_window_fallbacks", CHAIN, False),  # on to the next one, as agreed
        (PRIMARY, "context_window_fallbacks", (PRIMARY, THIRD), True),
    ],
)
def test_a_rule_that_gives_long_questions_away(
    model: str, kind: str, agreed: tuple[str, ...], *, blamed: bool
) -> None:
    chain = walk_chain(model, {}, MODELS, kinds={kind: {model: (SECOND,)}})
    assert takes_long_ones(chain, SECOND, agreed) is blamed
    assert not takes_long_ones(chain, "gemini/gemini-2.5-flash", agreed)


def test_an_entry_that_replaces_itself_is_told_once() -> None:  # P35
    mistral = "mistral/mistral-small-latest"
    kinds = {f"litellm_params.fallbacks {OF_ENTRY}": {mistral: (THIRD,)}}
    alone = [walk_chain(mistral, CHAINED, MODELS, kinds=kinds)]
    with refused("fallbacks of its entry"):
        check_alone(alone)
    with refused("fallbacks of its entry"):
        check_alone(alone, told=["groq/mixtral-8x7b-32768"])
    check_alone(alone, told=[mistral])
    with refused("default_fallbacks"):  # F085: a rule of the router is told by itself
        check_alone([walk_chain(mistral, {ANY: (THIRD,)}, MODELS)], told=[mistral])
