"""The lock that keeps two drills apart: a Lease in the namespace of the backends."""

import os
import platform
import threading
import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from acceptance.errors import AcceptanceError, NotProven
from acceptance.kubernetes.api import PATHS, Api
from acceptance.kubernetes.errors import Conflict
from acceptance.resources import Manifest
from acceptance.waiting import Progress, eventually

NAME = "acceptance-drill"
_DURATION = 30
"""Seconds after which a Lease that nobody renewed is no longer held: its run was killed."""
_RENEWAL = 8.0
"""Seconds between two renewals."""
_SKEW = timedelta(seconds=120)
"""By so much two machines' clocks may differ."""
MAY = tuple(
    f"{method} {PATHS['Lease'].format('[^/]+')}{name}"
    for method, name in (("POST", ""), ("PUT", f"/{NAME}"), ("DELETE", f"/{NAME}"))
)


class DrillLease:
    """One holder at a time; taken by `take`, given back by `release`."""

    def __init__(self, api: Api, namespace: str, *, say: Progress) -> None:
        self._api = api
        self._say = say
        self._path = PATHS["Lease"].format(namespace)
        self._namespace = namespace
        self._holder = f"{platform.node()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._seen: tuple[str, float] | None = None
        """When somebody else's was renewed as they say, and since when that was seen here."""
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
            assert self._is_over(lease), _refused(lease)
            self._put(lease)
        except Conflict as error:
            raise AssertionError(_refused(lease)) from error

    def _is_over(self, lease: Manifest) -> bool:
        """Whether nobody renewed it for its whole duration, by a clock that both sides share: ours.

        Raises:
            NotProven: it was renewed while we looked.
        """
        duration = lease["spec"].get("leaseDurationSeconds", _DURATION)
        renewed = str(lease["spec"].get("renewTime"))
        if self._seen is None:
            self._seen = renewed, time.monotonic()
        if self._seen[0] != renewed:
            raise NotProven(_refused(lease))
        return time.monotonic() - self._seen[1] > duration or _is_old(renewed, duration)

    def _put(self, lease: Manifest) -> None:
        version = lease["metadata"]["resourceVersion"]
        self._api.ask("PUT", f"{self._path}/{NAME}", body=self._body(version))

    def _renew(self) -> None:
        while not self._released.wait(_RENEWAL):
            with suppress(AcceptanceError, Conflict):  # the next renewal may do better
                if lease := self._own():
                    self._put(lease)

    def _own(self) -> Manifest | None:
        """The Lease, while it is ours."""
        lease = self._api.get("Lease", self._namespace, NAME)
        return lease if lease and lease["spec"].get("holderIdentity") == self._holder else None

    def release(self) -> None:
        """Hold it no longer; one that cannot be given back is over by itself."""
        if not self._renewing:
            return
        self._released.set()
        self._renewing.join()
        self._renewing = None
        with suppress(AcceptanceError, Conflict):
            if lease := self._own():
                version = {"resourceVersion": lease["metadata"]["resourceVersion"]}
                self._api.ask("DELETE", f"{self._path}/{NAME}", body={"preconditions": version})

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


def _is_old(renewed: str, duration: float) -> bool:
    """Whether it is over by any two clocks."""
    with suppress(ValueError):
        age = datetime.now(UTC) - datetime.fromisoformat(renewed)
        return age > timedelta(seconds=duration) + _SKEW
    return False


def _refused(lease: Manifest | None) -> str:
    holder = lease["spec"].get("holderIdentity") if lease else "somebody faster"
    return f"another drill is under way: Lease {NAME} is held by {holder}"
