"""The story's contract agrees with the lab's manifests."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from acceptance.checks.chain import walk_chain
from acceptance.checks.endpoint import declared_connections
from acceptance.contract.values import Model
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.plan import plan_pods
from acceptance.resources import service_in
from tests.story import CHAIN, ENDPOINT, MODELS, STORY

ROOT = Path(__file__).parents[2]
MANIFESTS = Manifests.load(DEFAULT)
CONFIG = yaml.safe_load((MANIFESTS.data("ConfigMap", "ml", "litellm-config") or {})["config.yaml"])
ENTRIES = {entry["model_name"]: entry["litellm_params"] for entry in CONFIG["model_list"]}
HOSTS = {"openai": "api.openai.com", "groq": "api.groq.com", "mistral": "api.mistral.ai"}
"""Where LiteLLM asks a provider for whom the configuration names no address."""


def test_the_manifests_serve_the_storys_models() -> None:
    assert list(ENTRIES) == list(MODELS)
    assert len(MODELS) == 8


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_each_model_is_behind_its_name(model: Model) -> None:
    provider, _, upstream = ENTRIES[model.name]["model"].partition("/")
    base = ENTRIES[model.name].get("api_base", "")
    assert upstream == model.upstream
    known = {**HOSTS, "gemini": "generativelanguage.googleapis.com"}
    host = urlsplit(base).hostname or known[provider]
    assert model.provider.serves_at(host, namespace="ml")


def test_the_manifests_hold_the_storys_chain() -> None:
    fallbacks = CONFIG["litellm_settings"]["fallbacks"]
    rules = {name: tuple(to) for rule in fallbacks for name, to in rule.items()}
    assert walk_chain(CHAIN[0], rules, ENTRIES).order == CHAIN


def test_the_manifests_point_open_webui_to_litellm() -> None:
    plan = next(each for each in plan_pods(MANIFESTS) if each.owner == "open-webui")
    [declared] = declared_connections(plan.environment)
    assert declared.url == ENDPOINT
    service = service_in(ENDPOINT, namespace="apps")
    assert service is not None
    assert MANIFESTS.get("Service", service.namespace, service.name)


def test_every_model_that_is_offered_has_somebody_who_answers() -> None:
    assert set(STORY.offered) == set(MODELS)
    assert set(STORY.parallel) == set(MODELS) - set(CHAIN)
