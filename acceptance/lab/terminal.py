"""How the lab's commands speak to whoever started them, and are spoken to."""

import argparse
import sys

from acceptance.resources import ServiceName


def write(text: str) -> None:
    """Show a text, now."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say(line: str) -> None:
    """Show a line of progress, now; a `acceptance.waiting.Say`."""
    write(f"  … {line}")


def service(text: str) -> ServiceName:
    """The Service of an argument, `namespace/name`."""
    namespace, slash, name = text.partition("/")
    if not slash:
        raise argparse.ArgumentTypeError(f"expected namespace/name, found {text!r}")
    return ServiceName(namespace=namespace, name=name, port=0)
