"""Taking backends away and giving them back, on a played cluster."""

import re
from pathlib import Path

import pytest

from acceptance.errors import NotProven, SetupError
from acceptance.kubernetes.lease import NAME as LEASE
from acceptance.kubernetes.outages import ScalingOutages
from acceptance.kubernetes.workload_snapshot import BEFORE
from acceptance.target import Outage
from tests.kubernetes.drills.played import Cluster, Object


def _replicas(workload: Object) -> object:
    return workload["spec"]["replicas"]


def _marks(workload: Object) -> dict[str, str]:
    return dict(workload["metadata"].get("annotations", {}))


def test_what_is_away_is_at_nothing_marked_locked_and_written_down(
    cluster: Cluster, outages: ScalingOutages, notes: Path
) -> None:
    outages.take_away("Ollama", Outage.REFUSED)

    assert _replicas(cluster.workload("ollama")) == 0
    assert _marks(cluster.workload("ollama")) == {BEFORE: "3"}
    assert ("Lease", LEASE) in cluster.objects
    assert [file.name for file in notes.rglob("*.json")] == ["ml-Deployment-ollama.json"]


def test_what_is_given_back_is_as_it_was(
    cluster: Cluster, outages: ScalingOutages, notes: Path
) -> None:
    before = cluster.workload("ollama")["metadata"]["managedFields"].copy()
    outages.take_away("Ollama", Outage.REFUSED)

    assert outages.restore() == ("Deployment ml/ollama has 3 pods again, its spec is as before",)

    after = cluster.workload("ollama")
    assert _replicas(after) == 3
    assert _marks(after) == {}
    assert after["metadata"]["managedFields"] == before
    assert ("Lease", LEASE) not in cluster.objects
    assert list(notes.rglob("*.json")) == []


def test_a_stateful_set_is_taken_and_given_back_too(
    cluster: Cluster, outages: ScalingOutages
) -> None:
    del cluster.objects["Deployment", "ollama"]
    cluster.backend("ollama", "ollama", kind="StatefulSet", replicas=3)

    outages.take_away("Ollama", Outage.REFUSED)
    assert _replicas(cluster.workload("ollama", "StatefulSet")) == 0
    outages.restore()

    assert _replicas(cluster.workload("ollama", "StatefulSet")) == 3


def test_a_workload_that_does_not_say_how_many_has_one(
    cluster: Cluster, outages: ScalingOutages
) -> None:
    del cluster.workload("vllm-server")["spec"]["replicas"]

    outages.take_away("vLLM", Outage.REFUSED)
    (certificate,) = outages.restore()

    assert _replicas(cluster.workload("vllm-server")) == 1
    assert certificate.endswith("has 1 pod again; its spec DIFFERS in replicas")


def test_what_the_next_drill_needs_away_stays_so_and_the_rest_comes_back(
    cluster: Cluster, outages: ScalingOutages, said: list[str]
) -> None:
    outages.take_away("vLLM", Outage.REFUSED)
    outages.take_away("Ollama", Outage.REFUSED)

    assert len(outages.restore(keep={"vLLM"})) == 1
    assert (_replicas(cluster.workload("vllm-server")), _replicas(cluster.workload("ollama"))) == (
        0,
        3,
    )
    assert ("Lease", LEASE) in cluster.objects

    outages.take_away("vLLM", Outage.REFUSED)
    assert said[-1] == "drill: Deployment ml/vllm-server is still away"
    outages.restore()
    assert _replicas(cluster.workload("vllm-server")) == 1
    patches = [each for each in cluster.asked if each.startswith("PATCH") and "vllm" in each]
    assert len(patches) == 3, "taken once, given back once, its fields handed back"


def test_pods_that_linger_are_waited_for(
    cluster: Cluster, outages: ScalingOutages, said: list[str]
) -> None:
    cluster.lingering = 3
    outages.take_away("vLLM", Outage.REFUSED)
    assert cluster.lingering == 0
    assert said == ["drill: Deployment ml/vllm-server is scaled from 1 to 0"]


def test_pods_that_never_go_end_the_drill_in_time_and_are_given_back(
    cluster: Cluster, outages: ScalingOutages
) -> None:
    cluster.stuck = True
    with pytest.raises(NotProven, match="does not go: vllm-server-0: still there"):
        outages.take_away("vLLM", Outage.REFUSED)
    cluster.stuck = False

    outages.restore()
    assert _replicas(cluster.workload("vllm-server")) == 1


def test_a_pod_that_has_ended_is_gone_though_it_is_kept(
    cluster: Cluster, outages: ScalingOutages
) -> None:
    """Evicted pods stay as records, and a finalizer keeps one whose program has ended."""
    labels = {"app": "vllm-server"}
    spec = {"containers": [{"name": "c"}]}
    evicted = cluster.add("Pod", "evicted", metadata={"labels": labels}, spec=spec)
    evicted["status"] = {"phase": "Failed"}
    outages.take_away("vLLM", Outage.REFUSED)


def test_an_endpoint_that_is_left_is_waited_for(cluster: Cluster, outages: ScalingOutages) -> None:
    """Pods may be gone from the list before every Service has heard of it."""
    cluster.late = 2
    outages.take_away("vLLM", Outage.REFUSED)
    assert cluster.late == 0


def test_pods_that_do_not_come_back_end_the_run(cluster: Cluster, outages: ScalingOutages) -> None:
    outages.take_away("Ollama", Outage.REFUSED)
    cluster.comes_back = False
    with pytest.raises(SetupError) as error:
        outages.restore()
    assert "Deployment ml/ollama does not come back after a drill." in str(error.value)
    assert "0 of 3 pods are ready" in str(error.value)
    assert _replicas(cluster.workload("ollama")) == 3, "scaled back it is all the same"


def test_pods_that_did_not_serve_before_are_not_waited_for(
    cluster: Cluster, outages: ScalingOutages
) -> None:
    cluster.workload("ollama")["status"]["readyReplicas"] = 1
    outages.take_away("Ollama", Outage.REFUSED)
    cluster.comes_back = False
    cluster.after = lambda method, _path: (
        cluster.workload("ollama")["status"].update(readyReplicas=1) if method == "PATCH" else None
    )
    outages.restore()


def test_a_change_by_somebody_else_just_then_refuses_the_drill(
    cluster: Cluster, outages: ScalingOutages
) -> None:
    def change(method: str, path: str) -> None:
        if method == "PATCH":
            cluster.before = lambda _method, _path: None
            cluster.workload("vllm-server")["metadata"]["resourceVersion"] = "7"
            cluster.workload("vllm-server")["spec"]["replicas"] = 5
            assert path.endswith("vllm-server")

    cluster.before = change
    with pytest.raises(NotProven, match="was changed by somebody else just now"):
        outages.take_away("vLLM", Outage.REFUSED)

    outages.restore()
    assert _replicas(cluster.workload("vllm-server")) == 5, "whoever changed it has the last word"


_REFUSALS = {
    "a policy": (422, "ValidatingAdmissionPolicy 'keep' with binding 'keep' denied request: no"),
    "a policy that says so otherwise": (401, "ValidatingAdmissionPolicy 'keep' denied request"),
    "a webhook": (403, 'admission webhook "keep.example" denied the request: no'),
    "one that is gone": (500, 'Internal error occurred: failed calling webhook "keep.example"'),
    "a value that it does not take": (422, "spec.replicas: Invalid value"),
}


@pytest.mark.parametrize("told", _REFUSALS.values(), ids=_REFUSALS.keys())
@pytest.mark.parametrize("asked", ["patch deployments", "create leases"])
def test_what_the_cluster_does_not_admit_is_no_drill_and_no_end_of_the_run(
    cluster: Cluster, outages: ScalingOutages, told: tuple[int, str], asked: str
) -> None:
    cluster.refused = {asked: told}
    with pytest.raises(NotProven, match=re.escape(told[1])):
        outages.take_away("vLLM", Outage.REFUSED)
    cluster.refused = {}

    outages.restore()
    assert _replicas(cluster.workload("vllm-server")) == 1


def test_whoever_scales_it_up_meanwhile_has_the_last_word(
    cluster: Cluster, outages: ScalingOutages, said: list[str]
) -> None:
    outages.take_away("vLLM", Outage.REFUSED)
    cluster.workload("vllm-server")["spec"]["replicas"] = 2

    (certificate,) = outages.restore()

    workload = cluster.workload("vllm-server")
    assert (_replicas(workload), _marks(workload)) == (2, {})
    assert said[-1].endswith("was scaled to 2 by somebody else, and stays so")
    assert "DIFFERS in replicas" in certificate


def test_a_workload_that_somebody_deleted_is_not_missed(
    cluster: Cluster, outages: ScalingOutages, said: list[str]
) -> None:
    outages.take_away("vLLM", Outage.REFUSED)
    del cluster.objects["Deployment", "vllm-server"]

    assert outages.restore() == ("Deployment ml/vllm-server is gone",)
    assert said[-1].endswith("is gone, by somebody else's hand")


def test_status_changes_do_not_keep_it_away(cluster: Cluster, outages: ScalingOutages) -> None:
    """The controller writes a status at any moment, and each changes the object's version."""
    outages.take_away("vLLM", Outage.REFUSED)
    times = iter(range(3))

    def touch(method: str, _path: str) -> None:
        if method == "PATCH" and next(times, None) is not None:
            cluster.workload("vllm-server")["metadata"]["resourceVersion"] += "0"

    cluster.before = touch
    outages.restore()
    assert _replicas(cluster.workload("vllm-server")) == 1


def test_one_that_cannot_be_given_back_does_not_keep_the_other(
    cluster: Cluster, outages: ScalingOutages
) -> None:
    outages.take_away("vLLM", Outage.REFUSED)
    outages.take_away("Ollama", Outage.REFUSED)

    def forbid(_method: str, path: str) -> None:
        cluster.forbidden = {"patch deployments"} if path.endswith("/ollama") else set()

    cluster.before = forbid
    with pytest.raises(SetupError) as error:
        outages.restore()

    assert "Deployment ml/ollama, which had 3 pods: these rights do not allow it" in str(
        error.value
    )
    assert "make restore CONTEXT=lab" in str(error.value)
    assert _replicas(cluster.workload("vllm-server")) == 1
    cluster.before = lambda _method, _path: None
    cluster.forbidden = set()
    outages.restore()
    assert _replicas(cluster.workload("ollama")) == 3


def test_no_note_no_drill(cluster: Cluster, outages: ScalingOutages, notes: Path) -> None:
    notes.write_text("a file where the folder should be")
    with pytest.raises(NotProven, match=r"no drill without a note .* --cache names a folder"):
        outages.take_away("vLLM", Outage.REFUSED)
    assert _replicas(cluster.workload("vllm-server")) == 1


def test_the_note_holds_no_value_of_the_spec(
    cluster: Cluster, outages: ScalingOutages, notes: Path
) -> None:
    container = cluster.workload("vllm-server")["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "HF_TOKEN", "value": "hf-planted-secret"}]
    outages.take_away("vLLM", Outage.REFUSED)
    (note,) = notes.rglob("*.json")
    assert "hf-planted-secret" not in note.read_text()


def test_at_the_very_end_everything_is_scaled_back_and_nothing_waited_for(
    cluster: Cluster, outages: ScalingOutages
) -> None:
    outages.take_away("vLLM", Outage.REFUSED)
    cluster.comes_back = False

    assert outages.end_at_once() == ("drill: Deployment ml/vllm-server is scaled back to 1",)
    assert outages.end_at_once() == ()
    assert ("Lease", LEASE) not in cluster.objects


def test_where_the_api_server_is_gone_it_is_told_what_is_left_to_do(
    cluster: Cluster, outages: ScalingOutages
) -> None:
    outages.take_away("vLLM", Outage.REFUSED)

    def gone(_method: str, _path: str) -> None:
        raise ConnectionError("refused")

    cluster.before = gone
    with pytest.raises(SetupError) as error:
        outages.restore()
    assert "Deployment ml/vllm-server, which had 1 pod: The API server cannot be asked." in str(
        error.value
    )
    assert "fix       make restore CONTEXT=lab" in str(error.value)

    cluster.before = lambda _method, _path: None
    outages.restore()
    assert _replicas(cluster.workload("vllm-server")) == 1
