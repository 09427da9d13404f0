"""Where the gateway is, as far as a target can tell."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing
from functools import cache, partial
from urllib.parse import urlsplit

from acceptance.checks.endpoint import GatewayAddress
from acceptance.checks.proof import Wiring
from acceptance.clients.gateway import Gateway
from acceptance.clients.open_webui import OpenWebUI
from acceptance.resources import Environment, text_of
from acceptance.target import Target


def gateway_address(
    target: Target,
    environment: Environment,
    *,
    agreed: str,
    told_at: Callable[[str], Iterable[Collection[str]]],
) -> GatewayAddress:
    """Where the gateway of a target is, and how an address is recognised as leading there.

    Args:
        target: what is judged.
        environment: the gateway's, where it can be seen.
        agreed: the address that was agreed on, where there is one.
        told_at: the models that Open WebUI is told of at an address, by each of its connections.
    """
    below = text_of(environment, "SERVER_ROOT_PATH")
    if target.cluster is None:  # then the address that was given tells it
        below = urlsplit(target.gateway or "").path
    here = target.open_webui_service.namespace
    leads: Callable[[str], bool] | None = None
    if target.cluster:
        leads = partial(target.cluster.leads_to, service=target.gateway_service, seen_from=here)
    elif target.gateway:
        leads = partial(_lists_the_same, target, told_at)
    return GatewayAddress(
        service=target.gateway_service,
        seen_from=here,
        exists=target.cluster.exists if target.cluster else None,
        target_port=target.cluster.target_port if target.cluster else None,
        leads=cache(leads) if leads else None,
        address=target.gateway_address or ("" if target.cluster else target.gateway or agreed),
        root=below.rstrip("/"),
    )


def listed_by_each(open_webui: OpenWebUI, wiring: Wiring, url: str) -> Iterator[Collection[str]]:
    """The models that Open WebUI is told of by each of its connections to an address."""
    return (open_webui.served_by(each).names for each in wiring.connections if each.url == url)


def _lists_the_same(
    target: Target, told_at: Callable[[str], Iterable[Collection[str]]], url: str
) -> bool:
    """Whether Open WebUI is told at an address what the gateway lists, whose address was given.

    Where nobody can look names up, as of Compose or of a NAS, that is how the gateway is
    recognised. Whether it is the same one, each answer shows.
    """
    with closing(Gateway(target.gateway or "", target.gateway_key)) as gateway:
        listed = set(gateway.models())
    return any(names and set(names) <= listed for names in told_at(url))
