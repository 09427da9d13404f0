"""The providers' public names in a cluster's CoreDNS."""

from acceptance.lab.cluster.names import with_hosts

COREFILE = """.:53 {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
    }
    forward . /etc/resolv.conf
}
"""
"""As kind 0.33 writes it, shortened."""


def test_names_are_given_before_anybody_else_is_asked() -> None:
    given = with_hosts(COREFILE, {"api.openai.com": "10.96.0.21", "api.groq.com": "10.96.0.22"})

    assert given.startswith(
        ".:53 {\n    hosts {\n        10.96.0.21 api.openai.com\n"
        "        10.96.0.22 api.groq.com\n        fallthrough\n    }\n    errors\n"
    )
    assert given.endswith(COREFILE.removeprefix(".:53 {\n"))


def test_names_that_are_given_already_are_not_given_twice() -> None:
    once = with_hosts(COREFILE, {"api.openai.com": "10.96.0.21"})

    assert with_hosts(once, {"api.openai.com": "10.96.0.21"}) == once
