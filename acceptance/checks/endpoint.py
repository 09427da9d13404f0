"""Whether Open WebUI is pointed at the gateway: what is declared, and what is in use."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from acceptance.checks.proof import Connection, Wiring, host_of
from acceptance.cluster import Workload
from acceptance.message import explain
from acceptance.resources import Environment, ServiceName, named, service_in
from acceptance.secret import Secret

OPENAI = "https://api.openai.com/v1"
"""What Open WebUI asks when nothing else is set (`config.py`, 0.12.4)."""
_VARIABLES = (
    "OPENAI_API_BASE_URL",
    "OPENAI_API_KEY",
    "OPENAI_API_BASE_URLS",
    "OPENAI_API_KEYS",
)
_ODD = (
    (
        re.compile(r",\s*https?://"),
        "a comma joins two addresses: Open WebUI separates them by a semicolon",
    ),
    (
        re.compile(r"\A(?!\s*[a-z]+://[^/])", re.IGNORECASE),
        "it does not begin with http:// or https:// and a host",
    ),
    (
        re.compile(r"://\s*https?:?//", re.IGNORECASE),
        "http:// stands twice",
    ),
    (
        re.compile(r"\$\([^)]*\)|\$\{[^}]*\}|\{\{.*?\}\}"),
        "nobody put a value in the place of {found}: it is not known there, or too late",
    ),
    (
        re.compile(r"://[^/?#@]*@"),
        (
            "a user and a password in the address do not go together with a key: Open WebUI "
            "(aiohttp) asks nobody then"
        ),
    ),
    (
        re.compile(r"[?#]"),
        (
            "what stands behind {found} swallows the paths that Open WebUI adds, as /models: "
            "LiteLLM is asked for none of them"
        ),
    ),
)
"""What makes an address one that nobody can ask as it is meant, and how to say so."""
_PATHS = ("/v1", "")
"""LiteLLM serves its OpenAI API under `/v1` and under the root alike (1.106.2)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewayAddress:
    """Where the gateway is, and how an address is recognised as leading there."""

    service: ServiceName
    seen_from: str
    """Namespace of Open WebUI, in which short names are completed."""
    exists: Callable[[ServiceName], bool] | None = None
    """Whether a Service has this port, where a cluster can be asked."""
    leads: Callable[[str], bool] | None = None
    """Whether a URL of another host leads to the gateway's pods, where a cluster can be asked."""
    target_port: Callable[[ServiceName], int | None] | None = None
    """The pods' port behind a Service's port, where a cluster can be asked."""
    address: str = ""
    """The gateway's own address, where settings give one: on a target without a cluster, or
    outside of it."""
    root: str = ""
    """Path below which LiteLLM serves as well (`SERVER_ROOT_PATH`)."""

    def mismatch(self, url: str) -> str:
        """Why a URL is not the gateway's; empty when it is."""
        if odd := _odd(url):
            return odd
        host = host_of(url)
        if self.address and host == host_of(self.address):
            return self._wrong_path(url)
        service = service_in(url, namespace=self.seen_from)
        other = service is None or not service.same_service(self.service)
        if other and host and self.leads and self.leads(url):
            return self._wrong_path(url)
        if service is None or other:
            return self._elsewhere(host, service)
        if self.exists is not None and not self.exists(service):
            return f"Service {service.namespace}/{service.name} has no port {service.port}"
        return self._wrong_path(url)

    def _elsewhere(self, host: str, service: ServiceName | None) -> str:
        """Why a host is not the gateway."""
        if self.exists is None and self.address:
            there = host_of(self.address)
            listed = f", and does not list the models of {there}" if host and self.leads else ""
            return f"{host or 'no host'} is not {there}{listed}"
        if host in ("localhost", "::1", "0.0.0.0") or host.startswith("127."):  # noqa: S104
            return f"{host} is Open WebUI's own pod"
        if service is None:
            return f"{host} is outside of the cluster" if host else "it names no host"
        known = self.exists is None or self.exists(service)
        ours = service.namespace in (self.seen_from, self.service.namespace)
        if host.rstrip(".").count(".") == 1 and not ours:  # so public hosts look, too
            another = "another Service" if known else "a Service that does not exist"
            return f"{host} is outside of the cluster, or {another}"
        return f"Service {service} is {'another one' if known else 'no Service at all'}"

    def _wrong_path(self, url: str) -> str:
        path = urlsplit(url.strip()).path
        if path.endswith("/"):
            return (
                f"the trailing slash makes Open WebUI ask for {path}/models, "
                "and LiteLLM answers 404 (only the singular variable is stripped)"
            )
        if self.root and path.startswith(self.root):
            path = path.removeprefix(self.root)
        return "" if path in _PATHS else f"LiteLLM serves no OpenAI API under {path}"

    def deviation(self, url: str, agreed: str) -> str:
        """How an address that is the gateway's is another than the one that was agreed on.

        Another spelling of the same is none: a short name, or a port that the Service maps to the
        one that was agreed on.
        """
        ours, theirs = urlsplit(url.strip()), urlsplit(agreed.strip())
        given = self.address not in ("", agreed)
        if given and host_of(url) == host_of(self.address):  # settings agree on it
            return ""
        if ours.scheme != theirs.scheme:
            return f"{ours.scheme}, not {theirs.scheme}"
        if ours.path != theirs.path:
            also = "LiteLLM also serves its routes without /v1"
            why = f": works only because {also}" if not ours.path.strip("/") else ""
            return f"path {ours.path or 'none'}, not {theirs.path or 'none'}{why}"
        return self._other_place(url, agreed)

    def _other_place(self, url: str, agreed: str) -> str:
        """How the host and port of an address lead to another place than those agreed on."""
        mine = service_in(url, namespace=self.seen_from)
        other = service_in(agreed, namespace=self.seen_from)
        agreed_on_us = other is not None and other.same_service(self.service)
        if mine is None or other is None:
            # what is no Service's name, and leads here all the same, is its address
            same = host_of(url) == host_of(agreed) or (mine is None and agreed_on_us)
            return "" if same else f"host {host_of(url)}, not {host_of(agreed)}"
        if not mine.same_service(other):
            if agreed_on_us and self.leads and self.leads(url):  # to the very same pods
                return ""
            return f"Service {mine.namespace}/{mine.name}, not {other.namespace}/{other.name}"
        if mine.port != other.port and not self._same_port(mine, other):
            return f"port {mine.port}, not {other.port}"
        return ""

    def _same_port(self, mine: ServiceName, other: ServiceName) -> bool:
        """Whether both ports lead to one port of the pods; a Service may lack the second one."""
        if self.target_port is None or self.exists is None:
            return False
        agreed = self.target_port(other) if self.exists(other) else other.port
        return self.target_port(mine) in (agreed, None)

    def __str__(self) -> str:
        if self.exists is None and self.address:
            return f"LiteLLM at {self.address}"
        return f"LiteLLM, Service {self.service.namespace}/{self.service.name}"


def _odd(url: str) -> str:
    """Why no program could ask an address as it is meant; empty when one could."""
    found = ((pattern.search(url), words) for pattern, words in _ODD)
    told = next((words.format(found=match[0]) for match, words in found if match), "")
    if told or not host_of(url):  # a host that it lacks is told as that
        return told
    try:
        urlsplit(url.strip()).port  # noqa: B018  # it is read when it is asked for
    except ValueError:
        return "its port is no number, or too large a one: a URL takes no port by its name"
    return ""


NOT_SET = "not set"
"""In the place of what sets a variable."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """A connection as the environment declares it, before any database has its say."""

    url: str
    url_source: str
    key: Secret
    key_source: str


def declared_connections(environment: Environment) -> tuple[Declared, ...]:
    """The connections that Open WebUI seeds from its environment.

    The plural variables beat the singular ones; `;` separates; the singular URL loses a trailing
    slash; a missing URL is OpenAI's. Source: `config.py`, Open WebUI 0.12.4.

    Raises:
        NotProven: these rights do not allow to read the address.
    """
    url_source, value = _first(environment, "OPENAI_API_BASE_URLS", "OPENAI_API_BASE_URL")
    key_source, key = _first(environment, "OPENAI_API_KEYS", "OPENAI_API_KEY")
    urls = value.reveal()
    if url_source.startswith("OPENAI_API_BASE_URL ("):
        urls = urls.removesuffix("/")
    return tuple(
        Declared(
            url=url.strip() or OPENAI,
            url_source=url_source,
            key=each,
            key_source=key_source,
        )
        for url, each in zip(urls.split(";"), _keys(key, urls.count(";") + 1), strict=False)
    )


def _keys(key: Secret, wanted: int) -> list[Secret]:
    """The keys of a variable, one a connection; of several in a sealed one, none is known."""
    if key.sealed:
        return [key] if wanted == 1 else [Secret.seal(key.sealed)] * wanted
    listed = [Secret(each.strip()) for each in key.reveal().split(";")]
    return [*listed, *[Secret("")] * wanted]


def _first(environment: Environment, plural: str, singular: str) -> tuple[str, Secret]:
    for name in (plural, singular):
        variable = named(environment, name)
        if variable and variable.value:
            return f"{name} ({variable.source})", variable.value
    return NOT_SET, Secret("")


def remarks(workload: Workload) -> tuple[str, ...]:
    """What is odd about the declared connections and the workload, and no fault."""
    environment = workload.environment
    return (
        *(f"{workload}: {note}" for note in workload.notes),
        *(
            f"{workload}: {name} is defined {environment[name].hides + 1} times, the last one wins"
            for name in _VARIABLES
            if name in environment and environment[name].hides
        ),
        *(
            f"{workload}: {name}S is set, so Open WebUI does not read {name}"
            for name in _VARIABLES[:2]
            if {name, f"{name}S"} <= set(environment)
            and environment[f"{name}S"].value
            and environment[name].value
        ),
    )


def check_declared(workload: Workload, place: GatewayAddress, expected: str) -> None:
    """Raise AssertionError unless one declared connection is the gateway's, as was agreed.

    Args:
        workload: Open WebUI's.
        place: where the gateway is.
        expected: the address that was agreed on.
    """
    declared = declared_connections(workload.environment)
    reasons = {each.url: _unlike(each.url, place, expected) for each in declared}
    if not all(reasons.values()):
        return
    raise AssertionError(
        explain(
            "Open WebUI is not told to use LiteLLM.",
            expected=expected,
            found="; ".join(f"{url} ({reason})" for url, reason in reasons.items()),
            where=f"{workload}: {_origin(workload.environment, declared, place)}",
            fix=_FIX_COMPOSE if workload.composed else _FIX_MANIFEST,
        )
    )


_FIX_MANIFEST = (
    "set openaiBaseApiUrl (or extraEnvVars) in the chart's values, or env without a chart, and "
    "apply them"
)
_FIX_COMPOSE = (
    "set OPENAI_API_BASE_URL under `environment` of this service, and `docker compose up --detach`"
)


def _origin(environment: Environment, declared: tuple[Declared, ...], place: GatewayAddress) -> str:
    source = declared[0].url_source
    name = source.partition(" ")[0]
    hidden = environment[name].hides if name in environment else 0
    ignored = [
        variable.name
        for variable in environment.values()
        if not variable.value.sealed
        and not place.mismatch(variable.value.reveal())
        and not variable.name.startswith(name)
    ]
    parts = [source]
    if hidden:
        parts.append(f"defined {hidden + 1} times, the last one wins")
    if ignored:
        parts.append(f"{', '.join(ignored)} names LiteLLM, but Open WebUI does not use it")
    return "; ".join(parts)


def _unlike(url: str, place: GatewayAddress, agreed: str) -> str:
    """Why an address is not the gateway's, or not the one that was agreed on."""
    wrong = place.mismatch(url)
    if wrong or not agreed:
        return wrong
    deviation = place.deviation(url, agreed)
    return f"{deviation}; the contract says {agreed}" if deviation else ""


_FIX_IN_USE = (
    "Admin Settings > Connections; or ENABLE_PERSISTENT_CONFIG=False and a restart, so that the "
    "environment counts again"
)

_FIX_CONFIGS = (
    "look at OPENAI_API_CONFIGS in the environment, which says for each connection whether it is "
    f"enabled, and what was saved since: {_FIX_IN_USE}"
)


def check_in_use(
    wiring: Wiring, place: GatewayAddress, workload: Workload | None, agreed: str = ""
) -> None:
    """Raise AssertionError unless a connection that requests can take is the gateway's, as agreed.

    Args:
        wiring: the connections in use.
        place: where the gateway is.
        workload: Open WebUI's, where it can be seen.
        agreed: the address that was agreed on, where there is one.
    """
    reasons = {each.url: _unlike(each.url, place, agreed) for each in wiring.in_use}
    if reasons and not all(reasons.values()):
        return
    switched_off = not wiring.in_use and any(
        not place.mismatch(each.url) for each in wiring.connections
    )
    detail = "; ".join(f"{url} ({reason})" for url, reason in reasons.items())
    raise AssertionError(
        explain(
            "Open WebUI does not use LiteLLM.",
            expected=f"a connection in use that leads to {place}",
            found=detail or f"{wiring}{', LiteLLM is switched off' if switched_off else ''}",
            where=f"GET /openai/config{_told_otherwise(workload, place)}",
            fix=_FIX_CONFIGS if _configures(workload) else _FIX_IN_USE,
        )
    )


def _configures(workload: Workload | None) -> bool:
    """Whether the environment says how each connection is used (Open WebUI 0.12.4)."""
    variable = named(workload.environment, "OPENAI_API_CONFIGS") if workload else None
    return bool(variable and variable.value)


def _told_otherwise(workload: Workload | None, place: GatewayAddress) -> str:
    declared = declared_connections(workload.environment) if workload else ()
    right = [each for each in declared if not place.mismatch(each.url)]
    if not right:
        return ""
    return f"; the environment says {right[0].url}, but the database wins"


def gateway_connections(wiring: Wiring, place: GatewayAddress) -> tuple[Connection, ...]:
    """The connections in use that lead to the gateway."""
    return tuple(each for each in wiring.in_use if not place.mismatch(each.url))


def together(alive: Sequence[Connection]) -> Connection:
    """Several connections to one place as the one that they are, told as the first of them.

    A model may come by any: several keys, local and external models apart.
    """
    first, *others = alive
    typed = [each.model_ids for each in alive]
    names = tuple(dict.fromkeys(name for ids in typed for name in ids)) if all(typed) else ()
    return replace(first, model_ids=names, also=tuple(others))


def check_replicas_in_use(wirings: Mapping[str, Wiring], place: GatewayAddress) -> None:
    """Raise AssertionError unless every replica has a connection in use that is the gateway's."""
    wrong = {
        name: wiring
        for name, wiring in wirings.items()
        if all(place.mismatch(each.url) for each in wiring.in_use)
    }
    if wrong:
        raise AssertionError(
            explain(
                "Not every replica of Open WebUI uses LiteLLM.",
                expected=f"each of {', '.join(wirings)} connected to {place}",
                found="; ".join(f"{name}: {_led(wiring, place)}" for name, wiring in wrong.items()),
                where="GET /openai/config of each replica",
                fix=_FIX_IN_USE
                if len(wrong) == len(wirings)
                else "replicas share their settings only through one database (and REDIS_URL)",
            )
        )


def _led(wiring: Wiring, place: GatewayAddress) -> str:
    """The connections, and why each that is in use is not the gateway's."""
    if not wiring.in_use:
        return str(wiring)
    reasons = {each: place.mismatch(each.url) for each in wiring.in_use}
    return ", ".join(f"{each} ({reasons.get(each, 'disabled')})" for each in wiring.connections)
