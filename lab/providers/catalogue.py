"""The six providers of story 17.2: their hosts, their models and the API that each speaks."""

from dataclasses import dataclass

from lab.providers.accents import VLLM, Groq, Mistral
from lab.providers.chat_completions import OpenAI
from lab.providers.dialect import Dialect
from lab.providers.gemini import Gemini
from lab.providers.ollama import Ollama

LOCAL = "127.0.0.1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What a provider offers, and under which host."""

    name: str
    dialect: Dialect
    models: tuple[str, ...]
    host: str = LOCAL
    """A public host is served with HTTPS; the name of a local one is given by manifests."""

    @property
    def scheme(self) -> str:
        """`https` for public providers."""
        return "http" if self.host == LOCAL else "https"


OFFERS = (
    Offer(name="vllm", dialect=VLLM(), models=("Qwen/Qwen2.5-7B-Instruct-AWQ",)),
    Offer(name="ollama", dialect=Ollama(), models=("qwen2.5:3b",)),
    Offer(name="openai", dialect=OpenAI(), models=("gpt-4o-mini",), host="api.openai.com"),
    Offer(
        name="groq",
        dialect=Groq(),
        models=("llama-3.3-70b-versatile", "mixtral-8x7b-32768"),
        host="api.groq.com",
    ),
    Offer(
        name="gemini",
        dialect=Gemini(),
        models=("gemini-2.0-flash", "gemini-2.5-flash"),
        host="generativelanguage.googleapis.com",
    ),
    Offer(
        name="mistral",
        dialect=Mistral(),
        models=("mistral-small-latest",),
        host="api.mistral.ai",
    ),
)
