"""`python without_network.py COMMAND...`: run a command where only the loopback is up.

Started by `unshare --net`, whose new network has a loopback that is down, and nothing else.
"""

import fcntl
import os
import socket
import struct
import sys

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1

if __name__ == "__main__":
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606  # the test's own command
