"""What all tests need."""

import signal


def pytest_configure() -> None:
    """Let Ctrl-C reach what is tested, also where a shell started the tests in the background.

    POSIX lets such a process ignore it, and all that it starts.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
