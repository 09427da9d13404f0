"""What is deployed for the nightly run in a cluster, as kustomize puts it together."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.plugin.settings import Settings, variable
from tests.dockerfile import stages
from tests.overlays import DEPLOY, kustomized
from tests.sources import REPOSITORY

_README = (DEPLOY / "README.md").read_text(encoding="utf-8")
_PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
_IMAGE = f"open-webui-litellm-acceptance:{_PROJECT['version']}"


@pytest.fixture(scope="module")
def objects() -> list[Mapping[str, Any]]:
    """Everything that `kubectl apply -k deploy` applies."""
    return list(yaml.safe_load_all(kustomized(DEPLOY)))


def _one(objects: list[Mapping[str, Any]], kind: str) -> Mapping[str, Any]:
    (found,) = [each for each in objects if each["kind"] == kind]
    return found


@pytest.fixture(scope="module")
def job(objects: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The spec of the jobs that the CronJob makes."""
    spec: Mapping[str, Any] = _one(objects, "CronJob")["spec"]["jobTemplate"]["spec"]
    return spec


@pytest.fixture(scope="module", params=["night", "reader"])
def pod(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """The spec of each pod."""
    if request.param == "night":
        spec: Mapping[str, Any] = request.getfixturevalue("job")["template"]["spec"]
        return spec
    reader = yaml.safe_load((DEPLOY / "reader.yaml").read_text(encoding="utf-8"))
    return dict(reader["spec"])


def test_a_night_is_one_run_that_ends(objects: list[Mapping[str, Any]], job: Any) -> None:  # noqa: ANN401  # YAML
    cron = _one(objects, "CronJob")["spec"]
    assert cron["concurrencyPolicy"] == "Forbid"
    assert job["backoffLimit"] == 0
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    assert 0 < job["activeDeadlineSeconds"] <= 3600
    assert job["template"]["spec"]["terminationGracePeriodSeconds"] > 30


def test_no_pod_may_more_than_it_needs(pod: Mapping[str, Any]) -> None:
    """What the standard "restricted" asks for, a read-only file system, and limits."""
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(container["resources"]["limits"]) == {"cpu", "memory"}
        assert container["image"] == _IMAGE


def test_only_the_reports_and_a_scratch_folder_are_writable(job: Any, objects: Any) -> None:  # noqa: ANN401  # YAML
    pod = job["template"]["spec"]
    (container,) = pod["containers"]
    locators = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    drills = "/suite/environments/drills"
    assert locators == {"/suite/reports": "reports", drills: "reports", "/tmp": "tmp"}  # noqa: S108  # in the pod
    assert stages()["image"].environment["ACCEPTANCE_CACHE"] == str(Path(drills).parent)
    volumes = {each["name"]: each for each in pod["volumes"]}
    claimed = volumes["reports"]["persistentVolumeClaim"]["claimName"]
    assert claimed == _one(objects, "PersistentVolumeClaim")["metadata"]["name"]
    assert volumes["tmp"]["emptyDir"]["sizeLimit"]


def test_the_namespace_refuses_whoever_wants_more(objects: list[Mapping[str, Any]]) -> None:
    labels = _one(objects, "Namespace")["metadata"]["labels"]
    assert labels == {"pod-security.kubernetes.io/enforce": "restricted"}


def test_the_network_policy_is_that_of_this_pod(objects: list[Mapping[str, Any]], job: Any) -> None:  # noqa: ANN401  # YAML
    policy = _one(objects, "NetworkPolicy")["spec"]
    labels = job["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert (policy["policyTypes"], policy["ingress"]) == (["Ingress", "Egress"], [])
    ports = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    assert ports == {53, 443, 6443, 16443}


def test_the_account_of_the_pod_has_rights_in_both_namespaces_and_reads_no_secret(
    objects: list[Mapping[str, Any]],
    job: Any,  # noqa: ANN401  # YAML
) -> None:
    account = _one(objects, "ServiceAccount")["metadata"]
    assert job["template"]["spec"]["serviceAccountName"] == account["name"]
    bound = [each for each in objects if each["kind"] == "RoleBinding"]
    assert {each["metadata"]["namespace"] for each in bound} == {"apps", "ml"}
    for each in bound:
        (subject,) = each["subjects"]
        assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])
    assert "secrets" not in json.dumps([each for each in objects if each["kind"] == "Role"])
    assert [each["kind"] for each in objects if each["kind"].startswith("Cluster")] == []


def test_everything_of_ours_is_in_one_namespace_and_no_secret_among_it(
    objects: list[Mapping[str, Any]],
) -> None:
    mine = [each for each in objects if not each["kind"].startswith(("Role", "Namespace"))]
    assert {each["metadata"].get("namespace") for each in mine} == {"acceptance"}
    assert [each for each in mine if each["kind"] == "Secret"] == []


def test_its_variables_are_settings_and_its_secret_is_the_one_that_the_readme_makes(
    job: Any,  # noqa: ANN401  # YAML
) -> None:
    (container,) = job["template"]["spec"]["containers"]
    known = {variable(each) for each in fields(Settings)}
    assert {each["name"] for each in container["env"]} <= known
    references = [
        each["valueFrom"]["secretKeyRef"] for each in container["env"] if "valueFrom" in each
    ]
    assert {each["name"] for each in references} == {"acceptance-accounts"}
    told = re.findall(r"--from-literal=([\w-]+)=", _README)
    assert sorted(told) == sorted(each["key"] for each in references)


def test_make_builds_the_image_that_is_deployed() -> None:
    assert f"IMAGE := {_IMAGE}\n" in (REPOSITORY / "Makefile").read_text(encoding="utf-8")


def test_each_file_that_the_readme_names_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", _README)
    assert links
    assert [link for link in links if not (DEPLOY / link).exists()] == []
