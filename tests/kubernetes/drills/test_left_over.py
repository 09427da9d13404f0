"""What a run that was killed left away: found, refused to judge, given back."""

import json
import os
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings

from acceptance.errors import SetupError
from acceptance.kubernetes import drills as module
from acceptance.kubernetes.drills import drills, journal_of, restore
from acceptance.kubernetes.journal import Journal
from acceptance.kubernetes.lease import NAME as LEASE
from acceptance.kubernetes.outages import ScalingOutages
from acceptance.kubernetes.workload_snapshot import BEFORE
from acceptance.target import Outage
from acceptance.waiting import within
from tests.kubernetes.drills.played import BACKENDS, OLLAMA, VLLM, Cluster
from tests.odd import PLANTED, damaged


@pytest.fixture
def killed(cluster: Cluster, outages: ScalingOutages) -> Cluster:
    """A cluster on which a run was killed while Ollama was away; its lock is old."""
    outages.take_away("Ollama", Outage.REFUSED)
    outages.release()
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    cluster.add("Lease", LEASE, spec={"holderIdentity": "killed", "renewTime": yesterday})
    return cluster


def _begun(
    cluster: Cluster, notes: Path, said: list[str], *, allowed_on: str = "", context: str = "lab"
) -> ExitStack:
    closing = ExitStack()
    drills(
        cluster.api(context),
        BACKENDS,
        allowed_on=allowed_on,
        notes=notes,
        say=said.append,
        closing=closing,
    )
    return closing


def test_the_next_run_with_a_drill_gives_back_first(
    killed: Cluster, notes: Path, said: list[str]
) -> None:
    with _begun(killed, notes, said, allowed_on="lab"):
        assert killed.workload("ollama")["spec"]["replicas"] == 3
    assert "drill: Deployment ml/ollama is scaled back to 3" in said
    assert "drill: Ollama: Deployment ml/ollama will be scaled to 0 for a while, and back to 3" in (
        said
    )
    assert ("Lease", LEASE) not in killed.objects
    assert list(notes.rglob("*.json")) == []


def test_the_next_run_without_one_judges_nothing_and_says_what_helps(
    killed: Cluster, notes: Path, said: list[str]
) -> None:
    with pytest.raises(SetupError) as error:
        _begun(killed, notes, said)
    assert "found     Deployment ml/ollama, which had 3 pods\n" in str(error.value)
    assert "fix       wait for its end, or else: make restore CONTEXT=lab" in str(error.value)
    assert [each for each in killed.asked if "PATCH" in each][1:] == [], "nothing was changed"


def test_without_the_right_to_look_the_run_goes_on(
    killed: Cluster, notes: Path, said: list[str]
) -> None:
    killed.forbidden = {"list deployments"}
    _begun(killed, notes, said)
    assert "whether a drill left something away cannot be seen" in said[-1]


def test_the_annotation_alone_is_enough(killed: Cluster, notes: Path, said: list[str]) -> None:
    for note in notes.rglob("*.json"):
        note.unlink()
    (certificate,) = restore(killed.api(), Journal(notes, "lab"), VLLM, OLLAMA, say=said.append)
    assert certificate == (
        "Deployment ml/ollama has 3 pods again; nobody knows the rest of its spec before"
    )


def test_the_note_alone_is_enough(killed: Cluster, notes: Path, said: list[str]) -> None:
    del killed.workload("ollama")["metadata"]["annotations"]
    (certificate,) = restore(killed.api(), Journal(notes, "lab"), say=said.append)
    assert certificate == "Deployment ml/ollama has 3 pods again, its spec is as before"


@pytest.mark.parametrize("change", ["generation", "uid"])
def test_a_note_of_what_has_become_something_else_is_worth_nothing(
    killed: Cluster, notes: Path, said: list[str], change: str
) -> None:
    """An administrator who scales to nothing means it; a new object of that name is another."""
    metadata = killed.workload("ollama")["metadata"]
    del metadata["annotations"]
    metadata[change] = {"generation": metadata["generation"] + 2, "uid": "another"}[change]
    assert restore(killed.api(), Journal(notes, "lab"), say=said.append) == ()
    assert killed.workload("ollama")["spec"]["replicas"] == 0
    assert list(notes.rglob("*.json")) == []


def test_a_mark_on_what_is_back_already_stops_nobody(
    killed: Cluster, notes: Path, said: list[str]
) -> None:
    killed.workload("ollama")["spec"]["replicas"] = 1
    _begun(killed, notes, said)
    assert killed.workload("ollama")["metadata"]["annotations"] == {BEFORE: "3"}


def test_notes_of_another_context_are_not_read(
    killed: Cluster, notes: Path, said: list[str]
) -> None:
    del killed.workload("ollama")["metadata"]["annotations"]
    assert restore(killed.api(), Journal(notes, "other"), say=said.append) == ()


def test_what_another_run_uses_is_not_given_back(
    cluster: Cluster,
    outages: ScalingOutages,
    notes: Path,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("acceptance.kubernetes.lease._RENEWAL", 0.2)
    outages.take_away("Ollama", Outage.REFUSED)
    with pytest.raises(SetupError, match="Not everything was given back: another drill is under"):
        restore(cluster.api(), Journal(notes, "lab"), OLLAMA, say=said.append)
    outages.restore()


def test_a_drill_for_another_cluster_asks_nothing(
    cluster: Cluster, notes: Path, said: list[str]
) -> None:
    with pytest.raises(SetupError) as error:
        _begun(cluster, notes, said, allowed_on="production")
    assert "expected  --drill=lab" in str(error.value)
    assert cluster.asked == []


def test_what_may_not_be_taken_is_said_in_the_beginning(
    cluster: Cluster, notes: Path, said: list[str]
) -> None:
    cluster.workload("vllm-server")["spec"]["replicas"] = 0
    with _begun(cluster, notes, said, allowed_on="lab"):
        pass
    assert said[1] == (
        "drill: vLLM stays: no drill with Deployment ml/vllm-server: it is at 0 already"
    )


def test_at_its_end_a_run_gives_everything_back(
    cluster: Cluster, notes: Path, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    closing = ExitStack()
    outages = drills(
        cluster.api(), BACKENDS, allowed_on="lab", notes=notes, say=said.append, closing=closing
    )
    assert outages
    outages.take_away("vLLM", Outage.REFUSED)
    closing.close()
    assert cluster.workload("vllm-server")["spec"]["replicas"] == 1

    outages.take_away("vLLM", Outage.REFUSED)
    module._end(outages)  # noqa: SLF001  # what Python's own end calls
    assert cluster.workload("vllm-server")["spec"]["replicas"] == 1
    assert capsys.readouterr().err == "drill: Deployment ml/vllm-server is scaled back to 1\n"

    outages.take_away("vLLM", Outage.REFUSED)
    cluster.forbidden = {"patch deployments"}
    module._end(outages)  # noqa: SLF001  # likewise
    assert "fix       make restore CONTEXT=lab\n" in capsys.readouterr().err
    cluster.forbidden = set()
    module._end(outages)  # noqa: SLF001  # likewise


K3S = "default"
"""What every k3s calls its context."""


def _two_of_one_name() -> tuple[Cluster, Cluster]:
    """The same objects by name, in two clusters."""
    both = Cluster(), Cluster()
    for number, each in enumerate(both):
        each.identity = f"cluster-{number}"
        each.backend("ollama", "ollama", replicas=3)["metadata"]["uid"] = f"ollama-{number}"
    return both


def test_leave_for_a_drill_says_which_of_all_the_clusters_of_that_name(
    notes: Path, said: list[str]
) -> None:
    meant, other = _two_of_one_name()
    with pytest.raises(SetupError) as error:
        _begun(meant, notes, said, allowed_on=K3S, context=K3S)
    assert "It is not clear for which cluster the drill is meant." in str(error.value)
    assert "expected  --drill=default@cluster-\n" in str(error.value)
    meant.identity, other.identity = "1111aaaa-22", "3333bbbb-44"
    with _begun(meant, notes, said, allowed_on="default@1111aaaa", context=K3S):
        assert "drill: allowed on default (https://played.example, cluster 1111aaaa)" in said
    with pytest.raises(SetupError, match="expected  --drill=default@3333bbbb"):
        _begun(other, notes, said, allowed_on="default@1111aaaa", context=K3S)
    other.identity = ""
    with _begun(other, notes, said, allowed_on="default@played.example", context=K3S):
        pass
    assert not any("PATCH" in each for each in meant.asked + other.asked)


def test_a_name_of_its_own_may_be_given_with_the_identity_too(
    cluster: Cluster, notes: Path, said: list[str]
) -> None:
    with _begun(cluster, notes, said, allowed_on="lab@lab"):
        pass
    with pytest.raises(SetupError, match="meant for another cluster"):
        _begun(cluster, notes, said, allowed_on="lab@other")


@pytest.mark.parametrize("shown", [True, False], ids=["identity", "address alone"])
def test_looking_at_one_cluster_strikes_no_note_of_another(
    notes: Path,
    said: list[str],
    shown: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    killed, other = _two_of_one_name()
    if not shown:
        killed.identity = other.identity = ""
    journal = journal_of(killed.api(K3S), notes)
    outages = ScalingOutages(killed.api(K3S), BACKENDS, journal=journal, say=said.append)
    outages.take_away("Ollama", Outage.REFUSED)
    outages.release()
    del killed.workload("ollama")["metadata"]["annotations"]
    _begun(other, notes, said, context=K3S)
    assert restore(other.api(K3S), journal_of(other.api(K3S), notes), say=said.append) == ()
    (certificate,) = restore(killed.api(K3S), journal, say=said.append)
    assert certificate == "Deployment ml/ollama has 3 pods again, its spec is as before"
    assert list(notes.rglob("*.json")) == []


def test_a_note_that_was_filed_by_the_address_is_found_with_more_rights(
    killed: Cluster, notes: Path, said: list[str]
) -> None:
    (note,) = notes.rglob("*.json")
    note.parent.rename(notes / "played-example")
    del killed.workload("ollama")["metadata"]["annotations"]
    assert len(restore(killed.api(), journal_of(killed.api(), notes), say=said.append)) == 1


def test_the_command_that_gives_back_is_printed_as_it_was_given(
    killed: Cluster, notes: Path, said: list[str]
) -> None:
    command = "make restore CONTEXT=lab ARGS='--kubeconfig=/k --ollama-service=ai/ollama'"
    with pytest.raises(SetupError) as error:
        drills(
            killed.api(),
            BACKENDS,
            allowed_on="",
            notes=notes,
            restore_by=command,
            say=said.append,
            closing=ExitStack(),
        )
    assert f"or else: {command}" in str(error.value)


DAMAGES: dict[str, list[object]] = {
    "replicas": [True, -1, 10**400, "1", None],
    "ready": ["x", None, []],
    "generation": [{}, 1.5],
    "uid": [5, "../x", ""],
    "kind": ["Pod", None],
    "spec": [[], "x"],
    "owners": [[1], "abc", 5, None],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, each) for name, values in DAMAGES.items() for each in values]
)
def test_a_note_of_other_kinds_of_values_gives_nothing_back(
    tmp_path: Path, name: str, value: object
) -> None:
    (tmp_path / "lab").mkdir()
    owner = {"kind": "Deployment", "namespace": "ml", "name": "vllm", "uid": "1"}
    whole = {**owner, "replicas": 1, "ready": 1, "owners": [], name: value}
    (tmp_path / "lab" / "ml-Deployment-vllm.json").write_text(json.dumps(whole))
    with pytest.raises(SetupError, match="A note of what a drill took away is damaged"):
        list(Journal(tmp_path, "lab").entries())


NOTE = {
    "kind": "Deployment",
    "namespace": "ml",
    "name": "vllm",
    "uid": "1",
    "replicas": 1,
    "ready": 1,
    "generation": 4,
    "spec": {"replicas": "1a"},
    "owners": [{"manager": "m"}],
}


@settings(max_examples=100)
@given(note=damaged(NOTE))
def test_a_note_of_any_shape_is_a_workloads_or_damaged(tmp_path: Path, note: object) -> None:
    (tmp_path / "lab").mkdir(exist_ok=True)
    (tmp_path / "lab" / "ml-Deployment-vllm.json").write_text(json.dumps(note))
    try:
        [(taken, _)] = Journal(tmp_path, "lab").entries()
    except SetupError as error:
        assert PLANTED not in str(error)  # noqa: PT017  # whether it is raised is left open
    else:
        assert str(taken) == "Deployment ml/vllm"
        assert taken.replicas >= 0


def test_a_note_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    os.mkfifo(tmp_path / "lab" / "ml-Deployment-vllm.json")
    with pytest.raises(SetupError, match="not a regular file"):
        within(20, lambda: list(Journal(tmp_path, "lab").entries()))


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{}", '{"kind": 1}', "[" * 100_000, '"x"', "\udcff", "whole"]
)
def test_a_damaged_note_is_told_with_its_place(tmp_path: Path, text: str) -> None:
    journal = Journal(tmp_path, "lab")
    (tmp_path / "lab").mkdir()
    file = tmp_path / "lab" / "ml-Deployment-vllm.json"
    owner = {"kind": "Deployment", "namespace": "ml", "name": "another", "uid": "1"}
    whole = {**owner, "replicas": 1, "ready": 1, "owners": []}
    written = json.dumps(whole) if text == "whole" else text
    file.write_text(written, errors="surrogateescape")

    with pytest.raises(SetupError) as caught:
        list(journal.entries())
    told = str(caught.value)
    assert told.startswith("A note of what a drill took away is damaged.\n")
    assert f"where     {file}" in told
    assert len(told.splitlines()) == 5
