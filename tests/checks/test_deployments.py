"""Each model of the story stands for an upstream of its own."""

from dataclasses import replace

import pytest

from acceptance.checks.deployments import (
    as_agreed,
    check_answers_alone,
    check_own_upstreams,
    twins,
)
from acceptance.checks.proof import Answer, Deployment
from acceptance.errors import Inconclusive
from acceptance.resources import Environment, Variable
from acceptance.secret import Secret
from tests.story import MODELS, STORY


def _of(group: str, upstream: str, api_base: str = "") -> Deployment:
    return Deployment(identity=upstream, group=group, upstream=upstream, api_base=api_base)


SERVED = tuple(
    _of(model.name, f"{model.provider.name.lower()}/{model.upstream}") for model in MODELS.values()
)


@pytest.mark.parametrize(
    "more",
    [
        pytest.param((), id="the story's own"),
        pytest.param((_of("vllm-r1", "openai/deepseek-r1"),), id="H33: one GPU, two modes"),
        pytest.param((_of("extra", "openai/gpt-4o-mini"),), id="H16: a name beside the story"),
        pytest.param(
            (_of("vllm-qwen", f"vllm/{MODELS['vllm-qwen'].upstream}", "http://vllm-api.ml:8000"),),
            id="two entries of one upstream",
        ),
        pytest.param(
            (_of("openai-gpt4o", "openai/gpt-4o-mini", "https://eu.api.openai.com/v1"),),
            id="P18: a region of the same provider",
        ),
    ],
)
def test_healthy(more: tuple[Deployment, ...]) -> None:
    check_own_upstreams((*SERVED, *more), STORY)


def test_a_provider_that_was_found_at_another_address() -> None:  # W13
    gpu = _of("vllm-qwen", f"openai/{MODELS['vllm-qwen'].upstream}", "http://gpu.ml:8000/v1")
    with pytest.raises(AssertionError, match="vllm-qwen has an entry at"):
        check_own_upstreams((*SERVED[1:], gpu), STORY)

    found = STORY.found_at({"vLLM": ["gpu.ml"]})
    check_own_upstreams((*SERVED[1:], gpu), found)
    assert found.providers["Ollama"] == STORY.providers["Ollama"]


def test_a_name_that_ends_as_the_one_of_another_provider() -> None:
    """`openai/gpt-oss-120b` is Groq's name for what Cerebras calls `gpt-oss-120b`."""
    names = {
        "groq/mixtral-8x7b-32768": "openai/gpt-oss-120b",
        "mistral/mistral-small-latest": "gpt-oss-120b",
    }
    models = {
        name: replace(model, upstream=names.get(name, model.upstream))
        for name, model in MODELS.items()
    }
    contract = replace(STORY, models=models)
    served = [
        _of(each.name, f"{each.provider.name.lower()}/{each.upstream}") for each in models.values()
    ]
    check_own_upstreams(served, contract)

    served[-1] = _of("mistral/mistral-small-latest", "groq/openai/gpt-oss-120b")
    with pytest.raises(AssertionError, match="which is groq/mixtral-8x7b-32768's"):
        check_own_upstreams(served, contract)


def test_an_address_from_the_environment() -> None:  # F095
    def environment(url: str) -> Environment:
        name = "OPENAI_BASE_URL"
        return {name: Variable(name=name, value=Secret(url), source="value")}

    check_own_upstreams(SERVED, STORY, environment("https://api.openai.com/v1"))
    with pytest.raises(AssertionError, match="OPENAI_BASE_URL in LiteLLM's environment sends"):
        check_own_upstreams(SERVED, STORY, environment("http://vllm-api.ml:8000/v1"))


def test_a_variable_that_nobody_reads() -> None:  # P19, P18
    own = [replace(each, api_base="https://api.openai.com/v1") for each in SERVED if _openai(each)]
    others = [each for each in SERVED if not _openai(each)]
    variables = {
        name: Variable(name=name, value=Secret("http://vllm-api:8000/v1"), source="value")
        for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "VLLM_API_BASE")
    }

    check_own_upstreams([*own, *others], STORY, variables)


def _openai(deployment: Deployment) -> bool:
    return deployment.group == "openai-gpt4o"


def test_of_two_variables_the_first_is_read() -> None:
    given = {"OPENAI_BASE_URL": "https://api.openai.com/v1", "OPENAI_API_BASE": "http://other"}
    check_own_upstreams(
        SERVED,
        STORY,
        {
            name: Variable(name=name, value=Secret(url), source="value")
            for name, url in given.items()
        },
    )


@pytest.mark.parametrize(
    ("api_base", "agreed"),
    [
        ("", True),
        ("https://api.groq.com/openai/v1/", True),
        ("https://api.groq.com/openai/v1/v1", None),
        ("https://api.groq.com", None),
        ("https://api.groq.com:443/openai", None),
        ("https://api.groq.com:8443/openai/v1", False),
        ("https://api.groq.com:https/openai/v1", False),
        ("http://api.groq.com/openai/v1", False),
    ],
)
def test_whether_an_entry_is_as_the_story_has_it(api_base: str, *, agreed: bool | None) -> None:
    name, upstream = "groq/mixtral-8x7b-32768", "groq/mixtral-8x7b-32768"
    model = MODELS[name]
    assert as_agreed([_of(name, upstream, api_base)], model) is agreed
    assert not as_agreed([_of(name, "groq/mixtral-8x7b", api_base)], model)
    assert not as_agreed([], model)


def test_the_address_of_gemini_has_the_version_that_litellm_puts_its_path_behind() -> None:  # Q781
    name = upstream = "gemini/gemini-2.0-flash"
    place = "https://generativelanguage.googleapis.com"
    assert as_agreed([_of(name, upstream, f"{place}/v1beta")], MODELS[name])
    assert as_agreed([_of(name, upstream, place)], MODELS[name]) is None


@pytest.mark.parametrize(
    ("more", "words"),
    [
        pytest.param(
            _of("vllm-qwen", "openai/gpt-4"), "vllm-qwen stands for several models", id="F077"
        ),
        pytest.param(
            _of("gemini/gemini-2.0-flash", "gemini/gemini-2.5-flash"),
            "gemini/gemini-2.0-flash stands for gemini-2.5-flash",
            id="F076: two names share an upstream",
        ),
        pytest.param(
            _of("vllm-qwen", f"vllm/{MODELS['vllm-qwen'].upstream}", "http://vllm-old.ml:8000/v1"),
            "vllm-qwen has an entry at http://vllm-old.ml:8000/v1, not at vllm-api.ml.svc",
            id="a twin on another host, which may be dead",
        ),
        pytest.param(
            _of("openai-gpt4o", "openai/gpt-4o-mini", "https://api.openai.com.home.example/v1"),
            "openai-gpt4o has an entry at",
            id="a name that only begins like the provider's",
        ),
    ],
)
def test_wrong(more: Deployment, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_own_upstreams((*SERVED, more), STORY)


def test_entries_that_hide_each_other() -> None:  # G7
    name = "groq/mixtral-8x7b-32768"
    other = _of(name, "groq/mixtral-8x7b-32768", "https://api.groq.com:8443/openai/v1")
    beside = _of("mine", "openai/gpt-4o-mini")

    found = twins((*SERVED, other, beside, beside), STORY)

    assert [each.group for each in found] == [name, name]
    assert not twins(SERVED, STORY)


def _answer(error: str, status: int, text: str = "") -> Answer:
    return Answer(model="an identity", nonce="a b", text=text, error=error, status=status)


def test_an_entry_that_does_not_answer_when_it_is_asked_by_its_identity() -> None:
    entry = _of("vllm-qwen", "openai/Qwen", "http://vllm-api.ml:8001/v1")
    model = MODELS["vllm-qwen"]

    check_answers_alone(entry, _answer("", 200, "a b"), model)
    check_answers_alone(entry, _answer("Invalid model name passed in model=x", 400), model)
    with pytest.raises(AssertionError, match=r"cannot be reached[^$]*entry openai/Qwen"):
        check_answers_alone(entry, _answer("Cannot connect to host vllm-api.ml:8001", 500), model)
    groq = MODELS["groq/mixtral-8x7b-32768"]
    limited = _answer("litellm.RateLimitError: GroqException - later", 429)
    with pytest.raises(Inconclusive, match="rate limit"):
        check_answers_alone(_of(groq.name, "groq/mixtral-8x7b-32768"), limited, groq)


def test_an_entry_that_is_paused_is_asked_by_nobody() -> None:  # Q792
    name = upstream = "groq/mixtral-8x7b-32768"
    gone = replace(_of(name, "openai/other", "http://groq-proxy.ml:8000/v1"), paused=True)
    check_own_upstreams([*SERVED, gone], STORY)
    assert as_agreed([_of(name, upstream, ""), gone], MODELS[name])
    with pytest.raises(AssertionError):
        check_own_upstreams([*SERVED, replace(gone, paused=False)], STORY)

    error = "litellm.ServiceUnavailableError: Model 'm' is currently paused and cannot accept "
    told = Answer(model="id", nonce="K", status=503, error=f"{error}requests.")
    check_answers_alone(gone, told, MODELS[name])
