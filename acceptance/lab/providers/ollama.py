"""Ollama's own API: generate and chat, streamed as a JSON object a line."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from acceptance.lab.providers.conversation import Answer, Message, Question, text_of, tokens
from acceptance.lab.providers.provider_api import Complete, Refusal
from acceptance.lab.providers.reply import Json, json_bytes

_CHAT = "/api/chat"
_TURN = re.compile(r"^### (User|System|Assistant):\n", re.MULTILINE)
"""How LiteLLM writes a conversation into a prompt (1.106.2, `ollama_pt`)."""
_DETAILS = {
    "format": "gguf",
    "family": "qwen2",
    "families": ["qwen2"],
    "parameter_size": "3.1B",
    "quantization_level": "Q4_K_M",
}
_SECOND = 1_000_000_000
"""Ollama counts nanoseconds."""


class Ollama:
    """A server without authentication."""

    stream_type = "application/x-ndjson"
    context: int = 32_768

    def __init__(self, *, base: str | None = None, public: bool = True) -> None:
        """See `ProviderApi`; it never asks for a key."""
        del public
        self.base = base or ""

    def routes(self, models: tuple[str, ...], complete: Complete) -> list[Route]:
        """Both ways to ask, and what it tells of itself and of its models."""

        async def root(_request: Request) -> PlainTextResponse:
            return PlainTextResponse("Ollama is running")

        async def version(_request: Request) -> JSONResponse:
            return JSONResponse({"version": "0.12.6"})

        async def tags(_request: Request) -> JSONResponse:
            return JSONResponse({"models": [_tag(name) for name in models]})

        async def show(request: Request) -> JSONResponse:
            body = await request.json()
            name = body.get("model") or body.get("name") or ""
            if name not in models:
                refusal = self.unknown(name)
                return JSONResponse(refusal.body, status_code=refusal.status)
            return JSONResponse(_description())

        return [
            Route(f"{self.base}/", root),
            Route(f"{self.base}/api/version", version),
            Route(f"{self.base}/api/tags", tags),
            Route(f"{self.base}/api/show", show, methods=["POST"]),
            Route(f"{self.base}/api/generate", complete, methods=["POST"]),
            Route(f"{self.base}{_CHAT}", complete, methods=["POST"]),
        ]

    def question(self, request: Request, body: Json) -> Question:
        """What the body asks; Ollama streams unless told otherwise."""
        if request.url.path.endswith(_CHAT):
            messages = tuple(
                Message(role=message["role"], text=text_of(message.get("content")))
                for message in body["messages"]
            )
        else:
            messages = _turns(body.get("prompt") or "")
        limit = (body.get("options") or {}).get("num_predict")
        return Question(
            model=body["model"],
            stream=bool(body.get("stream", True)),
            messages=messages,
            max_tokens=limit if limit and limit > 0 else None,  # -1: endless
            tools=tuple(tool["function"]["name"] for tool in body.get("tools") or ()),
            as_json=body.get("format") == "json",
            thinks=None if body.get("think") is None else bool(body["think"]),
        )

    def key(self, request: Request) -> str:
        """A bearer token, which real ones get from proxies and ignore."""
        return request.headers.get("authorization", "").removeprefix("Bearer ").strip()

    def refusal(self, key: str) -> Refusal | None:
        """Any key is as good as none."""
        del key
        return None

    def unknown(self, model: str) -> Refusal:
        """404."""
        return Refusal(status=404, body=self.error(404, model))

    def objection(self, body: Json, question: Question) -> None:
        """None: what it does not know it leaves aside."""
        del body, question

    def too_long(self, question: Question, context: int) -> None:
        """None: it forgets the beginning of a conversation, and says nothing of it."""
        del question, context

    def without_tools(self, model: str) -> Refusal:
        """400, where a model's template names none."""
        error = f"registry.ollama.ai/library/{model} does not support tools"
        return Refusal(status=400, body={"error": error})

    def error(self, status: int, model: str) -> Json:
        """A text."""
        if status == HTTPStatus.NOT_FOUND:
            return {"error": f"model '{model}' not found"}
        return {
            "error": {500: "model runner has unexpectedly stopped"}.get(status, _phrase(status))
        }

    def headers(self) -> Mapping[str, str]:
        """It adds none."""
        return {}

    def whole(self, question: Question, answer: Answer, path: str) -> Json:
        """One object, with counts and times."""
        content = _content(path, answer.text, answer.reasoning)
        return {**_head(question), **content, **_statistics(question, answer)}

    def frames(self, question: Question, answer: Answer, path: str) -> Iterator[bytes]:
        """An object for each token, and one with counts and times."""

        def line(rest: Json) -> bytes:
            return json_bytes({**_head(question), **rest}) + b"\n"

        for piece in tokens(answer.reasoning):
            yield line({**_content(path, "", piece), "done": False})
        for piece in answer.pieces:
            yield line({**_content(path, piece, ""), "done": False})
        yield line({**_content(path, "", ""), **_statistics(question, answer)})


def _turns(prompt: str) -> tuple[Message, ...]:
    """The turns of a prompt that a client made of a conversation."""
    before, *turns = _TURN.split(prompt)
    if not turns:
        return (Message(role="user", text=before),)
    return tuple(
        Message(role=role.lower(), text=text.strip())
        for role, text in zip(turns[::2], turns[1::2], strict=True)
    )


def _head(question: Question) -> Json:
    created = datetime.now(tz=UTC).isoformat().replace("+00:00", "Z")
    return {"model": question.model, "created_at": created}


def _content(path: str, text: str, reasoning: str) -> Json:
    thinking = {"thinking": reasoning} if reasoning else {}
    if path.endswith(_CHAT):
        return {"message": {"role": "assistant", "content": text, **thinking}}
    return {"response": text, **thinking}


def _statistics(question: Question, answer: Answer) -> Json:
    return {
        "done": True,
        "done_reason": answer.finish,
        "total_duration": _SECOND,
        "load_duration": _SECOND // 10,
        "prompt_eval_count": question.tokens,
        "prompt_eval_duration": _SECOND // 10,
        "eval_count": answer.tokens,
        "eval_duration": _SECOND // 2,
    }


def _tag(name: str) -> Json:
    return {
        "name": name,
        "model": name,
        "modified_at": "2025-01-01T00:00:00Z",
        "size": 1929912432,
        "digest": "357c53fb659c5076de1d65ccb0b397446227b71a42be9d1603d46168015c9e4b",
        "details": _DETAILS,
    }


def _description() -> Json:
    return {
        "modelfile": "",
        "parameters": "",
        "template": "{{ .Prompt }}",
        "details": _DETAILS,
        "model_info": {"general.architecture": "qwen2", "qwen2.context_length": 32768},
        "capabilities": ["completion", "tools"],
    }


def _phrase(status: int) -> str:
    known = {item.value: item.phrase for item in HTTPStatus}
    return known.get(status, f"status {status}").lower()
