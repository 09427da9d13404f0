"""Story 17.2 as data: criteria, tasks, the eight models and the chain.

The features say the same in sentences; this table is what they are counted against.
"""

from dataclasses import dataclass

ENDPOINT = "http://litellm.ml.svc.cluster.local:4000/v1"
CHAIN = ("vllm-qwen", "ollama-qwen", "openai-gpt4o")

CRITERIA = {
    "AC1": "the OpenAI API endpoint of Open WebUI points to LiteLLM",
    "AC2": "all LiteLLM models are available in the model selector",
    "AC3": "responses come from the selected model, and switching works",
}
REQUIREMENTS = {
    "FR127": "LiteLLM is the backend for unified model access",
    "FR129": "switching between local models and external providers",
}
TASKS = {
    "1.1": "OPENAI_API_BASE_URL points to LiteLLM",
    "1.2": "OPENAI_API_KEY comes from the secret open-webui-secrets",
    "1.3": "the Helm upgrade is applied with the new configuration",
    "1.4": "the pod restarted with the new environment",
    "2.1": "Open WebUI is reachable",
    "2.2": "LiteLLM is reachable from the Open WebUI pod",
    "2.3": "the fallback chain's models are available",
    "2.4": "the parallel models are available: eight models in all",
    "3.1": "a conversation with vllm-qwen",
    "3.2": "a conversation with ollama-qwen",
    "3.3": "external providers answer",
    "3.4": "switching between models",
    "4.1": "a request to vllm-qwen is answered by the GPU model",
    "4.2": "the chain is vllm-qwen, ollama-qwen, openai-gpt4o",
    "4.3": "the fallback behaviour is documented",
    "5.1": "the available models are documented",
    "5.2": "the application's README documents models and fallback",
}


def task_tag(task: str) -> str:
    """The Gherkin tag of a task: `1.1` gives `task1_1`."""
    return f"task{task.replace('.', '_')}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A model of the story, and what must be behind it."""

    name: str
    provider: str
    upstream: str
    """The model's name at its provider."""
    host: str
    """The host that LiteLLM must have asked."""


MODELS = {
    model.name: model
    for model in (
        Model(
            name="vllm-qwen",
            provider="vLLM",
            upstream="Qwen/Qwen2.5-7B-Instruct-AWQ",
            host="vllm-api.ml.svc.cluster.local",
        ),
        Model(
            name="ollama-qwen",
            provider="Ollama",
            upstream="qwen2.5:3b",
            host="ollama.ml.svc.cluster.local",
        ),
        Model(
            name="openai-gpt4o", provider="OpenAI", upstream="gpt-4o-mini", host="api.openai.com"
        ),
        Model(
            name="groq/llama-3.3-70b-versatile",
            provider="Groq",
            upstream="llama-3.3-70b-versatile",
            host="api.groq.com",
        ),
        Model(
            name="groq/mixtral-8x7b-32768",
            provider="Groq",
            upstream="mixtral-8x7b-32768",
            host="api.groq.com",
        ),
        Model(
            name="gemini/gemini-2.0-flash",
            provider="Gemini",
            upstream="gemini-2.0-flash",
            host="generativelanguage.googleapis.com",
        ),
        Model(
            name="gemini/gemini-2.5-flash",
            provider="Gemini",
            upstream="gemini-2.5-flash",
            host="generativelanguage.googleapis.com",
        ),
        Model(
            name="mistral/mistral-small-latest",
            provider="Mistral",
            upstream="mistral-small-latest",
            host="api.mistral.ai",
        ),
    )
}
