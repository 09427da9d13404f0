"""Whether the key in use is the one that the deployment declares."""

import re
from collections.abc import Iterator, Mapping

from acceptance.checks.endpoint import Declared, GatewayAddress, declared_connections
from acceptance.checks.proof import Connection, Served
from acceptance.cluster import Workload
from acceptance.errors import NotProven
from acceptance.message import explain
from acceptance.resources import Environment, Variable, named
from acceptance.secret import UNKNOWN, Secret

_REFUSALS = {400, 401, 403, 500}
"""400 \"No connected db.\" without a database (1.106.2); 500 on some versions."""
_OK = 200


def declared_for_gateway(workload: Workload, place: GatewayAddress) -> Declared:
    """The declared connection to the gateway; the first one where none leads there."""
    declared = declared_connections(workload.environment)
    return next((each for each in declared if not place.mismatch(each.url)), declared[0])


def check_source(workload: Workload, place: GatewayAddress, secret: str) -> None:
    """Raise AssertionError unless the declared key is read from this Secret."""
    declared = declared_for_gateway(workload, place)
    from_secret = re.compile(rf"Secret {re.escape(secret)}(,|$)")
    holders = tuple(holders_of(declared, workload.environment))
    if any(from_secret.search(each.source) for each in holders):
        return
    empty = "; it is empty" if not declared.key else ""
    alike = [
        f"; {each.name} has the same from its Secret, and nothing refers to it"
        for each in workload.environment.values()
        if declared.key and from_secret.search(each.source) and _holds(each.value, declared.key)
    ]
    missing = f"; missing: {'; '.join(workload.missing)}" if workload.missing else ""
    raise AssertionError(
        explain(
            "The key of Open WebUI does not come from its Secret.",
            expected=f"OPENAI_API_KEY from Secret {workload.namespace}/{secret}",
            found=f"{declared.key_source}{empty}{''.join(alike)}{missing}",
            where=str(workload),
            fix=f"reference {secret} in extraEnvVars of the chart, or in env (secretKeyRef), and "
            f"create it in namespace {workload.namespace}",
        )
    )


def holders_of(declared: Declared, environment: Environment) -> Iterator[Variable]:
    """The variables that hold a declared key: its own, and those that it refers to by $(NAME).

    Of what a shell's command sets, only the value tells where it came from.
    """
    own = named(environment, declared.key_source.partition(" ")[0])
    if own is None or not declared.key:
        return
    names = environment if own.source == "command" else (own.name, *own.refers)
    for each in filter(None, map(environment.get, names)):
        if _holds(each.value, declared.key):
            yield each


def _holds(value: Secret, key: Secret) -> bool:
    """Whether the key is this value, or one of a list in it."""
    if value.sealed or key.sealed:
        return value.sealed in key.sealed.split("; ")
    return key.reveal() in map(str.strip, value.reveal().split(";"))


def check_key_in_use(workload: Workload, place: GatewayAddress, connection: Connection) -> None:
    """Raise AssertionError unless what the connection sends is the declared key, spaces aside.

    Headers of the connection's own win over its key (Open WebUI 0.12.4, `utils/headers.py`), and a
    key that works by a header is not the Secret's.

    Raises:
        NotProven: the declared key is known by nothing, not even by its fingerprint.
    """
    declared = declared_for_gateway(workload, place)
    if declared.key.fingerprint == UNKNOWN:
        raise NotProven(f"{declared.key.sealed} may not be read, nor a process that holds it")
    right = {
        declared.key.fingerprint,
        *(
            each.key.fingerprint
            for each in declared_connections(workload.environment)
            if not place.mismatch(each.url)
        ),
    }
    found = [f"{of}: fingerprint {key}" for of, key in _sent(connection) if key not in right]
    if connection.identity:
        found.append(f"its sign-in is {connection.identity!r}, which sends another key or none")
    if not found:
        return
    by_key = connection.key_fingerprint not in right and _KEY in dict(_sent(connection))
    raise AssertionError(
        explain(
            "Open WebUI uses another key than the declared one.",
            expected=f"fingerprint {declared.key.fingerprint}, from {declared.key_source}",
            found="; ".join(found),
            where=f"{connection}, GET /openai/config: the database wins over the environment",
            fix="save the key in Admin Settings > Connections, or set "
            "ENABLE_PERSISTENT_CONFIG=False and restart"
            if by_key
            else "Admin Settings > Connections: remove the key from the connection's headers, "
            "set its sign-in to Bearer, and save the Secret's key there",
        )
    )


_KEY = "its key"
_AUTHORIZATION = "authorization"
KEY_HEADERS = (
    *(_AUTHORIZATION, "x-litellm-api-key", "x-api-key"),
    *("api-key", "x-goog-api-key", "ocp-apim-subscription-key"),
)
"""Where LiteLLM looks for a key (1.106.2, `special_headers.py`)."""


def _sent(connection: Connection) -> tuple[tuple[str, str], ...]:
    """What a connection sends for a key, as fingerprints: its own headers, or the key itself."""
    headers = tuple((f"its header {name}", key) for name, key in connection.sent)
    if connection.identity or _AUTHORIZATION in {name.lower() for name, _ in connection.sent}:
        return headers
    return ((_KEY, connection.key_fingerprint), *headers)


_KEY_REFUSED = re.compile(
    r"No connected db|[Ii]nvalid proxy server token|Virtual Key expected|[Nn]o api key passed"
    r"|Authentication Error|Malformed API Key|token_not_found|\b40[13]\b"
)
"""What LiteLLM 1.106.2 says to a key, as Open WebUI 0.12.4 passes it on."""
_UNASKED = re.compile(r"HTTP Error: 500$")
"""LiteLLM 1.106.2 breaks so where no key comes at all, or not in the header that it reads."""
_SILENT = re.compile(r"Unexpected error: ?$")
"""Open WebUI 0.12.4 has no words for a list that takes longer than ten seconds."""
_NO_PATH = re.compile(r"HTTP Error: 40[45]|Not Found")


TYPED_IN = "Open WebUI lists the names that are typed in, and asks nobody: it takes it for Azure's"


def dead(told: Mapping[Connection, Served]) -> tuple[str, ...]:
    """A remark on connections to the gateway that list nothing, beside one that does."""
    silent = [f"{of}: {each.error}" for of, each in told.items() if each.error]
    if len(silent) == len(told):
        return ()
    return tuple(f"a connection to LiteLLM that is dead: {each}" for each in silent)


_SENDABLE = re.compile(r"[\x20-\x7e]*")
"""What an HTTP header can carry, as far as every client of LiteLLM's goes."""


def unsendable(gateway: Workload) -> tuple[str, ...]:
    """A remark on keys of providers that no header can carry.

    LiteLLM 1.106.2 does not always say so: OpenAI's own client tells a connection that failed.
    """
    odd = [
        each.name
        for each in gateway.environment.values()
        if each.name.endswith("_API_KEY")
        and not each.value.sealed
        and not _SENDABLE.fullmatch(each.value.reveal())
    ]
    fix = "write it anew without a line feed and without typographic quotes"
    return tuple(f"{gateway}: no HTTP header can carry {name}: {fix}" for name in odd)


def key_refused(told: Served) -> bool:
    """Whether LiteLLM itself answered, and it was the key that it did not like."""
    return any(words.search(told.error) for words in (_KEY_REFUSED, _UNASKED, _ENDED))


def check_accepted(told: Served, connection: Connection, declared: Secret | None = None) -> None:
    """Raise AssertionError unless the gateway listed its models for Open WebUI's key.

    Args:
        told: what it answered to Open WebUI itself.
        connection: by which it was asked.
        declared: the key, where it may be read, to name what is odd about it.
    """
    if not told.error:
        return
    found, fix = _why_not(told, declared)
    raise AssertionError(
        explain(
            "LiteLLM does not list its models for Open WebUI.",
            expected="a list of models",
            found=f"{found}{told.error}",
            where=f"{connection}, key of fingerprint {connection.key_fingerprint}",
            fix=fix,
        )
    )


_FIX_KEY = (
    "compare the key with LiteLLM's: general_settings.master_key in its configuration wins over "
    "LITELLM_MASTER_KEY in its Secret (no line feed at its end, no quotes around it, encoded once; "
    "sent in the header that LiteLLM reads, see litellm_key_header_name); LiteLLM without a "
    "database says 'No connected db.' to a wrong one"
)
_ENDED = re.compile(
    r"(?P<expired>Expired) Key|\b(?:Key|Team=\S+|Project=\S+) is (?P<blocked>blocked)"
)
"""What LiteLLM 1.106.2 says to a key that is its own, and no longer serves."""
_FIX_ENDED = (
    "lengthen its life in LiteLLM (POST /key/update), unblock it or its team, or give Open WebUI "
    "another one"
)
_FIX_ADDRESS = (
    "look what answers at this address from inside Open WebUI: a login page, a proxy, https on a "
    "port that speaks http, or nothing"
)


def _why_not(told: Served, declared: Secret | None) -> tuple[str, str]:
    """What the words of Open WebUI mean, and what helps."""
    if ended := _ENDED.search(told.error):
        return f"the key is {(ended['expired'] or ended['blocked']).lower()}: ", _FIX_ENDED
    if key_refused(told):
        return f"the key is refused{_odd(declared)}: ", _FIX_KEY
    if told.error == TYPED_IN:
        return "", "Admin Settings > Connections: choose OpenAI, not Azure OpenAI, as its provider"
    if _NO_PATH.search(told.error):
        return "no such path: ", "correct the path of the connection: LiteLLM lists under /v1"
    if _SILENT.search(told.error):
        return (
            "no list within Open WebUI's ten seconds: ",
            "look why LiteLLM is slow (its log), or raise AIOHTTP_CLIENT_TIMEOUT_MODEL_LIST",
        )
    return "LiteLLM is not reached, or something else answers in its place: ", _FIX_ADDRESS


def _odd(declared: Secret | None) -> str:
    key = declared.reveal() if declared else ""
    if key[:1] in _QUOTES or key[-1:] in _QUOTES:
        return " (it stands in quotes, which an env file keeps)"
    return ""


_QUOTES = ('"', "'", "`", "\u201c", "\u201d")


def check_refused(invented: int, none: int) -> str:
    """A remark on a gateway that asks nobody for a key, which is healthy; empty if it refuses.

    Args:
        invented: status of a request with an invented key.
        none: status of one without a key.

    Raises:
        AssertionError: an invented key is accepted where no key is not.
    """
    if invented in _REFUSALS:
        return ""
    if invented == none == _OK:
        return "no authentication: LiteLLM asks for no key, everybody in the network may use it"
    raise AssertionError(
        explain(
            "An invented key is not refused.",
            expected=f"one of {sorted(_REFUSALS)}",
            found=f"{invented} for an invented key, {none} for none",
            where="GET /v1/models of LiteLLM",
            fix="what accepts any key proves nothing by accepting Open WebUI's: look who answers",
        )
    )
