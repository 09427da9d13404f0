"""What the emulated model says, and how much of it."""

import json

import pytest
from starlette.requests import Request

from acceptance.lab.providers.conversation import Message, Question, generate, text_of, tokens
from acceptance.lab.providers.ollama import Ollama


def asked(text: str, max_tokens: int | None = None) -> Question:
    messages = (Message(role="user", text="earlier"), Message(role="user", text=text))
    return Question(model="any", stream=False, messages=messages, max_tokens=max_tokens)


def test_tokens_lose_nothing() -> None:
    text = " a sentence\n\nwith  a-rather-long-word "

    assert "".join(tokens(text)) == text


def test_the_last_words_are_repeated() -> None:
    assert generate(asked("later")).text == "You said: later"


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ('JSON format: { "title": "your concise title here" }', {"title": "Lab"}),
        ('JSON format: { "tags": ["tag1", "tag2"] }', {"tags": ["Lab"]}),
        ('JSON format: { "follow_ups": ["one"] }', {"follow_ups": ["Lab"]}),
        ('Strictly return in JSON format: \n{\n  "queries": ["q"]\n}', {"queries": ["Lab"]}),
        ('only in JSON format: `{ "text": "<your_completion>" }`.', {"text": "Lab"}),
    ],
)
def test_a_background_task_gets_the_json_that_it_asks_for(
    shape: str, expected: dict[str, object]
) -> None:
    answer = generate(asked(f"### Task:\nDo it.\n### Output:\n{shape}\n", max_tokens=2))

    assert json.loads(answer.text) == expected


def test_of_parts_only_the_text_counts() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]

    assert text_of(parts) == "a\nb"
    assert text_of(None) == ""


def test_a_prompt_made_of_a_conversation_is_taken_apart() -> None:
    prompt = (
        "### User:\none\n\n### System:\nbrief\n\n### Assistant:\ntwo\n\n"
        "### User:\n### Task:\nthree\n\nfour\n\n"
    )
    request = Request({"type": "http", "path": "/api/generate", "headers": [], "query_string": b""})

    question = Ollama().question(request, {"model": "any", "prompt": prompt})

    assert [message.role for message in question.messages] == [
        "user",
        "system",
        "assistant",
        "user",
    ]
    assert question.text == "### Task:\nthree\n\nfour"
    assert question.stream
