"""What users complain about: the selector is read as they see it, and the message says why."""

from contextlib import closing
from pathlib import Path

import pytest

from acceptance.checks.endpoint import GatewayAddress, gateway_connections
from acceptance.checks.proof import Connection, Listing
from acceptance.checks.selector import check_offered
from acceptance.clients.answers import nonce, unique
from acceptance.clients.browser.session import Browser
from acceptance.clients.browser.user import BrowserUser
from acceptance.clients.lost import Lost
from acceptance.clients.open_webui import OpenWebUI
from acceptance.clients.streaming import Question
from acceptance.errors import NotProven
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.network import Disturbance
from acceptance.secret import Secret
from acceptance.target import Account, Target
from tests.browser.world import Administrator, added, prefixed
from tests.story import MODELS, STORY

MANY = [f"spare-model-{number:03}" for number in range(300)]


@pytest.fixture
def connection(api: OpenWebUI, target: Target) -> Connection:
    place = GatewayAddress(service=target.gateway_service, seen_from="apps")
    (found,) = gateway_connections(api.wiring(), place)
    return found


def unwitnessed(browser: Browser, account: Account, api: OpenWebUI) -> BrowserUser:
    """A user before the browser, of whom nobody can tell who answers."""
    return BrowserUser(
        browser,
        account,
        api,
        STORY,
        witness=None,
        lost=Lost(),
        reload=True,
        learn=lambda _secret: None,
    )


def names(listing: Listing) -> list[str]:
    return [model.name for model in listing.models]


def test_all_eight_are_read_in_their_order_with_a_picture(
    page_user: BrowserUser, connection: Connection
) -> None:
    listing = page_user.offered()
    assert names(listing) == list(MODELS)
    assert listing.unseen == ()
    assert listing.picture.startswith(b"\x89PNG")
    check_offered(listing, MODELS, connection, tuple(MODELS))


def test_a_list_of_three_hundred_is_scrolled_to_its_end(
    page_user: BrowserUser, administrator: Administrator
) -> None:
    administrator.connections(added(MANY))
    listing = page_user.offered()
    assert names(listing) == [*MODELS, *MANY]
    assert listing.unseen == ()
    answer = page_user.ask(Question(model="mistral/mistral-small-latest", nonce=nonce()))
    assert answer.returned


def test_a_hidden_model_is_offered_by_the_api_and_not_on_the_page(
    page_user: BrowserUser, administrator: Administrator, connection: Connection
) -> None:
    administrator.describe("vllm-qwen", hidden=True)
    listing = page_user.offered()
    assert listing.unseen == ("vllm-qwen",)
    with pytest.raises(AssertionError, match="API offers it, its page does not show it"):
        check_offered(listing, MODELS, connection, tuple(MODELS))


def test_a_disabled_model_is_not_offered(
    page_user: BrowserUser, administrator: Administrator, connection: Connection
) -> None:
    administrator.describe("ollama-qwen", active=False)
    listing = page_user.offered()
    assert names(listing) == [name for name in MODELS if name != "ollama-qwen"]
    with pytest.raises(AssertionError, match="ollama-qwen: not offered"):
        check_offered(listing, MODELS, connection, tuple(MODELS))


def test_a_prefix_changes_every_name(
    page_user: BrowserUser, administrator: Administrator, api: OpenWebUI, target: Target
) -> None:
    administrator.connections(prefixed("house"))
    listing = page_user.offered()
    assert names(listing) == [f"house.{name}" for name in MODELS]
    place = GatewayAddress(service=target.gateway_service, seen_from="apps")
    (changed,) = gateway_connections(api.wiring(), place)
    with pytest.raises(AssertionError, match=r"shows it as house\.vllm-qwen"):
        check_offered(listing, ["vllm-qwen"], changed, tuple(MODELS))


def test_of_two_connections_with_the_same_name_the_page_shows_it_once(
    page_user: BrowserUser, administrator: Administrator, connection: Connection
) -> None:
    administrator.connections(added(["vllm-qwen", "their-own"]))
    listing = page_user.offered()
    assert names(listing).count("vllm-qwen") == 1
    check_offered(listing, MODELS, connection, tuple(MODELS))
    assert "their-own" in listing.names - listing.by({connection.index})


def test_a_default_model_that_is_gone_is_nobody_s_choice(
    page_user: BrowserUser, administrator: Administrator
) -> None:
    administrator.settings("/api/v1/configs/models", DEFAULT_MODELS="gone-with-the-upgrade")
    with page_user.conversation() as conversation:
        assert page_user.offered().find("gone-with-the-upgrade") is None
        turn = conversation.ask("ollama-qwen", nonce())
    assert (turn.model, turn.returned) == ("ollama-qwen", True)


def test_a_list_that_is_kept_forever_shows_what_is_no_longer_served(
    page_user: BrowserUser,
    administrator: Administrator,
    connection: Connection,
    api: OpenWebUI,
    lab: EmbeddedLab,
) -> None:
    administrator.settings("/api/v1/configs/connections", ENABLE_BASE_MODELS_CACHE=True)
    assert page_user.offered().names == set(MODELS)
    lab.disturb(Disturbance(names={"litellm.ml.svc.cluster.local": None}))
    try:
        stale, served = page_user.offered(), api.served_by(connection)
    finally:
        lab.disturb()
    assert stale.names == set(MODELS)
    with pytest.raises(AssertionError, match=r"the name is cached; LiteLLM itself serves no model"):
        check_offered(stale, MODELS, connection, served.names)


def test_somebody_who_cannot_sign_in_tries_once(
    chromium: Browser, api: OpenWebUI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acceptance.clients.browser.page.READY_TIMEOUT", 5.0)
    stranger = Account(email="nobody@acceptance.example", password=Secret("not-known-here"))
    user = unwitnessed(chromium, stranger, api)
    with closing(user):
        with pytest.raises(
            AssertionError, match="does not show the page after signing in"
        ) as first:
            user.offered()
        with pytest.raises(AssertionError) as second:
            user.ask(Question(model="vllm-qwen", nonce=nonce()))
    assert second.value is first.value


def test_an_ordinary_user_sees_the_models_on_the_page(
    chromium: Browser, target: Target, api: OpenWebUI, administrator: Administrator
) -> None:
    account = Account(email=f"{unique().lower()}@acceptance.example", password=Secret(unique()))
    identity = api.add_user(account)
    mine = OpenWebUI(target.open_webui, account, name="ordinary user")
    mine.sign_in()
    administrator.describe("openai-gpt4o", hidden=True)
    user = unwitnessed(chromium, account, mine)
    try:
        listing = user.offered()
    finally:
        user.close()
        mine.close()
        api.delete_user(identity)
    assert names(listing) == [name for name in MODELS if name != "openai-gpt4o"]
    assert listing.account == "ordinary user, in a browser"


def test_where_nobody_can_tell_who_answers_each_is_chosen_and_none_is_asked(
    chromium: Browser, target: Target, api: OpenWebUI
) -> None:
    """One after the other: the list is opened again while it still closes."""
    with closing(unwitnessed(chromium, target.administrator, api)) as user:
        for model in MODELS:
            with pytest.raises(NotProven, match="who answers on the page"):
                user.ask(Question(model=model, nonce=nonce()))
        answer = user.ask(Question(model=f"invented-{unique()}", nonce=nonce()))
    assert "Model not found" in answer.error


def test_when_the_run_ends_nothing_more_is_looked_at_and_the_user_still_leaves(
    target: Target, api: OpenWebUI, program: Path
) -> None:
    with (
        closing(Browser(program, base_url=target.open_webui)) as running,
        closing(unwitnessed(running, target.administrator, api)) as user,
    ):
        assert user.offered().models
        running.refuse()
        with pytest.raises(NotProven, match="the run ended"):
            user.offered()
