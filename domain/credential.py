"""Whether the key in use is the one that the deployment declares."""

import re

from domain.cluster import Workload
from domain.endpoint import Declared, Place, declared_connections
from domain.errors import NotProven
from domain.message import explain
from domain.proof import Connection, Served
from domain.secret import UNKNOWN, Secret

_REFUSALS = {400, 401, 403, 500}
"""400 \"No connected db.\" without a database (1.106.2); 500 on some versions."""
_OK = 200


def declared_for_gateway(workload: Workload, place: Place) -> Declared:
    """The declared connection to the gateway; the first one where none leads there."""
    declared = declared_connections(workload.environment)
    return next((each for each in declared if not place.wrong(each.url)), declared[0])


def check_source(workload: Workload, place: Place, secret: str) -> None:
    """Raise AssertionError unless the declared key is read from this Secret."""
    declared = declared_for_gateway(workload, place)
    from_secret = re.compile(rf"Secret {re.escape(secret)}(,|$)")
    if declared.key and any(
        from_secret.search(each.source) and _holds(each.value, declared.key)
        for each in workload.environment.values()
    ):
        return
    empty = "; it is empty" if not declared.key else ""
    missing = f"; missing: {'; '.join(workload.missing)}" if workload.missing else ""
    raise AssertionError(
        explain(
            "The key of Open WebUI does not come from its Secret.",
            expected=f"OPENAI_API_KEY from Secret {workload.namespace}/{secret}",
            found=f"{declared.key_source}{empty}{missing}",
            where=str(workload),
            fix=f"reference {secret} in extraEnvVars (secretKeyRef), and create it in "
            f"namespace {workload.namespace}",
        )
    )


def _holds(value: Secret, key: Secret) -> bool:
    """Whether the key is this value, one of a list in it, or came from it by $(NAME)."""
    if value.sealed or key.sealed:
        return value.sealed in key.sealed.split("; ")
    return key.reveal() in map(str.strip, value.reveal().split(";"))


def check_key_in_use(workload: Workload, place: Place, connection: Connection) -> None:
    """Raise AssertionError unless the connection's key is the declared one, spaces aside.

    Raises:
        NotProven: the declared key is known by nothing, not even by its fingerprint.
    """
    declared = declared_for_gateway(workload, place)
    if declared.key.fingerprint == UNKNOWN:
        raise NotProven(f"{declared.key.sealed} may not be read, nor a process that holds it")
    if connection.key_fingerprint == declared.key.fingerprint:
        return
    raise AssertionError(
        explain(
            "Open WebUI uses another key than the declared one.",
            expected=f"fingerprint {declared.key.fingerprint}, from {declared.key_source}",
            found=f"fingerprint {connection.key_fingerprint}",
            where=f"{connection}, GET /openai/config: the database wins over the environment",
            fix="save the key in Admin Settings > Connections, or set "
            "ENABLE_PERSISTENT_CONFIG=False and restart",
        )
    )


def check_accepted(told: Served, connection: Connection) -> None:
    """Raise AssertionError unless the gateway listed its models for Open WebUI's key."""
    if not told.error:
        return
    raise AssertionError(
        explain(
            "LiteLLM does not list its models for Open WebUI.",
            expected="a list of models",
            found=told.error,
            where=f"{connection}, key of fingerprint {connection.key_fingerprint}",
            fix="compare the key with LITELLM_MASTER_KEY in litellm-secrets (no line feed at its "
            "end, encoded once); LiteLLM without a database says 'No connected db.' to a wrong one",
        )
    )


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
