"""The typed way to the control API of the emulated providers."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Self

import httpx

from acceptance.errors import SetupError
from acceptance.lab.providers.behaviour import Behaviour
from acceptance.lab.providers.catalogue import Offer
from acceptance.lab.providers.handover import Endpoint, Handover
from acceptance.lab.providers.ledger import Call
from acceptance.message import excerpt, explain

_TIMEOUT = 5.0
"""Seconds; the process is on the same machine."""


class Providers:
    """The emulated providers of one running process; close it, or use it in a `with`."""

    endpoints: Mapping[str, Endpoint]
    """Where each provider listens, by its name."""

    def __init__(self, handover: Handover) -> None:
        self.endpoints = handover.providers
        self._http = httpx.Client(base_url=handover.control, timeout=_TIMEOUT, trust_env=False)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """The providers of the process that was started for this directory.

        Raises:
            SetupError: it is not ready.
        """
        return cls(Handover.read(directory))

    def offer(self, offers: Iterable[Offer]) -> None:
        """Let these offers be served, and no others; they are on return."""
        told = self._ask("PUT", "/offers", [asdict(each) for each in offers]).json()
        self.endpoints = {name: Endpoint(**each) for name, each in told.items()}

    def behave(self, provider: str, behaviour: Behaviour) -> None:
        """Make a provider behave so; in force on return.

        Raises:
            ValueError: there is no such provider, or it has no such model.
        """
        response = self._ask("PUT", f"/providers/{provider}/behaviour", asdict(behaviour))
        if response.is_error:
            raise ValueError(response.json()["error"])

    def restore(self) -> None:
        """Make all providers behave well."""
        self._ask("DELETE", "/behaviours")

    def ledger(self) -> tuple[Call, ...]:
        """Every request to a model since the start or the last `clear`, oldest first."""
        return tuple(Call(**call) for call in self._ask("GET", "/ledger").json())

    def clear(self) -> None:
        """Forget the calls so far."""
        self._ask("DELETE", "/ledger")

    def close(self) -> None:
        """Close the connection to the control API; the process runs on."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        try:
            response = self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            raise SetupError(self._lost(f"{type(error).__name__}: {error}")) from error
        if response.is_server_error:
            raise SetupError(self._lost(f"HTTP {response.status_code}: {excerpt(response.text)}"))
        return response

    def _lost(self, found: str) -> str:
        return explain(
            "The emulated providers do not answer.",
            expected="the control API of the process `python -m acceptance.lab.providers`",
            found=found,
            where=str(self._http.base_url),
            fix="start it again; it ends when the program that started it ends",
        )
