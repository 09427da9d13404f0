"""Emulated providers that tell every secret, in each answer and in each error.

Imported into the providers' process, by the `sitecustomize.py` that the test lays on its path.
"""

from dataclasses import replace
from unittest.mock import patch

from acceptance.lab.providers.conversation import Answer, Question, generate
from acceptance.lab.providers.provider_api import Refusal
from tests.canaries import SAID

_reply = Refusal.reply


def _speak_aloud(question: Question) -> Answer:
    answer = generate(question)
    return replace(answer, text=f"{answer.text}\n{SAID}")


def _aloud(value: object) -> object:
    if isinstance(value, dict):
        return {
            name: f"{each}\n{SAID}"
            if name in {"error", "message"} and isinstance(each, str)
            else _aloud(each)
            for name, each in value.items()
        }
    return value


def _reply_aloud(refusal: Refusal, headers: dict[str, str]) -> object:
    body = _aloud(refusal.body)
    assert isinstance(body, dict)
    return _reply(replace(refusal, body=body), headers)


patch("acceptance.lab.providers.misbehaviour.generate", _speak_aloud).start()
patch.object(Refusal, "reply", _reply_aloud).start()
