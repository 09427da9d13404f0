"""What all tests need."""

import signal
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

# beside pytest's own leftovers, which git ignores and "make clean" removes
set_hypothesis_home_dir(Path(__file__).parents[1] / ".pytest_cache" / "hypothesis")
# the same examples in each run, however busy the machine
settings.register_profile(
    "project",
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("project")


def pytest_configure() -> None:
    """Let Ctrl-C reach what is tested, also where a shell started the tests in the background.

    POSIX lets such a process ignore it, and all that it starts.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
