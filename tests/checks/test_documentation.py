"""Whether a README names the models, and shows the chain as it is."""

import pytest

from acceptance.checks.documentation import check_chain, check_models
from tests.checks.making import refused
from tests.story import CHAIN, MODELS

TABLE = "| model | where |\n|---|---|\n" + "".join(f"| `{name}` | here |\n" for name in MODELS)


def test_every_model_is_named() -> None:
    check_models(TABLE, MODELS, "README.md")
    check_models("(gpt-4), vllm-qwen. \nqwen2.5:3b;", ["gpt-4", "vllm-qwen", "qwen2.5:3b"], "x")


@pytest.mark.parametrize(
    "text", ["", "vllm-qwen-2", "my-vllm-qwen", "openai/vllm-qwen", "vllm-qwen.5", "vllm-qwen:7b"]
)
def test_a_longer_name_is_another_model(text: str) -> None:
    with refused("does not name every model", "missing: vllm-qwen", "README.md"):
        check_models(text, ["vllm-qwen"], "README.md")


@pytest.mark.parametrize(
    "text",
    [
        "vllm-qwen -> ollama-qwen -> openai-gpt4o",
        "`vllm-qwen` (3 s)\n→ `ollama-qwen`\n→ `openai-gpt4o`",
        "If vllm-qwen is away ollama-qwen answers; when ollama-qwen is too, openai-gpt4o.",
        "openai-gpt4o is paid for.\n\nvllm-qwen, ollama-qwen, openai-gpt4o",
        "| vllm-qwen | ollama-qwen |\n| ollama-qwen | openai-gpt4o |",
        "1. vllm-qwen\n2. ollama-qwen\n3. openai-gpt4o",
        "vllm-qwen -> ollama-qwen -> openai-gpt4o. Parallel: groq/mixtral-8x7b-32768.",
        "vllm-qwen -> ollama-qwen -> openai-gpt4o, and never groq/mixtral-8x7b-32768",
        "Unlike groq/mixtral-8x7b-32768, vllm-qwen is replaced: by ollama-qwen, openai-gpt4o.",
        "1. `vllm-qwen`\n\n2. `ollama-qwen`\n\n3. `openai-gpt4o`\n\ngroq/mixtral-8x7b-32768",
        "V[vllm-qwen] -->|well| U[user]\nV -->|away| O[ollama-qwen]\nO --> G[openai-gpt4o]",
        "`vllm-qwen` -> `ollama-qwen` -> `openai-gpt4o` -> error",
        "`vllm-qwen` -> `ollama-qwen` -> `openai-gpt4o` -> `503`",
    ],
)
def test_the_chain_in_its_order(text: str) -> None:
    check_chain(text, CHAIN, "README.md", MODELS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vllm-qwen -> openai-gpt4o -> ollama-qwen",
        "vllm-qwen -> openai-gpt4o -> ollama-qwen -> openai-gpt4o",
        "vllm-qwen -> ollama-qwen",
        "vllm-qwen\n\nollama-qwen\n \nopenai-gpt4o",
        "vllm-qwen-2 -> ollama-qwen -> openai-gpt4o",
        "vllm-qwen -> groq/mixtral-8x7b-32768 -> ollama-qwen -> openai-gpt4o",
        "vllm-qwen -> ollama-qwen -> openai-gpt4o -> groq/mixtral-8x7b-32768",
        "vllm-qwen, then ollama-qwen, openai-gpt4o and groq/mixtral-8x7b-32768",
        "groq/mixtral-8x7b-32768 -> vllm-qwen -> ollama-qwen -> openai-gpt4o",
        "1. vllm-qwen\n2. ollama-qwen\n3. openai-gpt4o\n4. groq/mixtral-8x7b-32768",
        "1. vllm-qwen\n\n2. ollama-qwen\n\n3. openai-gpt4o\n\n4. groq/mixtral-8x7b-32768",
        "`vllm-qwen` -> `llama-cpp` -> `ollama-qwen` -> `openai-gpt4o`",  # not served any more
        "`vllm-qwen` -> `ollama-qwen` -> `openai-gpt4o` -> `claude`",
        TABLE,
    ],
)
def test_another_order_or_none(text: str) -> None:
    with refused("does not show the fallback chain", " -> ".join(CHAIN), "README.md"):
        check_chain(text, CHAIN, "README.md", MODELS)


def test_what_the_readme_shows_instead_is_told() -> None:
    with refused("paragraphs that name vllm-qwen -> openai-gpt4o -> groq/mixtral-8x7b-32768"):
        check_chain("vllm-qwen, openai-gpt4o, groq/mixtral-8x7b-32768", CHAIN, "README.md", MODELS)
