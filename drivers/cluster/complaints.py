"""What people are told when an API server does not answer, or not as one."""

from domain.message import excerpt, explain


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


def unknown_credentials(context: str, server: str, found: str) -> str:
    """For credentials that are nobody's, or no longer anybody's."""
    return explain(
        "The API server does not know these credentials.",
        expected="credentials that are valid now",
        found=excerpt(found),
        where=f"context {context}, {server}",
        fix="sign in again, if a token or certificate has expired; and check this machine's "
        "clock: kubectl auth whoami",
    )


def refused(context: str, asked: str, found: str) -> str:
    """For a question that the server does not take."""
    return explain(
        "The API server refuses a question.",
        expected="an answer",
        found=excerpt(found),
        where=f"{asked}, context {context}",
        fix="read the message; kubectl shows the same",
    )
