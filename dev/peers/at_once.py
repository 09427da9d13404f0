"""The floor: all that the script asks, by httpx, as much of it at once as can be."""

import asyncio
import os
import sys

import httpx

TALKS = (
    *((model,) for model in os.environ["MODELS"].split()),
    ("vllm-qwen", "ollama-qwen"),
    ("vllm-qwen", "groq/llama-3.3-70b-versatile"),
    ("vllm-qwen", "gemini/gemini-2.0-flash", "vllm-qwen"),
)


async def _talk(client: httpx.AsyncClient, url: str, number: int, models: tuple[str, ...]) -> bool:
    history: list[dict[str, str]] = []
    for turn, model in enumerate(models):
        code = f"code-{number}-{turn}"
        words = f"Repeat these words and nothing else: {code}"
        history.append({"role": "user", "content": words})
        body = {"model": model, "messages": history, "stream": True}
        answer = await client.post(f"{url}/api/chat/completions", json=body)
        if answer.status_code != httpx.codes.OK:
            print(f"not ok {models}: {answer.text[:80]}", flush=True)  # noqa: T201  # a script's own output
            return False
        history.append({"role": "assistant", "content": code})
    return True


async def _main() -> int:
    url, gateway = os.environ["OPEN_WEBUI"], os.environ["GATEWAY"]
    account = {"email": os.environ["EMAIL"], "password": os.environ["PASSWORD"]}
    async with httpx.AsyncClient(timeout=240, trust_env=False) as client:
        session = (await client.post(f"{url}/api/v1/auths/signin", json=account)).json()
        client.headers["Authorization"] = f"Bearer {session['token']}"
        key = {"Authorization": f"Bearer {os.environ['KEY']}"}
        asked = (
            client.get(f"{url}/openai/config"),
            client.get(f"{url}/api/models?refresh=true"),
            client.get(f"{gateway}/v1/models", headers=key),
            client.get(f"{gateway}/v1/models", headers={"Authorization": "Bearer sk-invented"}),
            client.get(f"{gateway}/health/liveliness"),
            client.get(f"{gateway}/fallback/vllm-qwen", headers=key),
            client.get(f"{gateway}/router/settings", headers=key),
        )
        talks = (_talk(client, url, number, models) for number, models in enumerate(TALKS))
        told = await asyncio.gather(*asked, *talks)
    return int(not all(told[len(asked) :]))


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
