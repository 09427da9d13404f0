"""Twenty faults of every part of the chain, each made on the lab that is up, and undone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from acceptance.clients.open_webui import OpenWebUI
from acceptance.clients.transport import Api
from acceptance.errors import SetupError
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.providers.behaviour import Behaviour, Kind

_LITELLM = "http://litellm.ml.svc.cluster.local:4000/v1"
_CONNECTIONS: Mapping[str, Mapping[str, Any]] = {
    "the endpoint in use leads elsewhere": {
        "OPENAI_API_BASE_URLS": ["http://litellm.apps.svc.cluster.local:4000/v1"]
    },
    "the key in use is another one": {"OPENAI_API_KEYS": ["sk-of-nobody"]},
    "the endpoint in use ends with a slash": {"OPENAI_API_BASE_URLS": [f"{_LITELLM}/"]},
    "the endpoint in use lacks /v1": {"OPENAI_API_BASE_URLS": [_LITELLM.removesuffix("/v1")]},
    "connections of the OpenAI kind are switched off": {"ENABLE_OPENAI_API": False},
    "the connection offers one model": {
        "OPENAI_API_CONFIGS": {"0": {"enable": True, "model_ids": ["vllm-qwen"]}}
    },
    "the connection puts a prefix before each name": {
        "OPENAI_API_CONFIGS": {"0": {"enable": True, "prefix_id": "home"}}
    },
}
"""Saved in the page: what is other than it was."""
_PROVIDERS = {
    "Mistral refuses its key": ("mistral", Behaviour(kind=Kind.ERROR, status=401)),
    "Groq answers with nothing": ("groq", Behaviour(kind=Kind.EMPTY)),
    "the primary is dead, its fallback answers": ("vllm", Behaviour(kind=Kind.REFUSE)),
    "the primary answers with errors": ("vllm", Behaviour(kind=Kind.ERROR, status=500)),
    "Ollama is dead": ("ollama", Behaviour(kind=Kind.REFUSE)),
    "Ollama's answer breaks off": ("ollama", Behaviour(kind=Kind.CUT)),
    "OpenAI refuses its key": ("openai", Behaviour(kind=Kind.ERROR, status=401)),
    "Gemini no longer has one of its models": (
        "gemini",
        Behaviour(kind=Kind.ERROR, status=404, model="gemini-2.0-flash"),
    ),
    "a web page answers in Mistral's place": ("mistral", Behaviour(kind=Kind.HTML)),
    "Mistral's answer is half a JSON": ("mistral", Behaviour(kind=Kind.TRUNCATED_JSON)),
    "Groq gives half of an answer": ("groq", Behaviour(kind=Kind.HALF)),
}
_WORKSPACE: Mapping[str, Mapping[str, Any]] = {
    "a model of the workspace hides another behind its name": {
        "base_model_id": "ollama-qwen",
        "is_active": True,
    },
    "a model was switched off in the page": {"base_model_id": None, "is_active": False},
}
_OVERRIDDEN = "openai-gpt4o"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Something wrong with the lab that is up, and its undoing."""

    name: str
    begin: Callable[[], object]
    end: Callable[[], object]


def faults(lab: EmbeddedLab, administrator: OpenWebUI) -> Iterator[Fault]:
    """Those of the connection in use, of the workspace, and of the providers."""
    before = administrator.api.mapping("/openai/config")
    post = partial(_post, administrator.api)
    connect = partial(post, "/openai/config/update")
    for name, changed in _CONNECTIONS.items():
        wrong = partial(connect, {**before, **changed})
        yield Fault(name=name, begin=wrong, end=partial(connect, before))
    for name, changed in _WORKSPACE.items():
        form = {"id": _OVERRIDDEN, "name": _OVERRIDDEN, "params": {}, "meta": {}, **changed}
        yield Fault(
            name=name,
            begin=partial(post, "/api/v1/models/create", form),
            end=partial(post, "/api/v1/models/model/delete", {"id": _OVERRIDDEN}),
        )
    for name, (provider, behaviour) in _PROVIDERS.items():
        wrong = partial(lab.providers.behave, provider, behaviour)
        yield Fault(name=name, begin=wrong, end=lab.providers.restore)


def _post(api: Api, path: str, body: Mapping[str, Any]) -> None:
    answer = api.post(path, body)
    if answer.status != HTTPStatus.OK:
        raise SetupError(f"Open WebUI does not take a fault: {path}: {answer.error}")
