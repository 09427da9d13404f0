"""Cohere's chat (v2): asked as OpenAI is, answered in events of its own, a line of JSON each.

That is how LiteLLM 1.106.2 reads it, which asks for JSON and for no events.
"""

import uuid
from collections.abc import Iterator, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from acceptance.lab.providers.chat_completions import OpenAI
from acceptance.lab.providers.conversation import Answer, Question
from acceptance.lab.providers.provider_api import Complete, Refusal
from acceptance.lab.providers.reply import Json, json_bytes

_FINISH = {"stop": "COMPLETE", "length": "MAX_TOKENS", "tool_calls": "TOOL_CALL"}
_MESSAGES = {
    401: "invalid api token",
    402: "Please add or update your payment method to continue.",
    429: "You are past the per minute request limit, please wait and try again later.",
    500: "internal server error",
    503: "service unavailable",
}


class Cohere(OpenAI):
    """api.cohere.com."""

    stream_type = "application/stream+json"
    context: int = 128_000
    issuer = ""

    def routes(self, models: tuple[str, ...], complete: Complete) -> list[Route]:
        """The chat and the list of models."""

        async def listed(request: Request) -> JSONResponse:
            refusal = self.refusal(self.key(request))
            if refusal:
                return JSONResponse(refusal.body, status_code=refusal.status)
            return JSONResponse({"models": [{"name": name} for name in models]})

        return [
            Route("/v1/models", listed),
            Route("/v2/chat", complete, methods=["POST"]),
        ]

    def refusal(self, key: str) -> Refusal | None:
        """401."""
        return super().refusal(key) and Refusal(status=401, body=self.error(401, ""))

    def objection(self, body: Json, question: Question) -> None:
        """None: LiteLLM translates what it is sent."""
        del body, question

    def too_long(self, question: Question, context: int) -> Refusal | None:
        """400, in its own words."""
        if question.tokens <= context:
            return None
        told = f"too many tokens: total number of tokens in the prompt cannot exceed {context}"
        return Refusal(status=400, body={"message": told})

    def without_tools(self, model: str) -> Refusal:
        """400."""
        return Refusal(status=400, body={"message": f"tools are not supported by model {model}"})

    def error(self, status: int, model: str) -> Json:
        """A message, and nothing else."""
        if status == 404:  # noqa: PLR2004
            return {"message": f"model '{model}' not found, make sure the correct ID was used"}
        return {"message": _MESSAGES.get(status, f"The request was answered with {status}.")}

    def headers(self) -> Mapping[str, str]:
        """What api.cohere.com adds."""
        return {"x-api-warning": "", "x-debug-trace-id": uuid.uuid4().hex}

    def whole(self, question: Question, answer: Answer, path: str) -> Json:
        """A message of contents, and what it cost."""
        choice = super().whole(question, answer, path)["choices"][0]
        called = choice["message"].get("tool_calls")
        content = [{"type": "text", "text": answer.text}] if answer.text else None
        return {
            "id": str(uuid.uuid4()),
            "finish_reason": _FINISH[answer.finish],
            "message": {
                "role": "assistant",
                **({"content": content} if content else {}),
                **({"tool_calls": called} if called else {}),
            },
            "usage": _usage(question, answer),
        }

    def frames(self, question: Question, answer: Answer, path: str) -> Iterator[bytes]:
        """An event for the head, for the content's begin, pieces and end, and for the end."""
        del path
        yield _line({"type": "message-start", "id": str(uuid.uuid4())})
        if answer.tool:
            function = {"name": answer.tool, "arguments": "{}"}
            call = {"id": f"{answer.tool}_1", "type": "function", "function": function}
            yield _line({"type": "tool-call-start", "delta": {"message": {"tool_calls": call}}})
            yield _line({"type": "tool-call-end", "index": 0})
        yield _line({"type": "content-start", "index": 0, "delta": _content("")})
        for piece in answer.pieces:
            yield _line({"type": "content-delta", "index": 0, "delta": _content(piece)})
        yield _line({"type": "content-end", "index": 0})
        delta = {"finish_reason": _FINISH[answer.finish], "usage": _usage(question, answer)}
        yield _line({"type": "message-end", "delta": delta})


def _line(data: Json) -> bytes:
    return json_bytes(data) + b"\n"


def _content(text: str) -> Json:
    return {"message": {"content": {"text": text}}}


def _usage(question: Question, answer: Answer) -> Json:
    tokens = {"input_tokens": question.tokens, "output_tokens": answer.tokens}
    return {"billed_units": tokens, "tokens": tokens}
