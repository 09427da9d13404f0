"""What an emulated provider offers, and how it speaks, by LiteLLM's prefix of a model.

A provider knows its models whatever LiteLLM asks it for: `OFFERS` holds those of the lab's own
manifests, so that one of them misspelt in a configuration is refused, as in the world. What else
the configuration names is added: see `acceptance.lab.embedded.upstreams`.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any, Self
from urllib.parse import urlsplit

from acceptance.lab.providers.anthropic import Anthropic
from acceptance.lab.providers.azure import Azure, AzureResponses
from acceptance.lab.providers.chat_completions import OpenAI
from acceptance.lab.providers.cohere import Cohere
from acceptance.lab.providers.gemini import Gemini
from acceptance.lab.providers.ollama import Ollama
from acceptance.lab.providers.openai_compatible import (
    VLLM,
    Compatible,
    GeminiAsOpenAI,
    Groq,
    Mistral,
    OllamaAsOpenAI,
)
from acceptance.lab.providers.provider_api import ProviderApi
from acceptance.lab.providers.responses import Responses

LOCAL = "127.0.0.1"
CONTROL_PORT = 9000
"""Of the control API, in a cluster."""
DIALECTS: Mapping[str, type[ProviderApi]] = {
    "vllm": VLLM,
    "ollama": Ollama,
    "openai": OpenAI,
    "groq": Groq,
    "gemini": Gemini,
    "mistral": Mistral,
    "compatible": Compatible,
    "azure": Azure,
    "anthropic": Anthropic,
    "cohere": Cohere,
}
_BESIDE: Mapping[str, tuple[type[ProviderApi], str]] = {
    "azure": (AzureResponses, ""),
    "gemini": (GeminiAsOpenAI, "/v1beta/openai"),
    "ollama": (OllamaAsOpenAI, "/v1"),
    "openai": (Responses, ""),
}
"""The second API that some have, and its path before its own paths, below the first one's."""
_AS_OPENAI = {
    "ai21_chat": "https://api.ai21.com/studio/v1",
    "aiml": "https://api.aimlapi.com/v1",
    "baseten": "https://inference.baseten.co/v1",
    "chutes": "https://llm.chutes.ai/v1",
    "cometapi": "https://api.cometapi.com/v1",
    "compactifai": "https://api.compactif.ai/v1",
    "cortecs": "https://api.cortecs.ai/v1",
    "dashscope": "https://dashscope.aliyuncs.com/compatible-mode/v1",
    "deepinfra": "https://api.deepinfra.com/v1/openai",
    "featherless_ai": "https://api.featherless.ai/v1",
    "friendliai": "https://api.friendli.ai/serverless/v1",
    "galadriel": "https://api.galadriel.com/v1",
    "hyperbolic": "https://api.hyperbolic.xyz/v1",
    "inception": "https://api.inceptionlabs.ai/v1",
    "lambda_ai": "https://api.lambda.ai/v1",
    "meta_llama": "https://api.llama.com/compat/v1",
    "minimax": "https://api.minimax.io/v1",
    "modelscope": "https://api-inference.modelscope.cn/v1",
    "moonshot": "https://api.moonshot.ai/v1",
    "morph": "https://api.morphllm.com/v1",
    "nano-gpt": "https://nano-gpt.com/api/v1",
    "nebius": "https://api.studio.nebius.ai/v1",
    "novita": "https://api.novita.ai/v3/openai",
    "nscale": "https://inference.api.nscale.com/v1",
    "ovhcloud": "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1",
    "poe": "https://api.poe.com/v1",
    "publicai": "https://api.publicai.co/v1",
    "scaleway": "https://api.scaleway.ai/v1",
    "synthetic": "https://api.synthetic.new/openai/v1",
    "v0": "https://api.v0.dev/v1",
    "vercel_ai_gateway": "https://ai-gateway.vercel.sh/v1",
    "volcengine": "https://ark.cn-beijing.volces.com/api/v3",
    "wandb": "https://api.inference.wandb.ai/v1",
    "xiaomi_mimo": "https://api.xiaomimimo.com/v1",
    "zai": "https://api.z.ai/api/paas/v4",
}
"""Where LiteLLM (1.106.2) sends what it asks as it asks OpenAI, by its prefix."""
PREFIXES: Mapping[str, tuple[str, str]] = {
    **{prefix: ("compatible", address) for prefix, address in _AS_OPENAI.items()},
    "openai": ("openai", "https://api.openai.com/v1"),
    "groq": ("groq", "https://api.groq.com/openai/v1"),
    "gemini": ("gemini", "https://generativelanguage.googleapis.com"),
    "mistral": ("mistral", "https://api.mistral.ai/v1"),
    "codestral": ("mistral", "https://codestral.mistral.ai/v1"),
    "anthropic": ("anthropic", "https://api.anthropic.com"),
    "cohere": ("cohere", "https://api.cohere.com"),
    "cohere_chat": ("cohere", "https://api.cohere.com"),
    "openrouter": ("compatible", "https://openrouter.ai/api/v1"),
    "xai": ("compatible", "https://api.x.ai/v1"),
    "deepseek": ("compatible", "https://api.deepseek.com/beta"),
    "nvidia_nim": ("compatible", "https://integrate.api.nvidia.com/v1"),
    "github": ("compatible", "https://models.inference.ai.azure.com"),
    "together_ai": ("compatible", "https://api.together.ai/v1"),
    "fireworks_ai": ("compatible", "https://api.fireworks.ai/inference/v1"),
    "perplexity": ("compatible", "https://api.perplexity.ai"),
    "cerebras": ("compatible", "https://api.cerebras.ai/v1"),
    "sambanova": ("compatible", "https://api.sambanova.ai/v1"),
    "ollama": ("ollama", ""),
    "ollama_chat": ("ollama", ""),
    "azure": ("azure", ""),
    "azure_ai": ("compatible", ""),
    "hosted_vllm": ("vllm", ""),
    "vllm": ("vllm", ""),
    "lm_studio": ("compatible", ""),
    "llamafile": ("compatible", ""),
    "litellm_proxy": ("compatible", ""),
    "openai_like": ("compatible", ""),
    "custom_openai": ("compatible", ""),
    "xinference": ("compatible", ""),
    "docker_model_runner": ("compatible", ""),
}
"""ProviderApi and default address by LiteLLM's prefix (1.106.2, `get_llm_provider_logic.py`)."""
_AS_GOOD_AS_EQUAL = 0.9
"""Of two names, so that one is the other misspelt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What a provider offers, and under which host."""

    name: str
    dialect: str
    """A key of `DIALECTS`."""
    models: tuple[str, ...]
    port: int = 0
    """Its own port in a cluster; on a machine that others use too, any free one is taken."""
    host: str = LOCAL
    """Where clients find it; the name of one that runs in a pod is given by manifests."""
    host_port: int = 443
    """Port at that host."""
    scheme: str = "https"
    base: str | None = None
    """Path before the API's own paths; None: as the dialect's provider has it."""
    tools: bool = True
    """Whether it takes tools, or was started without what reads a model's calls of them."""
    context: int | None = None
    """Tokens of the longest conversation; None: as the dialect's provider has it."""
    keys: tuple[str, ...] = ()
    """Fingerprints of the only keys that it takes; none: those that its provider takes."""
    pace: float = 0.002
    """Seconds between two pieces of a stream: the words come one after another."""

    def speakers(self) -> tuple[ProviderApi, ...]:
        """What reads its requests and writes its answers, by each API that it has."""
        public = self.scheme == "https"
        first = DIALECTS[self.dialect](base=self.base, public=public)
        if self.dialect not in _BESIDE:
            return (first,)
        second, path = _BESIDE[self.dialect]
        base = f"{self.base or ''}{path}" or None
        return (first, second(base=base, public=public))

    def with_models(self, models: tuple[str, ...]) -> Self:
        """The same with other models as well, but for those that are one of its own misspelt."""
        new = (name for name in models if not any(_misspelt(name, own) for own in self.models))
        return type(self)(**asdict(self) | {"models": tuple(dict.fromkeys((*self.models, *new)))})

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """The offer that a JSON object describes."""
        listed = {name: tuple(data.get(name) or ()) for name in ("models", "keys")}
        return cls(**{**data, **listed})


def _misspelt(name: str, right: str) -> bool:
    """Whether a name is another one with a slip of the pen; other digits are another version."""
    digits = ["".join(filter(str.isdigit, each)) for each in (name, right)]
    alike = SequenceMatcher(None, name, right).ratio() >= _AS_GOOD_AS_EQUAL
    return name != right and digits[0] == digits[1] and alike


_BARE = (
    (r"claude", "anthropic"),
    (r"command-[a-z0-9-]+-\d{2}-\d{4}$", "cohere_chat"),
    (r"gemini-", ""),
    (r"([a-z]+\.)?(ai21|amazon|anthropic|cohere|deepseek|meta|mistral|openai|qwen)\.", ""),
)
"""Names without a prefix whose provider LiteLLM knows all the same (1.106.2, `get_llm_provider`);
empty: Vertex AI and Bedrock, for which nobody answers here."""


def prefix_of(model: str, given: str = "") -> tuple[str, str]:
    """LiteLLM's provider for a model of its configuration, and the model's name there.

    Args:
        model: `litellm_params.model`.
        given: `litellm_params.custom_llm_provider`, which wins.
    """
    first, slash, rest = model.partition("/")
    if slash and first in PREFIXES and given in ("", first):
        return first, rest.removeprefix("responses/")  # which says by what API it is asked
    if given:
        return given, model
    known = (prefix for pattern, prefix in _BARE if re.match(pattern, model))
    return ("" if slash else next(known, "openai")), model


def host_and_port(address: str) -> tuple[str, str, int]:
    """Scheme, host and port that an address leads to; an empty host where it is none."""
    try:
        parts = urlsplit(address if "//" in address else f"http://{address}")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return parts.scheme, (parts.hostname or "").rstrip("."), port
    except ValueError:
        return "", "", 0


PUBLIC = {host_and_port(address)[1]: prefix for prefix, (_, address) in PREFIXES.items() if address}
"""LiteLLM's prefix, by the host where LiteLLM looks for a provider by itself."""
OFFERS = (
    Offer(
        name="vllm",
        dialect="vllm",
        models=("Qwen/Qwen2.5-7B-Instruct-AWQ",),
        port=8000,
        host_port=8000,
        scheme="http",
    ),
    Offer(
        name="ollama",
        dialect="ollama",
        models=("qwen2.5:3b",),
        port=11434,
        host_port=11434,
        scheme="http",
    ),
    Offer(
        name="openai",
        dialect="openai",
        models=("gpt-4o-mini",),
        port=8443,
        host="api.openai.com",
    ),
    Offer(
        name="groq",
        dialect="groq",
        models=("llama-3.3-70b-versatile", "mixtral-8x7b-32768"),
        port=8444,
        host="api.groq.com",
    ),
    Offer(
        name="gemini",
        dialect="gemini",
        models=("gemini-2.0-flash", "gemini-2.5-flash"),
        pace=0.01,
        port=8445,
        host="generativelanguage.googleapis.com",
    ),
    Offer(
        name="mistral",
        dialect="mistral",
        models=("mistral-small-latest",),
        port=8446,
        host="api.mistral.ai",
    ),
)
