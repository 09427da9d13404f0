"""One lab of real programs for all modules of a worker that judge some, one after the other.

Its programs are forked from prepared processes, which nobody else could use: what they have
imported knows the certificates of their own lab.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.environments import CACHE
from dev.kill_matrix.worker import programs
from dev.prepared.starter import PreparedStarter


class SharedLab:
    """A lab on which nothing runs until a module puts its manifests there."""

    def __init__(self, lab: EmbeddedLab) -> None:
        self._lab = lab

    def with_(self, manifests: Manifests) -> EmbeddedLab:
        """The lab with these manifests, everything else as if it were new."""
        self._lab.disturb()
        self._lab.providers.restore()
        self._lab.providers.clear()
        self._lab.reset()
        self._lab.apply(manifests)
        return self._lab


@contextmanager
def shared_lab() -> Iterator[SharedLab]:
    """It ends with the worker."""
    starter = PreparedStarter(cache=CACHE)
    with EmbeddedLab(Manifests([]), programs(CACHE), starter=starter) as lab:
        yield SharedLab(lab)
