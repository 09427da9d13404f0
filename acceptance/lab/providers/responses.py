"""OpenAI's newer API: items go in and come out, and a stream is of named events."""

import time
import uuid
from collections.abc import Iterator

from starlette.requests import Request
from starlette.routing import Route

from acceptance.lab.providers.chat_completions import OpenAI
from acceptance.lab.providers.conversation import Answer, Message, Question, text_of
from acceptance.lab.providers.provider_api import Complete, Refusal, named_event
from acceptance.lab.providers.reply import Json

_CALL, _RESULT = "function_call", "function_call_output"


class Responses(OpenAI):
    """api.openai.com, as LiteLLM asks it for some models (1.106.2).

    For `openai/responses/…`, and from GPT-5.4 on for each question that brings tools.
    """

    def routes(self, models: tuple[str, ...], complete: Complete) -> list[Route]:
        """One path; the list of models is the older API's."""
        del models
        return [Route(f"{self.base}/responses", complete, methods=["POST"])]

    def question(self, request: Request, body: Json) -> Question:
        """What the items ask; results of tools are turns, too."""
        del request
        given = body["input"]
        items = [{"role": "user", "content": given}] if isinstance(given, str) else given
        tools = tuple(tool["name"] for tool in body.get("tools") or () if "name" in tool)
        last = items[-1] if items else {}
        asked = text_of(last.get("content")) if last.get("role") == "user" else ""
        instructions = body.get("instructions")
        return Question(
            model=body["model"],
            stream=bool(body.get("stream")),
            messages=(
                *([Message(role="system", text=instructions)] if instructions else []),
                *(
                    Message(
                        role=item.get("role") or "tool",
                        text=text_of(item.get("content") or item.get("output")),
                    )
                    for item in items
                ),
            ),
            max_tokens=body.get("max_output_tokens"),
            tools=tools,
            calls=next((name for name in tools if name in asked), ""),
            shows_thoughts=False,
        )

    def objection(self, body: Json, question: Question) -> Refusal | None:
        """To a call of a tool without its result."""
        items = body["input"] if isinstance(body["input"], list) else []
        answered = {each.get("call_id") for each in items if each.get("type") == _RESULT}
        called = (each.get("call_id") for each in items if each.get("type") == _CALL)
        lacking = next((call for call in called if call not in answered), "")
        if not lacking:
            return None
        refusal = self.error(400, question.model)
        refusal["error"]["message"] = f"No tool output found for function call {lacking}."
        return Refusal(status=400, body=refusal)

    def whole(self, question: Question, answer: Answer, path: str) -> Json:
        """A `response`."""
        del path
        return self._response(question, answer, [_item(answer)])

    def frames(self, question: Question, answer: Answer, path: str) -> Iterator[bytes]:
        """An event for each piece of the one item, among those that begin and end it."""
        del path
        item = _item(answer)
        place = {"item_id": item["id"], "output_index": 0}
        whole = self._response(question, answer, [item])
        begun = {**whole, "status": "in_progress", "output": [], "usage": None}
        started = (
            {**item, "content": []} if item["type"] == "message" else {**item, "arguments": ""}
        )
        events: list[tuple[str, Json]] = [
            ("response.created", {"response": begun}),
            ("response.output_item.added", {"output_index": 0, "item": started}),
        ]
        if answer.tool:
            events += [("response.function_call_arguments.delta", {**place, "delta": "{}"})]
        events += [
            ("response.output_text.delta", {**place, "content_index": 0, "delta": piece})
            for piece in answer.pieces
        ]
        events += [
            ("response.output_item.done", {"output_index": 0, "item": item}),
            (f"response.{whole['status']}", {"response": whole}),
        ]
        for number, (name, data) in enumerate(events):
            yield named_event(name, sequence_number=number, **data)

    def _response(self, question: Question, answer: Answer, output: list[Json]) -> Json:
        cut = answer.finish == "length"
        return {
            "id": f"resp_{uuid.uuid4().hex}",
            "object": "response",
            "created_at": int(time.time()),
            "status": "incomplete" if cut else "completed",
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "model": f"{question.model}{self.snapshot}",
            "output": output,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": {
                "input_tokens": question.tokens,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": answer.tokens,
                "output_tokens_details": {"reasoning_tokens": answer.thoughts},
                "total_tokens": question.tokens + answer.tokens,
            },
        }


def _item(answer: Answer) -> Json:
    """The words, or the call of a tool."""
    number = uuid.uuid4().hex
    if answer.tool:
        call = {"call_id": f"call_{number[:24]}", "name": answer.tool, "arguments": "{}"}
        return {"type": _CALL, "id": f"fc_{number}", "status": "completed", **call}
    content = [{"type": "output_text", "text": answer.text, "annotations": []}]
    return {
        "type": "message",
        "id": f"msg_{number}",
        "status": "completed",
        "role": "assistant",
        "content": content,
    }
