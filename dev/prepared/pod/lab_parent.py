"""A prepared process: has imported what a program imports, and becomes the program for each pod.

Started with a pod's own environment and, as argument, the descriptor of a socket to the lab. It
receives the modules to import, and answers with the names of the variables that were read
meanwhile: the lab forks a pod from it only if those have the same values there. Then each request
forks a child, which takes over the pod's environment, folder and streams, and runs the program's
own command. The parent has one thread, so nothing is lost in the fork.

Standard library only: this runs inside the programs' own environments.
"""

import contextlib
import importlib
import json
import os
import runpy
import signal
import socket
import sys
from collections.abc import ItemsView
from typing import Any

import sitecustomize  # type: ignore[import-not-found]  # the lab's, on PYTHONPATH

_KNOWN_ITERATORS = ("urllib.request", "pydantic_settings.sources.utils")
"""They look through all variables for proxies and for prefixes, which the lab always compares."""
_DESCRIPTORS = 3
_LENGTH = 8
_EVERYTHING = "*"


class _Recorder(os._Environ[str]):  # noqa: SLF001  # os.environ becomes one for a while
    """Notes which variables are read."""

    names: set[str] = set()  # noqa: RUF012  # one os.environ, so one set

    def __getitem__(self, key: str) -> str:
        self.names.add(key)
        return super().__getitem__(key)

    def items(self) -> ItemsView[str, str]:
        if sys._getframe(1).f_globals.get("__name__") not in _KNOWN_ITERATORS:  # noqa: SLF001
            self.names.add(_EVERYTHING)
        names = super().__iter__()
        return {name: super(_Recorder, self).__getitem__(name) for name in names}.items()

    def __iter__(self) -> Any:  # noqa: ANN401  # as the base class has it
        self.names.add(_EVERYTHING)
        return super().__iter__()


def _import(modules: list[str]) -> list[str]:
    plain = type(os.environ)
    os.environ.__class__ = _Recorder
    for module in modules:
        # The program's own import tells what is wrong, if it needs it.
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    os.environ.__class__ = plain
    return sorted(_Recorder.names)


class _Children:
    """The children that run, and where their end is reported."""

    def __init__(self) -> None:
        self._reports: dict[int, int] = {}
        signal.signal(signal.SIGCHLD, lambda *_: self._reap(wait=False))

    def add(self, pid: int, report: int) -> None:
        os.write(report, f"{pid}\n".encode())
        self._reports[pid] = report
        self._reap(wait=False)  # it may have ended before it was known

    def forget(self) -> None:
        """What a child does about its sisters."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for report in self._reports.values():
            os.close(report)

    def outlive(self) -> None:
        """Report the end of each child that still runs."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._reap(wait=True)

    def _reap(self, *, wait: bool) -> None:
        for pid, report in list(self._reports.items()):
            try:
                ended, status = os.waitpid(pid, 0 if wait else os.WNOHANG)
            except ChildProcessError:  # a signal came meanwhile, and its handler was faster
                continue
            if ended and self._reports.pop(pid, None) is not None:
                with contextlib.suppress(BrokenPipeError):
                    os.write(report, f"{os.waitstatus_to_exitcode(status)}\n".encode())
                os.close(report)


def _received(lab: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = lab.recv(length - len(data))
        if not part:
            sys.exit(0)  # the lab is gone
        data += part
    return data


def _become(request: dict[str, Any], stdin: int, log: int) -> None:
    os.setsid()
    for source, target in ((stdin, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(stdin)
    os.close(log)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv[:] = request["command"]
    sys.path[0] = os.path.dirname(sys.argv[0])  # noqa: PTH120  # as Python itself sets it
    sitecustomize.enter()


def main() -> None:
    """Import, tell what was read, and fork for each request; only a child returns."""
    lab = socket.socket(fileno=int(sys.argv[1]))
    modules = json.loads(_received(lab, int(_received(lab, _LENGTH))))
    names = json.dumps(_import(modules)).encode()
    lab.sendall(f"{len(names):{_LENGTH}}".encode() + names)
    children = _Children()
    while True:
        header, descriptors, _, _ = socket.recv_fds(lab, _LENGTH, _DESCRIPTORS)
        if not header:  # no more pods, or the lab is gone
            children.outlive()
            sys.exit(0)
        request = json.loads(_received(lab, int(header)))
        stdin, log, report = descriptors
        child = os.fork()
        if not child:
            lab.close()
            os.close(report)
            children.forget()
            return _become(request, stdin, log)
        os.close(stdin)
        os.close(log)
        children.add(child, report)


if __name__ == "__main__":
    main()
    runpy.run_path(sys.argv[0], run_name="__main__")
