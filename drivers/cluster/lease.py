"""The lock that keeps two drills apart: a Lease in the namespace of the backends."""

import os
import platform
import threading
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from domain.errors import AcceptanceError, NotProven
from domain.kubernetes import Manifest
from domain.waiting import Say, eventually
from drivers.cluster.api import PATHS, Api, Conflict

NAME = "acceptance-drill"
_DURATION = 30
"""Seconds after which a Lease that nobody renewed is no longer held: its run was killed."""
_RENEWAL = 8.0
"""Seconds between two renewals."""
MAY = tuple(
    f"{method} {PATHS['Lease'].format('[^/]+')}{name}"
    for method, name in (("POST", ""), ("PUT", f"/{NAME}"), ("DELETE", f"/{NAME}"))
)


class DrillLease:
    """One holder at a time; taken by `take`, given back by `release`."""

    def __init__(self, api: Api, namespace: str, *, say: Say) -> None:
        self._api = api
        self._say = say
        self._path = PATHS["Lease"].format(namespace)
        self._namespace = namespace
        self._holder = f"{platform.node()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._released = threading.Event()
        self._renewing: threading.Thread | None = None

    def take(self) -> None:
        """Hold it from now on; a Lease of a run that was killed is waited for.

        Raises:
            NotProven: somebody else holds it, and renews it.
        """
        if self._renewing:
            return
        try:
            eventually(
                self._try_to_take,
                what=f"Lease {self._namespace}/{NAME} to be free",
                timeout=_DURATION + 2 * _RENEWAL,
                interval=1.0,
                say=self._say,
            )
        except AssertionError as error:
            raise NotProven(str(error)) from error
        self._renewing = threading.Thread(target=self._renew, name=NAME, daemon=True)
        self._renewing.start()

    def _try_to_take(self) -> None:
        lease = self._api.get("Lease", self._namespace, NAME)
        try:
            if lease is None:
                self._api.ask("POST", self._path, body=self._body())
                return
            assert self._is_over(lease), self._refused(lease)
            self._put(lease)
        except Conflict as error:
            raise AssertionError(self._refused(lease)) from error

    def _put(self, lease: Manifest) -> None:
        version = lease["metadata"]["resourceVersion"]
        self._api.ask("PUT", f"{self._path}/{NAME}", body=self._body(version))

    def _renew(self) -> None:
        while not self._released.wait(_RENEWAL):
            with suppress(AcceptanceError, Conflict):  # the next renewal may do better
                lease = self._api.get("Lease", self._namespace, NAME)
                if lease and lease["spec"].get("holderIdentity") == self._holder:
                    self._put(lease)

    def release(self) -> None:
        """Hold it no longer."""
        if self._renewing:
            self._released.set()
            self._renewing.join()
            self._renewing = None
            self._api.ask("DELETE", f"{self._path}/{NAME}")

    def _body(self, version: str = "") -> Manifest:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {
                "name": NAME,
                "namespace": self._namespace,
                **({"resourceVersion": version} if version else {}),
            },
            "spec": {
                "holderIdentity": self._holder,
                "leaseDurationSeconds": _DURATION,
                "acquireTime": now,
                "renewTime": now,
            },
        }

    @staticmethod
    def _is_over(lease: Manifest) -> bool:
        spec = lease["spec"]
        renewed = datetime.fromisoformat(spec["renewTime"])
        return datetime.now(UTC) > renewed + timedelta(seconds=spec["leaseDurationSeconds"])

    def _refused(self, lease: Manifest | None) -> str:
        holder = lease["spec"].get("holderIdentity") if lease else "somebody faster"
        return f"another drill is under way in {self._namespace}: Lease {NAME}, held by {holder}"
