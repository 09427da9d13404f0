"""The lab on small programs: what it starts, restarts and keeps."""

import subprocess
from pathlib import Path

import pytest

from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.network import Disturbance
from acceptance.waiting import eventually
from tests.lab.embedded import fake
from tests.lab.embedded.fake import GATEWAY, WEBUI, Boot, answer, pid


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


def _ended(lab: EmbeddedLab) -> None:
    assert lab.pods[GATEWAY].ended_by_itself


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
