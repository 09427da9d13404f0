"""The label on the page is only a label: every turn is compared with who was really asked."""

import io
import zipfile
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus

import pytest

from acceptance.checks.answering import (
    check_answer,
    check_asked_only,
    check_error_only,
    check_kept,
    check_no_error,
    check_turn,
    check_unknown_model,
)
from acceptance.checks.own_host import check_own_host
from acceptance.checks.witnessing import asked
from acceptance.clients.answers import nonce, unique
from acceptance.clients.browser import locators
from acceptance.clients.browser.evidence import masked_trace
from acceptance.clients.browser.session import Browser
from acceptance.clients.browser.user import BrowserUser
from acceptance.clients.open_webui import OpenWebUI
from acceptance.clients.streaming import Question
from acceptance.errors import NotProven
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.providers.behaviour import Behaviour, Kind
from acceptance.lab.providers.client import Providers
from acceptance.masking import Redactor
from acceptance.secret import MASK
from acceptance.target import Witness
from tests.browser.world import Administrator
from tests.story import MODELS

LISTEN = "address => new Promise(done => { new WebSocket(address).onerror = () => done() })"
GONE = "#model-selector-model-button, #model-search-input { display: none }"
FETCH = "address => fetch(address, {mode: 'no-cors'}).then(() => 'fetched', String)"
GROQ = "groq/llama-3.3-70b-versatile"


@pytest.fixture
def providers(lab: EmbeddedLab) -> Iterator[Providers]:
    yield lab.providers
    lab.providers.restore()


def test_an_answer_is_read_to_its_end_and_its_provider_is_found(
    page_user: BrowserUser, witness: Witness
) -> None:
    answer = page_user.ask(Question(model=GROQ, nonce=nonce()))
    check_answer(answer, MODELS[GROQ])
    check_asked_only(answer, "Groq", witness.calls())
    assert answer.picture.startswith(b"\x89PNG")


@pytest.mark.parametrize("user", ["page_user", "reloading_user"])
def test_a_conversation_is_found_again_and_then_deleted(
    user: str, request: pytest.FixtureRequest, witness: Witness, api: OpenWebUI
) -> None:
    before_the_page: BrowserUser = request.getfixturevalue(user)
    with before_the_page.conversation() as conversation:
        for model in ("vllm-qwen", GROQ, "vllm-qwen"):
            turn = conversation.ask(model, nonce())
            check_turn(turn, MODELS[model], witness.calls())
        check_kept(conversation.turns(), conversation.said)
        first = conversation.said[0].nonce
        kept = len(api.api.get("/api/v1/chats/?page=1").json)
    assert len(asked(first, witness.calls())) == 1
    assert len([call for call in witness.calls() if first in call.question]) > 1
    assert len(api.api.get("/api/v1/chats/?page=1").json) == kept - 1


@pytest.mark.parametrize(
    ("user", "asks_again"), [("page_user", 5.0), ("page_user", 0.001), ("reloading_user", 5.0)]
)
def test_what_is_found_again_is_what_the_server_keeps(
    user: str,
    asks_again: float,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    api: OpenWebUI,
) -> None:
    # no page does so soon, and that of 0.7.2 never
    monkeypatch.setattr("acceptance.clients.browser.page._BACK_SECONDS", asks_again)
    before_the_page: BrowserUser = request.getfixturevalue(user)
    with before_the_page.conversation() as conversation:
        conversation.ask(GROQ, nonce())
        chat, *_ = api.api.get("/api/v1/chats/?page=1").json
        address = f"/api/v1/chats/{chat['id']}"
        kept = api.api.mapping(address)["chat"]
        for message in kept["history"]["messages"].values():
            message["model"] = "ollama-qwen"
        assert api.api.post(address, {"chat": kept}).status == HTTPStatus.OK

        (turn,) = conversation.turns()
        assert turn.model == "ollama-qwen"
        with pytest.raises(AssertionError, match="ollama-qwen"):
            check_kept((turn,), conversation.said)


def test_of_temporary_conversations_nothing_is_kept_and_each_begins_anew(
    chromium: Browser, reloading_user: BrowserUser, administrator: Administrator
) -> None:
    administrator.interface(temporaryChatByDefault=True)
    for _ in range(2):
        with reloading_user.conversation() as conversation:
            assert conversation.ask(GROQ, nonce()).returned
            with pytest.raises(NotProven, match="it has no address there"):
                conversation.turns()
            page = chromium.contexts[-1].page
            assert len(chromium.do(page.messages)) == len(["the question", "the answer"])


def test_the_label_is_right_while_another_model_answers(
    page_user: BrowserUser, witness: Witness, providers: Providers
) -> None:
    providers.behave("vllm", Behaviour(kind=Kind.ERROR, status=500))
    with page_user.conversation() as conversation:
        turn = conversation.ask("vllm-qwen", nonce())
    assert (turn.model, turn.returned) == ("vllm-qwen", True)
    with pytest.raises(AssertionError, match=r"qwen2\.5:3b at Ollama"):
        check_turn(turn, MODELS["vllm-qwen"], witness.calls())


def test_an_error_is_what_the_user_reads(page_user: BrowserUser, providers: Providers) -> None:
    providers.behave("groq", Behaviour(kind=Kind.ERROR, status=500))
    answer = page_user.ask(Question(model=GROQ, nonce=nonce()))
    assert "server had an error" in answer.error
    check_error_only(answer)


def test_a_broken_stream_is_told_to_the_user(page_user: BrowserUser, providers: Providers) -> None:
    """How much of it the page shows before it breaks is a matter of moments."""
    providers.behave("mistral", Behaviour(kind=Kind.CUT))
    answer = page_user.ask(Question(model="mistral/mistral-small-latest", nonce=nonce()))
    assert answer.error
    assert not answer.returned


def test_a_stream_without_text_is_no_answer(page_user: BrowserUser, providers: Providers) -> None:
    providers.behave("groq", Behaviour(kind=Kind.EMPTY))
    answer = page_user.ask(Question(model="groq/mixtral-8x7b-32768", nonce=nonce()))
    assert (answer.text, answer.error) == ("", "")
    with pytest.raises(AssertionError, match="an empty answer"):
        check_no_error(answer)


def test_an_invented_model_cannot_be_chosen(page_user: BrowserUser) -> None:
    invented = f"invented-{unique()}"
    check_unknown_model(page_user.ask(Question(model=invented, nonce=nonce())))
    with page_user.conversation() as conversation, pytest.raises(AssertionError, match="chosen"):
        conversation.ask(invented, nonce())


def test_a_name_that_only_resembles_is_not_taken_for_the_model(page_user: BrowserUser) -> None:
    check_unknown_model(page_user.ask(Question(model="qwen", nonce=nonce())))


def test_a_page_that_has_changed_is_said_so_once_and_another_takes_its_place(
    chromium: Browser, page_user: BrowserUser
) -> None:
    page_user.offered()
    changed = chromium.contexts[-1]
    page = changed.context.pages[0]
    chromium.do(lambda: page.add_style_tag(content=GONE))
    with (
        page_user.conversation() as conversation,
        pytest.raises(AssertionError, match="does not show the search of the model selector"),
    ):
        conversation.ask("vllm-qwen", nonce())
    assert chromium.contexts == [changed], "what it shows is evidence until somebody needs a page"
    with page_user.conversation() as conversation:
        assert conversation.ask("vllm-qwen", nonce()).returned
    assert changed not in chromium.contexts


def test_a_page_of_another_version_may_only_have_moved_things(
    chromium: Browser, page_user: BrowserUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acceptance.clients.browser.missing.SEEN_ON", ("0.11.9",))
    page_user.offered()
    page = chromium.contexts[-1].context.pages[0]
    chromium.do(lambda: page.add_style_tag(content=GONE))
    with pytest.raises(NotProven, match=r"the page has changed: .* 0\.11\.9 has it; this is 0\.12"):
        page_user.ask(Question(model=GROQ, nonce=nonce()))


def test_an_answer_without_words_on_a_page_that_nobody_knows_proves_nothing(
    page_user: BrowserUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANSWER", "READ_MESSAGES"):
        elsewhere = getattr(locators, name).replace("'.markdown-prose'", "'.elsewhere'")
        monkeypatch.setattr(locators, name, elsewhere)
    assert page_user.ask(Question(model=GROQ, nonce=nonce())).text == ""
    monkeypatch.setattr("acceptance.clients.browser.missing.SEEN_ON", ("0.11.9",))
    with pytest.raises(NotProven, match=r"the words of an answer is not where Open WebUI 0\.11\.9"):
        page_user.ask(Question(model=GROQ, nonce=nonce()))


def test_a_browser_that_breaks_off_proves_nothing_and_another_is_begun(
    chromium: Browser, page_user: BrowserUser
) -> None:
    page_user.offered()
    browser = chromium.contexts[-1].context.browser
    assert browser
    chromium.do(lambda: browser.new_browser_cdp_session().send("Browser.close"))
    with pytest.raises(NotProven, match="the browser broke off"):
        page_user.ask(Question(model=GROQ, nonce=nonce()))
    assert [seen.trace for seen in chromium.evidence()] == [b""]
    assert page_user.ask(Question(model=GROQ, nonce=nonce())).returned


def test_no_other_host_is_asked_and_none_can_be(chromium: Browser, page_user: BrowserUser) -> None:
    chromium.strangers()
    page_user.offered()
    assert chromium.strangers() == ()
    page = chromium.contexts[-1].context.pages[0]
    for address in ("https://example.com/a", "http://10.255.255.1/b", "http://127.0.0.2/c"):
        assert "Failed to fetch" in chromium.do(partial(page.evaluate, FETCH, address))
    chromium.do(partial(page.evaluate, LISTEN, "wss://example.com/d"))
    heard = chromium.strangers()
    assert heard == (
        "https://example.com",
        "http://10.255.255.1",
        "http://127.0.0.2",
        "wss://example.com",
    )
    with pytest.raises(AssertionError, match=r"found +https://example\.com, http://10\.255"):
        check_own_host(heard, chromium.base_url)


def test_what_is_kept_of_a_failure_holds_no_token(
    chromium: Browser, page_user: BrowserUser, learnt: Redactor
) -> None:
    with page_user.conversation() as conversation:
        conversation.ask("ollama-qwen", nonce())
        evidence = chromium.evidence()[-1]
    before, after = texts(evidence.trace), texts(masked_trace(evidence.trace, learnt))
    assert before.keys() == after.keys()
    assert any("Bearer eyJ" in text for text in before.values())
    assert not any("Bearer eyJ" in text for text in after.values())
    assert not any(learnt(text) != text for text in after.values())
    assert any(f"Bearer {MASK}" in text for text in after.values())


def texts(trace: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(trace)) as files:
        return {name: files.read(name).decode(errors="replace") for name in files.namelist()}
