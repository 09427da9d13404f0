"""What is raised, and what people are told, when an API server does not answer as was asked."""

import re
from http import HTTPStatus

from acceptance.errors import NotProven, SetupError
from acceptance.message import excerpt, explain

_ADMISSION = re.compile(r"denied (the )?request|failed calling (\w+ )?webhook")
"""What an API server says where a webhook or a policy refuses, by any status (Kubernetes 1.34)."""


class Forbidden(NotProven):
    """These rights do not allow a question."""


class RefusedError(SetupError):
    """The API server understands the question, and does not answer it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Conflict(Exception):  # noqa: N818  # the API's own word (409): somebody else was faster
    """The object was made or changed by somebody else."""


def of_admission(message: str) -> bool:
    """Whether it is an admission policy that refuses: no right and no waiting helps."""
    return bool(_ADMISSION.search(message))


def refusal(status: int, message: str, *, asked: str, context: str, server: str) -> Exception:
    """The error for an answer that is none, by its status."""
    found = f"{status} {excerpt(message)}"
    if of_admission(message):
        return NotProven(f"an admission policy of the cluster refuses it: {found}")
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return SetupError(_unknown_credentials(context, server, found))
        case HTTPStatus.FORBIDDEN:
            return Forbidden(f"these rights do not allow it: {excerpt(message)}")
        case HTTPStatus.CONFLICT:
            return Conflict(message)
        case _:
            return RefusedError(status, _refused(context, asked, found))


def unreachable(context: str, server: str, found: str) -> str:
    """For a server that gave no answer, or is not trusted."""
    certificate = "CERTIFICATE_VERIFY_FAILED" in found
    return explain(
        "The API server cannot be asked.",
        expected=f"an answer from {server}",
        found=excerpt(found),
        where=f"context {context}",
        fix="check the kubeconfig's certificate-authority, its server and this machine's clock"
        if certificate
        else "check the address, the network and any proxy: kubectl version shows the same",
    )


def no_api_server(context: str, server: str, found: str) -> str:
    """For something else that answers at its address."""
    return explain(
        "What answers is no Kubernetes API server.",
        expected="the answer of an API server, which is JSON",
        found=excerpt(found),
        where=f"context {context}, {server}",
        fix="check the server of the kubeconfig, and what stands between: a proxy, a sign-in",
    )


def _unknown_credentials(context: str, server: str, found: str) -> str:
    """For credentials that are nobody's, or no longer anybody's."""
    return explain(
        "The API server does not know these credentials.",
        expected="credentials that are valid now",
        found=excerpt(found),
        where=f"context {context}, {server}",
        fix="sign in again, if a token or certificate has expired; and check this machine's "
        "clock: kubectl auth whoami",
    )


def _refused(context: str, asked: str, found: str) -> str:
    """For a question that the server does not take."""
    return explain(
        "The API server refuses a question.",
        expected="an answer",
        found=excerpt(found),
        where=f"{asked}, context {context}",
        fix="read the message; kubectl shows the same",
    )
