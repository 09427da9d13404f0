"""The rights that are shipped: enough for all that is possible, and for nothing else."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from acceptance.kubernetes.api import Api
from acceptance.kubernetes.connection import connect
from acceptance.kubernetes.errors import Forbidden
from acceptance.kubernetes.rights import READING
from acceptance.lab.cluster.lab import ClusterLab
from acceptance.target import Account
from tests.cluster.account import DRILLS, NAME, READ_ONLY, grant, kubeconfig, revoke, token
from tests.cluster.runs import USER, Run, asked, run, written_down
from tests.clusters import KUBECONFIG, NODE, needs_a_cluster
from tests.features import written

pytestmark = needs_a_cluster
audited = pytest.mark.skipif(not NODE.audit.exists(), reason="this cluster shows no audit log")
WITNESSED = {
    "While the primary is well nobody else is asked",
    "Switching there and back keeps a conversation usable",
}
"""What only the emulated providers can tell."""
DISRUPTIVE = {
    each.name for scenario in written() if "disruptive" in scenario.tags for each in scenario.runs
}
NOT_REQUIRED = {"Nobody takes half of an answer for the whole"}
"""Of these, what no sign-off depends on."""
DRILL = "The second model answers when the primary refuses connections"


@pytest.fixture(scope="module")
def shipped(story: ClusterLab, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A kubeconfig with exactly the rights of read-only.yaml."""
    grant(story.api, READ_ONLY)
    folder = tmp_path_factory.mktemp("shipped")
    return kubeconfig(folder / "kubeconfig", KUBECONFIG, token=token(story.api))


@pytest.fixture(scope="module")
def whole(shipped: str, user: Account, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The whole suite, with these rights."""
    assert user.email == USER
    return run(tmp_path_factory.mktemp("whole"), shipped)


@pytest.fixture(scope="module")
def allowed(shipped: str) -> Iterator[Api]:
    """Asks anything, with these rights."""
    with closing(connect(kubeconfig=shipped, context="", say=print)) as api:
        yield api.with_rights(r".*")


def test_all_is_proven_that_needs_no_drill_and_no_witness(whole: Run) -> None:
    assert whole.code == 98, whole.out
    assert whole.titles("not proven (not required)") == WITNESSED | NOT_REQUIRED
    assert whole.titles("not proven") == DISRUPTIVE - NOT_REQUIRED
    unproven = len(WITNESSED | DISRUPTIVE)
    assert len(whole.titles("passed")) == len(whole.verdicts) - unproven > 40
    assert "missing right" not in whole.out


@audited
def test_the_api_server_saw_no_write_and_no_question_beyond_these_rights(whole: Run) -> None:
    """The audit log tells what was asked, whatever the client believes of itself."""
    events = list(written_down(NAME, whole))
    reviews = {
        "create selfsubjectaccessreviews.authorization.k8s.io",
        "create selfsubjectreviews.authentication.k8s.io",
    }
    refused = {asked(each) for each in events if each["responseStatus"]["code"] == 403}
    granted = {asked(each) for each in events if each["responseStatus"]["code"] != 403}
    needed = {str(right) for right in READING if right.since <= 34}
    in_trouble_only = {"list events"}
    assert granted == {"get /version", *reviews, *(needed - in_trouble_only)}
    # the cluster's identity is asked for, and its address serves as well
    assert refused == {"get namespaces", "get secrets"}


@pytest.mark.parametrize(
    "question",
    [
        "GET /api/v1/namespaces/apps/secrets",
        "GET /api/v1/namespaces/apps/secrets/open-webui-secrets",
        "GET /api/v1/namespaces/ml/secrets/litellm-secrets",
        "GET /api/v1/namespaces/apps/configmaps",
        "GET /apis/events.k8s.io/v1/namespaces/apps/events",
        "GET /api/v1/namespaces/apps/serviceaccounts",
        "GET /apis/rbac.authorization.k8s.io/v1/namespaces/apps/roles",
        "GET /apis/apps/v1/namespaces/apps/daemonsets",
        "GET /apis/coordination.k8s.io/v1/namespaces/ml/leases/acceptance-drill",
        "GET /apis/autoscaling/v2/namespaces/ml/horizontalpodautoscalers",
        "GET /api/v1/namespaces",
        "GET /api/v1/nodes",
        "GET /api/v1/pods",
        "GET /api/v1/namespaces/default/services/kubernetes",
        "GET /api/v1/namespaces/kube-system/pods",
        "GET /api/v1/namespaces/lab-providers/pods",
        "GET /api/v1/namespaces/apps/services/open-webui/proxy/",
        "GET /api/v1/namespaces/apps/pods/open-webui-0/attach",
        "POST /api/v1/namespaces/apps/pods",
        "POST /api/v1/namespaces/apps/secrets",
        "POST /api/v1/namespaces/apps/pods/open-webui-0/eviction",
        "POST /api/v1/namespaces/acceptance/serviceaccounts/acceptance/token",
        "POST /apis/coordination.k8s.io/v1/namespaces/ml/leases",
        "PUT /api/v1/namespaces/ml/configmaps/litellm-config",
        "PATCH /apis/apps/v1/namespaces/apps/statefulsets/open-webui",
        "PATCH /apis/apps/v1/namespaces/ml/deployments/vllm-server",
        "PATCH /apis/apps/v1/namespaces/ml/deployments/vllm-server/scale",
        "DELETE /api/v1/namespaces/apps/pods/open-webui-0",
        "DELETE /apis/apps/v1/namespaces/ml/deployments/litellm",
        "DELETE /api/v1/namespaces/apps",
        "CONNECT /api/v1/namespaces/lab-providers/pods/any/exec",
        "CONNECT /api/v1/namespaces/kube-system/pods/any/portforward",
        "CONNECT /api/v1/namespaces/apps/pods/open-webui-0/attach",
    ],
)
def test_everything_else_is_forbidden_by_the_api_server_itself(allowed: Api, question: str) -> None:
    with pytest.raises(Forbidden, match="is forbidden"):
        _try(allowed, *question.split())


def _try(allowed: Api, method: str, path: str) -> None:
    if method == "CONNECT":
        allowed.websocket(path, [("command", "true")])
    else:
        patch = "application/merge-patch+json" if method == "PATCH" else "application/json"
        allowed.ask(method, path, body={}, content_type=patch)


_NEWEST = "The newest configuration of Open WebUI is the one that serves"
_NEWEST_GATEWAY = "The newest configuration of the gateway is the one that serves"


@pytest.mark.parametrize(
    ("right", "spared"),
    [
        ("get pods/exec", set[str]()),
        # of the two workloads one is a Deployment and has a ConfigMap, the other a StatefulSet
        ("get configmaps", {_NEWEST}),
        ("get replicasets.apps", {_NEWEST}),
        ("get deployments.apps", {_NEWEST}),
        ("get statefulsets.apps", {_NEWEST_GATEWAY}),
    ],
)
def test_without_a_right_its_scenarios_are_not_proven_and_no_other(
    story: ClusterLab, shipped: str, tmp_path: Path, right: str, spared: set[str]
) -> None:
    """And none that it is needed for is green: what was not seen is not said."""
    grant(story.api, READ_ONLY, without=right.removesuffix(".apps"))
    found = run(tmp_path, shipped, "-m", "AC1 and not disruptive")
    grant(story.api, READ_ONLY)
    (needed,) = [{*each.open_webui, *each.gateway} for each in READING if str(each) == right]
    assert found.code == 98, found.out
    assert found.titles("not proven") == needed - spared
    assert set(found.verdicts.values()) == {"passed", "not proven", "not proven (not required)"}
    for namespace in ("apps", "ml"):
        assert f"missing right: {right} in {namespace}; not proven without it: " in found.out
    resource = right.partition(" ")[2].removesuffix(".apps")
    assert re.search(rf'rights do not allow .*(cannot get resource "|get ){resource}', found.out)


def test_without_the_right_to_reach_anything_the_run_ends(
    story: ClusterLab, shipped: str, tmp_path: Path
) -> None:
    grant(story.api, READ_ONLY, without="get pods/portforward")
    found = run(tmp_path, shipped)
    grant(story.api, READ_ONLY)
    assert (found.code, set(found.verdicts.values())) == (99, {"unfit"})
    assert (
        "found     missing: get pods/portforward in apps, get pods/portforward in ml" in found.out
    )
    assert f"where     context {story.api.context}, {NAME}\n" in found.out


def test_without_any_right_the_run_ends(story: ClusterLab, shipped: str, tmp_path: Path) -> None:
    revoke(story.api, READ_ONLY)
    found = run(tmp_path, shipped)
    grant(story.api, READ_ONLY)
    assert (found.code, set(found.verdicts.values())) == (99, {"unfit"})
    assert "These rights do not allow to judge anything." in found.out
    assert not (tmp_path / "reports" / "acceptance.html").exists()


@audited
def test_a_drill_needs_its_own_file_and_nothing_more(
    story: ClusterLab, shipped: str, tmp_path: Path
) -> None:
    grant(story.api, DRILLS)
    found = run(tmp_path, shipped, "-k", "second_model", f"--drill={story.api.context}")
    revoke(story.api, DRILLS)
    assert found.verdicts[DRILL] == "passed", found.out
    events = list(written_down(NAME, found))
    changes = {
        asked(each)
        for each in events
        if each["verb"] not in ("get", "list") and "reviews." not in asked(each)
    }
    lease = "leases.coordination.k8s.io"
    assert changes - {f"update {lease}"} == {
        f"create {lease}",
        f"delete {lease}",
        "patch deployments.apps",
    }
    refused = {asked(each) for each in events if each["responseStatus"]["code"] == 403}
    # the cluster's identity is asked for, and its address serves as well
    assert refused == {"get namespaces", "get secrets"}
