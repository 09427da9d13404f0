"""A plugin for a run on a cluster: something happens to it at a moment of its drill.

`DRILL_MOMENTS` names moments with what happens, in their order: `away=SIGINT,giving back=SIGINT`.
A moment begins before the request that changes the cluster; `after …` when it was answered.
"""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd.parser import Step

from acceptance.kubernetes.wire import Answer, Wire
from acceptance.waiting import eventually

MOMENTS = "DRILL_MOMENTS"
LATCH = "DRILL_LATCH"
"""A file: `waits` is over when it is there."""
WAITING = "the drill waits"
_LEASE_SECONDS = 6
"""Shorter than in earnest: a lock of a run that is killed here is over sooner."""
_script = [entry.split("=") for entry in os.environ.get(MOMENTS, "").split(",") if entry]
_state = {"now": ""}


def pytest_configure() -> None:
    """Listen to what is asked of the cluster, for the whole run."""
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr("acceptance.kubernetes.lease._DURATION", _LEASE_SECONDS)
    monkeypatch.setattr("acceptance.kubernetes.lease._RENEWAL", _LEASE_SECONDS / 3)
    monkeypatch.setattr(Wire, "send", _listening(Wire.send))


def pytest_bdd_before_step(step: Step) -> None:
    """Something is away, and a user is about to ask."""
    if step.type == "when" and _state["now"] == "going":
        _reach("away")


def _listening(send: Any) -> Any:  # noqa: ANN401  # a method
    def listening(wire: Wire, method: str, path: str, **rest: Any) -> Answer:  # noqa: ANN401
        wanted = (rest["body"] or {}).get("spec", {}).get("replicas") if method == "PATCH" else None
        moment = "" if wanted is None else "giving back" if wanted else "taking"
        if not moment and _state["now"]:  # looks whether what was changed has its effect
            _reach(_state["now"])
        _reach(moment)
        answer: Answer = send(wire, method, path, **rest)
        if moment:
            _reach(f"after {moment}")
            _state["now"] = {"taking": "going", "giving back": "coming"}[moment]
        return answer

    return listening


def _reach(moment: str) -> None:
    if not _script or moment != _script[0][0]:
        return
    _, what = _script.pop(0)
    if what == "fails":
        raise AssertionError("the scenario fails here")
    if what == "waits":
        print(WAITING, flush=True)  # noqa: T201  # for whoever watches
        eventually(_check_latch, what="the test", timeout=120)
        return
    os.kill(os.getpid(), signal.Signals[what])


def _check_latch() -> None:
    assert Path(os.environ[LATCH]).exists(), "not yet"
