"""`pytest --restore`: scale back what an aborted drill left at zero, and judge nothing."""

import sys
from collections.abc import Mapping
from contextlib import closing

import pytest

from acceptance.errors import SetupError
from acceptance.plugin import targets
from acceptance.plugin.contract import contract_of
from acceptance.plugin.settings import Settings, settings_of
from acceptance.resources import ServiceName
from acceptance.verdict import ExitCode


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer it beside the settings, which say where."""
    parser.getgroup("acceptance").addoption(
        "--restore",
        action="store_true",
        help="scale back workloads that an aborted drill left at zero, and judge nothing",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Do that instead of a run, if it was asked for."""
    if not config.option.restore:
        return None
    try:
        certificates = _restore(settings_of(config), contract_of(config).backends)
    except SetupError as error:
        _say(str(error))
        return ExitCode.UNFIT
    for each in certificates or ("nothing is away",):
        _say(each)
    return 0


def _restore(chosen: Settings, backends: Mapping[str, ServiceName]) -> tuple[str, ...]:
    # only what asks a cluster pays for its imports
    from acceptance.kubernetes.connection import connect  # noqa: PLC0415
    from acceptance.kubernetes.drills import about, journal_of, restore  # noqa: PLC0415

    api = connect(kubeconfig=chosen.kubeconfig, context=chosen.context, say=_say)
    with closing(api):
        _say(f"looked at: {about(api)}")
        journal = journal_of(api, targets.drill_notes(chosen))
        return restore(api, journal, *backends.values(), say=_say)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
