"""A contract of few sentences for a deployment, made of what its `expected.yaml` says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_DECLARED = """
  @C1
  Scenario: The declared endpoint is LiteLLM
    When the deployed settings of Open WebUI are read
    Then the declared endpoint is "{declared}"

  @C1
  Scenario: LiteLLM is reached
    Given Open WebUI is deployed
    When Open WebUI itself calls the endpoint in use
    Then LiteLLM answers the call
"""
"""What a cluster shows, and two addresses do not."""
_FEATURE = """
Feature: {about}
{declared}
  @C1
  Scenario: The endpoint in use is LiteLLM
    Given Open WebUI is deployed
    When the connections in use are read
    Then model requests go to the gateway

  @C1
  Scenario: LiteLLM accepts the key in use
    Given Open WebUI is connected to the gateway
    When Open WebUI asks the gateway for its models
    Then the gateway accepts the key

  @C2
  Scenario Outline: <model> is offered
    When the model selector is opened
    Then "<model>" is offered by way of the gateway

    Examples:
      | model |
{offered}

  @C2
  Scenario Outline: <model> answers as itself
    Given "<model>" is offered
    When a user asks "<model>" a question
    Then the answer comes from "<model>" at <provider>

    Examples:
      | model | provider |
{answering}
"""


def contract_for(expected: Mapping[str, Any], folder: Path) -> Path:
    """The folder of a contract: the endpoint, where one is told, each model, and who answers."""
    folder.mkdir()
    models: Mapping[str, str] = expected["models"]
    declared = expected.get("declared", "")
    if declared:
        endpoint = declared if declared.startswith("http") else "http://litellm:4000/v1"
        declared = _DECLARED.format(declared=endpoint)
    profile = {
        "title": expected["about"],
        "open_webui": expected["open_webui"],
        "gateway": expected["gateway"],
        "criteria": {"C1": "Open WebUI asks LiteLLM", "C2": "each model answers as itself"},
        "providers": {_title(host): _place(host) for host in models.values()},
    }
    (folder / "profile.yaml").write_text(yaml.safe_dump(profile, sort_keys=False))
    feature = _FEATURE.format(
        about=expected["about"],
        declared=declared,
        offered="\n".join(f"      | {name} |" for name in models),
        answering="\n".join(f"      | {name} | {_title(host)} |" for name, host in models.items()),
    )
    (folder / "chat.feature").write_text(feature)
    return folder


def _place(host: str) -> Mapping[str, object]:
    """A Service, `namespace/name`, or a host."""
    return {"service": host} if "/" in host else {"hosts": [host]}


def _title(host: str) -> str:
    """A provider's name: one that the sentences take."""
    if "/" in host:
        return host.rpartition("/")[2].capitalize()
    return f"Provider {host.replace('.', ' ')}"
