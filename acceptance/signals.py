"""A short time in which Ctrl-C and its like wait: what they would leave half done is worse."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends a run from outside: Ctrl-C, a service that ends a job, a terminal that is closed."""


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
