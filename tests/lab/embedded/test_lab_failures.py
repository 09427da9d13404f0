"""The lab on small programs that misbehave: what it says, and that it ends them all the same."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from acceptance.errors import SetupError
from acceptance.lab.embedded import process, running
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.plan import plan_pods
from acceptance.lab.environments import Environment
from acceptance.waiting import eventually
from tests.lab.embedded import fake
from tests.lab.embedded.fake import GATEWAY, WEBUI, Boot, pid


def alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_program_that_ends_at_once_is_a_problem_with_its_last_lines(boot: Boot) -> None:
    lab = boot(fake.manifests(litellm="ends"))

    pod = lab.pods[GATEWAY]
    assert pod.ended_by_itself
    assert pod.problem.splitlines()[:3] == [
        "StatefulSet ml/litellm does not start.",
        "  expected  a program that serves",
        "  found     it ended with status 3",
    ]
    assert pod.problem.endswith("starting litellm ends\nthe database is from another version")
    assert not lab.pods[WEBUI].problem


def test_of_a_log_that_fills_a_disk_the_end_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_MOST_BYTES", 12)
    [plan, *_] = plan_pods(fake.manifests())
    pod = running.RunningPod(plan, tmp_path, tmp_path)
    pod.log_file.write_text("\u20ac away\n" * 9)
    assert pod.log(1) == "\u20ac away"
    assert len(pod.log(9)) <= 12


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        ("INFO: starting\nthe database is away", ""),
        (
            "KeyError: 'a'\n\nacme.boot.UnsafeKeyError: no key is set.\n\n1. Set one.",
            "no key is set.",
        ),
        ("ValueError: no zone\nException ignored in: <x>\nImportError: ending", "no zone"),
    ],
)
def test_what_a_program_ended_by_is_found_in_its_log(log: str, cause: str) -> None:
    assert process.cause_in(log) == cause


@pytest.mark.parametrize(
    ("mode", "found"), [("silent", "does not listen yet"), ("unready", "answers 503")]
)
def test_a_program_that_never_serves_is_a_problem(
    boot: Boot, monkeypatch: pytest.MonkeyPatch, mode: str, found: str
) -> None:
    monkeypatch.setattr(process, "_READY_TIMEOUT", 5.0)

    lab = boot(fake.manifests(open_webui=mode))

    assert f"found     not ready after 5 s: {found}" in lab.pods[WEBUI].problem
    assert f"starting open-webui {mode}" in lab.pods[WEBUI].problem
    assert not lab.pods[WEBUI].ended_by_itself


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_a_program_that_refuses_what_its_manifest_probes_is_never_ready(
    boot: Boot, probe: str
) -> None:  # V58
    key = [{"name": "Authorization", "value": "Bearer key"}]
    asked = {"path": "/locked", "port": "http"}
    for name, get, refused in [
        ("litellm", asked, True),
        ("open-webui", {**asked, "httpHeaders": key}, False),
    ]:
        workload, service = fake.objects(name, "serve")
        (container,) = workload["spec"]["template"]["spec"]["containers"]
        container[probe] = {"httpGet": get}
        lab = boot(Manifests([workload, service]))
        (pod,) = lab.pods.values()
        assert bool(pod.problem) is refused
        told = f"its {probe.removesuffix('Probe')} probe (path /locked) is answered 401"
        assert refused == (told in pod.problem)
        assert not pod.ended_by_itself


def test_what_ignores_a_polite_request_is_ended_all_the_same(
    boot: Boot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_STOP_TIMEOUT", 0.3)
    lab = boot(fake.manifests(litellm="stubborn", open_webui="parent"))
    stubborn, parent = pid(lab, GATEWAY), pid(lab, WEBUI)

    lab.reset()

    assert not alive(stubborn)
    assert not alive(parent)
    eventually(lambda: _no_group(parent), what="its child to go as well", interval=0.02)


def test_a_reference_that_leads_nowhere_is_a_problem_that_names_the_other_namespace(
    boot: Boot,
) -> None:
    workload, service = fake.objects("litellm", "serve")
    container = workload["spec"]["template"]["spec"]["containers"][0]
    container["envFrom"] = [{"secretRef": {"name": "keys"}}]
    secret = {"kind": "Secret", "metadata": {"name": "keys", "namespace": "apps"}, "data": {}}

    lab = boot(Manifests([workload, service, secret]))

    found = "not found in ml: Secret keys, Secret keys exists in apps"
    assert found in lab.pods[GATEWAY].problem
    assert not lab.pods[GATEWAY].ports()


def test_more_variables_than_the_machine_takes_are_a_problem_of_that_pod(boot: Boot) -> None:
    many = {f"V{number}": "x" * 130_000 for number in range(60)}
    objects = [*fake.objects("litellm", "serve", **many), *fake.objects("open-webui", "serve")]

    lab = boot(Manifests(objects))

    assert "this machine does not start it: [Errno 7]" in lab.pods[GATEWAY].problem
    assert not lab.pods[WEBUI].problem


def test_a_command_that_is_not_the_programs_own_is_refused(boot: Boot) -> None:
    workload, service = fake.objects("litellm", "serve")
    workload["spec"]["template"]["spec"]["containers"][0]["command"] = ["/bin/sh", "-c", "true"]

    with pytest.raises(SetupError, match=r"(?s)expected  a command of LiteLLM.*found     /bin/sh"):
        boot(Manifests([workload, service]))


def _no_group(leader: int) -> None:
    assert not alive(-leader), "a process of the group is left"


def test_an_interrupted_boot_leaves_nothing(
    programs: Mapping[str, Environment], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_READY_TIMEOUT", 60.0)
    said: list[str] = []
    begun: list[object] = []

    def interrupted(line: str) -> None:
        said.append(line)
        begun.extend(lab.pods.values())
        raise KeyboardInterrupt  # as Ctrl-C reaches a thread that waits

    lab = EmbeddedLab(fake.manifests(open_webui="silent"), programs.__getitem__, say=interrupted)
    with pytest.raises(KeyboardInterrupt), lab:
        pytest.fail("it cannot be up")

    assert said[0].startswith("waiting for Open WebUI to start")
    assert len(begun) == 2
    assert not lab.pods
    eventually(lambda: _gone(lab.folder), what="the folder to go")


def _gone(folder: Path) -> None:
    assert not folder.exists()
