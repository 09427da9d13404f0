"""How the lab's commands speak to whoever started them."""

import sys


def write(text: str) -> None:
    """Show a text, now."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say(line: str) -> None:
    """Show a line of progress, now; a `acceptance.waiting.Say`."""
    write(f"  … {line}")
