"""The key: where it comes from, which one is used, and whether it is accepted."""

from dataclasses import replace

import pytest

from acceptance.checks.credential import (
    TYPED_IN,
    check_accepted,
    check_key_in_use,
    check_refused,
    check_source,
    dead,
    key_refused,
)
from acceptance.checks.proof import Served
from acceptance.cluster import Workload
from acceptance.resources import Manifest
from acceptance.secret import Secret, fingerprint
from tests.checks.making import (
    KEY,
    PLACE,
    SECRET,
    STORY,
    URL,
    connection,
    deployed,
    refused,
    resolved,
    workload,
)
from tests.story import ENDPOINT

NAME = "open-webui-secrets"
HEALTHY = {
    "H03 twice, the Secret last": workload(resolved(*STORY)),
    "H04 envFrom": workload(
        resolved({"name": URL, "value": ENDPOINT}, sources=({"secretRef": {"name": NAME}},))
    ),
}


@pytest.mark.parametrize("of", HEALTHY.values(), ids=HEALTHY.keys())
def test_the_key_comes_from_the_secret(of: Workload) -> None:
    check_source(of, PLACE, NAME)
    check_key_in_use(of, PLACE, connection())


@pytest.mark.parametrize("value", [f"Bearer {KEY}", f"another; Bearer {KEY} "])
def test_a_key_may_hold_a_space_and_be_one_of_several(value: str) -> None:
    """LiteLLM 1.106.2 accepts it; `;` alone separates keys (Open WebUI 0.12.4)."""
    objects = {("Secret", NAME): {"OPENAI_API_KEY": value}}
    urls = {
        "name": f"{URL}S",
        "value": ";".join([*["http://other/v1"] * value.count(";"), ENDPOINT]),
    }
    check_source(workload(resolved(urls, SECRET, objects=objects)), PLACE, NAME)


def _reference(name: str, key: str = "OPENAI_API_KEY", *, optional: bool = False) -> Manifest:
    reference = {"name": name, "key": key, "optional": optional}
    return {"name": "OPENAI_API_KEY", "valueFrom": {"secretKeyRef": reference}}


def _named(name: str, *, refers: str = "") -> Workload:
    """A Secret's key under a name that Open WebUI does not read, and a key beside it."""
    key = {"name": "OPENAI_API_KEY", "value": f"$({refers})" if refers else KEY}
    between = {"name": "BETWEEN", "value": f"$({name})"}
    of_secret = {**_reference(NAME), "name": name}
    return workload(resolved({"name": URL, "value": ENDPOINT}, of_secret, between, key))


@pytest.mark.parametrize("refers", ["LITELLM_KEY", "BETWEEN"])
def test_a_key_may_be_referred_to(refers: str) -> None:
    check_source(_named("LITELLM_KEY", refers=refers), PLACE, NAME)


WRONG: dict[str, tuple[Workload, tuple[str, ...]]] = {
    "a copy of what the Secret holds, which nothing refers to": (
        _named("LITELLM_KEY"),
        ("OPENAI_API_KEY (value)", "LITELLM_KEY has the same from its Secret"),
    ),
    "the chart's own": (workload(resolved(*STORY[:3])), ("OPENAI_API_KEY (value)",)),
    "F025 optional and missing: the chart's own stays": (
        deployed(ENDPOINT, key=_reference("gone", optional=True)),
        ("OPENAI_API_KEY (value)",),
    ),
    "F025 optional and missing, nothing before it": (
        workload(resolved({"name": URL, "value": ENDPOINT}, _reference("gone", optional=True))),
        ("not set", "it is empty"),
    ),
    "another Secret whose name begins alike": (
        deployed(ENDPOINT, key=_reference("open-webui-secrets-old")),
        ("Secret open-webui-secrets-old",),
    ),
    "F056 LiteLLM is the connection without a key": (
        workload(resolved({"name": f"{URL}S", "value": f"http://other;{ENDPOINT}"}, SECRET)),
        ("it is empty",),
    ),
}


@pytest.mark.parametrize(("of", "phrases"), WRONG.values(), ids=WRONG.keys())
def test_the_key_comes_from_elsewhere(of: Workload, phrases: tuple[str, ...]) -> None:
    with refused("does not come from its Secret", f"Secret apps/{NAME}", *phrases):
        check_source(of, PLACE, NAME)


@pytest.mark.parametrize("value", [KEY, f" {KEY}", f"{KEY}\n"], ids=["same", "space", "line end"])
def test_spaces_around_a_key_do_no_harm(value: str) -> None:  # H31
    check_key_in_use(
        deployed(ENDPOINT, key={"name": "OPENAI_API_KEY", "value": value}), PLACE, connection()
    )


def test_the_database_holds_another_key() -> None:
    with refused("uses another key", "the database wins", "fingerprint") as _:
        check_key_in_use(deployed(ENDPOINT), PLACE, connection(key="sk-older"))
    with refused("(empty)"):
        check_key_in_use(deployed(ENDPOINT), PLACE, connection(key=""))


def test_no_message_shows_the_key() -> None:
    with pytest.raises(AssertionError) as caught:
        check_key_in_use(deployed(ENDPOINT), PLACE, connection(key="sk-older-0123456789"))
    assert KEY not in str(caught.value)
    assert "sk-older" not in str(caught.value)


def test_a_key_that_litellm_accepts() -> None:
    check_accepted(Served(status=200, names=("vllm-qwen",)), connection())


@pytest.mark.parametrize("told", ["401: No api key passed in", "400: No connected db."])
def test_a_key_that_litellm_refuses(told: str) -> None:
    with refused("does not list its models", told, "LITELLM_MASTER_KEY"):
        check_accepted(Served(status=int(told[:3]), names=(), error=told), connection())


@pytest.mark.parametrize(
    ("invented", "none", "remark"),
    [
        (400, 401, ""),
        (401, 401, ""),
        (403, 403, ""),
        (500, 500, ""),
        (200, 200, "no authentication"),  # H10
    ],
)
def test_strangers(invented: int, none: int, remark: str) -> None:
    told = check_refused(invented, none)
    assert told.startswith(remark)
    assert bool(told) == bool(remark)


@pytest.mark.parametrize(("invented", "none"), [(200, 401), (404, 404), (302, 200)])
def test_strangers_who_should_have_been_refused(invented: int, none: int) -> None:
    with refused("An invented key is not refused", f"{invented} for an invented key"):
        check_refused(invented, none)


def test_what_a_connection_really_sends_is_compared() -> None:  # P17, P45
    of = deployed(ENDPOINT)
    right, wrong = fingerprint(KEY), fingerprint("sk-that-works")

    for sent in ({"X-Litellm-Key": right}, {"authorization": right}):
        check_key_in_use(of, PLACE, replace(connection(), sent=tuple(sent.items())))
    for sent in ({"Authorization": wrong}, {"X-Litellm-Key": wrong}, {"x-api-key": wrong}):
        with refused(
            "uses another key", f"its header {next(iter(sent))}: ", "connection's headers"
        ):
            check_key_in_use(of, PLACE, replace(connection(), sent=tuple(sent.items())))
    with refused("its sign-in is 'session'", "set its sign-in to Bearer"):
        check_key_in_use(of, PLACE, replace(connection(), identity="session"))


def test_a_header_stands_in_the_place_of_the_key() -> None:
    sent = (("Authorization", fingerprint(KEY)),)
    check_key_in_use(deployed(ENDPOINT), PLACE, replace(connection(key="unused"), sent=sent))


@pytest.mark.parametrize(
    ("told", "found", "fix"),
    [
        ("Authentication Error - Expired Key. Key Expiry time 1", "key is expired: ", "lengthen"),
        ("Key is blocked. Update via `/key/unblock`", "key is blocked: ", "unblock it"),
        ("Team=home is blocked. Update via", "key is blocked: ", "or its team"),
        (TYPED_IN, "asks nobody", "not Azure OpenAI"),
    ],
)
def test_a_key_that_was_good_once_and_one_that_nobody_was_shown(
    told: str, found: str, fix: str
) -> None:
    with refused("does not list its models", found, fix):
        check_accepted(Served(status=200, names=(), error=told), connection())


UNLISTED = {
    "500: Unexpected error: External Error: {'message': 'No connected db.'}": (
        "the key is refused: ",
        "compare the key",
    ),
    "500: Unexpected error: HTTP Error: 404": ("no such path", "LiteLLM lists under /v1"),
    "500: Unexpected error: ": ("no list within Open WebUI's ten seconds", "MODEL_LIST"),
    "500: Open WebUI: Server Connection Error": ("is not reached", "a login page"),
}


@pytest.mark.parametrize(("told", "phrases"), UNLISTED.items())
def test_the_key_is_to_be_compared_only_where_it_was_refused(
    told: str, phrases: tuple[str, str]
) -> None:
    served = Served(status=500, names=(), error=told)
    with pytest.raises(AssertionError) as caught:
        check_accepted(served, connection())
    assert all(phrase in str(caught.value) for phrase in phrases)
    assert ("compare the key" in str(caught.value)) is key_refused(served)


def test_quotes_around_a_key_are_named() -> None:
    told = Served(status=500, names=(), error="400: No connected db.")
    with refused("it stands in quotes"):
        check_accepted(told, connection(), Secret(f'"{KEY}"'))


def test_a_dead_connection_beside_one_that_lives_is_a_remark() -> None:
    alive, silent = Served(status=200, names=("a",)), Served(status=500, names=(), error="500: x")
    second = connection(index=1)

    assert dead({connection(): alive}) == ()
    assert dead({connection(): silent}) == (), "that is a fault of its own"
    (remark,) = dead({connection(): silent, second: alive})
    assert "connection #0" in remark
