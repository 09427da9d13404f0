"""LiteLLM's own router, asked in which order it tries models; runs in LiteLLM's environment.

One JSON object a line on standard input (`model`, `fallbacks`, `default`, `served`), one JSON list
a line on standard output: the models tried, none of which answers.
"""

import asyncio
import json
import sys
from typing import Any, NoReturn

import litellm  # type: ignore[import-not-found]  # it is in its own environment only


class Away(litellm.CustomLLM):  # type: ignore[misc]  # untyped here
    """A provider that never answers, and writes down what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []

    async def acompletion(self, model: str, *_: object, **__: object) -> NoReturn:
        """Be away."""
        self.order.append(model)
        raise litellm.InternalServerError(message="away", llm_provider="away", model=model)


async def tried(question: dict[str, Any]) -> list[str]:
    """The models in the order of their tries."""
    away = Away()
    litellm.custom_provider_map = [{"provider": "away", "custom_handler": away}]
    router = litellm.Router(
        model_list=[
            {"model_name": name, "litellm_params": {"model": f"away/{name}"}}
            for name in question["served"]
        ],
        fallbacks=question["fallbacks"],
        default_fallbacks=question["default"] or None,
        num_retries=0,
        disable_cooldowns=True,
    )
    try:
        await router.acompletion(question["model"], [{"role": "user", "content": "?"}])
    except litellm.InternalServerError:
        return away.order
    raise AssertionError("somebody answered")


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(asyncio.run(tried(json.loads(line)))) + "\n")
        sys.stdout.flush()
