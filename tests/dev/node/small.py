"""`python -m tests.dev.node.small HOME`: a node without the story's two large images, up."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubernetes import client, config
from kubernetes.stream import stream

from acceptance.lab.cluster.archive import Image
from acceptance.lab.cluster.base import base_of
from acceptance.lab.cluster.images import node_images, provider_images
from acceptance.lab.environments import CACHE
from acceptance.lab.providers.authority import keep_authority
from acceptance.waiting import Progress, quiet
from dev.node.layout import Layout
from dev.node.node import up
from dev.node.programs import Programs, ensure_programs


def small_images(layout: Layout, programs: Programs) -> Sequence[Image]:
    """The node's own, the emulated providers, and the relays."""
    keep_authority(layout.authority)
    base = base_of(())
    return (
        *node_images(base, programs.companions),
        *provider_images(base, layout.authority),
    )


def small_up(layout: Layout, say: Progress = quiet) -> None:
    """Leave the node up."""
    programs = ensure_programs(cache=CACHE, say=say)
    up(layout, programs, small_images(layout, programs), say)


@contextmanager
def core(layout: Layout) -> Iterator[Any]:  # CoreV1Api, which takes dictionaries untold
    """The node's API, as its administrator sees it."""
    configuration = client.Configuration()
    config.load_kube_config(str(layout.kubeconfig), client_configuration=configuration)  # type: ignore[no-untyped-call]  # its annotations lack a type
    configuration.retries = False
    with client.ApiClient(configuration) as api:
        yield client.CoreV1Api(api)


def run_in(layout: Layout, *, namespace: str, labels: str, script: str) -> str:
    """What a script of Python prints in the first pod with these labels."""
    with core(layout) as api:
        (pod,) = api.list_namespaced_pod(namespace, label_selector=labels).items
        terminal = stream(
            api.connect_get_namespaced_pod_exec,
            pod.metadata.name,
            namespace,
            command=["python3", "-c", script],
            stdout=True,
            stderr=True,
            _preload_content=False,
        )
        terminal.run_forever(timeout=60)
        printed: str = terminal.read_all()
        terminal.sock.shutdown()  # `close` leaves it open once the other side has closed it
        return printed


if __name__ == "__main__":
    small_up(Layout(home=Path(sys.argv[1])))
