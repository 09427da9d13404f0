"""Whether those that come after a component can use it; each raises AssertionError if not yet."""

import http.client
import socket
import ssl
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from pathlib import Path

Probe = Callable[[], None]
_TIMEOUT = 5.0
"""Seconds; it is on this machine."""
_QUEUES = Path("/proc/net/netfilter/nfnetlink_queue")


def port(number: int) -> Probe:
    """Something listens on the port."""
    return partial(_check_connects, socket.AF_INET, ("127.0.0.1", number))


def local_socket(path: Path) -> Probe:
    """Something listens on the socket."""
    return partial(_check_connects, socket.AF_UNIX, str(path))


def https(number: int, path: str, authority: Path) -> Probe:
    """What listens on the port answers 200 at the path, with a certificate of the authority."""
    return partial(_check_answers, number, path, authority)


def packet_queue(number: int) -> Probe:
    """Somebody reads this queue of the kernel's netfilter (nfnetlink_queue)."""
    return partial(_check_is_read, number)


def _check_is_read(number: int) -> None:
    """Whether it is one of those that have a reader: a line each, its number first (Linux 6.18)."""
    read = [line.split()[0] for line in _QUEUES.read_text().splitlines()]
    assert str(number) in read, "does not read its packets"


def _check_connects(family: socket.AddressFamily, address: str | tuple[str, int]) -> None:
    with socket.socket(family) as probe:
        try:
            probe.connect(address)
        except OSError as error:
            raise AssertionError(f"does not listen: {error.strerror}") from error


def _check_answers(number: int, path: str, authority: Path) -> None:
    trusting = ssl.create_default_context(cafile=authority)
    connection = http.client.HTTPSConnection(
        "127.0.0.1", number, timeout=_TIMEOUT, context=trusting
    )
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise AssertionError(f"does not answer: {error}") from error
    finally:
        connection.close()
    assert status == HTTPStatus.OK, f"answers {status}"
