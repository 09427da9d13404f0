"""Whether what runs is what was declared, and reaches the gateway."""

from dataclasses import replace
from functools import partial

import pytest

from acceptance.checks.credential import check_source
from acceptance.checks.rollout import (
    LITELLM_IS_ALIVE,
    Arrivals,
    check_arrived,
    check_current,
    check_one_endpoint,
    check_reached,
    check_running_key,
)
from acceptance.cluster import Pod, PodResponse
from acceptance.errors import NotProven
from acceptance.resources import Manifest
from acceptance.secret import fingerprint
from tests.checks.making import (
    KEY,
    PLACE,
    SECRET,
    STORY,
    URL,
    connection,
    pod,
    refused,
    resolved,
    workload,
)
from tests.story import ENDPOINT

NEW = resolved(*STORY)
OLD = resolved(*STORY[:2])


def test_a_current_workload() -> None:
    check_current(workload(NEW, pod(NEW), pod(NEW)))
    check_one_endpoint(workload(NEW, pod(NEW), pod(NEW)))


NOT_CURRENT: dict[str, tuple[tuple[Pod, ...], tuple[str, ...]]] = {
    "F018, F020 an older pod still serves": (
        (pod(NEW), pod(OLD, outdated="older template")),
        ("1 of 2 pods", "open-webui-0 (older template)", "kubectl rollout restart"),
    ),
    "F107 a pod that does not start": (
        (pod(NEW), pod(NEW, problem="LiteLLM is in CrashLoop: UnsafeMasterKeyError")),
        ("UnsafeMasterKeyError",),
    ),
    "none at all": ((), ("Nothing serves", "kubectl scale statefulset/open-webui")),
}


@pytest.mark.parametrize(("pods", "phrases"), NOT_CURRENT.values(), ids=NOT_CURRENT.keys())
def test_a_workload_that_is_not_current(pods: tuple[Pod, ...], phrases: tuple[str, ...]) -> None:
    with refused(*phrases):
        check_current(workload(NEW, *pods))


RENAMED = "key OPENAI_API_KEY of Secret open-webui-secrets (it has API_KEY, WEBUI_SECRET_KEY)"


def test_nobody_is_told_to_restart_what_cannot_start_again() -> None:
    """A key renamed in the Secret harms nobody until the next start."""
    serving = replace(workload(OLD, pod(OLD, outdated="changed")), missing=(RENAMED,))
    told = _process(OPENAI_API_KEY=KEY)
    checks = partial(check_current, serving), partial(check_running_key, told, serving, PLACE)
    for check in checks:
        with pytest.raises(AssertionError, match="cannot be started again") as raised:
            check()
        assert RENAMED in str(raised.value)
        assert "do not restart it before" in str(raised.value)
        assert "kubectl rollout restart" not in str(raised.value)
    with refused("does not come from its Secret", RENAMED):
        check_source(serving, PLACE, "open-webui-secrets")


def test_a_rollout_that_is_stuck_says_why() -> None:
    serving = replace(
        workload(NEW, pod(OLD, outdated="older")), stuck="FailedCreate: exceeded quota"
    )
    with pytest.raises(AssertionError, match="its rollout waits: FailedCreate: exceeded") as raised:
        check_current(serving)
    assert "kubectl rollout restart" not in str(raised.value)


def test_a_pod_with_another_endpoint() -> None:  # F018
    with refused("started with another endpoint", "https://api.openai.com/v1", "1 of 2 pods"):
        check_one_endpoint(workload(NEW, pod(NEW), pod(OLD)))


def _process(**variables: str) -> dict[str, PodResponse]:
    held = {name: fingerprint(value) for name, value in variables.items()}
    return {"open-webui-0": PodResponse(status=None, error="refused", fingerprints=held)}


PLURAL: tuple[Manifest, ...] = (
    {"name": f"{URL}S", "value": f"http://other;{ENDPOINT}"},
    {"name": "OPENAI_API_KEYS", "value": f"other;{KEY}"},
)


def test_a_process_that_holds_the_declared_key() -> None:
    check_running_key(_process(OPENAI_API_KEY=KEY), workload(NEW), PLACE)
    both = _process(OPENAI_API_KEYS=f"other;{KEY}", OPENAI_API_KEY="ignored")
    check_running_key(both, workload(resolved(*PLURAL)), PLACE)  # H06
    spaced = resolved(*STORY[:3], {"name": "OPENAI_API_KEY", "value": f" {KEY}\n"})
    check_running_key(_process(OPENAI_API_KEY=KEY), workload(spaced), PLACE)  # H31
    check_running_key(_process(), workload(resolved(STORY[2])), PLACE)  # none here, none there


@pytest.mark.parametrize(
    ("told", "found"),
    [(_process(OPENAI_API_KEY="sk-older"), fingerprint("sk-older")), (_process(), "(not set)")],
)
def test_a_process_that_holds_another(told: dict[str, PodResponse], found: str) -> None:
    with refused("other settings than the declared", fingerprint(KEY), f"open-webui-0: {found}"):
        check_running_key(told, workload(NEW), PLACE)


def test_the_others_key_in_the_plural_variable_counts_too() -> None:
    with refused("other settings than the declared"):
        check_running_key(
            _process(OPENAI_API_KEYS=f"older;{KEY}"), workload(resolved(*PLURAL)), PLACE
        )


ALIVE = PodResponse(status=200, body=f'"{LITELLM_IS_ALIVE}"')
OUTSIDE: dict[str, tuple[PodResponse, tuple[str, ...]]] = {
    "F038 a policy drops it": (
        PodResponse(status=None, error="TimeoutError: timed out"),
        ("timed out", "NetworkPolicy"),
    ),
    "F040 no name": (
        PodResponse(status=None, error="gaierror: Name or service not known"),
        ("port 53",),
    ),
    "F045 a wrong port": (
        PodResponse(status=None, error="ConnectionRefusedError: refused"),
        ("targetPort",),
    ),
    "F043 a proxy answers": (
        PodResponse(status=503, body="<html>proxy</html>"),
        ("503, not LiteLLM", "NO_PROXY"),
    ),
    "F073 a page with 200": (
        PodResponse(status=200, body="<!doctype html>"),
        ("200, not LiteLLM: <!doctype",),
    ),
    "nothing": (PodResponse(status=None), ("None, not LiteLLM",)),
}


def test_litellm_answers_each_pod() -> None:
    check_reached({"a": ALIVE, "b": ALIVE}, connection())


@pytest.mark.parametrize(("told", "phrases"), OUTSIDE.values(), ids=OUTSIDE.keys())
def test_something_else_answers_a_pod(told: PodResponse, phrases: tuple[str, ...]) -> None:
    with refused("does not reach LiteLLM", "b: ", ENDPOINT, *phrases) as _:
        check_reached({"a": ALIVE, "b": told}, connection())


def test_a_pod_that_cannot_be_asked_hides_nothing_of_the_others() -> None:
    unasked = PodResponse(status=None, unproven=NotProven("422 no exec here"))
    with refused("422 no exec here", error=NotProven):
        check_reached({"a": ALIVE, "b": unasked}, connection())
    with refused("does not reach LiteLLM", "c: refused"):
        refusing = PodResponse(status=None, error="refused")
        check_reached({"b": unasked, "c": refusing}, connection())
    with refused("422 no exec here", error=NotProven):
        check_running_key(_process(OPENAI_API_KEY=KEY) | {"b": unasked}, workload(NEW), PLACE)
    with refused("other settings than the declared"):
        check_running_key({"b": unasked, **_process()}, workload(NEW), PLACE)


def test_nobody_could_be_asked() -> None:
    with refused("pods/exec", error=NotProven):
        check_reached({}, connection())
    with refused("no process", error=NotProven):
        check_running_key({}, workload(resolved(SECRET)), PLACE)


HERE = Arrivals(seen=frozenset(), logged=False, addresses=("10.96.0.5",))
RESOLVED = replace(ALIVE, addresses=("10.96.0.5",))
ASTRAY: dict[str, tuple[PodResponse, Arrivals, str]] = {
    "G9 hostAliases": (
        replace(ALIVE, addresses=("10.1.2.3",)),
        HERE,
        "in web-0 the name is 10.1.2.3",
    ),
    "G9 a second EndpointSlice": (
        RESOLVED,
        replace(HERE, seen=frozenset({"web-0"}), strangers=("10.9.9.9",)),
        "leads to 10.9.9.9 as well",
    ),
}


@pytest.mark.parametrize(("told", "arrivals", "found"), ASTRAY.values(), ids=ASTRAY.keys())
def test_another_gateway_in_the_judged_ones_place(
    told: PodResponse, arrivals: Arrivals, found: str
) -> None:
    with refused("Another gateway than the one that is judged", found, "hostAliases"):
        check_arrived({"web-0": told}, connection(), PLACE, arrivals)


ARRIVED: dict[str, tuple[PodResponse, Arrivals]] = {
    "at the Service's own address": (RESOLVED, HERE),
    "through a proxy that resolves the name": (ALIVE, HERE),
    "by another name, and it stands in the log": (
        replace(ALIVE, addresses=("10.0.0.1",)),
        replace(HERE, seen=frozenset({"web-0"}), logged=True),
    ),
    "where these rights do not tell": (RESOLVED, Arrivals(seen=frozenset(), logged=False)),
}


@pytest.mark.parametrize(("told", "arrivals"), ARRIVED.values(), ids=ARRIVED.keys())
def test_the_judged_gateway_is_reached(told: PodResponse, arrivals: Arrivals) -> None:
    check_arrived({"web-0": told}, connection(), PLACE, arrivals)


def test_an_address_outside_proves_nothing_until_the_gateways_own_log_shows_the_call() -> None:
    public = replace(PLACE, address="https://llm.home.example")
    used = connection(url="https://llm.home.example/v1")
    logs = Arrivals(seen=frozenset({"web-0"}), logged=True)
    check_arrived({"web-0": ALIVE}, used, public, logs)
    with refused("the call of web-0 is in no log of the gateway's pods"):
        check_arrived({"web-0": ALIVE}, used, public, replace(logs, seen=frozenset()))
    silent = Arrivals(seen=frozenset(), logged=False)
    with refused("its logs tell of no request", error=NotProven):
        check_arrived({"web-0": ALIVE}, used, public, silent)
