"""Which versions run: those that the images' tags name, or those that were asked for instead."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from unittest.mock import patch

import pytest

from acceptance.errors import SetupError
from acceptance.lab.embedded import lab
from acceptance.lab.embedded.lab import programs_for
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.plan import of_versions, plan_pods
from acceptance.lab.embedded.programs import Program, other_than_named, version_named
from acceptance.lab.environments import LITELLM, OPEN_WEBUI, Environment

WEBUI, GATEWAY = "ghcr.io/open-webui/open-webui", "ghcr.io/berriai/litellm"


@pytest.mark.parametrize(
    ("image", "version"),
    [
        (f"{WEBUI}:0.11.4", "0.11.4"),
        (f"{WEBUI}:v0.11.4", "0.11.4"),
        (f"{WEBUI}:0.11.4-slim", "0.11.4"),
        (f"{WEBUI}:v0.11.4-ollama", "0.11.4"),
        (f"{WEBUI}:0.11.4-cuda126", "0.11.4"),
        (f"{GATEWAY}:main-v1.90.7-stable", "1.90.7"),
        (f"{GATEWAY}-database:main-v1.90.7", "1.90.7"),
        (f"{GATEWAY}:v1.80.17@sha256:{64 * '0'}", "1.80.17"),
        ("localhost:5000/berriai/litellm:v1.80.17-nightly", "1.80.17"),
    ],
)
def test_a_tag_names_a_version(image: str, version: str) -> None:
    assert version_named(image) == version
    assert other_than_named(image, version) == ""


@pytest.mark.parametrize(
    ("image", "version", "told"),
    [
        (f"{WEBUI}:main", "", "main names no version, and may move: Open WebUI 9.9.9 ran"),
        (f"{WEBUI}:latest-slim", "", "may move: Open WebUI 9.9.9 ran"),
        (f"{GATEWAY}:main-stable", "", "main-stable names no version, and may move: LiteLLM 9.9.9"),
        (f"{GATEWAY}@sha256:{64 * '0'}", "", "names no version: LiteLLM 9.9.9 ran"),
        (f"{GATEWAY}:main-latest@sha256:{64 * '0'}", "", "names no version: LiteLLM 9.9.9 ran"),
        ("localhost:5000/berriai/litellm", "", "names no version: LiteLLM 9.9.9 ran"),
        (f"{WEBUI}:0.11", "0.11", "is Open WebUI 0.11: 9.9.9 ran"),
        (f"{WEBUI}:0.11.4", "0.11.4", "0.11.4 is Open WebUI 0.11.4: 9.9.9 ran"),
        (f"{GATEWAY}:v9.9.9.rc.1", "9.9.9", "is a build of its own: LiteLLM 9.9.9 of the package"),
    ],
)
def test_what_else_ran_is_said(image: str, version: str, told: str) -> None:
    assert version_named(image) == version
    assert told in other_than_named(image, "9.9.9")


def _with(open_webui: str, gateway: str) -> Manifests:
    """The lab's manifests, with these images."""
    manifests = Manifests.load(DEFAULT)
    for kind, namespace, name, image in (
        ("StatefulSet", "apps", "open-webui", open_webui),
        ("Deployment", "ml", "litellm", gateway),
    ):
        owner = manifests.get(kind, namespace, name)
        assert owner is not None
        owner["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return manifests


def _run(
    manifests: Manifests, versions: Mapping[str, str], tmp_path: Path
) -> Mapping[str, Environment]:
    """What runs for each pod's requirement, where everything can be had."""

    def built(requirements: Iterable[str], **_: object) -> Mapping[str, Environment]:
        return {
            each: Environment(
                program=LITELLM if each.startswith("litellm") else OPEN_WEBUI,
                python=tmp_path,
                version=each.partition("==")[2] or "locked",
            )
            for each in requirements
        }

    with patch.object(lab, "ensure_all", built):
        programs = programs_for(manifests, versions=versions, cache=tmp_path, say=print)
    plans = [plan for plan in plan_pods(manifests) if isinstance(plan.program, Program)]
    return {plan.requirement: programs(plan.requirement) for plan in plans}


def _versions(run: Mapping[str, Environment]) -> Mapping[str, str]:
    return {name: environment.version for name, environment in run.items()}


def test_the_tags_decide_what_runs(tmp_path: Path) -> None:
    manifests = _with(f"{WEBUI}:0.8.12", f"{GATEWAY}:main-v1.83.14-stable")
    assert _versions(_run(manifests, {}, tmp_path)) == {
        "open-webui==0.8.12": "0.8.12",
        "litellm==1.83.14": "1.83.14",
    }


def test_a_version_that_is_asked_for_beats_the_tag(tmp_path: Path) -> None:
    manifests = _with(f"{WEBUI}:0.8.12", f"{GATEWAY}:main-latest")
    assert _versions(_run(manifests, {"open-webui": "0.7.2", "litellm": "1.80.17"}, tmp_path)) == {
        "open-webui==0.8.12": "0.7.2",
        "litellm": "1.80.17",
    }


@pytest.mark.parametrize("tag", ["latest", f"v{OPEN_WEBUI.version}-slim", "main"])
def test_the_locked_version_needs_no_other_lock(tmp_path: Path, tag: str) -> None:
    manifests = _with(f"{WEBUI}:{tag}", f"{GATEWAY}:main-v{LITELLM.version}-stable")
    assert _versions(_run(manifests, {}, tmp_path)) == {"open-webui": "locked", "litellm": "locked"}


def test_the_lab_s_own_manifests_name_the_locked_versions() -> None:
    locked = {program.name: program.version for program in (LITELLM, OPEN_WEBUI)}
    images = {
        plan.program.name: plan.container["image"]
        for plan in plan_pods(Manifests.load(DEFAULT))
        if isinstance(plan.program, Program)
    }
    assert {name: version_named(image) for name, image in images.items()} == locked
    assert not any(other_than_named(image, locked[name]) for name, image in images.items())


def test_a_malicious_release_is_not_started_whoever_names_it(tmp_path: Path) -> None:
    manifests = _with(f"{WEBUI}:main", f"{GATEWAY}:main-v1.82.8")
    alone = manifests.without("StatefulSet", "apps", "open-webui")
    with pytest.raises(SetupError, match=r"(?s)MAL-2026-2144.*Deployment ml/litellm.*v1\.82\.8"):
        programs_for(alone, cache=tmp_path, say=print)
    with pytest.raises(SetupError, match=r"(?s)MAL-2026-2144.*--litellm\n"):
        programs_for(alone, versions={"litellm": "1.82.7"}, cache=tmp_path, say=print)


@pytest.mark.parametrize(
    ("image", "tagged"),
    [
        ("ghcr.io/open-webui/open-webui:0.7.2-slim", "ghcr.io/open-webui/open-webui:v0.12.4"),
        ("localhost:5000/open-webui", "localhost:5000/open-webui:v0.12.4"),
        (f"open-webui@sha256:{64 * '0'}", "open-webui:v0.12.4"),
    ],
)
def test_another_version_is_written_into_the_image_s_tag(image: str, tagged: str) -> None:
    given = Manifests.load(DEFAULT)
    owner = given.get("StatefulSet", "apps", "open-webui")
    assert owner is not None
    owner["spec"]["template"]["spec"]["containers"][0]["image"] = image

    changed = of_versions(given, {"open-webui": "0.12.4"})

    images = {
        plan.program.name: plan.container["image"]
        for plan in plan_pods(changed)
        if isinstance(plan.program, Program)
    }
    assert images["open-webui"] == tagged
    assert owner["spec"]["template"]["spec"]["containers"][0]["image"] == image
    assert len([*changed]) == len([*given])
