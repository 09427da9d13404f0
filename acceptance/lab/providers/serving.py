"""The providers that are emulated now: each listens on a port of its own, and comes and goes."""

import ssl
from collections.abc import Callable, Iterable, Mapping

import trustme

from acceptance.lab.providers.catalogue import CONTROL_PORT, Offer
from acceptance.lab.providers.control import Control
from acceptance.lab.providers.handover import Endpoint
from acceptance.lab.providers.ledger import Call
from acceptance.lab.providers.listener import ANY_PORT, Address, Listener
from acceptance.lab.providers.provider import Provider

_EVERYWHERE = ""


class Serving:
    """Providers, what they were asked, and the control API, in one process."""

    def __init__(
        self,
        authority: trustme.CA,
        *,
        fixed: bool = False,
        changed: Callable[["Serving"], None] = lambda _serving: None,
    ) -> None:
        """Listen to nobody yet.

        Args:
            authority: whose certificates are shown.
            fixed: listen on each offer's own port, for whoever reaches this machine; what has no
                such port is not served.
            changed: told when others are served than before.
        """
        self._changed = changed
        self._authority = authority
        self._fixed = fixed
        self._ledger = list[Call]()
        self._providers: dict[str, Provider] = {}
        control = Control(self._providers, self._ledger, self.offer)
        self.panel = Listener(control.app, address=self._address(CONTROL_PORT))

    async def offer(self, offers: Iterable[Offer]) -> Mapping[str, Endpoint]:
        """Serve these and no others from now on; who stays keeps its port and its behaviour."""
        wanted = {each.name: each for each in offers if each.port or not self._fixed}
        for name in [name for name in self._providers if not self._stays(name, wanted)]:
            await self._providers.pop(name).listener.release()
        for name, each in wanted.items():
            if name in self._providers:
                self._providers[name].have(each)
            else:
                await self._begin(each)
        self._changed(self)
        return self.endpoints

    def _stays(self, name: str, wanted: Mapping[str, Offer]) -> bool:
        old, new = self._providers[name].offer, wanted.get(name)
        return new is not None and (old.host, old.scheme) == (new.host, new.scheme)

    async def _begin(self, offer: Offer) -> None:
        provider = Provider(
            offer, self._ledger, tls=self._tls(offer), address=self._address(offer.port)
        )
        await provider.listener.open()
        self._providers[offer.name] = provider

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """Where each listens, by its name."""
        return {
            name: Endpoint(
                host=provider.offer.host,
                host_port=provider.offer.host_port,
                scheme=provider.offer.scheme,
                port=provider.listener.port,
            )
            for name, provider in self._providers.items()
        }

    async def release(self) -> None:
        """Listen to nobody any more."""
        for listener in (self.panel, *(each.listener for each in self._providers.values())):
            await listener.release()

    def _address(self, port: int) -> Address:
        return (_EVERYWHERE, port) if self._fixed else ANY_PORT

    def _tls(self, offer: Offer) -> ssl.SSLContext | None:
        if offer.scheme == "http":
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(offer.host).configure_cert(context)
        return context
