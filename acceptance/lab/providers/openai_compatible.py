"""Where others differ from OpenAI's own chat completions: vLLM, Groq, Mistral, and the rest."""

import uuid
from collections.abc import Mapping
from typing import ClassVar

from acceptance.lab.providers.chat_completions import OpenAI, rate_limits, said
from acceptance.lab.providers.conversation import Answer, Question
from acceptance.lab.providers.provider_api import Refusal, valid
from acceptance.lab.providers.reply import Json

NO_TOOL_PARSER = (
    '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
)


class Compatible(OpenAI):
    """A server or service that speaks OpenAI's API and adds nothing of its own."""

    owner: ClassVar[str] = "compatible"
    issuer: ClassVar[str] = ""
    snapshot: ClassVar[str] = ""
    extra: ClassVar[Json] = {}
    shows_thoughts: ClassVar[bool] = True

    def headers(self) -> Mapping[str, str]:
        """A number for each request."""
        return {"x-request-id": uuid.uuid4().hex}


class VLLM(OpenAI):
    """A vLLM server without `--api-key`."""

    context: int = 32_768
    shows_thoughts: ClassVar[bool] = True
    pairs_tools: ClassVar[bool] = False
    owner: ClassVar[str] = "vllm"
    snapshot: ClassVar[str] = ""
    extra: ClassVar[Json] = {"system_fingerprint": None}
    _types: ClassVar[Mapping[int, str]] = {
        401: "Unauthorized",
        404: "NotFoundError",
        429: "TooManyRequestsError",
        500: "InternalServerError",
        503: "ServiceUnavailableError",
    }

    def refusal(self, key: str) -> Refusal | None:
        """Any key is as good as none."""
        del key
        return None

    def too_long(self, question: Question, context: int) -> Refusal | None:
        """As OpenAI, in its own object."""
        refusal = super().too_long(question, context)
        if refusal:
            refusal.body["error"]["code"] = 400
        return refusal

    def without_tools(self, model: str) -> Refusal:
        """What it says since 0.6.0 when it was started without a parser for them."""
        body = self.error(400, model)
        body["error"] |= {"message": NO_TOOL_PARSER}
        return Refusal(status=400, body=body)

    def error(self, status: int, model: str) -> Json:
        """The status is repeated in the body, as a number."""
        kind = self._types.get(status, "BadRequestError")
        message = f"The model `{model}` does not exist." if status == 404 else said(status, model)  # noqa: PLR2004
        param = "model" if status == 404 else None  # noqa: PLR2004
        return {"error": {"message": message, "type": kind, "param": param, "code": status}}

    def headers(self) -> Mapping[str, str]:
        """Only what `--enable-request-id-headers` and its web server add."""
        return {"server": "uvicorn", "x-request-id": uuid.uuid4().hex}


class Groq(OpenAI):
    """api.groq.com."""

    default_base: ClassVar[str] = "/openai/v1"
    strict: ClassVar[bool] = True
    context: int = 131_072
    shows_thoughts: ClassVar[bool] = True
    owner: ClassVar[str] = "Groq"
    issuer: ClassVar[str] = "groq"
    snapshot: ClassVar[str] = ""
    extra: ClassVar[Json] = {"service_tier": "on_demand", "system_fingerprint": "fp_lab0000000"}

    def refusal(self, key: str) -> Refusal | None:
        """One text for a missing and for a wrong key."""
        if valid(key, self.issuer) or not self.public:
            return None
        error = {
            "message": "Invalid API Key",
            "type": "invalid_request_error",
            "code": "invalid_api_key",
        }
        return Refusal(status=401, body={"error": error})

    def unknown_field(self, number: int, role: str, field: str, model: str) -> Refusal:
        """400, in its own words."""
        refusal = self.error(400, model)
        refusal["error"]["message"] = (
            f"'messages.{number}' : for 'role:{role}' the following must be satisfied"
            f"[('messages.{number}' : property '{field}' is unsupported)]"
        )
        return Refusal(status=400, body=refusal)

    def headers(self) -> Mapping[str, str]:
        """What api.groq.com adds."""
        return {
            "x-request-id": f"req_{uuid.uuid4().hex}",
            "x-groq-region": "lab",
            **rate_limits(),
        }

    def usage(self, question: Question, answer: Answer) -> Json:
        """With times, in seconds."""
        times = {"queue_time": 0.01, "prompt_time": 0.01, "completion_time": 0.02}
        return {**super().usage(question, answer), **times, "total_time": 0.03}

    def last(self, question: Question, answer: Answer) -> Json:
        """Groq's own place for the usage of a stream."""
        usage = self.usage(question, answer)
        return {"x_groq": {"id": f"req_{uuid.uuid4().hex}", "usage": usage}}


class Mistral(OpenAI):
    """api.mistral.ai: flat errors, 400 for an unknown model, usage in the last chunk."""

    context: int = 131_072
    shows_thoughts: ClassVar[bool] = True
    strict: ClassVar[bool] = True
    owner: ClassVar[str] = "mistralai"
    issuer: ClassVar[str] = "mistral"
    snapshot: ClassVar[str] = ""
    extra: ClassVar[Json] = {}
    _codes: ClassVar[Mapping[int, tuple[str, str]]] = {
        402: ("payment_required", "1200"),
        404: ("invalid_model", "1500"),
        429: ("rate_limited", "1300"),
        500: ("internal_server_error", "1000"),
        503: ("service_unavailable", "1100"),
    }

    def refusal(self, key: str) -> Refusal | None:
        """One short text."""
        return (
            None
            if valid(key, self.issuer) or not self.public
            else Refusal(status=401, body=self.error(401, ""))
        )

    def unknown(self, model: str) -> Refusal:
        """400, not 404: seen in `Invalid model` reports of its users, 2025 and 2026."""
        body = self.error(404, model)
        return Refusal(status=400, body=body | {"message": f"Invalid model: {model}"})

    def unknown_field(self, number: int, role: str, field: str, model: str) -> Refusal:
        """422, in its own words."""
        detail = {
            "type": "extra_forbidden",
            "loc": ["body", "messages", number, role, field],
            "msg": "Extra inputs are not permitted",
            "input": None,
        }
        error = self.error(422, model)
        return Refusal(status=422, body=error | {"message": {"detail": [detail]}})

    def too_long(self, question: Question, context: int) -> Refusal | None:
        """400, in its own words."""
        asked = question.tokens + (question.max_tokens or 0)
        if asked <= context:
            return None
        message = (
            f"Prompt contains {question.tokens} tokens and 0 draft tokens, too large for model "
            f"with {context} maximum context length"
        )
        return Refusal(status=400, body=self.error(400, question.model) | {"message": message})

    def without_tools(self, model: str) -> Refusal:
        """400."""
        message = "Function calling is not enabled for this model"
        return Refusal(status=400, body=self.error(400, model) | {"message": message})

    def error(self, status: int, model: str) -> Json:
        """A flat object."""
        if status == 401:  # noqa: PLR2004
            return {"detail": "Unauthorized"}
        kind, code = self._codes.get(status, ("invalid_request_error", "1001"))
        message = said(status, model)
        return {"object": "error", "message": message, "type": kind, "param": None, "code": code}

    def headers(self) -> Mapping[str, str]:
        """What api.mistral.ai adds."""
        identity = uuid.uuid4().hex
        return {
            "mistral-correlation-id": identity,
            "x-kong-request-id": identity,
            "x-ratelimit-limit-req-minute": "60",
            "x-ratelimit-remaining-req-minute": "59",
        }

    def last(self, question: Question, answer: Answer) -> Json:
        """Always, whether asked for or not."""
        return {"usage": self.usage(question, answer)}


class OllamaAsOpenAI(Compatible):
    """What Ollama has beside its own API, under `/v1`."""

    owner: ClassVar[str] = "library"

    def too_long(self, question: Question, context: int) -> None:
        """None: it forgets the beginning of a conversation here, too."""
        del question, context


class GeminiAsOpenAI(Compatible):
    """What generativelanguage.googleapis.com has beside its own API, under `/v1beta/openai`."""

    context: int = 1_048_576
    owner: ClassVar[str] = "google"
    issuer: ClassVar[str] = "gemini"
