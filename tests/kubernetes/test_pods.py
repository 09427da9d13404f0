"""A pod as it is judged, from what its objects and its process tell."""

from dataclasses import replace

import pytest

from acceptance.cluster import Pod, PodRequest, PodResponse
from acceptance.errors import Inconclusive, NotProven
from acceptance.kubernetes import pods
from acceptance.kubernetes.environment import Data
from acceptance.kubernetes.objects import behind
from acceptance.kubernetes.pods import Pods
from acceptance.resources import Manifest, ServiceName
from acceptance.secret import fingerprint
from tests.kubernetes.objects import Objects, container, deployed, made, pod, service, workload

SERVICE = ServiceName(namespace="apps", name="open-webui", port=0)
URL = {"name": "URL", "valueFrom": {"configMapKeyRef": {"name": "config", "key": "url"}}}
CONFIG = made("ConfigMap", "config", data={"url": "http://litellm"})
PROCESS = PodResponse(status=None, fingerprints={"URL": fingerprint("http://litellm")})


@pytest.fixture(autouse=True)
def inside(monkeypatch: pytest.MonkeyPatch) -> list[PodResponse | Exception]:
    """What the next process tells; the last one tells it for all that follow."""
    answers: list[PodResponse | Exception] = [PROCESS]

    def answer(*_api: object, request: PodRequest, **_where: str) -> PodResponse:
        assert request.url == ""
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(pods, "request_inside", answer)
    return answers


def _read(*objects: Manifest, forbidden: tuple[str, ...] = ()) -> tuple[list[Pod], Pods]:
    api = Objects(service(), *objects, forbidden=forbidden)
    found = behind(api, SERVICE)
    reader = Pods(api, found, Data(api, "apps"))
    return [reader.read(*each)[0] for each in zip(found.pods, found.owners, strict=True)], reader


def _story() -> tuple[Manifest, ...]:
    program = container(env=[URL])
    deployment, made_by = deployed(
        spec={"template": {"metadata": {"labels": {}}, "spec": {"containers": [program]}}}
    )
    made_by["spec"]["template"] = deployment["spec"]["template"]
    return CONFIG, deployment, made_by, pod("one", made_by, program)


def test_a_pod_of_the_newest_configuration_leaves_no_doubt() -> None:
    (found,), reader = _read(*_story())
    assert (found.outdated, found.unsure, found.problem, reader.blind) == ("", "", "", "")
    assert found.environment["URL"].value.reveal() == "http://litellm"


def test_a_config_map_that_was_changed_since_is_noticed(
    inside: list[PodResponse | Exception],
) -> None:
    inside[0] = replace(PROCESS, fingerprints={"URL": fingerprint("http://elsewhere")})
    (found,), _ = _read(*_story())
    assert found.outdated == "a ConfigMap or Secret of its environment was changed after it started"


@pytest.mark.parametrize(
    "reason",
    [
        NotProven("these rights do not allow it: pods/exec"),
        Inconclusive("gone while it was judged"),
        PodResponse(status=None, error="the request could not be made: too slow"),
    ],
)
def test_whose_process_cannot_be_looked_at_may_have_been_changed(
    inside: list[PodResponse | Exception], reason: PodResponse | Exception
) -> None:
    """Nothing is wrong with it, and nobody may call it current."""
    inside[0] = reason
    (found,), reader = _read(*_story())
    said = reason.error if isinstance(reason, PodResponse) else str(reason)
    assert (found.outdated, reader.blind) == ("", said)
    assert found.unsure == f"whether what it read was changed since: {said}"


def test_one_blind_spot_among_several_pods_is_told(
    inside: list[PodResponse | Exception],
) -> None:
    config, deployment, made_by, one = _story()
    inside.insert(0, NotProven("no Python"))
    found, reader = _read(
        config, deployment, made_by, one, pod("two", made_by, container(env=[URL]))
    )
    assert [bool(each.unsure) for each in found] == [True, False]
    assert reader.blind == "no Python"


def test_so_may_one_whose_config_map_may_not_be_read() -> None:
    (found,), _ = _read(*_story(), forbidden=("ConfigMap",))
    assert found.unsure == (
        "whether ConfigMap config was changed since: these rights do not allow to get configmaps"
    )


def test_that_a_secret_may_not_be_read_is_no_doubt_for_behaviour_proves_its_value() -> None:
    config, deployment, made_by, _ = _story()
    key = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "mine"}}}
    one = pod("one", made_by, container(env=[URL, key]))
    (found,), _ = _read(config, deployment, made_by, one, forbidden=("Secret",))
    assert found.unsure == ""


def test_whose_owner_may_not_be_read_may_be_of_an_older_template() -> None:
    (found,), _ = _read(*_story(), forbidden=("Deployment",))
    assert (found.outdated, found.unsure[:42]) == ("", "Deployment open-webui may not be read: the")


def test_a_pod_of_another_workload_behind_the_same_service_is_named() -> None:
    meant, left_over = workload("StatefulSet"), workload("StatefulSet", name="old")
    current = {"controller-revision-hash": "one"}
    found, _ = _read(
        meant, left_over, pod("a", left_over, labels=current), pod("b", meant, labels=current)
    )
    assert [each.outdated for each in found] == [
        "belongs to StatefulSet old, another workload behind this Service",
        "",
    ]


def test_two_bare_pods_belong_to_nobody() -> None:
    found, _ = _read(pod("a"), pod("b"))
    assert [(each.outdated, each.unsure) for each in found] == [("", ""), ("", "")]


def test_a_pod_that_does_not_serve_is_not_looked_at(
    inside: list[PodResponse | Exception],
) -> None:
    inside[0] = AssertionError("was looked at")
    (found,), _ = _read(pod(ready=False))
    assert found.problem.startswith("Pod apps/open-webui-0 does not serve.")
    assert (found.outdated, found.unsure) == ("", "")


def test_image_digest_and_restarts_are_those_of_the_container_that_serves() -> None:
    item = pod("p", None, container("sidecar"), container(ports=[{"containerPort": 8080}]))
    item["status"]["containerStatuses"][1] |= {
        "restartCount": 3,
        "imageID": "registry/open-webui@sha256:0123456789abcdef",
    }
    (found,), _ = _read(item)
    assert (found.image, found.restarts) == ("open-webui:1 (sha256:0123456789ab)", 3)


def test_a_container_that_has_just_ended_is_no_error() -> None:
    mounted = container(volumeMounts=[{"name": "v", "mountPath": "/etc/app"}])
    item = pod("p", None, mounted)
    item["spec"]["volumes"] = [{"name": "v", "configMap": {"name": "config"}}]
    item["status"]["containerStatuses"][0]["state"] = {"terminated": {"exitCode": 137}}
    (found,), _ = _read(item)
    assert found.outdated == ""
