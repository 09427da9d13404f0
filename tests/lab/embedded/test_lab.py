"""The lab on small programs: what it starts, restarts, keeps, and how it tells what went wrong."""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from domain.errors import SetupError
from domain.waiting import eventually
from lab.embedded import process
from lab.embedded.lab import EmbeddedLab
from lab.embedded.manifests import Manifests
from lab.embedded.network import Disturbance
from lab.environments import Environment
from tests.lab.embedded import fake

GATEWAY, WEBUI = "ml/litellm-0", "apps/open-webui-0"
Boot = Callable[..., EmbeddedLab]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Environment]:
    """Small programs."""
    return fake.programs(tmp_path_factory.mktemp("programs"))


@pytest.fixture
def boot(programs: Mapping[str, Environment]) -> Iterator[Boot]:
    """Boots a lab that ends with the test."""
    with ExitStack() as closing:

        def start(manifests: Manifests) -> EmbeddedLab:
            return closing.enter_context(EmbeddedLab(manifests, programs.__getitem__))

        yield start


def answer(lab: EmbeddedLab, key: str, path: str = "/") -> httpx.Response:
    port = next(iter(lab.pods[key].ports().values()))
    return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False)


def pid(lab: EmbeddedLab, key: str) -> int:
    return int(answer(lab, key).json()["pid"])


def alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_both_programs_run_with_the_pods_environment(boot: Boot) -> None:
    lab = boot(fake.manifests())

    assert [pod.problem for pod in lab.pods.values()] == ["", ""]
    environment = answer(lab, WEBUI).json()["environment"]
    assert environment["HF_HUB_OFFLINE"] == "1"  # as the image has it
    assert environment["LISTEN"] == "8080"
    assert Path(environment["HOME"]).is_relative_to(lab.folder)
    assert "PYTEST_CURRENT_TEST" not in environment
    assert dict(lab.versions) == {"LiteLLM": "1.0", "Open WebUI": "1.0"}


def test_a_pod_reaches_the_other_through_its_service_and_nothing_else(boot: Boot) -> None:
    lab = boot(fake.manifests())
    ask = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=5).status)"

    inside = lab.pods[WEBUI].run_python(ask, "http://litellm.ml/", timeout=20)

    assert inside == "200\n"
    with pytest.raises(subprocess.CalledProcessError) as raised:
        lab.pods[WEBUI].run_python(ask, "http://example.com/", timeout=20)
    assert "example.com does not resolve in pod apps/open-webui-0" in raised.value.stderr


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


@pytest.mark.parametrize(
    ("mode", "found"), [("silent", "does not listen yet"), ("unready", "answers 503")]
)
def test_a_program_that_never_serves_is_a_problem(
    boot: Boot, monkeypatch: pytest.MonkeyPatch, mode: str, found: str
) -> None:
    monkeypatch.setattr(process, "_READY_TIMEOUT", 1.5)

    lab = boot(fake.manifests(open_webui=mode))

    assert f"found     not ready after 2 s: {found}" in lab.pods[WEBUI].problem
    assert f"starting open-webui {mode}" in lab.pods[WEBUI].problem
    assert not lab.pods[WEBUI].ended_by_itself


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


def test_a_command_that_is_not_the_programs_own_is_refused(boot: Boot) -> None:
    workload, service = fake.objects("litellm", "serve")
    workload["spec"]["template"]["spec"]["containers"][0]["command"] = ["/bin/sh", "-c", "true"]

    with pytest.raises(SetupError, match=r"(?s)expected  a command of LiteLLM.*found     /bin/sh"):
        boot(Manifests([workload, service]))


def test_only_what_changed_is_started_anew(boot: Boot) -> None:
    lab = boot(fake.manifests())
    gateway, webui = pid(lab, GATEWAY), pid(lab, WEBUI)
    changed = lab.manifests.with_changes(fake.objects("litellm", "serve", EXTRA="1"))

    lab.apply(changed)

    assert pid(lab, GATEWAY) != gateway
    assert pid(lab, WEBUI) == webui
    assert answer(lab, GATEWAY).json()["environment"]["EXTRA"] == "1"
    lab.apply(changed, restart_all=True)
    assert pid(lab, WEBUI) != webui


def test_a_pod_that_went_away_is_started_by_the_next_apply(boot: Boot) -> None:
    lab = boot(fake.manifests())
    answer(lab, GATEWAY, "/end")
    eventually(lambda: _ended(lab), what="the program to end", interval=0.02)
    lab.stop(WEBUI)
    assert lab.pods[WEBUI].problem == "Pod apps/open-webui-0 was stopped."

    lab.apply(lab.manifests)

    assert [pod.problem for pod in lab.pods.values()] == ["", ""]
    assert answer(lab, GATEWAY).status_code == answer(lab, WEBUI).status_code == 200


def test_objects_can_change_without_any_restart(boot: Boot) -> None:
    lab = boot(fake.manifests())
    gateway = pid(lab, GATEWAY)
    changed = lab.manifests.with_changes(fake.objects("litellm", "serve", EXTRA="1"))

    lab.edit(changed)

    assert lab.manifests is changed
    assert pid(lab, GATEWAY) == gateway
    lab.apply(changed)
    assert pid(lab, GATEWAY) != gateway


def test_a_volume_claim_outlives_its_pod_and_not_a_reset(boot: Boot) -> None:
    lab = boot(fake.manifests())
    kept = lab.folder / "pods" / "ml_litellm-0" / "claims" / "data" / "kept"
    lost = lab.folder / "pods" / "ml_litellm-0" / "pod" / "lost"
    kept.touch()
    lost.touch()

    lab.apply(lab.manifests, restart_all=True)
    assert (kept.exists(), lost.exists()) == (True, False)
    lab.reset()
    assert not kept.exists()
    assert not lab.pods
    lab.apply(lab.manifests)
    assert answer(lab, GATEWAY).status_code == 200


def test_a_disturbance_reaches_programs_that_run(boot: Boot) -> None:
    lab = boot(fake.manifests())
    resolve = "import sys, socket; print(socket.gethostbyname(sys.argv[1]))"

    lab.disturb(Disturbance(names={"litellm.ml.svc.cluster.local": None}, pods="apps/"))

    with pytest.raises(subprocess.CalledProcessError):
        lab.pods[WEBUI].run_python(resolve, "litellm.ml", timeout=20)
    assert lab.pods[GATEWAY].run_python(resolve, "litellm.ml", timeout=20).startswith("10.96.")
    lab.disturb()
    assert lab.pods[WEBUI].run_python(resolve, "litellm.ml", timeout=20).startswith("10.96.")


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


def _ended(lab: EmbeddedLab) -> None:
    assert lab.pods[GATEWAY].ended_by_itself


def _no_group(leader: int) -> None:
    assert not alive(-leader), "a process of the group is left"


def _gone(folder: Path) -> None:
    assert not folder.exists()


def test_two_labs_at_a_time_share_nothing(boot: Boot) -> None:
    one, other = boot(fake.manifests()), boot(fake.manifests())

    assert one.folder != other.folder
    assert set(one.pods[WEBUI].ports().values()).isdisjoint(other.pods[WEBUI].ports().values())
    assert not (
        {each.port for each in one.providers.endpoints.values()}
        & {each.port for each in other.providers.endpoints.values()}
    )
    one.reset()
    assert answer(other, WEBUI).status_code == 200
