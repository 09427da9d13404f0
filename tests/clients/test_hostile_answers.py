"""Whatever a server answers, the drivers give a value or their own error: in time, no key in it."""

import time
from collections.abc import Callable

import pytest

from acceptance.checks.proof import Connection
from acceptance.clients.gateway import Gateway
from acceptance.clients.open_webui import OpenWebUI
from acceptance.clients.transport import LARGEST_BODY, UnexpectedAnswerError
from acceptance.errors import SetupError
from tests.clients.clients import ACCOUNT, AMPLE, ASKED, KEY, SHORT, clients
from tests.clients.hostile import Answer, http
from tests.clients.hostile_answers import ANSWERS, BODIES, HUGE, PLANTED

LONGEST = 10.0
"""Seconds after which a question counts as hanging, on the busiest machine."""
Ask = Callable[[Gateway, OpenWebUI], object]
CONNECTION = Connection(index=0, url="http://a", key_fingerprint="x")
QUESTIONS: dict[str, Ask] = {
    "gateway: version": lambda gateway, _: gateway.version(),
    "gateway: models": lambda gateway, _: gateway.models(),
    "gateway: deployments": lambda gateway, _: gateway.deployments(),
    "gateway: chain": lambda gateway, _: gateway.chain("vllm-qwen"),
    "gateway: a stranger": lambda gateway, _: gateway.models_as(None).error,
    "gateway: a cooldown": lambda gateway, _: gateway.cooldown(),
    "gateway: an answer": lambda gateway, _: gateway.ask(ASKED, timeout=SHORT),
    "page: sign in": lambda _, open_webui: open_webui.sign_in(),
    "page: version": lambda _, open_webui: open_webui.version(),
    "page: wiring": lambda _, open_webui: open_webui.wiring(),
    "page: offered": lambda _, open_webui: open_webui.offered(),
    "page: served": lambda _, open_webui: open_webui.served_by(CONNECTION),
    "page: a new user": lambda _, open_webui: open_webui.add_user(ACCOUNT),
    "page: an answer": lambda _, open_webui: open_webui.ask(ASKED, timeout=SHORT),
}


def outcome(question: Ask, gateway: Gateway, open_webui: OpenWebUI) -> str:
    """What came of a question, as text; any error but the drivers' own is raised."""
    started = time.monotonic()
    try:
        told = str(question(gateway, open_webui))
    except (UnexpectedAnswerError, SetupError) as error:
        told = str(error)
    assert time.monotonic() - started < LONGEST
    return told


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_any_answer_to_any_question(answer: Answer) -> None:
    with clients(answer, timeout=SHORT) as (gateway, open_webui):
        for name, question in QUESTIONS.items():
            told = outcome(question, gateway, open_webui)
            assert told, name
            assert KEY not in told, name


UNQUOTED = ("truncated", "a list", "a text", "no JSON")


@pytest.mark.parametrize("name", UNQUOTED)
def test_what_should_have_been_settings_is_not_quoted(name: str) -> None:
    with clients(http(BODIES[name])) as (_, open_webui), pytest.raises(AssertionError) as caught:
        open_webui.wiring()
    assert PLANTED not in str(caught.value)
    assert "200 and a JSON object" in str(caught.value)


ENDLESS = ("a slow drip", "silence")
MESSAGES: dict[str, tuple[str, Ask, tuple[str, ...]]] = {
    "a page": ("a web page with 200", QUESTIONS["page: offered"], ("a web page", "check that the")),
    "no list": ("data as text", QUESTIONS["gateway: models"], ("objects under data", "str")),
    "odd list": ("data of texts", QUESTIONS["gateway: models"], ("a list of other things",)),
    "no URLs": (
        "no fields",
        QUESTIONS["page: wiring"],
        ("a list OPENAI_API_BASE_URLS", "NoneType"),
    ),
    "too large": ("50 MB", QUESTIONS["page: version"], ("at most 8,000,000 bytes",)),
    "too slow": ("a slow drip", QUESTIONS["page: version"], ("no end within the deadline",)),
    "silence": ("silence", QUESTIONS["page: version"], ("ReadTimeout",)),
    "bad gzip": ("broken gzip", QUESTIONS["page: version"], ("DecodingError",)),
    "no HTTP": ("no HTTP", QUESTIONS["page: version"], ("RemoteProtocolError",)),
    "redirect": ("a redirect to itself", QUESTIONS["page: offered"], ("302 and an empty answer",)),
    "no words": ("an empty 500", QUESTIONS["gateway: models"], ("500 and an empty answer",)),
    "its words": ("an error as text", QUESTIONS["gateway: models"], ("500 and no",)),
    "not LiteLLM": ("a web page with 200", QUESTIONS["gateway: version"], ("is not LiteLLM",)),
}


@pytest.mark.parametrize(("name", "question", "phrases"), MESSAGES.values(), ids=MESSAGES.keys())
def test_the_message_says_what_came(name: str, question: Ask, phrases: tuple[str, ...]) -> None:
    timeout = SHORT if name in ENDLESS else AMPLE
    with clients(ANSWERS[name], timeout=timeout) as (gateway, open_webui):
        told = outcome(question, gateway, open_webui)
    assert [phrase for phrase in phrases if phrase not in told] == [], told


@pytest.mark.parametrize("name", ["an empty 500", "no fields", "null", "a web page with 200"])
def test_a_connection_that_lists_nothing_says_why(name: str) -> None:
    with clients(ANSWERS[name]) as (_, open_webui):
        served = open_webui.served_by(CONNECTION)
    assert served.names == ()
    assert served.error


def test_the_table_is_as_large_as_it_says() -> None:
    assert len(HUGE) > 50_000_000 > LARGEST_BODY == 8_000_000
    assert len(ANSWERS) * len(QUESTIONS) > 600
