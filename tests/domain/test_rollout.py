"""Whether what runs is what was declared, and reaches the gateway."""

import pytest

from domain.cluster import InsideResponse, Pod
from domain.errors import NotProven
from domain.kubernetes import Manifest
from domain.rollout import (
    LITELLM_IS_ALIVE,
    check_current,
    check_one_endpoint,
    check_reached,
    check_running_key,
)
from domain.secret import fingerprint
from tests.domain.making import (
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


def test_a_pod_with_another_endpoint() -> None:  # F018
    with refused("started with another endpoint", "https://api.openai.com/v1", "1 of 2 pods"):
        check_one_endpoint(workload(NEW, pod(NEW), pod(OLD)))


def _process(**variables: str) -> dict[str, InsideResponse]:
    held = {name: fingerprint(value) for name, value in variables.items()}
    return {"open-webui-0": InsideResponse(status=None, error="refused", fingerprints=held)}


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
def test_a_process_that_holds_another(told: dict[str, InsideResponse], found: str) -> None:
    with refused("other settings than the declared", fingerprint(KEY), f"open-webui-0: {found}"):
        check_running_key(told, workload(NEW), PLACE)


def test_the_others_key_in_the_plural_variable_counts_too() -> None:
    with refused("other settings than the declared"):
        check_running_key(
            _process(OPENAI_API_KEYS=f"older;{KEY}"), workload(resolved(*PLURAL)), PLACE
        )


ALIVE = InsideResponse(status=200, body=f'"{LITELLM_IS_ALIVE}"')
OUTSIDE: dict[str, tuple[InsideResponse, tuple[str, ...]]] = {
    "F038 a policy drops it": (
        InsideResponse(status=None, error="TimeoutError: timed out"),
        ("timed out", "NetworkPolicy"),
    ),
    "F040 no name": (
        InsideResponse(status=None, error="gaierror: Name or service not known"),
        ("port 53",),
    ),
    "F045 a wrong port": (
        InsideResponse(status=None, error="ConnectionRefusedError: refused"),
        ("targetPort",),
    ),
    "F043 a proxy answers": (
        InsideResponse(status=503, body="<html>proxy</html>"),
        ("503, not LiteLLM", "NO_PROXY"),
    ),
    "F073 a page with 200": (
        InsideResponse(status=200, body="<!doctype html>"),
        ("200, not LiteLLM: <!doctype",),
    ),
    "nothing": (InsideResponse(status=None), ("None, not LiteLLM",)),
}


def test_litellm_answers_each_pod() -> None:
    check_reached({"a": ALIVE, "b": ALIVE}, connection())


@pytest.mark.parametrize(("told", "phrases"), OUTSIDE.values(), ids=OUTSIDE.keys())
def test_something_else_answers_a_pod(told: InsideResponse, phrases: tuple[str, ...]) -> None:
    with refused("does not reach LiteLLM", "b: ", ENDPOINT, *phrases) as _:
        check_reached({"a": ALIVE, "b": told}, connection())


def test_nobody_could_be_asked() -> None:
    with refused("pods/exec", error=NotProven):
        check_reached({}, connection())
    with refused("no process", error=NotProven):
        check_running_key({}, workload(resolved(SECRET)), PLACE)
