"""API servers that answer as none would: told in a sentence, whatever they say of an object."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acceptance.errors import AcceptanceError, SetupError
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.diagnostics import why_not_serving, why_stuck
from acceptance.kubernetes.drills import left_away
from acceptance.kubernetes.journal import Journal
from acceptance.kubernetes.objects import behind, is_ready, owner_of, owners_by_selector
from acceptance.kubernetes.promised import broken_promise
from acceptance.kubernetes.rights import READING, allowed, identity, who
from acceptance.kubernetes.wire import Answer
from acceptance.resources import ServiceName
from tests.odd import PLANTED, damaged

SERVICE = ServiceName(namespace="ml", name="litellm", port=4000)
LABELS = {"app": "litellm"}
SPEC = {
    "containers": [
        {
            "name": "litellm",
            "image": "litellm:1",
            "ports": [{"name": "http", "containerPort": 4000}],
            "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
            "envFrom": [{"configMapRef": {"name": "c"}}],
            "volumeMounts": [{"name": "v", "mountPath": "/c", "subPath": "k"}],
        }
    ],
    "volumes": [{"name": "v", "configMap": {"name": "c", "items": [{"key": "k", "path": "k"}]}}],
}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": SPEC}


def _made(name: str, kind: str = "", owner: str = "", **more: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON
    owners = [{"apiVersion": "apps/v1", "kind": kind, "name": owner, "controller": True}]
    return {
        "metadata": {
            "name": name,
            "namespace": "ml",
            "uid": f"uid-{name}",
            "generation": 1,
            "labels": LABELS,
            **({"ownerReferences": owners} if owner else {}),
        },
        **more,
    }


WORLD: dict[str, Any] = {
    "/api/v1/namespaces/ml/services/litellm": _made(
        "litellm", spec={"selector": LABELS, "ports": [{"port": 4000, "targetPort": "http"}]}
    ),
    "/api/v1/namespaces/ml/pods": {
        "items": [
            _made(
                "litellm-a",
                "ReplicaSet",
                "litellm-r",
                spec=SPEC,
                status={
                    "phase": "Running",
                    "podIPs": [{"ip": "10.0.0.1"}],
                    "conditions": [
                        {
                            "type": "Ready",
                            "status": "False",
                            "lastTransitionTime": "2026-01-01T00:00:00Z",
                        }
                    ],
                    "containerStatuses": [
                        {
                            "name": "litellm",
                            "ready": False,
                            "restartCount": 1,
                            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                        }
                    ],
                },
            )
        ]
    },
    "/apis/apps/v1/namespaces/ml/replicasets/litellm-r": _made(
        "litellm-r",
        "Deployment",
        "litellm",
        spec={"replicas": 1, "selector": {"matchLabels": LABELS}, "template": TEMPLATE},
    ),
    **{
        f"/apis/apps/v1/namespaces/ml/deployments{end}": each
        for deployment in [
            _made(
                "litellm",
                spec={"replicas": 1, "selector": {"matchLabels": LABELS}, "template": TEMPLATE},
                status={
                    "replicas": 1,
                    "observedGeneration": 1,
                    "conditions": [{"type": "ReplicaFailure", "status": "True", "message": "no"}],
                },
            )
        ]
        for end, each in (("/litellm", deployment), ("", {"items": [deployment]}))
    },
    "/apis/apps/v1/namespaces/ml/statefulsets": {"items": None},
    "/api/v1/namespaces/ml/events": {
        "items": [_made("e", type="Warning", reason="Failed", message="no")]
    },
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": {"status": {"allowed": True}},
    "/apis/authentication.k8s.io/v1/selfsubjectreviews": {
        "status": {"userInfo": {"username": "u"}}
    },
    "/api/v1/namespaces/kube-system": {"metadata": {"uid": "1"}},
}


class _Wire:
    """Answers from a world of objects."""

    server = "https://10.0.0.1:6443"

    def __init__(self, world: dict[str, Any]) -> None:
        self._world = world

    def send(self, _method: str, path: str, **_more: object) -> Answer:
        """See `Wire`."""
        if path not in self._world:
            return Answer(status=404, text="", again=0.0)
        return Answer(status=200, text=json.dumps(self._world[path]), again=0.0)


def api_of(world: dict[str, Any]) -> Api:
    return Api(_Wire(world), context="c", patience=0.0)  # type: ignore[arg-type]  # all that is used


def look(api: Api, notes: Path) -> None:
    """All that a run without a drill asks of objects, but for what runs inside of pods."""
    identity(api), who(api), allowed(api, "ml", READING[0])
    for owner in owners_by_selector(api, SERVICE):
        why_stuck(api, owner)
    left_away(api, Journal(notes, "c"), SERVICE)
    found = behind(api, SERVICE)
    for pod in found.pods:
        is_ready(pod)
        why_not_serving(api, pod, found.serving(pod)["name"])
    found.serving(found.template)


def test_a_healthy_world_is_looked_at(tmp_path: Path) -> None:
    look(api_of(WORLD), tmp_path)
    assert behind(api_of(WORLD), SERVICE).owner["metadata"]["name"] == "litellm"


@settings(max_examples=200)
@given(data=st.data())
def test_whatever_an_api_server_answers_is_read_or_told(
    tmp_path: Path, data: st.DataObject
) -> None:
    world = data.draw(damaged(deepcopy(WORLD)))
    try:
        look(api_of(world), tmp_path)
    except AcceptanceError as error:
        assert PLANTED not in str(error)  # noqa: PT017  # whether it is raised is left open


NAMED = {"name": "p", "namespace": "ml", "uid": "1"}
HELD = {"containers": [{"name": "c"}]}
BROKEN: dict[str, tuple[Any, str]] = {
    "no object": ([1], "a Pod that is a list"),
    "no metadata": ({"spec": HELD}, "Pod.metadata is missing"),
    "no name": ({"metadata": {}, "spec": HELD}, "Pod.metadata.name is missing"),
    "no spec": ({"metadata": NAMED}, "Pod.spec is missing"),
    "no containers": (
        {"metadata": NAMED, "spec": {"containers": []}},
        "Pod.spec.containers is missing",
    ),
    "containers of numbers": (
        {"metadata": NAMED, "spec": {"containers": [1]}},
        "Pod.spec.containers is no list of objects",
    ),
    "an owner without a name": (
        {
            "metadata": {**NAMED, "ownerReferences": [{"kind": "ReplicaSet"}]},
            "spec": HELD,
        },
        "Pod.metadata.ownerReferences.name is missing",
    ),
    "a time of no zone": (
        {
            "metadata": NAMED,
            "spec": HELD,
            "status": {
                "conditions": [
                    {"type": "Ready", "status": "True", "lastTransitionTime": "yesterday"}
                ]
            },
        },
        "Pod.status.conditions.lastTransitionTime is no time",
    ),
    "a number without end": (
        {"metadata": {**NAMED, "generation": 10**400}, "spec": HELD},
        "Pod.metadata.generation is no number",
    ),
}


@pytest.mark.parametrize(("item", "found"), BROKEN.values(), ids=BROKEN)
def test_what_is_not_as_promised_is_named(item: Any, found: str) -> None:  # noqa: ANN401  # any JSON
    assert broken_promise("Pod", item) == found


@pytest.mark.parametrize("items", [{"a": 1}, "abc", 5, [None]])
def test_a_list_that_is_none_is_told(items: object) -> None:
    api = api_of({"/api/v1/namespaces/ml/pods": {"items": items}})
    with pytest.raises(SetupError, match="What answers is no Kubernetes API server"):
        api.list("Pod", "ml", {})


def test_an_answer_without_end_in_depth_is_told() -> None:
    wire = _Wire({})
    wire.send = lambda *_, **__: Answer(status=200, text="[" * 100_000, again=0.0)  # type: ignore[method-assign]
    with pytest.raises(SetupError, match="What answers is no Kubernetes API server"):
        Api(wire, context="c", patience=0.0).get("Pod", "ml", "p")  # type: ignore[arg-type]


def test_owners_that_own_each_other_have_an_end() -> None:
    spec = {"selector": {}, "template": TEMPLATE}
    each = _made("r", "ReplicaSet", "r", spec=spec)
    api = api_of({"/apis/apps/v1/namespaces/ml/replicasets/r": each})
    assert owner_of(api, {**each, "kind": "ReplicaSet"}).unsure == "its owners have no end"
