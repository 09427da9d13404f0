"""What ends a run from outside: heard like Ctrl-C, or held back where it would do harm."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends a run from outside: Ctrl-C, a service that ends a job, a terminal that is closed."""


@contextmanager
def sigterm_like_ctrl_c() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt within this block, so that it ends in good order."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def defer_signals() -> Iterator[None]:
    """Hold back what interrupts; the first that arrived meanwhile acts at the end of the block."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is interrupted
        return
    arrived: list[int] = []
    earlier: dict[signal.Signals, Any] = {}
    try:
        for each in INTERRUPTIONS:
            earlier[each] = signal.signal(each, lambda number, _frame: arrived.append(number))
        yield
    finally:
        for each, handler in earlier.items():
            signal.signal(each, handler)
        for number in arrived[:1]:
            signal.raise_signal(number)
