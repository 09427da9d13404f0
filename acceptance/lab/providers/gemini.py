"""Google's Gemini API: the model in the path, candidates in the answer, a status in words."""

import uuid
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from acceptance.lab.providers.conversation import Answer, Message, Question, text_of, tokens
from acceptance.lab.providers.provider_api import Complete, Refusal, event, valid
from acceptance.lab.providers.reply import Json

_STREAM = "streamGenerateContent"
_FINISH = {"stop": "STOP", "length": "MAX_TOKENS"}
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_MESSAGE = {
    400: "API key not valid. Please pass a valid API key.",
    403: "Method doesn't allow unregistered callers (callers without established identity).",
    429: "You exceeded your current quota, please check your plan and billing details.",
    500: "An internal error has occurred. Please retry.",
    503: "The model is overloaded. Please try again later.",
}


class Gemini:
    """generativelanguage.googleapis.com; streams only as server-sent events (`alt=sse`)."""

    stream_type = "text/event-stream"
    context: int = 1_048_576

    def __init__(self, *, base: str | None = None, public: bool = True) -> None:
        """See `ProviderApi`."""
        self.base = base or ""
        self.public = public

    def routes(self, models: tuple[str, ...], complete: Complete) -> list[Route]:
        """Both ways to ask, and the list of models."""

        async def listed(request: Request) -> JSONResponse:
            refusal = self.refusal(self.key(request))
            if refusal:
                return JSONResponse(refusal.body, status_code=refusal.status)
            methods = ["generateContent", _STREAM]
            data = [
                {"name": f"models/{name}", "supportedGenerationMethods": methods} for name in models
            ]
            return JSONResponse({"models": data})

        path = f"{self.base}/v1beta/models"
        return [
            Route(path, listed),
            Route(f"{path}/{{model}}:generateContent", complete, methods=["POST"]),
            Route(f"{path}/{{model}}:{_STREAM}", complete, methods=["POST"]),
        ]

    def question(self, request: Request, body: Json) -> Question:
        """What the path and the body ask."""
        settings = body.get("generationConfig") or {}
        thinking = settings.get("thinkingConfig") or settings.get("thinking_config") or {}
        return Question(
            model=request.path_params["model"],
            stream=request.url.path.endswith(_STREAM),
            messages=tuple(
                Message(role=content.get("role", "user"), text=text_of(content.get("parts")))
                for content in body["contents"]
            ),
            max_tokens=settings.get("maxOutputTokens") or settings.get("max_output_tokens"),
            tools=tuple(
                function["name"]
                for tool in body.get("tools") or ()
                for function in tool.get("function_declarations")
                or tool.get("functionDeclarations")
                or ()
            ),
            thinks=False if thinking.get("thinkingBudget") == 0 else None,
            shows_thoughts=bool(thinking.get("includeThoughts")),
        )

    def key(self, request: Request) -> str:
        """From the header, else from the query."""
        return request.headers.get("x-goog-api-key") or request.query_params.get("key", "")

    def refusal(self, key: str) -> Refusal | None:
        """403 for no key, 400 for a wrong one."""
        if valid(key, "gemini") or not self.public:
            return None
        if not key:
            return Refusal(status=403, body=self.error(403, ""))
        body = self.error(400, "")
        body["error"]["details"] = [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": "generativelanguage.googleapis.com"},
            }
        ]
        return Refusal(status=400, body=body)

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
        body = self.error(400, question.model)
        body["error"]["message"] = (
            f"The input token count ({question.tokens}) exceeds the maximum number of tokens "
            f"allowed ({context})."
        )
        return Refusal(status=400, body=body)

    def without_tools(self, model: str) -> Refusal:
        """400."""
        body = self.error(400, model)
        body["error"]["message"] = f"Function calling is not enabled for models/{model}"
        return Refusal(status=400, body=body)

    def error(self, status: int, model: str) -> Json:
        """Google's error object."""
        message = _MESSAGE.get(status, f"The request was answered with {status}.")
        if status == HTTPStatus.NOT_FOUND:
            message = (
                f"models/{model} is not found for API version v1beta, "
                "or is not supported for generateContent."
            )
        name = _STATUS.get(status, "UNKNOWN")
        return {"error": {"code": status, "message": message, "status": name}}

    def headers(self) -> Mapping[str, str]:
        """What Google's front end adds."""
        return {
            "server": "scaffolding on HTTPServer2",
            "server-timing": "gfet4t7; dur=12",
            "vary": "Origin, X-Origin, Referer",
            "x-content-type-options": "nosniff",
        }

    def whole(self, question: Question, answer: Answer, path: str) -> Json:
        """One candidate."""
        del path
        parts: list[Json] = [
            *({"text": text, "thought": True} for text in (answer.reasoning,) if text),
            *({"text": text} for text in (answer.text,) if text),
        ]
        return {**_head(question), **_last(question, answer, parts)}

    def frames(self, question: Question, answer: Answer, path: str) -> Iterator[bytes]:
        """An event for each token; the last one says why it ended."""
        del path
        head = _head(question)
        pieces: list[Json] = [
            *({"text": text, "thought": True} for text in tokens(answer.reasoning)),
            *({"text": text} for text in answer.pieces),
        ]
        for piece in pieces[:-1]:
            yield event({**head, "candidates": [_candidate([piece])]})
        yield event({**head, **_last(question, answer, pieces[-1:])})


def _head(question: Question) -> Json:
    return {"modelVersion": question.model, "responseId": uuid.uuid4().hex[:22]}


def _candidate(parts: list[Json]) -> Json:
    content: Json = {"role": "model"} | ({"parts": parts} if parts else {})
    return {"content": content, "index": 0}


def _last(question: Question, answer: Answer, parts: list[Json]) -> Json:
    thoughts = answer.thoughts
    return {
        "candidates": [{**_candidate(parts), "finishReason": _FINISH[answer.finish]}],
        "usageMetadata": {
            "promptTokenCount": question.tokens,
            "candidatesTokenCount": answer.tokens - thoughts,
            "totalTokenCount": question.tokens + answer.tokens,
            **({"thoughtsTokenCount": thoughts} if thoughts else {}),
        },
    }
