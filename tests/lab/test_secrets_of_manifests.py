"""What is secret in manifests, wherever it stands, is known before anything is started."""

from pathlib import Path

import pytest

from acceptance.cluster import Pod, Workload
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.masking import Redactor
from acceptance.resources import Variable
from acceptance.secret import MASK, Secret

_MANIFESTS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: litellm-config}
data:
  config.yaml: |
    model_list:
    - model_name: vllm-qwen
      litellm_params:
        model: openai/qwen
        api_base: http://vllm-api.ml.svc.cluster.local:8000/v1
        api_key: key-in-a-configmap
    general_settings: {master_key: os.environ/LITELLM_MASTER_KEY}
    database_url: postgresql://litellm:password-in-an-address@db:5432/litellm
  WEBUI_SECRET_KEY: key-of-a-configmap
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: open-webui}
spec:
  selector: {matchLabels: {app: open-webui}}
  template:
    metadata: {labels: {app: open-webui}}
    spec:
      containers:
      - name: open-webui
        image: open-webui
        env:
        - {name: OPENAI_API_KEY, value: key-in-an-environment}
        - {name: OPENAI_API_BASE_URL, value: "http://litellm.ml.svc.cluster.local:4000/v1"}
        - {name: SMTP, value: "smtp://judge:password-of-smtp@mail:25"}
        - {name: WEBUI_NAME, value: "half \\ud83d of a character"}
---
apiVersion: v1
kind: Secret
metadata: {name: all}
stringData: {key: key-in-the-secret}
"""
_SECRETS = (
    "key-in-a-configmap",
    "password-in-an-address",
    "key-of-a-configmap",
    "key-in-an-environment",
    "password-of-smtp",
    "key-in-the-secret",
)
_KNOWN = (
    "os.environ/LITELLM_MASTER_KEY",
    "http://litellm.ml.svc.cluster.local:4000/v1",
    "http://vllm-api.ml.svc.cluster.local:8000/v1",
    "vllm-qwen",
)


@pytest.fixture
def redact(tmp_path: Path) -> Redactor:
    (tmp_path / "all.yaml").write_text(_MANIFESTS)
    return Redactor(Manifests.load(tmp_path).secrets())


@pytest.mark.parametrize("secret", _SECRETS)
def test_a_secret_is_known_wherever_it_stands(redact: Redactor, secret: str) -> None:
    assert redact(f"refused: {secret}, twice") == f"refused: {MASK}, twice"


@pytest.mark.parametrize("text", _KNOWN)
def test_what_a_reader_needs_is_no_secret(redact: Redactor, text: str) -> None:
    assert redact(text) == text


def test_the_labs_own_addresses_and_models_are_read_in_its_reports() -> None:
    redact = Redactor(Manifests.load(DEFAULT).secrets())
    for text in _KNOWN[1:]:
        assert redact(text) == text


def test_half_a_character_in_a_manifest_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(_MANIFESTS)
    found = Manifests.load(tmp_path).get("Deployment", "default", "open-webui")
    assert "half \ufffd of a character" in str(found)


def test_what_is_secret_in_the_environments_of_a_cluster_is_known_too() -> None:
    def variable(name: str, value: Secret, source: str = "value") -> Variable:
        return Variable(name=name, value=value, source=source)

    given = {
        each.name: each
        for each in (
            variable("OPENAI_API_KEY", Secret("key-in-an-environment")),
            variable("PLAIN", Secret("value-of-a-secret"), "Secret all, key a"),
            variable("DATABASE_URL", Secret("postgresql://webui:password-of-it@db/x")),
            variable("OPENAI_API_BASE_URL", Secret("http://litellm.ml:4000/v1")),
            variable("TOKEN", Secret.seal("Secret all, key b"), "Secret all, key b"),
        )
    }
    pod = Pod(namespace="apps", name="a", image="i", environment=given)
    found = Workload(
        kind="Deployment", namespace="apps", name="a", container="a", environment={}, pods=(pod,)
    )
    values = {secret.reveal() for secret in found.secrets()}
    assert values == {"key-in-an-environment", "value-of-a-secret", "password-of-it"}
