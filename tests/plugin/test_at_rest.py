"""Before a scenario is called wrong, the target is asked whether it still is what it was."""

from collections.abc import Collection
from types import SimpleNamespace
from typing import cast

import pytest

from acceptance.errors import Blocked, Inconclusive, NotProven, SetupError, Subject
from acceptance.resources import ServiceName
from acceptance.secret import Secret
from acceptance.target import Account, StabilityCheck, Target
from fixtures import target as plugin

SERVICE = ServiceName(namespace="apps", name="open-webui", port=0)


def _ended(
    error: BaseException,
    at_rest: StabilityCheck | None,
    *,
    stash: pytest.Stash | None = None,
    gone: Collection[str] = (),
) -> BaseException:
    """What a scenario ends with that was about to end with this error."""
    stash = pytest.Stash() if stash is None else stash
    if at_rest:
        stash[plugin.UP] = Target(
            name="live",
            open_webui="",
            gateway=None,
            administrator=Account(email="", password=Secret("")),
            open_webui_service=SERVICE,
            gateway_service=SERVICE,
            at_rest=at_rest,
            went_away=lambda: gone,
        )
    item = cast("pytest.Item", SimpleNamespace(config=SimpleNamespace(stash=stash)))
    call = plugin.pytest_runtest_call(item)
    next(call)
    with pytest.raises(BaseException) as raised:  # noqa: PT011  # which one is what is asked
        call.throw(error)
    return raised.value


def _gone() -> None:
    raise SetupError("The API server cannot be asked.")


def _evicted() -> None:
    raise Inconclusive("Pod apps/open-webui-0 went away")


def _well() -> None:
    """Return: it is at rest."""


@pytest.mark.parametrize(
    "error",
    [AssertionError("wrong"), Blocked(Subject.GATEWAY, "no answer"), SetupError("no answer")],
)
def test_what_happened_to_the_target_comes_before_what_a_scenario_saw(error: Exception) -> None:
    assert isinstance(_ended(error, _gone), SetupError)
    assert str(_ended(error, _gone)) == "The API server cannot be asked."
    assert isinstance(_ended(error, _evicted), Inconclusive)


def test_at_rest_what_it_saw_stands() -> None:
    wrong = AssertionError("wrong")
    assert _ended(wrong, _well) is wrong
    assert _ended(wrong, None) is wrong


@pytest.mark.parametrize("error", [NotProven("no right"), KeyboardInterrupt(), ValueError("a bug")])
def test_nobody_asks_where_nothing_is_called_wrong(error: BaseException) -> None:
    assert _ended(error, _gone) is error


def test_an_error_that_was_kept_for_all_scenarios_is_excused_in_each() -> None:
    """A fixture of the whole run raises the same one again, long after."""
    stash, kept = pytest.Stash(), AssertionError("cut off")
    assert isinstance(_ended(kept, _evicted, stash=stash), Inconclusive)
    assert isinstance(_ended(kept, _well, stash=stash), Inconclusive)
    wrong = AssertionError("cut off")
    assert _ended(wrong, _well, stash=stash) is wrong


def test_what_speaks_of_what_went_away_earlier_is_excused_and_nothing_else() -> None:
    stale = AssertionError("open-webui-abc-1: does not answer")
    assert isinstance(_ended(stale, _well, gone={"open-webui-abc-1"}), Inconclusive)
    wrong = AssertionError("the chain is another one")
    assert _ended(wrong, _well, gone={"open-webui-abc-1"}) is wrong


def test_what_happened_before_a_scenario_began_is_told_to_the_target() -> None:
    begun: list[str] = []
    stash = pytest.Stash()
    stash[plugin.UP] = cast(
        "Target", SimpleNamespace(begins=lambda: begun.append("now"), at_rest=_well)
    )
    item = cast("pytest.Item", SimpleNamespace(config=SimpleNamespace(stash=stash)))
    next(plugin.pytest_runtest_call(item))
    assert begun == ["now"]
