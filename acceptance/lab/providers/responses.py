"""OpenAI's Responses API, by which LiteLLM asks models that have no chat completions (codex, pro).

Source: OpenAI's API reference of `POST /v1/responses` and of its streaming events (2025); LiteLLM
1.106.2 asks so what its catalogue of models has as `mode: responses`.
"""

import time
import uuid
from collections.abc import Iterator

from acceptance.lab.providers.conversation import Answer, Question
from acceptance.lab.providers.reply import Json, json_bytes

PATH = "/responses"


def as_chat(body: Json) -> Json:
    """The request for a chat completion that asks the same; that itself where it is one."""
    if "input" not in body:
        return body
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    told = body.get("instructions")
    messages = [{"role": "system", "content": told}] if told else []
    for item in items:
        if item.get("type") == "function_call":
            call = {"id": item["call_id"], "function": {"name": item["name"]}}
            messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
        elif item.get("type") == "function_call_output":
            content = {"content": item["output"], "tool_call_id": item["call_id"]}
            messages.append({"role": "tool", **content})
        elif "role" in item:
            messages.append({"role": item["role"], "content": item.get("content")})
    tools = [each for each in body.get("tools") or () if each.get("type") == "function"]
    return {
        "model": body["model"],
        "stream": body.get("stream"),
        "messages": messages,
        "max_tokens": body.get("max_output_tokens"),
        "tools": [{"function": {"name": each["name"]}} for each in tools],
        "reasoning_effort": (body.get("reasoning") or {}).get("effort"),
    }


def whole(model: str, question: Question, answer: Answer) -> Json:
    """A `response`."""
    return _response(_head(model), question, answer, _items(answer))


def frames(model: str, question: Question, answer: Answer) -> Iterator[bytes]:
    """Its events: what begins, each token, each item, and the whole at the end."""
    head, items = _head(model), _items(answer)
    begun = {**head, "status": "in_progress", "output": []}
    yield _event("response.created", response=begun)
    yield _event("response.in_progress", response=begun)
    for number, item in enumerate(items):
        place = {"output_index": number}
        yield _event("response.output_item.added", **place, item=_empty(item))
        place |= {"item_id": item["id"]}
        if item["type"] == "message":
            yield from _text(answer, place)
        else:
            told = item["arguments"]
            yield _event("response.function_call_arguments.delta", **place, delta=told)
            yield _event("response.function_call_arguments.done", **place, arguments=told)
        yield _event("response.output_item.done", output_index=number, item=item)
    response = _response(head, question, answer, items)
    yield _event(f"response.{response['status']}", response=response)


def _text(answer: Answer, place: Json) -> Iterator[bytes]:
    place = {**place, "content_index": 0}
    yield _event("response.content_part.added", **place, part=_part(""))
    for piece in answer.pieces:
        yield _event("response.output_text.delta", **place, delta=piece)
    yield _event("response.output_text.done", **place, text=answer.text)
    yield _event("response.content_part.done", **place, part=_part(answer.text))


def _head(model: str) -> Json:
    return {
        "id": f"resp_{uuid.uuid4().hex}",
        "object": "response",
        "created_at": int(time.time()),
        "model": model,
        "error": None,
        "incomplete_details": None,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }


def _response(head: Json, question: Question, answer: Answer, items: list[Json]) -> Json:
    cut = answer.finish == "length"
    return {
        **head,
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "output": items,
        "usage": {
            "input_tokens": question.tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": answer.tokens,
            "output_tokens_details": {"reasoning_tokens": answer.thoughts},
            "total_tokens": question.tokens + answer.tokens,
        },
    }


def _items(answer: Answer) -> list[Json]:
    """What the answer consists of: its words, or the tool that it calls."""
    identity = uuid.uuid4().hex
    if answer.tool:
        called = {"call_id": f"call_{identity[:24]}", "name": answer.tool, "arguments": "{}"}
        return [{"type": "function_call", "id": f"fc_{identity}", "status": "completed", **called}]
    message = {"role": "assistant", "content": [_part(answer.text)]}
    return [{"type": "message", "id": f"msg_{identity}", "status": "completed", **message}]


def _empty(item: Json) -> Json:
    """An item as it begins."""
    field: Json = {"content": []} if item["type"] == "message" else {"arguments": ""}
    return {**item, "status": "in_progress", **field}


def _part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _event(kind: str, **fields: object) -> bytes:
    """A server-sent event with its name, which the others do without."""
    return f"event: {kind}\n".encode() + b"data: " + json_bytes({"type": kind, **fields}) + b"\n\n"
