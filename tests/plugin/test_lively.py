"""A gateway that hangs is told by one probe, before each model is waited for in vain."""

import pytest

from acceptance.cluster import HANGS, nothing_behind
from acceptance.errors import Blocked
from acceptance.resources import ServiceName
from fixtures import clients
from fixtures.clients import require_lively
from tests.kubernetes.server import closed_port, serving, silent

SERVICE = ServiceName(namespace="ml", name="litellm", port=4000)


def test_one_that_says_nothing_blocks_what_rests_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_LIVELY", 0.3)
    with silent() as address, pytest.raises(Blocked, match="it hangs"):
        require_lively(address, "")


def test_so_does_one_of_which_the_target_knows_it() -> None:
    problem = str(nothing_behind(SERVICE, f"its target port {HANGS} 10 s"))
    with pytest.raises(Blocked, match="its target port takes connections"):
        require_lively(None, problem)


def test_any_other_trouble_is_told_by_whoever_needs_the_gateway() -> None:
    require_lively(None, str(nothing_behind(SERVICE, "no such Service")))
    require_lively(closed_port(), "")
    with serving() as server:
        require_lively(server.url, "")
