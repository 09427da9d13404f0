"""Each model of the story stands for an upstream of its own."""

import pytest

from domain.deployments import check_own_upstreams
from domain.kubernetes import Environment, Variable
from domain.proof import Deployment
from domain.secret import Secret
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
            (_of("vllm-qwen", f"vllm/{MODELS['vllm-qwen'].upstream}", "http://second"),),
            id="two replicas of one upstream",
        ),
    ],
)
def test_healthy(more: tuple[Deployment, ...]) -> None:
    check_own_upstreams((*SERVED, *more), STORY)


def test_an_address_from_the_environment() -> None:  # F095
    def environment(url: str) -> Environment:
        name = "OPENAI_BASE_URL"
        return {name: Variable(name=name, value=Secret(url), source="value")}

    check_own_upstreams(SERVED, STORY, environment("https://api.openai.com/v1"))
    with pytest.raises(AssertionError, match="OPENAI_BASE_URL in LiteLLM's environment sends"):
        check_own_upstreams(SERVED, STORY, environment("http://vllm-api.ml:8000/v1"))


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
    ],
)
def test_wrong(more: Deployment, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_own_upstreams((*SERVED, more), STORY)
