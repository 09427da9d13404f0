"""What the checks say where these rights do not allow to read all: never more than was seen."""

from dataclasses import replace

import pytest

from acceptance.checks.credential import check_key_in_use, check_source
from acceptance.checks.deployments import check_own_upstreams
from acceptance.checks.endpoint import check_declared, declared_connections
from acceptance.checks.proof import Deployment
from acceptance.checks.rollout import check_current, check_running_key
from acceptance.cluster import PodResponse, Workload
from acceptance.errors import NotProven
from acceptance.resources import UNREAD, Environment, Variable
from acceptance.secret import Secret, fingerprint
from tests.checks.making import KEY, PLACE, STORY, URL, connection, pod, refused, resolved, workload
from tests.story import ENDPOINT, MODELS
from tests.story import STORY as CONTRACT

NAME = "open-webui-secrets"
PLAIN = resolved(*STORY[2:3])


def _sealed(name: str, *holders: str, seen: str = "") -> dict[str, Variable]:
    value = Secret.seal("; ".join(holders), fingerprint=seen)
    return {name: Variable(name=name, value=value, source=holders[0])}


def _with_key(seen: str = "", *, secret: str = NAME) -> Workload:
    key = _sealed("OPENAI_API_KEY", f"Secret {secret}, key OPENAI_API_KEY", seen=seen)
    return workload({**PLAIN, **key})


UNKNOWN = {UNREAD: replace(_sealed("x", "envFrom Secret all")["x"], name=UNREAD)}


def test_a_pod_that_may_be_outdated_is_not_called_current() -> None:
    unsure = replace(pod(PLAIN), unsure="Deployment open-webui may not be read")
    with refused("open-webui-0: Deployment open-webui may not be read", error=NotProven):
        check_current(workload(PLAIN, pod(PLAIN), unsure))
    assert "Deployment open-webui may not be read" in workload(PLAIN, unsure).shown()


def test_one_that_is_outdated_is_wrong_whatever_is_known_of_the_others() -> None:
    unsure = replace(pod(PLAIN), unsure="nobody can tell")
    with refused("An older configuration still serves"):
        check_current(workload(PLAIN, unsure, pod(PLAIN, outdated="older template")))


def test_what_may_define_the_endpoint_keeps_it_from_being_proven() -> None:
    """The plural variable would beat the one that can be read."""
    with refused("do not allow to read envFrom Secret all", error=NotProven):
        declared_connections({**PLAIN, **UNKNOWN})


def test_what_can_be_read_in_the_plural_variable_is_beaten_by_nothing() -> None:
    plural = resolved(
        {"name": f"{URL}S", "value": ENDPOINT}, {"name": "OPENAI_API_KEYS", "value": KEY}
    )
    check_declared(workload({**plural, **UNKNOWN}), PLACE, ENDPOINT)


def test_a_sealed_key_is_known_by_its_holder_and_its_fingerprint() -> None:
    found = _with_key(fingerprint(KEY))
    check_source(found, PLACE, NAME)
    check_key_in_use(found, PLACE, connection())
    with refused("uses another key than the declared one", fingerprint(KEY)):
        check_key_in_use(found, PLACE, connection(key="sk-another"))
    with refused("does not come from its Secret", "Secret other, key OPENAI_API_KEY"):
        check_source(_with_key(fingerprint(KEY), secret="other"), PLACE, NAME)


def test_one_of_which_nothing_is_known_proves_nothing() -> None:
    check_source(_with_key(), PLACE, NAME)
    with refused(f"Secret {NAME}, key OPENAI_API_KEY may not be read", error=NotProven):
        check_key_in_use(_with_key(), PLACE, connection())
    told = {"open-webui-0": PodResponse(status=None)}
    with refused("may not be read, nor a process that holds it", error=NotProven):
        check_running_key(told, _with_key(), PLACE)


def test_keys_that_are_put_together_come_from_each_of_their_holders() -> None:
    parts = ("Secret first, key a", f"Secret {NAME}, key b")
    both = _sealed("OPENAI_API_KEYS", *parts)
    both["OPENAI_API_KEYS"] = replace(
        both["OPENAI_API_KEYS"], source="value", refers=frozenset({"B"})
    )
    urls = resolved({"name": f"{URL}S", "value": f"http://other;{ENDPOINT}"})
    held = _sealed("B", parts[1])
    check_source(workload({**urls, **both, **held}), PLACE, NAME)
    with refused("does not come from its Secret"):
        check_source(workload({**urls, **both, **held}), PLACE, "third")


def test_replicas_that_hold_different_sealed_keys_are_told_apart() -> None:
    alike, other = ({"OPENAI_API_KEY": each} for each in ("11111111", "22222222"))
    found = _with_key("11111111")
    one, two = (
        PodResponse(status=None, fingerprints=alike),
        PodResponse(status=None, fingerprints=other),
    )
    check_running_key({"a": one, "b": one}, found, PLACE)
    with refused("b: 22222222"):
        check_running_key({"a": one, "b": two}, found, PLACE)


@pytest.mark.parametrize(
    "environment", [_sealed("OPENAI_BASE_URL", "Secret all, key url"), UNKNOWN]
)
def test_an_address_of_a_provider_that_may_be_another_is_not_called_right(
    environment: Environment,
) -> None:
    deployments = [
        Deployment(identity=name, group=name, upstream=model.upstream, api_base="")
        for name, model in MODELS.items()
    ]
    check_own_upstreams(deployments, CONTRACT, PLAIN)
    with refused("do not allow to read", error=NotProven):
        check_own_upstreams(deployments, CONTRACT, environment)
