"""Where vLLM, Groq and Mistral differ from OpenAI's own chat completions."""

import uuid
from collections.abc import Mapping
from typing import ClassVar

from lab.providers.chat_completions import OpenAI, rate_limits, said
from lab.providers.conversation import Answer, Question
from lab.providers.dialect import Refusal, valid
from lab.providers.reply import Json


class VLLM(OpenAI):
    """A vLLM server without `--api-key`."""

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

    prefix: ClassVar[str] = "/openai/v1"
    owner: ClassVar[str] = "Groq"
    snapshot: ClassVar[str] = ""
    extra: ClassVar[Json] = {"service_tier": "on_demand", "system_fingerprint": "fp_lab0000000"}

    def refusal(self, key: str) -> Refusal | None:
        """One text for a missing and for a wrong key."""
        if valid(key):
            return None
        error = {
            "message": "Invalid API Key",
            "type": "invalid_request_error",
            "code": "invalid_api_key",
        }
        return Refusal(status=401, body={"error": error})

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

    owner: ClassVar[str] = "mistralai"
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
        return None if valid(key) else Refusal(status=401, body=self.error(401, ""))

    def unknown(self, model: str) -> Refusal:
        """400, not 404: seen in `Invalid model` reports of its users, 2025 and 2026."""
        body = self.error(404, model)
        return Refusal(status=400, body=body | {"message": f"Invalid model: {model}"})

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
