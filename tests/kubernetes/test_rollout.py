"""When a rollout is waited for, and when what stands there is judged."""

from datetime import UTC, datetime
from typing import Any

import pytest

from acceptance.errors import SetupError
from acceptance.kubernetes import rollout
from acceptance.kubernetes.rollout import settle
from acceptance.resources import Manifest, ServiceName
from acceptance.waiting import T
from tests.kubernetes.objects import (
    Objects,
    container,
    deployed,
    made,
    pod,
    service,
    template,
    workload,
)

SERVICE = ServiceName(namespace="apps", name="open-webui", port=0)
AS_IT_STANDS = "judged as it stands: "


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """One look: what is not yet so is said to be waited for."""

    def once(question: Any, **_options: object) -> T:  # type: ignore[type-var]  # noqa: ANN401  # as `eventually`
        return question()  # type: ignore[no-any-return]  # likewise

    monkeypatch.setattr(rollout, "eventually", once)


def _waits_for(*objects: Manifest, forbidden: tuple[str, ...] = ()) -> str:
    """What is waited for; empty where nothing is."""
    said: list[str] = []
    settle(Objects(service(), *objects, forbidden=forbidden), SERVICE, said.append)
    return "".join(said).removeprefix(AS_IT_STANDS)


def _deployment(pods: tuple[Manifest, ...] | None = None, **changes: Any) -> tuple[Manifest, ...]:  # noqa: ANN401  # any JSON
    deployment, made_by = deployed(**changes)
    return (deployment, made_by, *(pods if pods is not None else (pod("one", made_by),)))


def _stateful_set(**changes: Any) -> tuple[Manifest, ...]:  # noqa: ANN401  # likewise
    owner = workload("StatefulSet", **changes)
    return owner, pod(owner=owner, labels={"controller-revision-hash": "one"})


def test_what_has_nothing_left_to_do_is_not_waited_for() -> None:
    assert _waits_for(*_deployment()) == ""
    assert _waits_for(*_stateful_set()) == ""
    assert _waits_for(pod()) == ""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": {"observedGeneration": 0}}, "its controller has not seen the newest template"),
        ({"spec": {"replicas": 3}, "status": {"updatedReplicas": 2}}, "2 of 3 pods are updated"),
        ({"status": {"replicas": 2}}, "1 older pods are still to end"),
    ],
)
def test_a_deployment_is_waited_for(changes: dict[str, Any], expected: str) -> None:
    assert _waits_for(*_deployment(**changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": {"observedGeneration": 0}}, "its controller has not seen the newest template"),
        (
            {"spec": {"replicas": 2}, "status": {"replicas": 2, "updateRevision": "two"}},
            "1 of 2 pods are updated",
        ),
        ({"spec": {"replicas": 3}}, "1 of 3 pods are made"),
    ],
)
def test_a_stateful_set_is_waited_for(changes: dict[str, Any], expected: str) -> None:
    assert _waits_for(*_stateful_set(**changes)) == expected


@pytest.mark.parametrize(
    "strategy",
    [{"type": "OnDelete"}, {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}],
)
def test_pods_that_are_left_behind_on_purpose_are_not(strategy: dict[str, Any]) -> None:
    """Nothing will ever replace them by itself."""
    changes = {
        "spec": {"replicas": 2, "updateStrategy": strategy},
        "status": {"replicas": 2, "updateRevision": "two", "updatedReplicas": 0},
    }
    assert _waits_for(*_stateful_set(**changes)) == ""


def test_a_pod_that_starts_is_waited_for() -> None:
    assert _waits_for(*_deployment((pod("new", ready=False),))) == "new is starting"


@pytest.mark.parametrize("reason", ["CrashLoopBackOff", "ImagePullBackOff", "ErrImageNeverPull"])
def test_one_that_will_never_start_is_not(reason: str) -> None:
    statuses = [{"name": "open-webui", "state": {"waiting": {"reason": reason}}}]
    deployment, made_by = deployed(status={"updatedReplicas": 0})
    broken = pod("one", made_by, ready=False, status={"containerStatuses": statuses})
    assert _waits_for(deployment, made_by, broken) == ""


def test_how_an_older_pod_is_doing_does_not_end_the_wait() -> None:
    """The pod that crashes is what the rollout is there to replace."""
    deployment, old = deployed(status={"updatedReplicas": 0})
    deployment["spec"]["template"] = template(container(image="newer"))
    statuses = [{"name": "open-webui", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]
    crashing = pod("one", old, ready=False, status={"containerStatuses": statuses})
    assert _waits_for(deployment, old, crashing) == "0 of 1 pods are updated"


@pytest.mark.parametrize(
    "changes",
    [
        {"spec": {"paused": True}},
        {"status": {"conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]}},
    ],
)
def test_a_rollout_that_is_paused_or_has_given_up_is_judged_as_it_stands(
    changes: dict[str, Any],
) -> None:
    changes["status"] = {"updatedReplicas": 0, **changes.get("status", {})}
    assert _waits_for(*_deployment(**changes)) == ""


def test_before_its_controller_has_made_a_pod_there_is_something_to_wait_for() -> None:
    """Between two pods of a strategy `Recreate`, or of a StatefulSet of one, there is none."""
    assert _waits_for(*_deployment(())) == "none of 1 pods is made yet"


def test_where_no_pod_is_wanted_there_is_not() -> None:
    with pytest.raises(SetupError, match="its selector matches no pod that runs"):
        _waits_for(*_deployment((), spec={"replicas": 0}))


def test_nor_where_these_rights_do_not_tell() -> None:
    with pytest.raises(SetupError, match="its selector matches no pod that runs"):
        _waits_for(*_deployment(()), forbidden=("Deployment",))


QUOTA = 'pods "open-webui-0" is forbidden: exceeded quota: small, used: cpu=2, limited: cpu=2'
LONG_AGO = "2026-01-01T00:00:00Z"
UNSCHEDULABLE = "0/1 nodes are available: 1 Insufficient memory."


def _just_now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _refused_by_quota(since: str) -> tuple[Manifest, ...]:
    condition = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": QUOTA,
        "lastTransitionTime": since,
    }
    return _deployment(status={"updatedReplicas": 0, "conditions": [condition]})


def test_a_rollout_that_a_quota_stops_is_not_waited_for() -> None:
    assert _waits_for(*_refused_by_quota(LONG_AGO)) == ""


def test_unless_an_older_pod_may_still_make_room() -> None:
    assert _waits_for(*_refused_by_quota(_just_now())) == "0 of 1 pods are updated"


def _event(owner: Manifest, reason: str, message: str, at: str) -> Manifest:
    about = {"uid": owner["metadata"]["uid"]}
    kind = "Warning" if reason == "FailedCreate" else "Normal"
    event = made("Event", at, involvedObject=about, reason=reason, message=message, type=kind)
    return {**event, "firstTimestamp": at, "lastTimestamp": at}


def test_a_stateful_set_that_a_quota_stops_says_so_in_an_event() -> None:
    owner = workload("StatefulSet", status={"replicas": 0})
    failed = _event(owner, "FailedCreate", QUOTA, "2026-01-01T00:00:00Z")
    with pytest.raises(SetupError, match="exceeded quota: small") as raised:
        _waits_for(owner, failed)
    assert "fix       mend what its controller complains of" in str(raised.value)
    later = _event(owner, "SuccessfulCreate", "created", "2026-01-01T00:00:09Z")
    assert _waits_for(owner, failed, later) == "none of 1 pods is made yet"
    assert _waits_for(owner, failed, forbidden=("Event",)) == "none of 1 pods is made yet"


def _pod_with(kind: str, since: str, **fields: str) -> Manifest:
    condition = {"type": kind, "status": "False", "lastTransitionTime": since, **fields}
    ready = {"type": "Ready", "status": "False", "lastTransitionTime": _just_now()}
    conditions = [condition] if kind == "Ready" else [ready, condition]
    return pod("new", ready=False, status={"conditions": conditions})


def test_a_pod_that_no_node_takes_is_not_waited_for() -> None:
    lasting = _pod_with("PodScheduled", LONG_AGO, message=UNSCHEDULABLE)
    assert _waits_for(lasting) == ""


def test_while_it_is_waited_for_its_reason_is_said_at_once() -> None:
    begun = _pod_with("PodScheduled", _just_now(), message=UNSCHEDULABLE)
    assert _waits_for(begun) == f"new is starting: {UNSCHEDULABLE}"


def test_a_probe_that_has_failed_for_as_long_as_a_start_may_take_is_not_waited_for() -> None:
    assert _waits_for(_pod_with("Ready", LONG_AGO)) == ""
    assert _waits_for(_pod_with("Ready", _just_now())) == "new is starting"
