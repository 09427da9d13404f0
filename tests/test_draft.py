"""A contract drafted from what manifests declare: what it states, and what it asks a person."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.command.draft import main
from acceptance.contract.reading import read_contract
from acceptance.contract.values import Contract
from acceptance.draft.declared import declared_in
from acceptance.draft.folder import write_draft
from acceptance.draft.serving import kept_from_chat
from acceptance.draft.writing import doubts_in
from acceptance.errors import SetupError
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.model_list import entry_of
from acceptance.lab.embedded.unsupported import unsupported
from acceptance.lab.embedded.upstreams import configured
from acceptance.plugin.targets import of_others
from acceptance.resources import Variable
from acceptance.secret import Secret
from tests.sources import REPOSITORY
from tests.story import STORY

CONFIG = ("ConfigMap", "ml", "litellm-config")
FRONT = ("StatefulSet", "apps", "open-webui")
MANY = REPOSITORY / "tests" / "deployments" / "many" / "given"
GROQ = {"model": "groq/llama-3.3-70b-versatile"}


def _configured(**configuration: object) -> Manifests:
    """The story's manifests, with another configuration of LiteLLM."""
    manifests = Manifests.load(DEFAULT)
    config = {**(manifests.get(*CONFIG) or {})}
    config["data"] = {"config.yaml": yaml.safe_dump(configuration)}
    return manifests.with_changes([config])


def _models(**params: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"model_name": name, "litellm_params": each} for name, each in params.items()]


def _told(*entries: dict[str, Any]) -> Manifests:
    """The story's manifests, with other variables of Open WebUI."""
    manifests = Manifests.load(DEFAULT)
    front = yaml.safe_load(yaml.safe_dump(manifests.get(*FRONT)))
    front["spec"]["template"]["spec"]["containers"][0]["env"] = list(entries)
    return manifests.with_changes([front])


def _plain(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": value}


def _draft(manifests: Manifests, folder: Path) -> tuple[Contract, list[str]]:
    """The contract that is drafted of these, and what a person must decide."""
    contract = write_draft(declared_in(manifests, "here"), folder / "draft")
    return contract, [each.partition(": ")[2] for each in doubts_in(folder / "draft")]


def _text(folder: Path) -> str:
    return "\n".join(file.read_text() for file in sorted((folder / "draft").iterdir()))


def test_the_draft_of_the_storys_manifests_states_what_the_story_states(tmp_path: Path) -> None:
    contract, doubts = _draft(Manifests.load(DEFAULT), tmp_path)

    for stated in ("offered", "models", "providers", "chains", "endpoint", "key_source"):
        mine, theirs = getattr(contract, stated), getattr(STORY, stated)
        assert mine == theirs or (stated == "offered" and set(mine) == set(theirs)), stated
    assert contract.open_webui == STORY.open_webui
    assert contract.gateway == STORY.gateway
    assert contract.backends == STORY.backends
    assert doubts == []


def test_a_deployment_of_many_models_and_several_chains(tmp_path: Path) -> None:
    contract, doubts = _draft(Manifests.load(MANY), tmp_path)

    assert len(contract.models) == 13
    assert contract.heads == ("qwen3:32b", "Claude Sonnet", "gpt-4o", "gemini/gemini-2.5-flash")
    assert contract.chains[0][-3:] == ("tiny", "gemini/gemini-2.5-flash", "small")
    assert set(contract.offered) - set(contract.models) == {
        *("text-embedding-3-small", "listen", "default")
    }
    assert [*contract.backends] == ["gpu-a", "gpu-b", "Ollama"]
    assert contract.key_source == "chat-key"
    assert doubts == []


def test_who_answers_is_computed_from_the_chain_and_from_who_is_away(tmp_path: Path) -> None:
    models = _models(
        big={"model": "groq/llama-3.3-70b-versatile"},
        twin={"model": "groq/mixtral-8x7b-32768"},
        other={"model": "openai/gpt-4o-mini"},
        lone={"model": "mistral/mistral-small-latest"},
        pair={"model": "mistral/mistral-large-latest"},
    )
    rules = [{"big": ["twin", "other"]}, {"lone": ["pair"]}]
    contract, _ = _draft(
        _configured(model_list=models, router_settings={"fallbacks": rules}), tmp_path
    )

    text = _text(tmp_path)
    assert contract.chains == (("big", "twin", "other"), ("lone", "pair"))
    assert "Scenario Outline: other answers for big when Groq <outage>" in text
    assert "twin answers for big" not in text
    told = text.partition("the whole chain of lone is away")[2].partition("Scenario:")[0]
    assert told.count("refuses connections") == 1
    assert "answers for lone" not in text


@pytest.mark.parametrize(
    ("fallbacks", "own"), [(["other"], ()), (["other", "last"], (("other", "last"),))]
)
def test_a_member_s_own_chain_is_stated_unless_another_one_goes_by_it(
    tmp_path: Path, fallbacks: list[str], own: tuple[tuple[str, ...], ...]
) -> None:
    """Of single hops the longest chain holds them all; of a list, a dropped rule would not show."""
    models = _models(big=GROQ, other={"model": "openai/gpt-4o-mini"}, last={"model": "xai/grok-4"})
    rules = [{"big": fallbacks}, {"other": ["last"]}]
    contract, _ = _draft(
        _configured(model_list=models, router_settings={"fallbacks": rules}), tmp_path
    )
    assert contract.chains == (("big", "other", "last"), *own)


def test_models_that_replace_each_other(tmp_path: Path) -> None:
    models = _models(one=GROQ, two={"model": "openai/gpt-4o-mini"})
    rules = [{"one": ["two"]}, {"two": ["one"]}]
    contract, _ = _draft(
        _configured(model_list=models, litellm_settings={"fallbacks": rules}), tmp_path
    )
    assert contract.chains == (("one", "two", "one"), ("two", "one", "two"))


def test_a_fallback_for_every_model(tmp_path: Path) -> None:
    models = _models(one=GROQ, two={"model": "openai/gpt-4o-mini"}, three={"model": "xai/grok-4"})
    settings = {"default_fallbacks": ["two"]}
    contract, _ = _draft(_configured(model_list=models, litellm_settings=settings), tmp_path)
    assert contract.chains == (("one", "two"), ("three", "two"))
    assert contract.parallel == ()


def test_what_is_replaced_for_another_reason_is_told_and_nothing_is_stated_that_is_not_so(
    tmp_path: Path,
) -> None:
    models = _models(one=GROQ, two={"model": "openai/gpt-4o-mini"}, three={"model": "xai/grok-4"})
    settings = {
        "fallbacks": [{"one": ["two"]}],
        "context_window_fallbacks": [{"one": ["three"]}, {"three": ["two"]}],
    }
    contract, doubts = _draft(_configured(model_list=models, router_settings=settings), tmp_path)

    assert contract.chains == ()
    assert any("one -> three (context_window_fallbacks)" in each for each in doubts)
    assert any("three -> two (context_window_fallbacks)" in each for each in doubts)
    assert "each of them stands alone" not in _text(tmp_path)


BROKEN: dict[str, tuple[Manifests, str]] = {
    "a fallback to nobody": (
        _configured(
            model_list=_models(one=GROQ), router_settings={"fallbacks": [{"one": ["ghost"]}]}
        ),
        "one falls back to ghost, which LiteLLM does not serve",
    ),
    "a rule for nobody": (
        _configured(
            model_list=_models(one=GROQ), router_settings={"fallbacks": [{"ghost": ["one"]}]}
        ),
        "fallbacks are told for ghost, which is not served",
    ),
    "two names on one upstream": (
        _configured(model_list=_models(one=GROQ, two=GROQ)),
        "two and one are one model (llama-3.3-70b-versatile at Groq)",
    ),
    "a name given twice": (
        _configured(model_list=[*_models(one=GROQ), *_models(one=GROQ)]),
        "one stands 2 times in model_list",
    ),
    "a Service that is not there": (
        _configured(
            model_list=_models(one={"model": "openai/x", "api_base": "http://vllm-apii:8000/v1"})
        ),
        "one: there is no Service ml/vllm-apii",
    ),
    "LiteLLM's own pod": (
        _configured(model_list=_models(one={"model": "ollama/qwen3"})),
        "one: http://localhost:11434 is LiteLLM's own pod, where nothing else runs",
    ),
    "a variable that is not set": (
        _configured(model_list=_models(one={"model": "openai/x", "api_base": "os.environ/BASE"})),
        "one: its api_base is the variable BASE, which is not set",
    ),
    "a model by a variable that nothing tells": (
        _configured(model_list=_models(one=GROQ, two={"model": "os.environ/WHICH"})),
        "two: its model is the variable WHICH, which is not set",
    ),
    "a master key in the file": (
        _configured(model_list=_models(one=GROQ), general_settings={"master_key": "sk-1234"}),
        "LiteLLM's master key stands in its configuration in the clear",
    ),
    "another endpoint": (
        _told(
            _plain("OPENAI_API_BASE_URL", "http://litellm.apps:4000/v1"),
            _plain("OPENAI_API_KEY", "x"),
        ),
        "Open WebUI is told http://litellm.apps:4000/v1 (Service litellm.apps:4000 is no Service",
    ),
    "LiteLLM second": (
        _told(
            _plain("OPENAI_API_BASE_URLS", "https://api.openai.com/v1;http://litellm.ml:4000/v1"),
            _plain("OPENAI_API_KEYS", "a;b"),
        ),
        "connection 0 is https://api.openai.com/v1, and not LiteLLM",
    ),
    "a key in the file": (
        _told(
            _plain("OPENAI_API_BASE_URL", "http://litellm.ml:4000/v1"),
            _plain("OPENAI_API_KEY", "sk-lab-9f3c1e7a52d84b06"),
        ),
        "the key stands in the manifests in the clear: OPENAI_API_KEY (value)",
    ),
    "no key": (
        _told(_plain("OPENAI_API_BASE_URL", "http://litellm.ml:4000/v1")),
        "Open WebUI has no key for LiteLLM",
    ),
    "switched off": (
        _told(
            _plain("OPENAI_API_BASE_URL", "http://litellm.ml:4000/v1"),
            _plain("ENABLE_OPENAI_API", "False"),
        ),
        "ENABLE_OPENAI_API is false",
    ),
    "a default that is not served": (
        _told(
            _plain("OPENAI_API_BASE_URL", "http://litellm.ml:4000/v1"),
            _plain("DEFAULT_MODELS", "vllm-qwen,gone"),
        ),
        "the default model gone is not served by LiteLLM",
    ),
}


@pytest.mark.parametrize(("manifests", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_what_looks_broken_is_asked_where_it_is_stated(
    tmp_path: Path, manifests: Manifests, words: str
) -> None:
    contract, doubts = _draft(manifests, tmp_path)

    assert any(each.startswith(words) for each in doubts), doubts
    assert all(each.endswith("Found so; is it meant so?") for each in doubts)
    assert "sk-lab" not in _text(tmp_path)
    assert contract.endpoint.startswith("http://litellm.ml")
    assert all("ghost" not in chain for chain in contract.chains)


ODD = (
    *("qwen2.5:3b", "org/model", "me@home", "GPT-4o Large", "a|b", 'the "best"', "300", "it's"),
    *("naïve", "模型", "back\\slash", "# no comment", "null", "a, b", "{model}", "$(X)", "- dash"),
)


def test_odd_names_are_stated_as_they_are(tmp_path: Path) -> None:
    models = _models(**dict.fromkeys(ODD, GROQ))
    rules = [{"a|b": ['the "best"', "me@home"]}]
    contract, _ = _draft(
        _configured(model_list=models, router_settings={"fallbacks": rules}), tmp_path
    )
    assert set(contract.models) == set(ODD)
    assert contract.chains == (("a|b", 'the "best"', "me@home"),)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("<model>", "what stands between < and > is a column"),
        ("two  spaces", "spaces"),
        ("unseen\u200b", "nobody sees"),
        (" ends ", "spaces at its ends"),
        ("ONE", "it differs from one in case, spaces or dashes only"),
        ('x" at y', "its quotes end the sentence"),
    ],
)
def test_a_name_that_no_sentence_holds_is_told(tmp_path: Path, name: str, why: str) -> None:
    contract, doubts = _draft(_configured(model_list=_models(one=GROQ, **{name: GROQ})), tmp_path)
    assert contract.offered == ("one",)
    assert any(why in each for each in doubts), doubts


def test_three_hundred_models(tmp_path: Path) -> None:
    models = _models(**{f"model-{number}": {"model": f"groq/m{number}"} for number in range(300)})
    contract, doubts = _draft(_configured(model_list=models), tmp_path)
    assert len(contract.models) == len(contract.offered) == 300
    assert doubts == []


def test_what_nobody_can_be_asked_for_is_offered_and_not_asked(tmp_path: Path) -> None:
    models = [
        *_models(
            one=GROQ,
            cloud={"model": "bedrock/anthropic.claude-3-5-sonnet"},
            spread={"model": "openai/gpt-4o"},
        ),
        *_models(spread={"model": "azure/gpt-4o", "api_base": "https://x.openai.azure.com"}),
        *_models(**{"openai/*": {"model": "openai/*"}}),
    ]
    router = {"model_group_alias": {"alias": "one", "unseen": {"model": "one", "hidden": True}}}
    contract, _ = _draft(_configured(model_list=models, router_settings=router), tmp_path)

    text = _text(tmp_path)
    assert contract.offered == ("one", "cloud", "spread", "alias")
    assert [*contract.models] == ["one"]
    for words in (
        "# cloud is offered, and not asked: the suite cannot tell who answers for bedrock/",
        "# spread is offered, and not asked: it stands for openai/gpt-4o and azure/gpt-4o",
        "# alias is offered, and not asked: an alias of one",
        "# openai/* stands for any",
        "the gateway itself knows no such model",
    ):
        assert words in text, words


def test_a_wildcard_for_every_name_refuses_none(tmp_path: Path) -> None:
    models = _models(one=GROQ, **{"*": {"model": "openai/*"}})
    _draft(_configured(model_list=models), tmp_path)
    assert "the gateway itself knows no such model" not in _text(tmp_path)


def test_one_name_on_two_servers_has_one_provider_of_both(tmp_path: Path) -> None:
    server = [
        {"model": "openai/qwen3", "api_base": f"http://192.168.1.{number}:8000/v1"}
        for number in (5, 6)
    ]
    models = [*_models(one=server[0]), *_models(one=server[1]), *_models(two=server[1])]
    contract, doubts = _draft(_configured(model_list=models), tmp_path)

    (provider,) = contract.providers.values()
    assert provider.hosts == ("192.168.1.5", "192.168.1.6")
    assert contract.models["two"].provider is contract.models["one"].provider
    assert "one is spread over 192.168.1.5 and 192.168.1.6. Found so; is it meant so?" in doubts


def test_an_address_that_a_variable_gives(tmp_path: Path) -> None:
    manifests = _configured(
        model_list=_models(one={"model": "gpt-4o"}, two={"model": "xai/grok-4"}),
        environment_variables={"OPENAI_BASE_URL": "https://llm.example.com/v1"},
    )
    contract, _ = _draft(manifests, tmp_path)
    assert str(contract.models["one"].provider) == "llm.example.com (llm.example.com)"
    assert str(contract.models["two"].provider) == "xAI (api.x.ai)"


def test_a_variable_of_the_configuration_is_too_late_for_the_address_of_an_entry(
    tmp_path: Path,
) -> None:
    models = _models(one={"model": "openai/q", "api_base": "os.environ/THERE"})
    own = {"THERE": "http://192.168.1.5:8000/v1"}
    contract, doubts = _draft(_configured(model_list=models, environment_variables=own), tmp_path)
    assert str(contract.models["one"].provider) == "OpenAI (api.openai.com)"
    late = "THERE, which is set too late for it, in LiteLLM's own configuration"
    assert any(late in each for each in doubts)


def test_a_model_that_hangs_for_long_is_not_expected_to_be_replaced(tmp_path: Path) -> None:
    models = _models(one=GROQ, two={"model": "openai/gpt-4o-mini"})
    rules = {"fallbacks": [{"one": ["two"]}]}
    _, doubts = _draft(_configured(model_list=models, router_settings=rules), tmp_path)
    assert any("LiteLLM waits so long for one" in each for each in doubts)
    assert "does not answer" not in _text(tmp_path)


@pytest.mark.parametrize(
    ("name", "model", "mode", "chats"),
    [
        ("embeddings", "openai/text-embedding-3-small", "", False),
        ("listen", "groq/whisper-large-v3", "", False),
        ("speak", "openai/tts-1", "", False),
        ("voice", "openai/gpt-4o-mini-tts", "", False),
        ("draw", "openai/dall-e-3", "", False),
        ("draw2", "openai/gpt-image-1", "", False),
        ("rank", "hosted_vllm/BAAI/bge-reranker-v2-m3", "", False),
        ("e5", "openai/intfloat/e5-large", "", False),
        ("x", "openai/anything", "embedding", False),
        ("x", "openai/text-embedding-like-chat", "chat", True),
        ("gpt", "openai/gpt-4o", "", True),
        ("qwen", "openai/Qwen/Qwen2.5-7B-Instruct-AWQ", "", True),
        ("hermes", "openrouter/nousresearch/hermes-4-70b", "", True),
        ("sonar", "perplexity/sonar-deep-research", "", True),
        ("vision", "ollama/llama3.2-vision", "", True),
        ("nova", "openrouter/amazon/nova-2-lite", "", True),
    ],
)
def test_a_chat_model_is_known_from_others(name: str, model: str, mode: str, chats: bool) -> None:  # noqa: FBT001  # a parameter
    listed = {
        "model_name": name,
        "litellm_params": {"model": model},
        "model_info": {"mode": mode} if mode else {},
    }
    (entry,) = entry_of(listed, {}, "ml")
    assert (kept_from_chat(entry) == "") is chats


def test_files_that_a_configuration_includes(tmp_path: Path) -> None:
    manifests = _configured(include=["more.yaml"], model_list=_models(one=GROQ))
    config = {**(manifests.get(*CONFIG) or {})}
    more = yaml.safe_dump({"model_list": _models(two={"model": "xai/grok-4"})})
    config["data"] = {**config["data"], "more.yaml": more}
    gateway = yaml.safe_load(yaml.safe_dump(manifests.get("Deployment", "ml", "litellm")))
    (container,) = gateway["spec"]["template"]["spec"]["containers"]
    container["volumeMounts"] = [{"name": "config", "mountPath": "/app"}]
    contract, _ = _draft(manifests.with_changes([config, gateway]), tmp_path)
    assert [*contract.models] == ["one", "two"]


def _without(kind: str, namespace: str, name: str) -> Manifests:
    return Manifests.load(DEFAULT).without(kind, namespace, name)


REFUSED: dict[str, tuple[Callable[[], Manifests], str]] = {
    "no gateway": (lambda: _without("Deployment", "ml", "litellm"), "There is no LiteLLM to draft"),
    "no Open WebUI": (lambda: _without(*FRONT), "There is no Open WebUI to draft"),
    "no models": (lambda: _configured(litellm_settings={}), "LiteLLM's models are not among these"),
}


@pytest.mark.parametrize(("manifests", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_drafted_is_told(manifests: Callable[[], Manifests], words: str) -> None:
    with pytest.raises(SetupError, match=words):
        declared_in(manifests(), "here")


def test_a_configuration_that_may_stand_in_what_was_skipped_is_looked_for_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without kubectl, a configMapGenerator makes no ConfigMap."""
    monkeypatch.setenv("PATH", "/nowhere")
    given = MANY.parents[1] / "kustomization/given"
    with pytest.raises(SetupError, match=r"no file /app/config\.yaml; .*kubectl kustomize DIR"):
        declared_in(Manifests.load(given), "here")


def test_the_command_writes_a_folder_and_says_what_to_decide(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    into = tmp_path / "mine" / "contract"
    assert main([str(into), f"--manifests={MANY}"]) == 0

    said = capsys.readouterr().out
    assert f"{into}: 16 models, 13 of them asked, 4 chains" in said
    assert said.rstrip().endswith(f"pytest --contract={into} --manifests={MANY}")
    assert read_contract(into).title.startswith("Open WebUI on LiteLLM")
    assert [path.name for path in into.parent.iterdir()] == ["contract"]


def test_the_command_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert main([str(tmp_path), f"--manifests={MANY}"]) == 99
    assert "something is there already" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("content", ["", "kind: [", "a: b\n"])
def test_bad_input_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    (tmp_path / "bad.yaml").write_text(content)
    assert main([str(tmp_path / "draft"), f"--manifests={tmp_path / 'bad.yaml'}"]) == 99
    assert "expected" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["bad.yaml"]


def test_a_gateway_without_a_service_is_told(tmp_path: Path) -> None:
    _, doubts = _draft(_without("Service", "ml", "litellm"), tmp_path)
    assert any("no Service leads to Deployment ml/litellm-0" in each for each in doubts)


def test_who_judges_by_somebody_elses_contract_is_told_of_the_other_way() -> None:
    assert of_others(configured(Manifests.load(DEFAULT)), STORY) == ()
    (said,) = of_others(
        configured(Manifests.load(MANY.parents[1] / "not-for-chat" / "given")), STORY
    )
    assert said.endswith("add --contract=declared")


COMPOSE = """services:
  chat: {image: ghcr.io/open-webui/open-webui:0.12.4}
  proxy:
    image: ghcr.io/berriai/litellm:v1.106.2
    volumes: ["./config.yaml:/app/config.yaml"]
    command: [--config, /app/config.yaml]
    labels: ["traefik.http.routers.proxy.rule=Host(`llm.home.example`)"]
"""


def test_of_compose_the_address_is_the_one_that_docker_knows(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    config = yaml.safe_dump({"model_list": _models(a=GROQ)})
    (tmp_path / "config.yaml").write_text(config)
    manifests = Manifests.load(tmp_path)
    contract, doubts = _draft(manifests, tmp_path)
    assert contract.endpoint == "http://proxy:4000/v1"
    told = "Open WebUI is told no address, and takes https://api.openai.com/v1 by itself"
    assert any(told in each for each in doubts)
    assert not any("IngressRoute" in line for line in unsupported(manifests))


def test_the_file_that_compose_mounts_and_nobody_brought_is_named(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(COMPOSE.replace("./config", "~/llm/config"))
    with pytest.raises(SetupError, match=r"mounts ~/llm/config\.yaml, which is not in"):
        declared_in(Manifests.load(tmp_path), "here")


def test_models_of_a_database_are_asked_of_what_runs() -> None:
    settings = {"database_url": "os.environ/DATABASE_URL"}
    with pytest.raises(SetupError, match=r"in LiteLLM's database, ask what runs: `.*--gateway-url"):
        declared_in(_configured(general_settings=settings), "here")
    with pytest.raises(SetupError, match="into a contract by hand"):
        declared_in(_configured(model_list=[]), "here")


def test_an_address_that_is_wrong_is_said_where_the_models_are_missed_too() -> None:
    manifests = _configured(model_list=[])
    front = yaml.safe_load(yaml.safe_dump(manifests.get(*FRONT)))
    front["spec"]["template"]["spec"]["containers"][0]["env"] = []
    with pytest.raises(SetupError, match="Open WebUI is told no address"):
        declared_in(manifests.with_changes([front]), "here")


def test_a_model_s_name_may_stand_in_a_variable() -> None:
    """As LiteLLM 1.106.2 puts variables in wherever a text is one."""
    listed = {"model_name": "os.environ/NAME", "litellm_params": {"model": "openai/a"}}
    told = {"NAME": Variable(name="NAME", value=Secret("quick"), source="value")}
    (named,), (unnamed,) = entry_of(listed, told, "ml"), entry_of(listed, {}, "ml")
    assert (named.name, unnamed.name) == ("quick", "os.environ/NAME")
