"""A contract drafted from what two addresses answer: what it states, and what it asks a person.

The answers are those of Open WebUI 0.12.4 and LiteLLM 1.106.2, as far as they are read; the real
ones are asked in tests/adapters/test_in_force.py.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.command.draft import main
from acceptance.contract.reading import read_contract
from acceptance.contract.values import Contract
from tests.clients.played import up
from tests.lab.sessions import WITHOUT_PAGE, judge

KEY = "sk-in-force-0123456789"
MODELS = {"chat": "groq/llama-3.3-70b-versatile", "spare": "openai/gpt-4o-mini", "lone": "xai/grok"}


def litellm(path: str, _body: object, headers: Mapping[str, str], **world: Any) -> tuple[int, Any]:  # noqa: ANN401  # any JSON
    """LiteLLM, asked with its master key."""
    if path.startswith("/health"):
        return 200, "I'm alive!"
    if headers.get("Authorization") != f"Bearer {KEY}":
        return 400, {"error": {"message": "No connected db."}}
    served = world.get("served", MODELS)
    match path:
        case "/v1/models":
            return 200, {"data": [{"id": name} for name in served]}
        case "/model/info":
            entries = [
                {"model_name": name, "litellm_params": {"model": model}, "model_info": {"id": name}}
                for name, model in MODELS.items()
            ]
            return 200, {"data": entries}
        case "/router/settings":
            fallbacks = world.get("fallbacks", [{"chat": ["spare"]}])
            fields = {"fallbacks": fallbacks, "num_retries": 1, "timeout": 20}
            return 200, {
                "fields": [{"field_name": each, "field_value": of} for each, of in fields.items()]
            }
    return 404, {"detail": "Not Found"}


def open_webui(path: str, _body: object, _headers: object, **world: Any) -> tuple[int, Any]:  # noqa: ANN401  # any JSON
    """Open WebUI, whose first connection is LiteLLM's."""
    served = world.get("told", world.get("served", MODELS))
    answers = {
        "/api/v1/auths/signin": {"token": "a-session", "role": world.get("role", "admin")},
        "/openai/config": {
            "ENABLE_OPENAI_API": world.get("enabled", True),
            "OPENAI_API_BASE_URLS": [world.get("url", "http://litellm:4000/v1")],
            "OPENAI_API_KEYS": [KEY],
            "OPENAI_API_CONFIGS": {},
        },
        "/openai/models/0": {"data": [{"id": name} for name in served]},
        "/api/models": {
            "data": [{"id": name, "urlIdx": 0} for name in world.get("offered", MODELS)]
        },
        "/api/v1/models/base": [],
        "/api/version": {"version": "0.12.4"},
    }
    plain = path.partition("?")[0]
    if plain == "/openai/models/0" and not served:
        return 500, {"detail": "Unexpected error: HTTP Error: 401"}
    return (200, answers[plain]) if plain in answers else (404, {"detail": "Not Found"})


@contextmanager
def drafted(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    key: str = KEY,
    **world: Any,  # noqa: ANN401  # any JSON
) -> Iterator[tuple[Contract, str]]:
    """The contract that the command drafts, and what it says."""
    monkeypatch.setenv("ACCEPTANCE_ACCOUNT_PASSWORD", "pw")
    monkeypatch.setenv("ACCEPTANCE_GATEWAY_KEY", key)
    with (
        up(lambda *asked: open_webui(*asked, **world)) as chat,
        up(lambda *asked: litellm(*asked, **world)) as gateway,
    ):
        options = [f"--open-webui-url={chat}", f"--gateway-url={gateway}", "--account-email=me@x"]
        code = main([*options, str(folder / "draft")])
        said = capsys.readouterr().out
        assert code == 0, said
        assert f"--target=url --open-webui-url={chat} --gateway-url={gateway}" in said
        yield read_contract(folder / "draft"), said


def test_two_addresses_are_written_down_without_a_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with drafted(tmp_path, monkeypatch, capsys) as (contract, said):
        assert contract.chains == (("chat", "spare"),)
        assert contract.endpoint == "http://litellm:4000/v1"
        assert [each.provider.name for each in contract.models.values()] == [
            "Groq",
            "OpenAI",
            "xAI",
        ]
        assert "is it meant so" not in said
        texts = "\n".join(file.read_text() for file in (tmp_path / "draft").iterdir())
    assert 'Then model requests go to "http://litellm:4000/v1"' in texts
    for word in ("svc.cluster", "@disruptive", "newest configuration", "from inside", "declared"):
        assert word not in texts
    assert not {"open_webui", "gateway"} & set(
        yaml.safe_load((tmp_path / "draft" / "profile.yaml").read_text())
    )


def test_a_run_by_it_finds_the_same_and_speaks_of_no_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As far as nothing is asked of a model: who answers is tried on the real programs."""
    with drafted(tmp_path, monkeypatch, capsys) as (_, said):
        options = said.rpartition(" --contract=")[2].split()[1:]
        session = judge(
            tmp_path,
            *options,
            f"--contract={tmp_path / 'draft'}",
            *("--hands=api", "-m", "endpoint or selector", *WITHOUT_PAGE),
            variables={"ACCEPTANCE_ACCOUNT_PASSWORD": "pw", "ACCEPTANCE_GATEWAY_KEY": KEY},
        )
    red = {name for name, verdict in session.verdicts.items() if verdict != "passed"}
    assert red == {"test_an_ordinary_user_is_offered_the_same_models"}, session.out  # none is given
    assert len(session.verdicts) > len(red)
    assert not re.findall(r"cluster|drill|[Hh]elm|kubectl|\bpod\b", session.out)


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "another endpoint": ({"url": "https://api.openai.com/v1", "told": ["gpt-x"]}, "is told "),
    "switched off": ({"enabled": False}, "is not in use: OpenAI connections are switched off"),
    "a refused key": ({"told": []}, "lists no models for Open WebUI: 500: Unexpected error: HTTP"),
    "a hidden model": ({"offered": ["chat", "spare"]}, "lone is served, and not offered"),
    "a ghost": ({"fallbacks": [{"chat": ["gone"]}]}, "chat falls back to gone, which LiteLLM does"),
}


@pytest.mark.parametrize(("world", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_what_looks_broken_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    world: dict[str, Any],
    words: str,
) -> None:
    with drafted(tmp_path, monkeypatch, capsys, **world) as (_, said):
        assert "Found so; is it meant so?" in said
        assert words in said


def test_a_key_of_few_models_states_those(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = {"chat": "", "spare": ""}
    with drafted(tmp_path, monkeypatch, capsys, served=few, offered=few) as (contract, _):
        assert contract.offered == ("chat", "spare")


def test_a_key_that_litellm_refuses_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then its answers would tell; these programs give none, so LiteLLM is not recognised."""
    monkeypatch.setenv("ACCEPTANCE_ACCOUNT_PASSWORD", "pw")
    monkeypatch.setenv("ACCEPTANCE_GATEWAY_KEY", "sk-of-nobody")
    with up(open_webui) as chat, up(litellm) as gateway:
        options = [f"--url={chat}", f"--gateway-url={gateway}", "--account-email=me@x"]
        assert main([*options, str(tmp_path / "draft")]) == 99
    assert "is seen to be LiteLLM" in capsys.readouterr().out


def test_who_is_no_administrator_is_told_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCEPTANCE_ACCOUNT_PASSWORD", "pw")
    with up(lambda *asked: open_webui(*asked, role="user")) as chat:
        options = [f"--url={chat}", "--account-email=me@x", str(tmp_path / "draft")]
        assert main(options) == 99
    assert "give the account of an administrator" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_what_is_declared_and_what_runs_are_two_things(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="manifests say what is declared"):
        main(["--manifests=x", "--context=home", str(tmp_path / "draft")])
