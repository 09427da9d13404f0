"""A node that is up, and ready for pods."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from acceptance import files
from acceptance.errors import SetupError
from acceptance.lab.cluster.archive import Image
from acceptance.message import explain
from acceptance.waiting import Progress, waiting_for
from dev.node.layout import Layout
from dev.node.objects import Objects
from dev.node.process import lives, start
from dev.node.programs import Programs
from dev.node.store import ensure_imported

_LOG_LINES = 15


def up(layout: Layout, programs: Programs, images: Sequence[Image], say: Progress) -> None:
    """Leave a node up that is ready for pods; one that is up already lacks nothing afterwards.

    Raises:
        SetupError: something of it does not start.
    """
    with _turn(layout, say):
        if not start(layout, programs):
            say("a node is up already: what it lacks is added")
        try:
            _fill(layout, images, say)
        except AssertionError as error:
            raise SetupError(_not_ready(layout, str(error))) from error


def _fill(layout: Layout, images: Sequence[Image], say: Progress) -> None:
    def check_lives() -> None:
        if not lives(layout):
            raise SetupError(_not_ready(layout, "it has ended"))

    with closing(Objects(layout.kubeconfig, alive=check_lives, say=say)) as objects:
        objects.wait_for_api()
        ensure_imported(images, layout=layout, say=say)
        objects.create()
        objects.wait_until_ready()


@contextmanager
def _turn(layout: Layout, say: Progress) -> Iterator[None]:
    """Let one run at a time see what is missing, and add it."""
    layout.home.mkdir(parents=True, exist_ok=True)
    with layout.turn.open("ab") as lock:
        with waiting_for("another run that brings the node up", say):
            files.lock(lock.fileno(), wait=True)
        yield


def _not_ready(layout: Layout, found: str) -> str:
    message = explain(
        "The Kubernetes node is not ready.",
        expected="a node on which pods can be started",
        found=found,
        where=str(layout.logs),
        fix="read the logs; then 'make node-down', and 'make node-up' once more",
    )
    lines = layout.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    return "\n".join([message, *lines])
