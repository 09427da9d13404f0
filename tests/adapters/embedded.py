"""The embedded lab as a world of the contract tests."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from acceptance.lab.embedded.cluster import EmbeddedCluster
from acceptance.lab.embedded.lab import EmbeddedLab


class EmbeddedWorld:
    """`World`, by a lab on the real programs."""

    def __init__(self, lab: EmbeddedLab) -> None:
        self._lab = lab
        self.cluster = EmbeddedCluster(lab)

    @contextmanager
    def edited(self, variable: str, value: str) -> Iterator[None]:
        """See `World`."""
        before = self._lab.manifests
        workload = copy.deepcopy(before.get("StatefulSet", "apps", "open-webui"))
        assert workload is not None
        container = workload["spec"]["template"]["spec"]["containers"][0]
        container["env"].append({"name": variable, "value": value})
        self._lab.edit(before.with_changes([workload]))
        yield
        self._lab.edit(before)

    @contextmanager
    def out_of_order(self) -> Iterator[None]:
        """See `World`."""
        self._lab.stop("ml/litellm-0")
        yield
        self._lab.apply(self._lab.manifests)
