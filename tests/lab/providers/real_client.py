"""LiteLLM's own SDK, asked a question a line; runs under the Python of LiteLLM's environment.

The first line on standard input maps public hosts to ports of 127.0.0.1; no other name is
resolved. Each further line holds the arguments of `litellm.acompletion`, which is what the proxy
calls: the synchronous way passes on fewer headers.
"""

import asyncio
import importlib
import json
import socket
import sys
from types import ModuleType
from typing import Any


def main() -> None:
    """Answer until standard input ends."""
    _resolve_only(json.loads(sys.stdin.readline()))
    litellm: Any = importlib.import_module("litellm")  # in no environment that checks types
    litellm.suppress_debug_info = True
    with asyncio.Runner() as runner:  # one loop, so that connections are pooled
        for line in sys.stdin:
            answer = runner.run(_ask(litellm, json.loads(line)))
            sys.stdout.write(f"{json.dumps(answer)}\n")
            sys.stdout.flush()


def _resolve_only(ports: dict[str, int]) -> None:
    resolve = socket.getaddrinfo

    def resolved(
        host: bytes | str | None, port: bytes | str | int | None, *rest: int, **named: int
    ) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else host
        if name in ports:
            return resolve("127.0.0.1", ports[name], *rest, **named)
        if name == "127.0.0.1":
            return resolve(host, port, *rest, **named)
        raise socket.gaierror(socket.EAI_NONAME, f"no such name in the lab: {name}")

    socket.getaddrinfo = resolved


async def _ask(litellm: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        response = await litellm.acompletion(**arguments)
        chunks = [chunk async for chunk in response] if arguments["stream"] else [response]
    except Exception as error:  # noqa: BLE001  # LiteLLM's errors have no common base
        return {"error": type(error).__name__, "text": str(error)}
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    parts = [choice.delta if arguments["stream"] else choice.message for choice in choices]
    usage = [chunk.usage for chunk in chunks if getattr(chunk, "usage", None)]
    headers = response._hidden_params.get("additional_headers", {})  # noqa: SLF001  # no other way
    return {
        "text": "".join(part.content or "" for part in parts),
        "reasoning": "".join(getattr(part, "reasoning_content", None) or "" for part in parts),
        "chunks": len(chunks),
        "finish": [choice.finish_reason for choice in choices if choice.finish_reason],
        "tokens": [usage[-1].prompt_tokens, usage[-1].completion_tokens] if usage else None,
        "headers": sorted(name for name in headers if name.startswith("llm_provider-")),
    }


if __name__ == "__main__":
    main()
