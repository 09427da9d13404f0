"""What a draft says of the wiring: the address of LiteLLM, and the Secret of the key."""

import re
from collections.abc import Sequence

from acceptance.checks.credential import holders_of
from acceptance.checks.endpoint import Declared, GatewayAddress
from acceptance.draft.found import ENDPOINT, KEY, Remarks
from acceptance.resources import Environment, ServiceName

_FROM = re.compile(r"Secret ([^,]+)(,|$)")


def address_at(service: ServiceName, *, by_name: bool = False) -> str:
    """The whole address of LiteLLM's API behind a Service; by its name alone, as Docker has it."""
    return f"http://{service.name if by_name else service.host}:{service.port}/v1"


def endpoint_among(
    urls: Sequence[str],
    place: GatewayAddress,
    remarks: Remarks,
    *,
    otherwise: str,
    by_itself: bool = False,
) -> tuple[int, str]:
    """Which connection is LiteLLM's, and the address that is to be agreed on.

    Args:
        urls: of the connections, in order.
        place: where LiteLLM is.
        remarks: takes what is to be said.
        otherwise: the address, where none of them is.
        by_itself: whether Open WebUI is told none, and the first is the one that it takes then.
    """
    wrong = [place.mismatch(url) for url in urls]
    if by_itself and all(wrong):
        remarks.doubt(ENDPOINT, f"Open WebUI is told no address, and takes {urls[0]} by itself")
        return 0, otherwise
    if all(wrong):
        told = "; ".join(f"{url} ({why})" for url, why in zip(urls, wrong, strict=True))
        remarks.doubt(
            ENDPOINT, f"Open WebUI is told {told or 'no address'}, and not this address of LiteLLM"
        )
        return 0, otherwise
    index = wrong.index("")
    if index:
        remarks.doubt(
            ENDPOINT,
            f"connection 0 is {urls[0]}, and not LiteLLM: of two models with one name, its own is "
            "the one that people get",
        )
    return index, urls[index]


def secret_of_key(environment: Environment, connection: Declared, remarks: Remarks) -> str:
    """The Secret that a key comes from; empty where it comes from elsewhere, which is told."""
    for holder in holders_of(connection, environment):
        if name := _FROM.search(holder.source):
            return name[1]
    remarks.doubt(KEY, f"the key stands in the manifests in the clear: {connection.key_source}")
    return ""
