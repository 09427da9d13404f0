"""OpenAI's chat completions API, and the providers that speak it with an accent."""

import time
import uuid
from collections.abc import Iterator, Mapping
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from acceptance.lab.providers import responses
from acceptance.lab.providers.conversation import Answer, Message, Question, text_of, tokens
from acceptance.lab.providers.provider_api import Complete, Refusal, event, valid
from acceptance.lab.providers.reply import Json

_KNOWN_OF_A_MESSAGE = frozenset(
    {"role", "content", "name", "tool_calls", "tool_call_id", "prefix", "refusal"}
)
"""Fields of a message that strict providers take; some clients send back more than that."""


class OpenAI:
    """api.openai.com itself; the others are told by what they do differently."""

    default_base: ClassVar[str] = "/v1"
    context: int = 128_000
    shows_thoughts: ClassVar[bool] = False
    """Whether the thoughts of a model that thinks are sent along."""
    strict: ClassVar[bool] = False
    """Whether it refuses parts of a conversation that it does not know."""
    pairs_tools: ClassVar[bool] = True
    """Whether it refuses a conversation that lacks the result of a tool that was called."""

    owner: ClassVar[str] = "openai"
    issuer: ClassVar[str] = "openai"
    """Whose keys it takes, as `valid` has it; empty where nobody knows how they begin."""
    snapshot: ClassVar[str] = "-2024-07-18"
    """Added to the model's name in an answer."""
    extra: ClassVar[Json] = {"service_tier": "default", "system_fingerprint": "fp_lab0000000"}
    """Further fields of an answer and of each chunk."""
    stream_type = "text/event-stream; charset=utf-8"
    _errors: ClassVar[Mapping[int, tuple[str, str | None]]] = {
        401: ("invalid_request_error", "invalid_api_key"),
        402: ("insufficient_quota", "insufficient_quota"),
        404: ("invalid_request_error", "model_not_found"),
        429: ("requests", "rate_limit_exceeded"),
        500: ("server_error", None),
        503: ("server_error", "service_unavailable"),
    }

    def __init__(self, *, base: str | None = None, public: bool = True) -> None:
        """See `ProviderApi`."""
        self.base = self.default_base if base is None else base
        self.public = public

    def routes(self, models: tuple[str, ...], complete: Complete) -> list[Route]:
        """The completions and the list of models."""

        async def listed(request: Request) -> JSONResponse:
            refusal = self.refusal(self.key(request))
            if refusal:
                return JSONResponse(refusal.body, status_code=refusal.status)
            data = [
                {"id": name, "object": "model", "created": 1721172741, "owned_by": self.owner}
                for name in models
            ]
            return JSONResponse({"object": "list", "data": data})

        # of the Responses API the others have parts, or nothing
        paths = ["/chat/completions", *([responses.PATH] if type(self) is OpenAI else [])]
        return [
            Route(f"{self.base}/models", listed),
            *(Route(f"{self.base}{path}", complete, methods=["POST"]) for path in paths),
        ]

    def question(self, request: Request, body: Json) -> Question:
        """What the body asks."""
        del request
        body = responses.as_chat(body)
        tools = tuple(tool["function"]["name"] for tool in body.get("tools") or ())
        return Question(
            model=body["model"],
            stream=bool(body.get("stream")),
            messages=tuple(
                Message(role=message["role"], text=text_of(message.get("content")))
                for message in body["messages"]
            ),
            max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
            tools=tools,
            calls=_named_by_the_user(body["messages"], tools),
            thinks=_thinks(body),
            shows_thoughts=self.shows_thoughts,
            include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        )

    def key(self, request: Request) -> str:
        """The bearer token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def refusal(self, key: str) -> Refusal | None:
        """401, with another text for a key that is missing."""
        if valid(key, self.issuer) or not self.public:
            return None
        body = self.error(401, "")
        if not key:
            body["error"] |= {"message": "You didn't provide an API key.", "code": None}
        return Refusal(status=401, body=body)

    def unknown(self, model: str) -> Refusal:
        """404."""
        return Refusal(status=404, body=self.error(404, model))

    def objection(self, body: Json, question: Question) -> Refusal | None:
        """To a part of the history that it does not know, where it is strict, or misses."""
        body = responses.as_chat(body)
        unknown = (
            (number, str(message.get("role")), field)
            for number, message in enumerate(body["messages"])
            for field in message
            if self.strict and field not in _KNOWN_OF_A_MESSAGE
        )
        found = next(unknown, None)
        if found:
            return self.unknown_field(*found, question.model)
        missing = _without_result(body["messages"]) if self.pairs_tools else ""
        return self.missing_result(missing, question.model) if missing else None

    def missing_result(self, call: str, model: str) -> Refusal:
        """400: what OpenAI, Groq and Mistral say in much the same words."""
        body = self.error(400, model)
        told = (
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            f"to each 'tool_call_id'. The following did not have response messages: {call}"
        )
        if "error" in body:
            body["error"]["message"] = told
            return Refusal(status=400, body=body)
        return Refusal(status=400, body=body | {"message": told})

    def unknown_field(self, number: int, role: str, field: str, model: str) -> Refusal:
        """400."""
        body = self.error(400, model)
        where = f"messages[{number}].{field}"
        body["error"] |= {"message": f"Unknown parameter: '{where}'.", "param": where}
        del role
        return Refusal(status=400, body=body)

    def too_long(self, question: Question, context: int) -> Refusal | None:
        """400, with a code of its own."""
        asked = question.tokens + (question.max_tokens or 0)
        if asked <= context:
            return None
        body = self.error(400, question.model)
        body["error"] |= {
            "message": f"This model's maximum context length is {context} tokens. However, you "
            f"requested {asked} tokens ({question.tokens} in the messages, "
            f"{question.max_tokens or 0} in the completion). Please reduce the length of the "
            "messages or completion.",
            "param": "messages",
            "code": "context_length_exceeded",
        }
        return Refusal(status=400, body=body)

    def without_tools(self, model: str) -> Refusal:
        """400."""
        body = self.error(400, model)
        body["error"] |= {"message": "tools is not supported in this model.", "param": "tools"}
        return Refusal(status=400, body=body)

    def error(self, status: int, model: str) -> Json:
        """OpenAI's error object."""
        kind, code = self._errors.get(status, ("invalid_request_error", None))
        message = said(status, model)
        return {"error": {"message": message, "type": kind, "param": None, "code": code}}

    def headers(self) -> Mapping[str, str]:
        """What api.openai.com adds."""
        return {
            "x-request-id": f"req_{uuid.uuid4().hex}",
            "openai-organization": "lab",
            "openai-processing-ms": "12",
            "openai-version": "2020-10-01",
            **rate_limits(),
        }

    def whole(self, question: Question, answer: Answer, path: str) -> Json:
        """A `chat.completion`, or a `response`."""
        if path.endswith(responses.PATH):
            return responses.whole(f"{question.model}{self.snapshot}", question, answer)
        message = {
            "role": "assistant",
            "content": answer.text,
            **self._reasoning(answer.reasoning),
            **_call(answer.tool),
        }
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": answer.finish,
        }
        head = self._head(question, "chat.completion")
        return {**head, "choices": [choice], "usage": self.usage(question, answer)}

    def frames(self, question: Question, answer: Answer, path: str) -> Iterator[bytes]:
        """A `chat.completion.chunk` for the role, for each token, and for the end."""
        if path.endswith(responses.PATH):
            yield from responses.frames(f"{question.model}{self.snapshot}", question, answer)
            return
        head = self._head(question, "chat.completion.chunk")

        def chunk(delta: Json, finish: str | None = None) -> Json:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            return {**head, "choices": [choice]}

        yield event(chunk({"role": "assistant", "content": ""}))
        for piece in tokens(answer.reasoning):
            yield event(chunk(self._reasoning(piece)))
        if answer.tool:
            yield event(chunk(_call(answer.tool)))
        for piece in answer.pieces:
            yield event(chunk({"content": piece}))
        yield event(chunk({}, answer.finish) | self.last(question, answer))
        if question.include_usage:
            yield event({**head, "choices": [], "usage": self.usage(question, answer)})
        yield b"data: [DONE]\n\n"

    def usage(self, question: Question, answer: Answer) -> Json:
        """Token counts."""
        return {
            "prompt_tokens": question.tokens,
            "completion_tokens": answer.tokens,
            "total_tokens": question.tokens + answer.tokens,
            **(
                {"completion_tokens_details": {"reasoning_tokens": answer.thoughts}}
                if answer.thoughts
                else {}
            ),
        }

    def last(self, question: Question, answer: Answer) -> Json:
        """Further fields of the chunk that ends the text."""
        del question, answer
        return {}

    def _head(self, question: Question, kind: str) -> Json:
        return {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": kind,
            "created": int(time.time()),
            "model": f"{question.model}{self.snapshot}",
            **self.extra,
        }

    def _reasoning(self, text: str) -> Json:
        return {"reasoning_content": text} if text else {}


def _call(tool: str) -> Json:
    """The part of a message that calls a tool."""
    if not tool:
        return {}
    function = {"name": tool, "arguments": "{}"}
    identity = f"call_{uuid.uuid4().hex[:24]}"
    return {"tool_calls": [{"index": 0, "id": identity, "type": "function", "function": function}]}


def _named_by_the_user(messages: list[Json], tools: tuple[str, ...]) -> str:
    """The tool that the user's last words name, until its result is there."""
    last = messages[-1]
    text = text_of(last.get("content")) if last.get("role") == "user" else ""
    return next((name for name in tools if name in text), "")


def _without_result(messages: list[Json]) -> str:
    """The first call of a tool that no message answers."""
    answered = {message.get("tool_call_id") for message in messages}
    called = (call.get("id") for each in messages for call in each.get("tool_calls") or ())
    return next((str(call) for call in called if call not in answered), "")


def _thinks(body: Json) -> bool | None:
    """Whether a request switches thinking off; None where it leaves that to the model."""
    template = body.get("chat_template_kwargs") or {}
    off = body.get("reasoning_effort") in ("none", "disable") or (
        template.get("enable_thinking") is False
    )
    return False if off else None


def said(status: int, model: str) -> str:
    """The message of an error, in the words that OpenAI uses for it."""
    return {
        401: "Incorrect API key provided.",
        402: "You exceeded your current quota, please check your plan and billing details.",
        404: f"The model `{model}` does not exist or you do not have access to it.",
        429: f"Rate limit reached for {model} on requests per min (RPM).",
        500: "The server had an error while processing your request. Sorry about that!",
        503: "The service is temporarily overloaded, please try again later.",
    }.get(status, f"The request was answered with {status}.")


def rate_limits() -> Mapping[str, str]:
    """The headers by which OpenAI and Groq tell what is left."""
    return {
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-limit-tokens": "200000",
        "x-ratelimit-remaining-requests": "9999",
        "x-ratelimit-remaining-tokens": "199980",
        "x-ratelimit-reset-requests": "8.64s",
        "x-ratelimit-reset-tokens": "6ms",
    }
