"""Whether the cluster is what it was when the run began."""

from typing import Any

import pytest

from acceptance.errors import Inconclusive, SetupError
from acceptance.kubernetes.errors import Forbidden
from acceptance.kubernetes.stability import Stability
from acceptance.resources import ServiceName
from tests.kubernetes.objects import Objects, pod, service

SERVICE = ServiceName(namespace="apps", name="open-webui", port=0)


class _Asked(Objects):
    """Answers one question more: which version it is."""

    problem: Exception | None = None
    hasty: Exception | None = None
    """What is told to whoever does not wait."""

    def impatient(self) -> "_Asked":
        """See `Api`."""
        hasty = _Asked()
        hasty.problem = self.hasty or self.problem
        return hasty

    def ask(self, method: str, path: str, **_rest: object) -> Any:  # noqa: ANN401  # any JSON
        """See `Api`."""
        assert (method, path) == ("GET", "/version")
        if self.problem:
            raise self.problem
        return {}


def test_at_rest_nothing_is_excused() -> None:
    api = _Asked(service(), pod())
    unrest = Stability(api, SERVICE)
    unrest.check()
    api.problem = Forbidden("not even its version")
    unrest.check()


def test_an_api_server_that_is_gone_ends_the_run() -> None:
    api = _Asked(service(), pod())
    unrest = Stability(api, SERVICE)
    api.problem = SetupError("The API server cannot be asked.")
    with pytest.raises(SetupError, match="cannot be asked"):
        unrest.check()


def test_one_that_was_away_for_a_moment_may_have_cut_an_answer() -> None:
    api = _Asked(service(), pod())
    unrest = Stability(api, SERVICE)
    api.hasty = SetupError("The API server cannot be asked.")
    with pytest.raises(Inconclusive, match=r"the API server, .* was away for a moment"):
        unrest.check()


@pytest.mark.parametrize("then", [(), (pod("open-webui-1"),)])
def test_a_pod_that_went_away_is_nobodys_fault(then: tuple[dict[str, Any], ...]) -> None:
    api = _Asked(service(), pod())
    unrest = Stability(api, SERVICE)
    api.objects[1:] = then
    with pytest.raises(Inconclusive, match="Pod apps/open-webui-0 went away while it was judged"):
        unrest.check()


def test_one_that_came_back_under_its_name_is_another_one() -> None:
    api = _Asked(service(), pod())
    unrest = Stability(api, SERVICE)
    api.objects[1] = pod()
    api.objects[1]["metadata"]["uid"] = "another"
    with pytest.raises(Inconclusive, match="went away"):
        unrest.check()


def test_a_container_that_was_started_anew_excuses_nothing() -> None:
    api = _Asked(service(), pod())
    unrest = Stability(api, SERVICE)
    api.objects[1]["status"]["containerStatuses"][0] |= {"restartCount": 1, "ready": False}
    api.objects[1]["status"]["conditions"][0]["status"] = "False"
    unrest.check()


def test_a_pod_whose_node_does_not_report_is_nobodys_fault() -> None:
    api = _Asked(service(), pod(spec={"nodeName": "far-away"}))
    unrest = Stability(api, SERVICE)
    api.objects[1]["status"]["conditions"][0]["status"] = "False"
    with pytest.raises(Inconclusive, match="kubectl describe node far-away"):
        unrest.check()


def test_where_nothing_stood_nothing_can_go_away() -> None:
    api = _Asked(service())
    unrest = Stability(api, SERVICE)
    unrest.check()
    api.objects.append(pod())
    unrest.check()


def test_what_went_away_before_a_scenario_began_excuses_nothing_in_it() -> None:
    api = _Asked(service(), pod("one"), pod("two"))
    unrest = Stability(api, SERVICE)
    api.objects[1] = pod("three")
    with pytest.raises(Inconclusive, match="Pod apps/one went away"):
        unrest.check()
    unrest.begin()
    unrest.check()
    assert unrest.gone() == {"one"}, "whoever speaks of it speaks of what is no more"


def test_unless_its_successor_is_not_ready_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """And for no longer than a start takes: what never serves again is what is judged."""
    api = _Asked(service(), pod("one"))
    unrest = Stability(api, SERVICE)
    for left in ((), (pod("two", ready=False),)):
        api.objects[1:] = left
        unrest.begin()
        with pytest.raises(Inconclusive, match="Pod apps/one went away"):
            unrest.check()
    monkeypatch.setattr("acceptance.kubernetes.stability._BACK", 0.0)
    unrest.begin()
    unrest.check()


def test_one_that_is_there_again_by_its_name_is_not_gone() -> None:
    api = _Asked(service(), pod())
    unrest = Stability(api, SERVICE)
    api.objects[1] = pod(uid="another")
    unrest.begin()
    assert unrest.gone() == set()
