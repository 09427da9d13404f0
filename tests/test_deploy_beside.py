"""What deploy/ offers beside the CronJob, rendered as a person's overlay renders it."""

import copy
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from tests.dockerfile import stages
from tests.overlays import DEPLOY, rendered
from tests.schemas import problems
from tests.sources import REPOSITORY

COMPONENTS = ("argo-cd", "flux", "helm-test", "testkube", "monitoring")
_PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
_MINE = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: acceptance, namespace: acceptance}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          imagePullSecrets: [{name: registry}]
          containers:
            - name: acceptance
              env: [{name: ACCEPTANCE_DRILL, value: in-cluster}]
"""
"""What a person sets for the night."""
Objects = list[dict[str, Any]]
Render = Callable[[str], Objects]


@pytest.fixture(scope="module")
def render(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """The objects of an overlay with this component, on one that is a person's own."""
    folder = tmp_path_factory.mktemp("overlays")
    image = {"name": "open-webui-litellm-acceptance", "newName": "registry.example/mine"}
    images, patches = [{**image, "newTag": "7"}], [{"patch": _MINE}]
    known: dict[str, Objects] = {}

    def objects(component: str) -> Objects:
        if component not in known:
            text = rendered(component, folder, images=images, patches=patches)
            assert "{{" not in text or component == "monitoring", "a chart's template has it"
            known[component] = list(yaml.safe_load_all(text))
        return copy.deepcopy(known[component])

    return objects


def _one(objects: Objects, kind: str, name: str = "") -> dict[str, Any]:
    (found,) = [
        each for each in objects if each["kind"] == kind and name in ("", each["metadata"]["name"])
    ]
    return found


def _night(objects: Objects) -> Any:  # noqa: ANN401  # YAML
    return _one(objects, "CronJob")["spec"]["jobTemplate"]["spec"]


def _ran_by(pod: Mapping[str, Any]) -> dict[str, Any]:
    """The variable that says who ran it, of which only the value differs."""
    (container,) = pod["containers"]
    (found,) = [each for each in container["env"] if each["name"] == "ACCEPTANCE_RAN_BY"]
    return dict(found)


def _but_for_who(pod: dict[str, Any], name: str) -> dict[str, Any]:
    assert _ran_by(pod)["value"] == name
    (container,) = pod["containers"]
    container["env"] = [each for each in container["env"] if each["name"] != "ACCEPTANCE_RAN_BY"]
    return pod


@pytest.mark.parametrize("component", COMPONENTS)
def test_each_object_is_one_that_its_schema_knows(render: Render, component: str) -> None:
    wrong = {
        f"{each['kind']} {each['metadata']['name']}": found
        for each in render(component)
        if (found := problems(each))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("component", "kind"),
    [
        ("argo-cd", "Job"),
        ("helm-test", "Pod"),
        ("testkube", "TestWorkflow"),
        ("monitoring", "PrometheusRule"),
        ("monitoring", "PodMonitor"),
    ],
)
def test_the_schema_knows_no_more_than_it_should(render: Render, component: str, kind: str) -> None:
    item = _one(render(component), kind)
    item["spec"]["backofLimit"] = 0
    item["metadata"]["annotations"] = {"text": "text"}
    (problem,) = problems(item)
    assert "backofLimit" in problem


def test_argo_cd_runs_the_night_after_each_sync(render: Render) -> None:
    objects = render("argo-cd")
    job = _one(objects, "Job")
    assert job["metadata"]["annotations"] == {
        "argocd.argoproj.io/hook": "PostSync",
        "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
    }
    pod = _but_for_who(job["spec"]["template"]["spec"], job["metadata"]["name"])
    night = _night(objects)
    assert pod == _but_for_who(night["template"]["spec"], "CronJob acceptance")
    assert job["spec"] == night


def test_flux_makes_the_job_anew_when_it_reconciles(render: Render) -> None:
    objects = render("flux")
    job = _one(objects, "Job")
    assert job["metadata"]["annotations"] == {"kustomize.toolkit.fluxcd.io/force": "enabled"}
    assert 0 < job["spec"].pop("ttlSecondsAfterFinished") <= 600
    _but_for_who(job["spec"]["template"]["spec"], job["metadata"]["name"])
    night = _night(objects)
    _but_for_who(night["template"]["spec"], "CronJob acceptance")
    assert job["spec"] == night


def test_helm_tests_with_a_pod_of_the_night(render: Render) -> None:
    objects = render("helm-test")
    pod = _one(objects, "Pod")
    assert pod["metadata"]["annotations"] == {
        "helm.sh/hook": "test",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }
    night = _night(objects)
    assert pod["metadata"]["labels"] == night["template"]["metadata"]["labels"], "for the policy"
    assert pod["spec"].pop("activeDeadlineSeconds") == night["activeDeadlineSeconds"]
    spec = _but_for_who(pod["spec"], pod["metadata"]["name"])
    assert spec == _but_for_who(night["template"]["spec"], "CronJob acceptance")
    assert [each for each in objects if each["kind"] == "Namespace"] == [], "helm makes it"


def test_the_chart_is_of_this_version() -> None:
    chart = yaml.safe_load((DEPLOY / "helm-test/Chart.yaml").read_text(encoding="utf-8"))
    assert (chart["version"], chart["appVersion"]) == (_PROJECT["version"],) * 2
    assert chart["apiVersion"] == "v2"


def test_testkube_runs_the_image_as_it_runs_by_itself(render: Render) -> None:
    objects = render("testkube")
    workflow = _one(objects, "TestWorkflow")
    spec, pod = workflow["spec"], _night(objects)["template"]["spec"]
    _but_for_who({"containers": [spec["container"]]}, workflow["metadata"]["name"])
    (night,) = _but_for_who(pod, "CronJob acceptance")["containers"]
    for field in ("image", "env", "resources", "volumeMounts"):
        assert spec["container"][field] == night[field], field
    assert spec["pod"]["volumes"] == pod["volumes"]
    assert spec["pod"]["securityContext"] == pod["securityContext"]
    assert spec["pod"]["serviceAccountName"] == pod["serviceAccountName"]
    assert "labels" not in spec["pod"], "the policy would keep it from Testkube"
    (step,), final = spec["steps"], stages()["image"]
    (entrypoint,), (arguments,) = final.all("ENTRYPOINT"), final.all("CMD")
    assert step["run"] == {"command": json.loads(entrypoint), "args": json.loads(arguments)}
    assert spec["container"]["workingDir"] == stages()["base"].all("WORKDIR")[0]


@pytest.mark.parametrize("component", COMPONENTS)
def test_what_a_person_sets_for_the_night_holds_everywhere(render: Render, component: str) -> None:
    text = json.dumps(render(component))
    runs = 1 if component == "monitoring" else 2
    assert text.count('"ACCEPTANCE_DRILL"') == runs
    assert text.count('"registry.example/mine:7"') == 2  # of the metrics' file server, too
    pulled = runs - (component == "testkube")
    assert text.count('"imagePullSecrets"') == pulled


def test_the_metrics_are_read_by_prometheus_alone_where_the_night_runs(render: Render) -> None:
    objects = render("monitoring")
    deployment = _one(objects, "Deployment")["spec"]
    pod, labels = deployment["template"]["spec"], deployment["template"]["metadata"]["labels"]
    policy = _one(objects, "NetworkPolicy", "acceptance-metrics")["spec"]
    assert policy["podSelector"]["matchLabels"] == labels == deployment["selector"]["matchLabels"]
    assert policy["egress"] == []
    monitor = _one(objects, "PodMonitor")["spec"]
    assert monitor["selector"]["matchLabels"] == labels
    (container,) = pod["containers"]
    assert [port["name"] for port in container["ports"]] == ["reports"]
    assert container["command"][-2:] == ["--directory=/suite/reports", "8000"]
    (endpoint,) = monitor["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["path"]) == ("reports", "/metrics.prom")
    night = _night(objects)["template"]["spec"]
    (wish,) = night["affinity"]["podAffinity"].values()
    assert wish[0]["podAffinityTerm"]["labelSelector"]["matchLabels"] == labels
    (reports,) = pod["volumes"]
    assert reports["persistentVolumeClaim"]["readOnly"] is True
    claims = [each["persistentVolumeClaim"]["claimName"] for each in night["volumes"][:1]]
    assert claims == [reports["persistentVolumeClaim"]["claimName"]]
    for field in ("securityContext", "resources"):
        assert container[field].keys() == night["containers"][0][field].keys()
    assert container["securityContext"] == night["containers"][0]["securityContext"]
    assert pod["securityContext"] == night["securityContext"]
    assert pod["serviceAccountName"] == night["serviceAccountName"]  # may pull the same image
    assert pod["automountServiceAccountToken"] is False


def test_the_dashboard_is_where_grafana_looks_for_it(render: Render) -> None:
    held = _one(render("monitoring"), "ConfigMap")
    assert held["metadata"]["labels"] == {"grafana_dashboard": "1"}
    (text,) = held["data"].values()
    assert json.loads(text) == json.loads((DEPLOY / "monitoring/dashboard.json").read_text())


def test_each_component_has_its_place_in_the_page() -> None:
    page = (REPOSITORY / "docs/in-the-cluster.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"components: \[DEPLOY/([\w-]+)\]", page)) == sorted(COMPONENTS)
    folders = {each.parent.name for each in DEPLOY.glob("*/kustomization.yaml")}
    assert folders == set(COMPONENTS)
