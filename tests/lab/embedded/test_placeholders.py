"""Secrets that are not among the manifests: what is made up, what agrees, and what is said."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.errors import SetupError
from acceptance.lab.embedded.made_up import made_up
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.placeholders import completed
from acceptance.lab.embedded.plan import plan_pods
from acceptance.lab.embedded.unsupported import unsupported
from acceptance.masking import Redactor
from tests.lab.embedded import fake

CONFIG = {
    "model_list": [
        {"model_name": "a", "litellm_params": {"api_key": "os.environ/GROQ_API_KEY"}},
        {"model_name": "b", "litellm_params": {"api_key": "os.environ/FROM_CONFIG"}},
    ],
    "environment_variables": {"FROM_CONFIG": "x"},
}


def deployed(
    *more: Mapping[str, Any],
    config: Mapping[str, Any] = CONFIG,
    optional: bool = False,
    keys: bool = True,
) -> Manifests:
    gateway, service = fake.objects("litellm", "serve")
    spec = gateway["spec"]["template"]["spec"]
    container = spec["containers"][0]
    container["args"] = ["--config", "/app/config.yaml"]
    container["envFrom"] = [{"secretRef": {"name": "litellm-secrets", "optional": optional}}]
    container["volumeMounts"] = [{"name": "config", "mountPath": "/app"}]
    spec["volumes"] = [{"name": "config", "configMap": {"name": "config"}}]
    web, web_service = fake.objects("open-webui", "serve")
    if keys:
        reference = {"secretKeyRef": {"name": "web-keys", "key": "the-key"}}
        web["spec"]["template"]["spec"]["containers"][0]["env"].append(
            {"name": "OPENAI_API_KEY", "valueFrom": reference}
        )
    data = {"config.yaml": yaml.safe_dump(config)}
    metadata = {"name": "config", "namespace": "ml"}
    configuration = {"kind": "ConfigMap", "metadata": metadata, "data": data}
    return Manifests([gateway, service, web, web_service, configuration, *more])


def secret(name: str, namespace: str, **values: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"kind": "Secret", "metadata": metadata, "stringData": values}


def test_what_litellm_names_is_made_up_and_both_sides_agree() -> None:
    whole = completed(deployed())

    gateway = whole.data("Secret", "ml", "litellm-secrets") or {}
    assert set(gateway) == {"GROQ_API_KEY", "LITELLM_MASTER_KEY"}
    assert len(set(gateway.values())) == 2
    key = gateway["LITELLM_MASTER_KEY"]
    assert whole.data("Secret", "apps", "web-keys") == {"the-key": key}
    assert key.startswith("sk-")
    assert completed(deployed()).data("Secret", "ml", "litellm-secrets") == gateway
    assert unsupported(whole) == (
        (
            "Secret ml/litellm-secrets is not among these manifests: made up (GROQ_API_KEY, "
            "LITELLM_MASTER_KEY)"
        ),
        "Secret apps/web-keys is not among these manifests: made up (the-key)",
        (
            "LITELLM_MASTER_KEY of ml/litellm-secrets and the-key of apps/web-keys are "
            "LiteLLM's master key, one that is made up; "
            "whether your own values agree, only `live` shows"
        ),
    )


def test_one_secret_of_both_holds_the_key_that_both_know(tmp_path: Path) -> None:
    """LiteLLM has it by the name of a provider's key as well, and comes first."""
    service = "image: {}\n    env_file: .env\n"
    (tmp_path / "config.yaml").write_text(
        "model_list: [{model_name: a, litellm_params: {model: openai/a, "
        "api_key: os.environ/OPENAI_API_KEY}}]"
    )
    (tmp_path / "compose.yaml").write_text(
        f"services:\n  litellm:\n    {service.format('berriai/litellm')}"
        "    volumes: [./config.yaml:/app/config.yaml]\n    command: [--config, /app/config.yaml]\n"
        f"  chat:\n    {service.format('open-webui/open-webui')}"
        "    environment: {OPENAI_API_BASE_URL: 'http://litellm:4000/v1'}\n"
    )
    made = completed(Manifests.load(tmp_path)).data("Secret", "compose", ".env") or {}
    assert made["OPENAI_API_KEY"] == made["LITELLM_MASTER_KEY"]


def test_what_an_included_file_names_is_made_up_as_well() -> None:
    whole = deployed(config={"include": ["models/groq.yaml", "general.yaml"]})
    configuration: Any = whole.get("ConfigMap", "ml", "config")
    configuration["data"] |= {
        "groq.yaml": yaml.safe_dump({**CONFIG, "include": ["../config.yaml"]}),
        "general.yaml": "general_settings: {master_key: os.environ/PROXY_MASTER_KEY}\n",
    }
    gateway: Any = whole.get("StatefulSet", "ml", "litellm")
    items = {"config.yaml": "config.yaml", "groq.yaml": "models/groq.yaml", "general.yaml": ""}
    gateway["spec"]["template"]["spec"]["volumes"][0]["configMap"]["items"] = [
        {"key": key, "path": path or key} for key, path in items.items()
    ]
    made = completed(whole)
    assert set(made.data("Secret", "ml", "litellm-secrets") or {}) == {
        "GROQ_API_KEY",
        "PROXY_MASTER_KEY",
    }


def test_the_side_that_is_given_decides() -> None:
    of_gateway = completed(deployed(secret("litellm-secrets", "ml", LITELLM_MASTER_KEY="sk-a")))
    of_web = completed(deployed(secret("web-keys", "apps", **{"the-key": "sk-b"})))

    assert of_gateway.data("Secret", "apps", "web-keys") == {"the-key": "sk-a"}
    assert (of_web.data("Secret", "ml", "litellm-secrets") or {})["LITELLM_MASTER_KEY"] == "sk-b"
    assert "Secret ml/litellm-secrets is given" in unsupported(of_gateway)
    assert any("the one that is given" in line for line in unsupported(of_web))


def test_a_key_in_the_clear_is_given_as_well() -> None:
    manifests = deployed(keys=False)
    web: Any = manifests.get("StatefulSet", "apps", "open-webui")
    sent = {"name": "OPENAI_API_KEY", "value": "sk-in-the-clear"}
    web["spec"]["template"]["spec"]["containers"][0]["env"].append(sent)
    made = completed(manifests).data("Secret", "ml", "litellm-secrets") or {}
    assert made["LITELLM_MASTER_KEY"] == "sk-in-the-clear"


def test_what_is_told_of_a_secret_is_not_masked() -> None:
    whole = completed(deployed())
    [told] = [line for line in unsupported(whole) if "master key" in line]
    told = told.replace("-keys", "-secret")  # as most people call it
    assert Redactor(whole.secrets())(told) == told


def test_a_made_up_time_zone_is_one() -> None:
    assert made_up("TZ", "x") == "Etc/UTC"  # LiteLLM does not start with another


def test_the_charts_variable_holds_the_master_key() -> None:
    config = {"general_settings": {"master_key": "os.environ/PROXY_MASTER_KEY"}}
    whole = completed(deployed(config=config))

    made = whole.data("Secret", "ml", "litellm-secrets") or {}
    assert set(made) == {"PROXY_MASTER_KEY"}
    assert whole.data("Secret", "apps", "web-keys") == {"the-key": made["PROXY_MASTER_KEY"]}


def test_nothing_is_made_up_where_all_is_given() -> None:
    manifests = deployed(
        secret("litellm-secrets", "ml", LITELLM_MASTER_KEY="sk-a"),
        secret("web-keys", "apps", **{"the-key": "sk-a"}),
        secret("other", "ml", A="b"),
    )
    assert completed(manifests) is manifests
    assert unsupported(manifests) == ()


@pytest.mark.parametrize(
    "given",
    [secret("litellm-secrets", "apps", A="b"), secret("litellm-secret", "ml", A="b")],
    ids=["in another namespace", "under another name"],
)
def test_a_wrong_reference_stays_wrong(given: dict[str, Any]) -> None:
    assert completed(deployed(given)).get("Secret", "ml", "litellm-secrets") is None


def test_what_may_be_absent_is_absent() -> None:
    assert completed(deployed(optional=True)).get("Secret", "ml", "litellm-secrets") is None


METADATA = {"name": "litellm-secrets", "namespace": "ml"}
HIDDEN: dict[str, dict[str, Any]] = {
    "SOPS": {"kind": "SopsSecret", "metadata": METADATA, "keys": ["LITELLM_MASTER_KEY", "X"]},
    "sealed": {
        "kind": "SealedSecret",
        "metadata": METADATA,
        "spec": {"encryptedData": {"LITELLM_MASTER_KEY": "Ag", "X": "Ag"}},
    },
    "external": {
        "kind": "ExternalSecret",
        "metadata": {"name": "other", "namespace": "ml"},
        "spec": {
            "target": {"name": "litellm-secrets"},
            "data": [{"secretKey": "LITELLM_MASTER_KEY"}, {"secretKey": "X"}],
        },
    },
}


@pytest.mark.parametrize("hidden", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_secret_that_something_makes_has_the_keys_that_are_told(hidden: dict[str, Any]) -> None:
    whole = completed(deployed(hidden, optional=True))
    assert set(whole.data("Secret", "ml", "litellm-secrets") or {}) == {"LITELLM_MASTER_KEY", "X"}


def test_a_configuration_in_a_secret_is_not_made_up() -> None:
    manifests = deployed()
    gateway: Any = manifests.get("StatefulSet", "ml", "litellm")
    volume = {"name": "config", "secret": {"secretName": "config"}}
    gateway["spec"]["template"]["spec"]["volumes"] = [volume]
    with pytest.raises(SetupError, match="LiteLLM's configuration is not among these manifests"):
        completed(manifests)


@pytest.mark.parametrize(
    ("arguments", "variables", "path"),
    [
        (["--config", "/etc/a.yaml"], {}, "/etc/a.yaml"),
        (["--config=/etc/a.yaml"], {}, "/etc/a.yaml"),
        (["-c", "/etc/a.yaml"], {}, "/etc/a.yaml"),
        (["-c", "a.yaml"], {}, "/app/a.yaml"),
        ([], {"CONFIG_FILE_PATH": "/etc/b.yaml"}, "/etc/b.yaml"),
        (["--config", "/etc/a.yaml"], {"CONFIG_FILE_PATH": "/etc/b.yaml"}, "/etc/b.yaml"),
        (["--port", "4000"], {}, ""),
    ],
)
def test_where_the_configuration_of_the_gateway_is(
    arguments: list[str], variables: dict[str, str], path: str
) -> None:
    container = {
        "name": "c",
        "image": "ghcr.io/berriai/litellm:main-stable",
        "args": arguments,
        "env": [{"name": name, "value": value} for name, value in variables.items()],
    }
    pod = {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    [plan] = plan_pods(Manifests([pod]))
    assert plan.configuration == path
