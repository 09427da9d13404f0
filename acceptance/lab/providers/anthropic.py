"""Anthropic's Messages API: a system text of its own, content in blocks, events with names."""

import uuid
from collections.abc import Iterator, Mapping
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from acceptance.lab.providers.conversation import Answer, Message, Question, text_of, tokens
from acceptance.lab.providers.provider_api import Complete, Refusal, named_event, valid
from acceptance.lab.providers.reply import Json

_FINISH = {"stop": "end_turn", "length": "max_tokens"}
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    503: "overloaded_error",
    529: "overloaded_error",
}
_MESSAGES = {
    401: "invalid x-api-key",
    402: "Your credit balance is too low to access the Anthropic API.",
    429: "This request would exceed your organization's rate limit.",
    500: "Internal server error",
    503: "Overloaded",
    529: "Overloaded",
}


class Anthropic:
    """api.anthropic.com; a model thinks only when it is told to."""

    stream_type = "text/event-stream; charset=utf-8"
    context: int = 200_000
    _path: ClassVar[str] = "/v1/messages"

    def __init__(self, *, base: str | None = None, public: bool = True) -> None:
        """See `ProviderApi`."""
        self.base = base or ""
        self.public = public

    def routes(self, models: tuple[str, ...], complete: Complete) -> list[Route]:
        """The messages and the list of models."""

        async def listed(request: Request) -> JSONResponse:
            refusal = self.refusal(self.key(request))
            if refusal:
                return JSONResponse(refusal.body, status_code=refusal.status)
            data = [{"type": "model", "id": name, "display_name": name} for name in models]
            return JSONResponse({"data": data, "has_more": False})

        return [
            Route(f"{self.base}/v1/models", listed),
            Route(f"{self.base}{self._path}", complete, methods=["POST"]),
        ]

    def question(self, request: Request, body: Json) -> Question:
        """What the body asks; `max_tokens` must be there."""
        del request
        system = text_of(body.get("system"))
        thinking = (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")
        return Question(
            model=body["model"],
            stream=bool(body.get("stream")),
            messages=(
                *(Message(role="system", text=text) for text in (system,) if text),
                *(
                    Message(role=message["role"], text=text_of(message.get("content")))
                    for message in body["messages"]
                ),
            ),
            max_tokens=body["max_tokens"],
            tools=tuple(tool["name"] for tool in body.get("tools") or ()),
            thinks=thinking,
        )

    def key(self, request: Request) -> str:
        """`x-api-key`, or a bearer token."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        return request.headers.get("x-api-key") or bearer

    def refusal(self, key: str) -> Refusal | None:
        """401."""
        if valid(key, "anthropic") or not self.public:
            return None
        return Refusal(status=401, body=self.error(401, ""))

    def unknown(self, model: str) -> Refusal:
        """404."""
        return Refusal(status=404, body=self.error(404, model))

    def objection(self, body: Json, question: Question) -> None:
        """None: LiteLLM translates what it is sent."""
        del body, question

    def too_long(self, question: Question, context: int) -> Refusal | None:
        """400, in its own words."""
        if question.tokens <= context:
            return None
        return self._refused(f"prompt is too long: {question.tokens} tokens > {context} maximum")

    def without_tools(self, model: str) -> Refusal:
        """400."""
        return self._refused(f"'{model}' does not support tools.")

    def _refused(self, message: str) -> Refusal:
        body = self.error(400, "")
        body["error"]["message"] = message
        return Refusal(status=400, body=body)

    def error(self, status: int, model: str) -> Json:
        """Anthropic's error object."""
        message = _MESSAGES.get(status, f"The request was answered with {status}.")
        if status == 404:  # noqa: PLR2004
            message = f"model: {model}"
        kind = _TYPES.get(status, "invalid_request_error")
        return {
            "type": "error",
            "error": {"type": kind, "message": message},
            "request_id": f"req_{uuid.uuid4().hex[:22]}",
        }

    def headers(self) -> Mapping[str, str]:
        """What api.anthropic.com adds."""
        return {
            "request-id": f"req_{uuid.uuid4().hex[:22]}",
            "anthropic-organization-id": "lab",
            "anthropic-ratelimit-requests-limit": "4000",
            "anthropic-ratelimit-requests-remaining": "3999",
        }

    def whole(self, question: Question, answer: Answer, path: str) -> Json:
        """A `message` of blocks."""
        del path
        blocks: list[Json] = [
            *(
                {"type": "thinking", "thinking": text, "signature": "c2lnbmVkIGJ5IHRoZSBsYWI="}
                for text in (answer.reasoning,)
                if text
            ),
            *({"type": "text", "text": text} for text in (answer.text,) if text),
        ]
        return {
            **_head(question),
            "content": blocks,
            "stop_reason": _FINISH[answer.finish],
            "usage": {"input_tokens": question.tokens, "output_tokens": answer.tokens},
        }

    def frames(self, question: Question, answer: Answer, path: str) -> Iterator[bytes]:
        """An event for the head, for each block's begin, pieces and end, and for the end."""
        del path
        usage = {"input_tokens": question.tokens, "output_tokens": 1}
        yield named_event(
            "message_start", message={**_head(question), "content": [], "usage": usage}
        )
        index = 0
        if answer.reasoning:
            deltas: list[Json] = [
                {"type": "thinking_delta", "thinking": piece} for piece in tokens(answer.reasoning)
            ]
            signed = {"type": "signature_delta", "signature": "c2lnbmVkIGJ5IHRoZSBsYWI="}
            block = {"type": "thinking", "thinking": "", "signature": ""}
            yield from _block(index, block, [*deltas, signed])
            index += 1
        if answer.text:
            pieces: list[Json] = [{"type": "text_delta", "text": text} for text in answer.pieces]
            yield from _block(index, {"type": "text", "text": ""}, pieces)
        yield named_event(
            "message_delta",
            delta={"stop_reason": _FINISH[answer.finish], "stop_sequence": None},
            usage={"output_tokens": answer.tokens},
        )
        yield named_event("message_stop")


def _block(index: int, block: Json, deltas: list[Json]) -> Iterator[bytes]:
    yield named_event("content_block_start", index=index, content_block=block)
    for delta in deltas:
        yield named_event("content_block_delta", index=index, delta=delta)
    yield named_event("content_block_stop", index=index)


def _head(question: Question) -> Json:
    return {
        "id": f"msg_{uuid.uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": question.model,
        "stop_reason": None,
        "stop_sequence": None,
    }
