"""What LiteLLM's configuration names is emulated, and what nobody would answer for is not."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.lab.embedded.made_up import MARK
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.network import Network
from acceptance.lab.embedded.plan import plan_pods
from acceptance.lab.embedded.upstreams import not_emulated, offers_of, shadows_in
from acceptance.lab.providers.catalogue import OFFERS, Offer, prefix_of
from acceptance.secret import fingerprint

LLAMA = "ghcr.io/ggml-org/llama.cpp:server"
CONFIG = ("ConfigMap", "ml", "litellm-config")


def _manifests(*params: dict[str, Any], more: list[dict[str, Any]] | None = None) -> Manifests:
    """The story's manifests, with other entries in LiteLLM's configuration."""
    manifests = Manifests.load(DEFAULT)
    config = {**(manifests.get(*CONFIG) or {})}
    listed = [
        {"model_name": f"m{number}", "litellm_params": each} for number, each in enumerate(params)
    ]
    config["data"] = {"config.yaml": yaml.safe_dump({"model_list": listed})}
    return manifests.with_changes([config, *(more or [])])


def _offers(*params: dict[str, Any], more: list[dict[str, Any]] | None = None) -> dict[str, Offer]:
    manifests = _manifests(*params, more=more)
    return {each.name: each for each in offers_of(manifests, plan_pods(manifests))}


def _service(name: str, namespace: str = "ml", **spec: object) -> dict[str, Any]:
    ports = [{"port": 8080}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"ports": ports, **spec},
    }


def _deployment(
    name: str, image: str, replicas: int = 1, args: list[str] | None = None
) -> dict[str, Any]:
    container = {"name": name, "image": image, "args": args or []}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "ml"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [container]},
            },
        },
    }


def test_the_upstreams_that_are_asked_in_the_shadow_of_another() -> None:
    manifests = _manifests(
        {"model": "openai/a", "silent_model": "m1"},
        {"model": "groq/b", "silent_model": ["m2", "gone"]},
        {"model": "groq/c", "silent_model": "m2"},
    )
    assert shadows_in(manifests) == {"a": {"b"}, "b": {"c"}}
    assert not shadows_in(Manifests.load(DEFAULT))


def test_the_story_has_the_providers_that_it_had() -> None:
    manifests = Manifests.load(DEFAULT)

    assert offers_of(manifests, plan_pods(manifests)) == OFFERS
    assert not_emulated(manifests, plan_pods(manifests)) == ()


PUBLIC = {
    "gpt-5-mini": ("openai", "openai", "gpt-5-mini"),
    "openai/gpt-5-mini": ("openai", "openai", "gpt-5-mini"),
    "groq/openai/gpt-oss-20b": ("groq", "groq", "openai/gpt-oss-20b"),
    "gemini/gemini-2.5-pro": ("gemini", "gemini", "gemini-2.5-pro"),
    "mistral/ministral-8b-latest": ("mistral", "mistral", "ministral-8b-latest"),
    "claude-sonnet-4-5": ("anthropic", "anthropic", "claude-sonnet-4-5"),
    "anthropic/claude-haiku-4-5": ("anthropic", "anthropic", "claude-haiku-4-5"),
    "openrouter/meta-llama/llama-4": ("openrouter", "compatible", "meta-llama/llama-4"),
    "xai/grok-4": ("xai", "compatible", "grok-4"),
    "deepseek/deepseek-chat": ("deepseek", "compatible", "deepseek-chat"),
    "nvidia_nim/meta/llama3": ("nvidia_nim", "compatible", "meta/llama3"),
    "github/gpt-4o": ("github", "compatible", "gpt-4o"),
    "together_ai/qwen/q": ("together_ai", "compatible", "qwen/q"),
    "fireworks_ai/accounts/a": ("fireworks_ai", "compatible", "accounts/a"),
    "perplexity/sonar": ("perplexity", "compatible", "sonar"),
}


@pytest.mark.parametrize(("model", "offer"), PUBLIC.items(), ids=PUBLIC.keys())
def test_a_public_provider_offers_what_an_entry_names(
    model: str, offer: tuple[str, str, str]
) -> None:
    name, dialect, upstream = offer
    found = _offers({"model": model})[name]

    assert (found.dialect, found.scheme) == (dialect, "https")
    assert found.models[-1] == upstream


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("groq/llama-3.3-70b-versatil", "groq"),
        ("gemini/gemini-2.0-flsh", "gemini"),
        ("gpt-4o-mimi", "openai"),
    ],
)
def test_a_model_that_is_misspelt_is_nobodys(model: str, name: str) -> None:
    assert _offers({"model": model})[name] in OFFERS


def test_a_public_host_is_no_service_of_a_namespace_that_is_called_like_its_end() -> None:
    more = [_service("chat", namespace="ai")]
    found = _offers({"model": "openrouter/q"}, more=more)["openrouter"]
    assert found.host == "openrouter.ai"


def test_behind_a_wildcard_of_another_provider_are_a_few_models() -> None:
    assert _offers({"model": "anthropic/*"})["anthropic"].models == (
        "claude-sonnet-4-5",
        "claude-haiku-4-5",
    )
    assert _offers({"model": "deepseek/*-chat"})["deepseek"].models == ("deepseek-chat",)


def test_a_wildcard_names_no_model() -> None:
    assert _offers({"model": "groq/*"})["groq"] in OFFERS


IN_CLUSTER = {
    "a server in another namespace": (
        "openai/q",
        "http://llm.gpu.svc.cluster.local:8080/v1",
        "llm.gpu.svc.cluster.local",
        8080,
        "/v1",
    ),
    "one that stands beside, and is not in the manifests": (
        "hosted_vllm/q",
        "http://embeddings:8080/v1",
        "embeddings.ml.svc.cluster.local",
        8080,
        "/v1",
    ),
    "an address of the house": (
        "ollama_chat/q",
        "http://192.168.1.50:11434",
        "192.168.1.50",
        11434,
        None,
    ),
    "a name of the house": ("lm_studio/q", "http://desk.lan:1234/v1", "desk.lan", 1234, "/v1"),
    "azure": ("azure/my-gpt", "https://lab.openai.azure.com", "lab.openai.azure.com", 443, None),
    "a region of OpenAI": (
        "openai/q",
        "https://eu.api.openai.com/v1",
        "eu.api.openai.com",
        443,
        "/v1",
    ),
    "two labels that are no Service": (
        "openai/q",
        "https://openrouter.ai/api/v1",
        "openrouter.ai",
        443,
        "/api/v1",
    ),
}


@pytest.mark.parametrize(
    ("model", "api_base", "host", "port", "base"), IN_CLUSTER.values(), ids=IN_CLUSTER.keys()
)
def test_a_server_that_the_manifests_do_not_hold_is_emulated(
    model: str, api_base: str, host: str, port: int, base: str | None
) -> None:
    offers = _offers({"model": model, "api_base": api_base})
    (found,) = (each for each in offers.values() if each.host == host)

    assert (found.host_port, found.base) == (port, base)
    assert found.models == (model.partition("/")[2],)


NOBODY = {
    "another namespace was meant": "http://vllm-api.apps.svc.cluster.local:8000/v1",
    "a slip of the pen": "http://vllm-apii.ml.svc.cluster.local:8000/v1",
    "a Service that selects nothing": "http://empty:8080/v1",
    "a Service whose pods are scaled to 0": "http://asleep:8080/v1",
    "the pod of LiteLLM itself": "http://localhost:11434",
    "no address at all": "http://[",
}


@pytest.mark.parametrize("api_base", NOBODY.values(), ids=NOBODY.keys())
def test_nobody_answers_where_nobody_would(api_base: str) -> None:
    more = [
        _service("empty", selector={"app": "nobody"}),
        _service("asleep", selector={"app": "asleep"}),
        _deployment("asleep", LLAMA, replicas=0),
    ]
    assert tuple(_offers({"model": "openai/q", "api_base": api_base}, more=more).values()) == OFFERS


@pytest.mark.parametrize("selector", [{"app": "llama"}, None])
def test_a_server_that_the_lab_does_not_know_is_emulated_behind_its_service(
    selector: dict[str, str] | None, tmp_path: Path
) -> None:
    more = [
        _service("llama", selector=selector),
        _deployment("llama", LLAMA),
    ]
    entry = {"model": "openai/q", "api_base": "http://llama:8080/v1"}
    manifests = _manifests(entry, more=more)
    plans = plan_pods(manifests)
    (offer,) = (each for each in offers_of(manifests, plans) if "q" in each.models)

    network = Network(manifests, {f"{offer.host}:{offer.host_port}": 43000})
    network.write(tmp_path / "table", plans, {}, silent=1)

    written = yaml.safe_load((tmp_path / "table").read_text())
    address = written["names"]["llama.ml.svc.cluster.local"]
    assert written["routes"][f"{address}:8080"] == [43000]


def test_an_address_is_a_route_of_its_own(tmp_path: Path) -> None:
    Network(Manifests([]), {"192.168.1.50:11434": 43000, "desk.lan:1234": 43001}).write(
        tmp_path / "table", (), {}, silent=1
    )

    written = yaml.safe_load((tmp_path / "table").read_text())
    assert written["names"].keys() == {"desk.lan"}
    assert written["routes"]["192.168.1.50:11434"] == [43000]


@pytest.mark.parametrize(
    ("image", "args", "models", "tools"),
    [
        ("vllm/vllm-openai:v0.6.4", ["--model", "org/a"], ("org/a",), False),
        ("vllm/vllm-openai:v0.5.5", ["--model=org/a"], ("org/a",), True),
        (
            "vllm/vllm-openai:latest",
            ["serve", "org/a", "--enable-auto-tool-choice"],
            ("org/a",),
            True,
        ),
        (
            "vllm/vllm-openai",
            ["--model", "org/a", "--served-model-name", "a", "b", "--port", "1"],
            ("a", "b"),
            False,
        ),
        (
            "vllm/vllm-openai:v0.11.0",
            ["exec vllm serve org/a --enable-auto-tool-choice"],
            ("org/a",),
            True,
        ),
    ],
)
def test_a_vllm_of_the_manifests_is_as_it_is_started(
    image: str, args: list[str], models: tuple[str, ...], *, tools: bool
) -> None:
    more = [_deployment("vllm-server", image, args=[*args, "--max-model-len", "8192"])]
    api_base = "http://vllm-api.ml.svc.cluster.local:8000/v1"
    found = _offers({"model": "openai/other", "api_base": api_base}, more=more)["vllm"]

    assert (found.models, found.tools, found.context) == (models, tools, 8192)


@pytest.mark.parametrize(
    ("args", "keys"),
    [
        ([], ()),
        (["--api-key", "sk-a"], ("sk-a",)),
        (["--api-key=sk-a", "--port", "8000"], ("sk-a",)),
        (["--api-key", "sk-a", "sk-b"], ("sk-a", "sk-b")),
        (["--api-key", "$(NOWHERE)"], ()),
        (["exec vllm serve org/a --api-key $KEY"], ()),
        (["--api-key", f"sk-{MARK}1"], ()),
    ],
)
def test_a_vllm_takes_the_key_that_it_was_started_with(
    args: list[str], keys: tuple[str, ...]
) -> None:
    more = [_deployment("vllm-server", "vllm/vllm-openai:v0.11.0", args=args)]
    entry = {"model": "hosted_vllm/org/a", "api_base": "http://vllm-api:8000/v1"}
    assert _offers(entry, more=more)["vllm"].keys == tuple(map(fingerprint, keys))


def test_one_that_tells_no_model_has_those_that_are_named() -> None:
    more = [_deployment("vllm-server", "vllm/vllm-openai:v0.5.5")]
    api_base = "http://vllm-api:8000/v1"
    found = _offers({"model": "hosted_vllm/org/a", "api_base": api_base}, more=more)["vllm"]

    assert "org/a" in found.models


def test_variables_of_litellm_are_followed() -> None:
    more = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "litellm-secrets", "namespace": "ml"},
            "stringData": {"WHERE": "http://gpu.lan:8080/v1", "LITELLM_MASTER_KEY": "sk-x"},
        }
    ]
    offers = _offers({"model": "openai/q", "api_base": "os.environ/WHERE"}, more=more)

    assert "gpu.lan:8080" in offers


@pytest.mark.parametrize(
    ("image", "args", "env", "port"),
    [
        ("vllm/vllm-openai:v0.11.0", ["--model", "q", "--port", "8001"], {}, 8001),
        ("vllm/vllm-openai:v0.11.0", ["--port=8001"], {}, 8001),
        ("vllm/vllm-openai:v0.11.0", ["exec vllm serve q --port 8001 --x"], {}, 8001),
        ("vllm/vllm-openai:v0.11.0", ["--api-port", "8001"], {}, 8000),
        ("ollama/ollama", [], {}, 11434),
        ("ollama/ollama", [], {"OLLAMA_HOST": "0.0.0.0:11435"}, 11435),
        ("ollama/ollama", [], {"OLLAMA_HOST": "0.0.0.0"}, 11434),  # noqa: S104  # as people write it
    ],
)
def test_a_program_of_the_manifests_listens_where_it_is_told(
    image: str, args: list[str], env: dict[str, str], port: int
) -> None:
    item = _deployment("backend", image, args=args)
    entries = [{"name": name, "value": value} for name, value in env.items()]
    item["spec"]["template"]["spec"]["containers"][0]["env"] = entries

    [plan] = plan_pods(Manifests([item]))

    assert plan.listens == port


@pytest.mark.parametrize(
    ("model", "prefix"),
    [
        ("gpt-4o", "openai"),
        ("claude-sonnet-4-5", "anthropic"),
        ("command-a-03-2025", "cohere_chat"),
        ("gemini-2.5-flash", ""),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", ""),
        ("amazon.nova-pro-v1:0", ""),
        ("bedrock/anthropic.claude-3-haiku", ""),
    ],
)
def test_a_name_without_a_prefix_is_the_provider_s_that_litellm_knows(
    model: str, prefix: str
) -> None:
    assert prefix_of(model)[0] == prefix


def test_what_is_not_emulated_is_said() -> None:
    manifests = _manifests(
        {"model": "bedrock/anthropic.claude-v2"},
        {"model": "vertex_ai/gemini-2.5-pro"},
        {"model": "q", "custom_llm_provider": "watsonx"},
        {"model": "openai/q"},
    )
    said = not_emulated(manifests, plan_pods(manifests))

    assert said == ("m0", "m1", "m2")


@pytest.mark.parametrize(
    "text", ["model_list: {", "model_list: 3", "model_list: [3, {}, {litellm_params: 1}]"]
)
def test_a_configuration_that_is_none_names_nobody(text: str) -> None:
    manifests = Manifests.load(DEFAULT)
    config = {**(manifests.get(*CONFIG) or {}), "data": {"config.yaml": text}}
    manifests = manifests.with_changes([config])

    assert offers_of(manifests, plan_pods(manifests)) == OFFERS


def _two_boxes() -> list[dict[str, Any]]:
    return [
        *(
            _service(name, selector={"app": name})
            | {"spec": {"ports": [{"port": 8000}], "selector": {"app": name}}}
            for name in ("gpu-a", "gpu-b")
        ),
        _deployment("gpu-a", "vllm/vllm-openai:v0.10.2", args=["--model", "org/first"]),
        _deployment("gpu-b", "vllm/vllm-openai:v0.10.2", args=["--model", "org/second"]),
    ]


def test_two_workloads_of_one_program_are_two_providers() -> None:
    offers = _offers(
        {"model": "openai/org/first", "api_base": "http://gpu-a:8000/v1"},
        {"model": "openai/org/second", "api_base": "http://gpu-b:8000/v1"},
        more=_two_boxes(),
    )
    models = {name: each.models for name, each in offers.items() if each.dialect == "vllm"}
    assert models["gpu-a.ml"] == ("org/first",)
    assert models["gpu-b.ml"] == ("org/second",)
