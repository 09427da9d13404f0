"""Who answered, by the entries of the judged gateway; where they cannot be read, that is said."""

import json
from dataclasses import replace

import pytest

from acceptance.checks.proof import Answer, Deployment, Provenance
from acceptance.clients.answers import Answers
from acceptance.clients.baseline import Baseline
from acceptance.clients.gateway import Gateway
from acceptance.clients.transport import Api, Reply
from acceptance.errors import Blocked
from acceptance.secret import Secret
from tests.story import STORY

WHO = Provenance(
    group="", deployment="d1", api_base="https://api.mistral.ai/v1/chat/completions", upstream=True
)
VLLM = "http://vllm-api.ml.svc.cluster.local:8000/v1"
ANSWER = Answer(model="small", nonce="K1", text="K1", provenance=WHO, tokens=3)


def _gateway(
    monkeypatch: pytest.MonkeyPatch, *told: tuple[int, object]
) -> tuple[Gateway, list[str]]:
    """A gateway that tells its entries so, the last of them for ever; and what it was asked."""
    asked: list[str] = []

    def get(_api: Api, path: str) -> Reply:
        status, body = told[min(len(asked), len(told) - 1)]
        asked.append(path)
        return Reply(status=status, json=body, text=json.dumps(body))

    monkeypatch.setattr(Api, "get", get)
    return Gateway("http://127.0.0.1:9", Secret("sk-planted")), asked


def _entries(*identities: str) -> tuple[int, dict[str, list[object]]]:
    entry = {"model_name": "small", "litellm_params": {"model": "mistral/small"}}
    return 200, {"data": [{**entry, "model_info": {"id": each}} for each in identities]}


def test_an_entry_names_the_model_and_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway, asked = _gateway(monkeypatch, _entries("d0", "d1"))
    for _ in range(3):
        who = gateway.recognise(ANSWER).provenance
        assert who == replace(WHO, group="small", serves="mistral/small")
    assert asked == ["/model/info"]


@pytest.mark.parametrize(
    ("named", "unread"),
    [
        *(("small", ""), ("small-2506", ""), ("nobody-s", ""), ("", "")),
        ("qwen2.5:3b", "the answer names qwen2.5:3b, which is local"),
    ],
)
def test_a_stream_that_names_another_entry_s_model_leaves_open_who_answered(
    monkeypatch: pytest.MonkeyPatch, named: str, unread: str
) -> None:
    """LiteLLM 1.80.17: a fallback in mid-stream leaves the headers as they were."""
    other = {
        "model_name": "local",
        "litellm_params": {"model": "ollama/qwen2.5:3b"},
        "model_info": {"id": "d2"},
    }
    entries = {"data": [*_entries("d1")[1]["data"], other]}
    gateway, _ = _gateway(monkeypatch, (200, entries))
    who = gateway.recognise(replace(ANSWER, named=named)).provenance
    assert who
    assert (who.group, who.unread) == ("" if unread else "small", unread)

    told = replace(WHO, group="small")  # as LiteLLM from 1.93 on tells it
    who = gateway.recognise(replace(ANSWER, named=named, provenance=told)).provenance
    assert who
    assert who.group == "small"


def test_what_the_gateway_tells_of_itself_is_read_once_until_something_was_disturbed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entries = _entries("d1")[1]
    settings: dict[str, list[dict[str, object]]] = {"fields": [{"field_name": "fallbacks"}]}
    told: dict[str, object] = {
        "/model/info": entries,
        "/router/settings": settings,
        "/v1/models": {"data": []},
    }
    asked: list[str] = []

    def get(_api: Api, path: str) -> Reply:
        asked.append(path)
        body = told.get(path, {"detail": "Not Found"})
        return Reply(status=200 if path in told else 404, json=body, text=json.dumps(body))

    monkeypatch.setattr(Api, "get", get)
    gateway = Gateway("http://127.0.0.1:9", Secret("sk-planted"))
    for _ in range(3):
        gateway.chains(["small", "large"])
        gateway.describe(["small"])
        gateway.cooldown()
    once = ["/fallback/*", "/model/info", "/router/settings", "/v1/models"]
    assert sorted(asked) == once
    settings["fields"] = [{"field_name": "fallbacks", "field_value": [{"small": ["large"]}]}]
    told["/v1/models"] = {"data": [{"id": "small"}, {"id": "large"}]}
    gateway.forget()
    assert gateway.chain("small").order == ("small", "large")
    assert sorted(asked) == sorted([*once, *once])


def test_an_error_is_no_answer_that_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway, asked = _gateway(monkeypatch, (503, {}), _entries("d1"))
    with pytest.raises(AssertionError):
        gateway.deployments()
    assert len(gateway.deployments()) == 1
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("group", "served", "why"),
    [
        ("small", "mistral/small", ""),
        ("large", "mistral/large", ""),
        ("", "", "several of them have the identity d1"),
    ],
)
def test_of_entries_with_one_identity_the_group_tells_which(  # Q516
    group: str, served: str, why: str
) -> None:
    entries = [
        Deployment(identity="d1", group=name, upstream=f"mistral/{name}", api_base="")
        for name in ("small", "large")
    ]
    who = replace(WHO, group=group).among(entries, "small")
    assert (who.serves, who.unread, who.foreign) == (served, why, False)


def test_an_entry_that_is_new_is_looked_up_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway, asked = _gateway(monkeypatch, _entries("d0"), _entries("d0", "d1"))
    first, second = gateway.recognise(ANSWER).provenance, gateway.recognise(ANSWER).provenance
    assert first is not None
    assert second is not None
    assert (first.foreign, second.foreign, len(asked)) == (True, False, 2)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ((401, {"error": {"message": "No connected db."}}), "set ACCEPTANCE_GATEWAY_KEY"),
        ((500, {"error": {"message": "oh"}}), "does not answer as its API does"),
    ],
)
def test_entries_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, told: tuple[int, object], why: str
) -> None:
    who = _gateway(monkeypatch, told)[0].recognise(ANSWER).provenance
    assert who is not None
    assert why in who.unread
    assert (who.group, who.foreign) == ("", False)


def test_nothing_is_asked_of_an_answer_that_names_no_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway, asked = _gateway(monkeypatch, _entries("d1"))
    for who in (None, replace(WHO, deployment="")):
        answer = replace(ANSWER, provenance=who)
        assert gateway.recognise(answer) == answer
    assert asked == []


def test_another_gateway_is_one_red_line() -> None:
    class _Foreign(Answers):
        def __init__(self) -> None:  # nobody is asked
            pass

        def of(self, model: str) -> Answer:
            who = replace(WHO, group=model, api_base=VLLM, foreign=True)
            return replace(ANSWER, model=model, provenance=who)

    well = Baseline(_Foreign(), STORY, offered=lambda _model: None, away=lambda _host: False)
    with pytest.raises(Blocked):
        well.require("vllm-qwen")
    with pytest.raises(Blocked, match="vllm-qwen: it answers through another gateway"):
        well.check("ollama-qwen")
    for _ in range(2):
        with pytest.raises(AssertionError, match="another gateway"):
            well.check("vllm-qwen")
