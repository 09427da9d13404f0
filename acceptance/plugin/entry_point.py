"""What pytest finds where the wheel is installed: one option, and nothing else until it is given.

It imports nothing: each run of pytest beside it pays for this file.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: "pytest.Parser") -> None:
    """Offer what wakes the suite; its own options come with it."""
    parser.getgroup("acceptance", "Open WebUI on LiteLLM, judged").addoption(
        "--acceptance",
        action="store_true",
        help="load the sentences and options of wiredup (with --help: lists them)",
    )


def pytest_load_initial_conftests(early_config: "pytest.Config") -> None:
    """Load the suite where it is asked for, early enough for its own options to be known."""
    if early_config.known_args_namespace.acceptance:
        early_config.pluginmanager.import_plugin("acceptance.plugin.suite")
