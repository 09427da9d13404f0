"""Why a pod does not serve, in words."""

from typing import Any

from acceptance.kubernetes.diagnostics import last_lines, why_not_serving
from tests.kubernetes.objects import Objects, container, made, pod


def _why(item: dict[str, Any], log: str | None = None) -> str:
    return why_not_serving(Objects(log=log), item, "open-webui")


def _waiting(reason: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON
    return {"name": "open-webui", "state": {"waiting": {"reason": reason, **fields}}}


def _unready(**status: Any) -> dict[str, Any]:  # noqa: ANN401  # likewise
    return pod(ready=False, status={"conditions": [], "containerStatuses": [], **status})


def test_a_reason_without_words_still_tells() -> None:
    assert "found     open-webui: ContainerCreating\n" in _why(
        _unready(containerStatuses=[_waiting("ContainerCreating")])
    )


def test_a_container_that_ended_tells_how_even_while_it_waits_to_start_again() -> None:
    status = _waiting("CrashLoopBackOff", message="back-off 10s")
    status["lastState"] = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
    assert "open-webui: CrashLoopBackOff: back-off 10s: exit code 137 (OOMKilled)" in _why(
        _unready(containerStatuses=[status])
    )


def test_an_init_container_that_fails_is_to_blame_and_its_log_is_shown() -> None:
    failed = {"name": "migrate", "state": {"terminated": {"reason": "Error", "exitCode": 1}}}
    done = {"name": "prepare", "state": {"terminated": {"reason": "Completed", "exitCode": 0}}}
    item = _unready(
        initContainerStatuses=[done, failed], containerStatuses=[_waiting("PodInitializing")]
    )
    why = _why(item, log="no such column")
    assert "found     migrate: Error: exit code 1 (Error)\n" in why
    assert "container migrate" in why
    assert why.endswith("    migrate\n    no such column")


def test_the_container_that_serves_is_to_blame_where_several_wait() -> None:
    sidecar = {**_waiting("ImagePullBackOff"), "name": "sidecar"}
    item = _unready(containerStatuses=[sidecar, _waiting("ImagePullBackOff")])
    assert "container open-webui\n" in _why(item)


def test_a_condition_is_told_once_with_its_words_or_without() -> None:
    words = {"status": "False", "reason": "ContainersNotReady", "message": "unready: [open-webui]"}
    conditions = [{"type": "Ready", **words}, {"type": "ContainersReady", **words}]
    assert _why(_unready(conditions=conditions)).count("unready: [open-webui]") == 1
    # so a pod is marked whose node does not report
    marked = [{"type": "Ready", "status": "False"}, {"type": "Initialized", "status": "True"}]
    assert "found     Ready: Ready is False\n" in _why(_unready(conditions=marked))


def test_a_readiness_probe_that_fails_is_named_with_the_kubelets_words() -> None:
    probe = {"httpGet": {"path": "/health/readiness", "port": 4000}}
    item = pod("p", None, container(readinessProbe=probe), ready=False)
    words = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    about = {"uid": item["metadata"]["uid"]}
    event = made(
        "Event", "e", involvedObject=about, type="Warning", message=words, reason="Unhealthy"
    )
    why = why_not_serving(Objects(event), item, "open-webui")
    assert "its readiness probe (path /health/readiness port 4000) fails" in why
    assert f"Unhealthy: {words}" in why


def test_without_any_reason_there_is_the_phase() -> None:
    assert "found     phase Pending\n" in _why(_unready(phase="Pending"))


def test_only_the_last_lines_of_a_log_are_shown_and_none_without_the_right() -> None:
    api = Objects(log="\n".join(map(str, range(20))))
    assert last_lines(api, "apps", "p", "open-webui", 2) == "18\n19"
    assert last_lines(Objects(), "apps", "p", "open-webui", 2) == ""
    assert _why(pod("p", None, container(), ready=False)).splitlines()[-1].startswith("  fix")
