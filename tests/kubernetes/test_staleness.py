"""How current a pod is: its template, its environment and its files."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from acceptance.cluster import PodResponse
from acceptance.kubernetes.environment import Data
from acceptance.kubernetes.staleness import (
    environment_changed,
    files_changed,
    mounted_paths,
    of_older_template,
)
from acceptance.resources import Variable
from acceptance.secret import Secret, fingerprint
from tests.kubernetes.objects import (
    Objects,
    container,
    deployed,
    made,
    pod,
    template,
    workload,
)

STARTED = datetime(2026, 1, 1, tzinfo=UTC)
CONFIG = made("ConfigMap", "config", data={"config.yaml": "new", "other": "o"})
VOLUME = {"name": "v", "configMap": {"name": "config"}}
FILE = {"name": "v", "mountPath": "/app/config.yaml", "subPath": "config.yaml"}
FOLDER = {"name": "v", "mountPath": "/etc/app"}


def test_a_pod_of_the_newest_replica_set_is_current() -> None:
    deployment, made_by = deployed()
    assert not of_older_template(Objects(made_by), pod("one", made_by), deployment)


@pytest.mark.parametrize("paused", [True, False])
def test_one_of_another_template_is_not_whether_a_new_replica_set_was_made_or_not(
    paused: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    """A paused Deployment makes none; one that is stuck leaves the old one serving."""
    deployment, made_by = deployed()
    deployment["spec"] |= {"paused": paused, "template": template(container(image="newer"))}
    assert of_older_template(Objects(made_by), pod("one", made_by), deployment)


def test_annotations_of_a_template_count_and_its_hash_does_not() -> None:
    """`kubectl rollout restart` sets one."""
    deployment, made_by = deployed()
    made_by["spec"]["template"]["metadata"]["annotations"] = {"restartedAt": "now"}
    assert of_older_template(Objects(made_by), pod("one", made_by), deployment)


@pytest.mark.parametrize(
    ("labelled", "status", "older"),
    [
        ("one", {}, False),
        ("one", {"updateRevision": "two"}, True),  # OnDelete, or a partition
        ("one", {"observedGeneration": 0}, True),  # nobody has looked at the newest template yet
    ],
)
def test_of_a_stateful_set_the_revision_tells(
    labelled: str,
    status: Mapping[str, Any],
    older: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    owner = workload("StatefulSet", status=status)
    one = pod(owner=owner, labels={"controller-revision-hash": labelled})
    assert of_older_template(Objects(), one, owner) is older


def test_a_bare_pod_has_no_newer_template() -> None:
    assert not of_older_template(Objects(), pod(), pod())


def _variable(value: str, source: str) -> Variable:
    return Variable(name="V", value=Secret(value), source=source)


@pytest.mark.parametrize(
    ("process", "changed"),
    [({"V": fingerprint("new")}, False), ({"V": fingerprint("old")}, True), ({}, True)],
)
def test_a_process_that_holds_another_value_than_its_object_is_outdated(
    process: Mapping[str, str],
    changed: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    declared = {"V": _variable("new\n", "Secret keys, key mine")}  # a process is told without it
    assert environment_changed(declared, process) is changed


@pytest.mark.parametrize("source", ["value", "field status.podIP", "a resource limit"])
def test_only_what_comes_from_an_object_can_have_changed(source: str) -> None:
    assert not environment_changed({"V": _variable("new", source)}, {"V": fingerprint("old")})


def test_what_may_not_be_read_and_what_no_kubelet_hands_over_is_not_compared() -> None:
    sealed = Variable(name="V", value=Secret.seal("Secret keys"), source="Secret keys, key mine")
    odd = Variable(name="a=b", value=Secret("x"), source="envFrom ConfigMap config")
    assert not environment_changed({"V": sealed, "a=b": odd}, {"V": fingerprint("old")})


def _changed(
    mount: Mapping[str, Any],
    volume: Mapping[str, Any] = VOLUME,
    *,
    forbidden: tuple[str, ...] = (),
    files: Mapping[str, str] | None = None,
    written: Mapping[str, float] | None = None,
) -> bool:
    item = pod("p", None, container(volumeMounts=[mount]), spec={"volumes": [volume]})
    data = Data(Objects(CONFIG, forbidden=forbidden), "apps")
    program = item["spec"]["containers"][0]
    response = PodResponse(status=None, files=files or {}, written=written or {})
    return files_changed(program, item, data, response, STARTED)


@pytest.mark.parametrize(("content", "changed"), [("new", False), ("old", True)])
def test_a_file_mounted_by_sub_path_is_compared_with_its_object(
    content: str,
    changed: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    files = {"/app/config.yaml": fingerprint(content)}
    assert _changed(FILE, files=files) is changed


def test_items_say_which_key_the_file_is() -> None:
    items = [{"key": "other", "path": "config.yaml"}]
    volume = {"name": "v", "configMap": {"name": "config", "items": items}}
    assert not _changed(FILE, volume, files={"/app/config.yaml": fingerprint("o")})
    assert _changed(FILE, volume, files={"/app/config.yaml": fingerprint("new")})


@pytest.mark.parametrize(("seconds", "changed"), [(-60, False), (1, False), (60, True)])
def test_a_folder_tells_when_its_content_was_replaced(
    seconds: int,
    changed: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    assert _changed(FOLDER, written={"/etc/app": STARTED.timestamp() + seconds}) is changed


def test_a_folder_needs_no_right_to_read_its_object() -> None:
    item = pod("p", None, container(volumeMounts=[FOLDER]), spec={"volumes": [VOLUME]})
    data = Data(Objects(forbidden=("ConfigMap",)), "apps")
    seen = PodResponse(status=None, written={"/etc/app": 0.0})
    assert not files_changed(item["spec"]["containers"][0], item, data, seen, STARTED)
    assert data.sealed == set()


def test_a_file_whose_object_or_key_is_gone_or_sealed_is_not_compared() -> None:
    files = {"/app/config.yaml": fingerprint("old")}
    gone = {"name": "v", "configMap": {"name": "gone"}}
    assert not _changed(FILE, gone, files=files)
    assert not _changed({**FILE, "subPath": "no-such-key"}, files=files)
    assert not _changed(FILE, forbidden=("ConfigMap",), files=files)


def test_a_projected_volume_counts_unless_a_token_is_renewed_in_it() -> None:
    written = {"/etc/app": STARTED.timestamp() + 60}
    sources = [{"configMap": {"name": "config"}}, {"secret": {"name": "keys"}}]
    projected = {"name": "v", "projected": {"sources": sources}}
    assert _changed(FOLDER, projected, written=written)
    assert _changed(FILE, projected, files={"/app/config.yaml": fingerprint("old")})
    token = {"name": "v", "projected": {"sources": [*sources, {"serviceAccountToken": {}}]}}
    assert not _changed(FOLDER, token, written=written)


def test_the_paths_to_look_at_are_those_of_config_maps_and_secrets() -> None:
    volumes = [
        VOLUME,
        {"name": "s", "secret": {"secretName": "keys"}},
        {"name": "d", "emptyDir": {}},
    ]
    mounts = [FOLDER, {"name": "s", "mountPath": "/keys"}, {"name": "d", "mountPath": "/data"}]
    program = container(volumeMounts=mounts)
    assert mounted_paths(program, {"volumes": volumes}) == ("/etc/app", "/keys")
