"""The six providers of story 17.2: their hosts, their models and the API that each speaks."""

from dataclasses import dataclass

from lab.providers.accents import VLLM, Groq, Mistral
from lab.providers.chat_completions import OpenAI
from lab.providers.dialect import Dialect
from lab.providers.gemini import Gemini
from lab.providers.ollama import Ollama

LOCAL = "127.0.0.1"
CONTROL_PORT = 9000
"""Of the control API, in a cluster."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What a provider offers, and under which host."""

    name: str
    dialect: Dialect
    models: tuple[str, ...]
    port: int
    """Its own port in a cluster; on a machine that others use too, any free one is taken."""
    host: str = LOCAL
    """A public host is served with HTTPS; the name of a local one is given by manifests."""

    @property
    def scheme(self) -> str:
        """`https` for public providers."""
        return "http" if self.host == LOCAL else "https"


OFFERS = (
    Offer(name="vllm", dialect=VLLM(), models=("Qwen/Qwen2.5-7B-Instruct-AWQ",), port=8000),
    Offer(name="ollama", dialect=Ollama(), models=("qwen2.5:3b",), port=11434),
    Offer(
        name="openai",
        dialect=OpenAI(),
        models=("gpt-4o-mini",),
        port=8443,
        host="api.openai.com",
    ),
    Offer(
        name="groq",
        dialect=Groq(),
        models=("llama-3.3-70b-versatile", "mixtral-8x7b-32768"),
        port=8444,
        host="api.groq.com",
    ),
    Offer(
        name="gemini",
        dialect=Gemini(),
        models=("gemini-2.0-flash", "gemini-2.5-flash"),
        port=8445,
        host="generativelanguage.googleapis.com",
    ),
    Offer(
        name="mistral",
        dialect=Mistral(),
        models=("mistral-small-latest",),
        port=8446,
        host="api.mistral.ai",
    ),
)
