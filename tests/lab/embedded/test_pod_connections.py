"""Connections and ports as a program inside a pod has them."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.lab.embedded.inside import GATEWAY, Inside


@pytest.fixture
def greeter() -> Iterator[int]:
    """A port of this machine that says hello to each connection."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def greet() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"hello")

        threading.Thread(target=greet, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_a_connection_to_a_service_goes_to_a_pod_behind_it(inside: Inside, greeter: int) -> None:
    inside.routes = {f"{GATEWAY}:4000": [greeter]}

    assert inside.connect("litellm.ml", 4000) == "hello"
    assert inside.connect(GATEWAY, 4000) == "hello"


@pytest.mark.parametrize("port", [4000, 80])
def test_where_nothing_listens_a_connection_is_refused(inside: Inside, port: int) -> None:
    inside.routes = {f"{GATEWAY}:4000": []}

    refused = f"ConnectionRefusedError: [Errno 111] nothing listens on {GATEWAY}:{port}"
    assert inside.connect("litellm.ml", port).replace("[Errno 61]", "[Errno 111]") == refused


def test_connect_ex_tells_the_same_as_a_number(inside: Inside) -> None:
    asked = f"result = socket.socket().connect_ex(('{GATEWAY}', 4000)) == errno.ECONNREFUSED"

    assert inside.run(f"import errno\n{asked}")


def test_a_cut_connection_hangs(inside: Inside) -> None:
    with closing(socket.socket()) as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with closing(socket.create_connection(full.getsockname())):
            inside.silent = full.getsockname()[1]
            inside.routes = {f"{GATEWAY}:4000": [1]}
            inside.cut = [f"{GATEWAY}:4000"]

            assert inside.connect("litellm.ml", 4000) == "TimeoutError: timed out"


@pytest.mark.parametrize("address", ["192.0.2.1", "169.254.169.254", "::1"])
def test_no_other_address_is_reached(inside: Inside, address: str) -> None:
    assert inside.connect(address, 80).startswith("ConnectionRefusedError")


def test_what_goes_round_python_is_refused_by_the_audit_hook(inside: Inside) -> None:
    connect = "import _socket\n_socket.socket().connect(('192.0.2.1', 80))\nresult = 'connected'"
    send = "socket.socket(type=socket.SOCK_DGRAM).sendto(b'?', ('192.0.2.1', 53))\nresult = 'sent'"
    resolve = "import _socket\nresult = str(_socket.getaddrinfo('example.com', 80))"
    reverse = "result = socket.gethostbyaddr('example.com')[0]"

    assert "the lab has no way out to 192.0.2.1" in inside.run(connect)
    assert "the lab has no way out to 192.0.2.1" in inside.run(send)
    assert "the lab asks nobody outside for example.com" in inside.run(resolve)
    assert "the lab asks nobody outside for example.com" in inside.run(reverse)


def test_sockets_of_the_machine_itself_are_left_alone(inside: Inside) -> None:
    asked = (
        "left, right = socket.socketpair()\n"
        "left.sendall(b'beside')\n"
        "result = right.recv(9).decode()\n"
        "one = socket.socket(socket.AF_UNIX)\n"
        "one.bind(socket_path)\n"
    ).replace("socket_path", repr(str(inside.folder / "unix")))

    assert inside.run(asked) == "beside"


LISTEN = """
server = socket.create_server(({host!r}, 8080), family={family})
again = socket.create_connection(('localhost', 8080))
result = [server.getsockname()[:2], again.getpeername()[:2]]
"""


@pytest.mark.parametrize(
    ("host", "family"),
    [("0.0.0.0", "socket.AF_INET"), ("127.0.0.1", "socket.AF_INET"), ("::", "socket.AF_INET6")],  # noqa: S104
)
def test_a_port_of_the_pod_is_a_port_that_the_kernel_picks(
    inside: Inside, host: str, family: str
) -> None:
    bound, reached = inside.run(LISTEN.format(host=host, family=family))

    assert json.loads(inside.ports.read_text()) == {"8080": bound[1]}
    assert bound[0].removeprefix("::ffff:") == "127.0.0.1"
    assert reached == ["127.0.0.1", bound[1]]
    assert bound[1] != 8080


def test_all_processes_of_a_pod_share_its_ports(inside: Inside, greeter: int) -> None:
    inside.ports.write_text(json.dumps({"8080": greeter}))

    assert inside.connect("localhost", 8080) == "hello"
    inside.run("result = socket.create_server(('', 9090)).getsockname()[1]")
    assert set(json.loads(inside.ports.read_text())) == {"8080", "9090"}


def test_an_event_loop_of_uvloop_is_a_plain_one(inside: Inside) -> None:
    asked = (
        "import asyncio, uvloop\n"
        "uvloop.install()\n"
        "loop = uvloop.new_event_loop()\n"
        "result = loop.run_until_complete(loop.getaddrinfo('litellm.ml', 80))[0][4][0]\n"
        "loop.close()\n"
        "assert isinstance(uvloop.EventLoopPolicy(), asyncio.DefaultEventLoopPolicy)"
    )

    assert inside.run(asked) == GATEWAY


CHILD = """
import os, subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
print(os.getpid(), grandchild.pid, flush=True)
time.sleep(600)
"""


def test_the_program_and_what_it_started_end_with_the_lab(inside: Inside) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD],
        env={**inside.write(), "LAB_LIFELINE": "stdin"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        program, grandchild = map(int, process.stdout.readline().split())
        assert program == process.pid
        assert os.getpgid(grandchild) == program

        process.stdin.close()

        assert process.wait(10) == -9
        assert process.stdout.read() == b""  # its other end is closed: nobody is left


def test_python_without_a_lab_is_as_ever(inside: Inside) -> None:
    environment = {**inside.write()}
    del environment["LAB_NETWORK"]
    source = "import socket, sys; print(socket.getaddrinfo.__module__, 'uvloop' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", source], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout == "socket False\n"


WAYS_OUT = {
    "a datagram": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('8.8.8.8', 53))",
    "a datagram to this machine": (
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 53))"
    ),
    "a message": "socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('8.8.8.8', 53))",
    "a connected datagram": "socket.socket(type=socket.SOCK_DGRAM).connect(('8.8.8.8', 53))",
    "an address": "socket.create_connection(('8.8.8.8', 53), timeout=5)",
    "an address of IPv6": "socket.socket(socket.AF_INET6).connect(('::1', 22))",
    "the machine's own port": "socket.create_connection(('127.0.0.1', 22), timeout=5)",
    "round the functions": (
        "__import__('_socket').socket.connect(socket.socket(), ('8.8.8.8', 53))"
    ),
    "round them without a connection": (
        "__import__('_socket').socket.sendto("
        "socket.socket(type=socket.SOCK_DGRAM), b'x', ('8.8.8.8', 53))"
    ),
    "a socket of this machine": ("socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')"),
    "a program": "__import__('subprocess').run(['true'])",
    "a shell": "__import__('os').system('true')",
    "another image": "__import__('os').execv('/bin/true', ['true'])",
}


@pytest.mark.parametrize("way", WAYS_OUT.values(), ids=WAYS_OUT.keys())
def test_there_is_no_other_way_out(inside: Inside, way: str) -> None:
    refused = inside.run(f"{way}\nresult = 'out'")

    assert re.match(
        r"(PermissionError|ConnectionRefusedError): .*(the lab|nothing listens)", refused
    )


def test_no_name_is_asked_for_an_address(inside: Inside) -> None:
    named = inside.run("result = socket.getnameinfo(('8.8.8.8', 53), 0)")

    assert named == ["8.8.8.8", "53"]


def test_python_itself_is_started_inside_as_well(inside: Inside) -> None:
    source = "import socket; socket.create_connection(('8.8.8.8', 53), timeout=5)"
    told = inside.run(
        "import subprocess, sys\n"
        f'asked = [sys.executable, "-c", "{source}"]\n'
        "result = subprocess.run(asked, capture_output=True, text=True).stderr"
    )
    assert "nothing listens on 8.8.8.8:53" in told
