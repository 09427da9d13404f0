"""A deployment as somebody keeps it in git: it loads, and all that is done about it is said."""

from pathlib import Path

import pytest

from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.placeholders import completed
from acceptance.lab.embedded.plan import plan_pods
from acceptance.lab.embedded.target import master_key_behind
from acceptance.lab.embedded.unsupported import unsupported
from acceptance.resources import ServiceName

ATTIC = Path(__file__).parents[1] / "deployments" / "attic"
GATEWAY = ServiceName(namespace="ml", name="litellm", port=4000)
GATEWAY_SAYS = "Deployment ml/gateway, container gateway: "
CHAT_SAYS = "StatefulSet apps/chat, container chat: "


def test_a_deployment_from_git_is_run_and_what_is_done_about_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")  # nothing renders
    manifests = completed(Manifests.load(ATTIC))

    plans = {plan.key: plan for plan in plan_pods(manifests)}
    assert set(plans) == {"ml/gateway-0", "apps/chat-0", "ml/qwen-0", "ml/small-0"}
    gateway, chat = plans["ml/gateway-0"], plans["apps/chat-0"]
    assert gateway.line
    assert chat.line
    arguments = ("--config", "/etc/gateway/proxy.yaml", "--port", "4000")
    assert gateway.line.words == ("litellm", *arguments)
    assert chat.line.words[:2] == ("open-webui", "serve")
    assert chat.port("login") == 8080
    key = master_key_behind(GATEWAY, manifests)
    assert key
    assert key == chat.environment["OPENAI_API_KEY"].value
    said = unsupported(manifests)
    for line in (
        "skipped: kustomization.yaml: Kustomize's own",
        "skipped: values.yaml: part of a Helm chart",
        "Secret ml/attic-keys is not among these manifests: made up (PROXY_MASTER_KEY, ",
        "Secret apps/open-webui-secrets is not among these manifests: made up (OPENAI_API_KEY)",
        "StatefulSet apps/chat: initContainers is not honoured",
        "StatefulSet apps/chat: container login (quay.io/oauth2-proxy/oauth2-proxy:v7.6.0) is",
        f"{GATEWAY_SAYS}`prisma migrate deploy` is not run",
        f"{GATEWAY_SAYS}of 2 workers one runs",
        f"{GATEWAY_SAYS}--run_gunicorn is left out",
        f"{GATEWAY_SAYS}DATABASE_URL is left out",
        f"{GATEWAY_SAYS}the file /etc/gateway/hooks.py is code",
        f"{GATEWAY_SAYS}/etc/gateway/proxy.yaml: litellm_settings.callbacks hooks.audit is left",
        f"{GATEWAY_SAYS}/etc/gateway/proxy.yaml: general_settings.database_url is left out",
        f"{CHAT_SAYS}DATABASE_URL is left out: SQLite stands in its place",
    ):
        assert any(each.startswith(line) for each in said), (line, said)
