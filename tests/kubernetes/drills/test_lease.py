"""The lock between two drills: held, renewed, waited for, never broken."""

from datetime import UTC, datetime, timedelta

import pytest

from acceptance.errors import NotProven
from acceptance.kubernetes.lease import MAY, NAME, DrillLease
from tests.kubernetes.drills.played import Cluster, Object


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds become tenths."""
    monkeypatch.setattr("acceptance.kubernetes.lease._DURATION", 2)
    monkeypatch.setattr("acceptance.kubernetes.lease._RENEWAL", 0.2)


def _lease(cluster: Cluster, said: list[str]) -> DrillLease:
    return DrillLease(cluster.api().with_rights(*MAY), "ml", say=said.append)


def _held(cluster: Cluster, *, renewed: datetime) -> Object:
    spec = {"holderIdentity": "other:7", "leaseDurationSeconds": 1}
    return cluster.add("Lease", NAME, spec={**spec, "renewTime": renewed.isoformat()})


def test_it_is_renewed_while_it_is_held_and_gone_afterwards(
    cluster: Cluster, said: list[str]
) -> None:
    lease = _lease(cluster, said)
    lease.take()
    first = cluster.objects["Lease", NAME]["spec"]["renewTime"]
    with pytest.raises(NotProven, match=f"another drill is under way: Lease {NAME} is held by"):
        _lease(cluster, said).take()
    assert cluster.objects["Lease", NAME]["spec"]["renewTime"] > first

    lease.release()

    assert ("Lease", NAME) not in cluster.objects
    lease.release()


def test_one_of_a_run_that_was_killed_is_waited_for(cluster: Cluster, said: list[str]) -> None:
    _held(cluster, renewed=datetime.now(UTC))
    lease = _lease(cluster, said)
    lease.take()
    assert cluster.objects["Lease", NAME]["spec"]["holderIdentity"] != "other:7"
    looks = [each for each in cluster.asked if each.startswith("GET")]
    assert len(looks) > 1, "it was watched before it was believed to be over"
    lease.release()


def test_the_clock_of_its_holder_may_go_wrong(cluster: Cluster, said: list[str]) -> None:
    """A holder whose clock is a minute behind is alive all the same, and renews it."""
    late = timedelta(minutes=1)
    spec = _held(cluster, renewed=datetime.now(UTC) - late)["spec"]

    def renew(method: str, _path: str) -> None:
        if method == "GET":
            spec["renewTime"] = (datetime.now(UTC) - late).isoformat()

    cluster.before = renew
    with pytest.raises(NotProven, match="held by other:7"):
        _lease(cluster, said).take()


def test_one_from_yesterday_is_not_waited_for(cluster: Cluster, said: list[str]) -> None:
    _held(cluster, renewed=datetime.now(UTC) - timedelta(days=1))
    lease = _lease(cluster, said)
    lease.take()
    assert len([each for each in cluster.asked if each.startswith("GET")]) == 1
    lease.release()


def test_one_that_says_nothing_of_its_time_is_waited_for(cluster: Cluster, said: list[str]) -> None:
    cluster.add("Lease", NAME, spec={})
    lease = _lease(cluster, said)
    lease.take()
    lease.release()


def test_whoever_is_faster_has_it(cluster: Cluster, said: list[str]) -> None:
    def steal(method: str, _path: str) -> None:
        if method == "POST":
            _held(cluster, renewed=datetime.now(UTC))
        if method == "GET" and ("Lease", NAME) in cluster.objects:
            now = datetime.now(UTC).isoformat()
            cluster.objects["Lease", NAME]["spec"]["renewTime"] = now

    cluster.before = steal
    with pytest.raises(NotProven, match="held by other:7"):
        _lease(cluster, said).take()


def test_what_somebody_else_has_taken_over_is_left_to_them(
    cluster: Cluster, said: list[str]
) -> None:
    """A run that was asleep longer than its lock may not unlock the next one's."""
    lease = _lease(cluster, said)
    lease.take()
    _held(cluster, renewed=datetime.now(UTC))
    lease.release()
    assert cluster.objects["Lease", NAME]["spec"]["holderIdentity"] == "other:7"
