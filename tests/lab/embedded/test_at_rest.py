"""A program of the lab that was killed is an accident; one that ended by itself is not."""

import os
import signal

import pytest

from acceptance.errors import Inconclusive
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.target import embedded_target
from acceptance.resources import ServiceName
from acceptance.target import Outage, Target
from acceptance.waiting import eventually
from tests.lab.embedded import fake
from tests.lab.embedded.fake import GATEWAY, Boot, answer, pid

_ACCOUNT = {
    "WEBUI_ADMIN_EMAIL": "administrator@lab.example",
    "WEBUI_ADMIN_PASSWORD": "of-the-tests-own",
}


@pytest.fixture
def lab(boot: Boot) -> EmbeddedLab:
    """Both small programs, up."""
    return boot(fake.manifests().with_changes(fake.objects("open-webui", "serve", **_ACCOUNT)))


def _target(lab: EmbeddedLab) -> Target:
    return embedded_target(
        lab,
        open_webui=ServiceName(namespace="apps", name="open-webui", port=80),
        gateway=ServiceName(namespace="ml", name="litellm", port=80),
    )


def test_a_killed_program_makes_what_was_seen_inconclusive(lab: EmbeddedLab) -> None:
    target = _target(lab)
    target.at_rest()

    os.kill(pid(lab, GATEWAY), signal.SIGSEGV)
    eventually(lambda: _ended(lab), what="the program to be gone", interval=0.02)

    with pytest.raises(Inconclusive, match=r"pod ml/litellm-0 was killed .* \(SIGSEGV\)"):
        target.at_rest()
    assert target.outages
    with pytest.raises(Inconclusive):  # a drill would wait for what does not come back
        target.outages.check("vLLM", Outage.REFUSED)


def test_a_program_that_ended_by_itself_excuses_nothing(lab: EmbeddedLab) -> None:
    target = _target(lab)

    answer(lab, GATEWAY, "/end")
    eventually(lambda: _ended(lab), what="the program to be gone", interval=0.02)

    target.at_rest()


def test_what_the_lab_itself_ends_is_no_accident(lab: EmbeddedLab) -> None:
    target = _target(lab)

    lab.stop(GATEWAY)

    target.at_rest()


def test_a_program_collects_garbage_seldom(lab: EmbeddedLab) -> None:
    """Each collection is a chance to crash (python/cpython#148891)."""
    told = "import gc; print(gc.get_threshold()[0])"

    assert lab.pods[GATEWAY].run_python(told, "", timeout=20) == "70000\n"


def _ended(lab: EmbeddedLab) -> None:
    assert lab.pods[GATEWAY].ended_by_itself
