"""Releases that nobody should run: refused by the lab, and red where they run already."""

import pytest

from acceptance.checks.advisories import check_not_malicious, refuse_malicious
from acceptance.errors import SetupError
from tests.checks.making import refused


@pytest.mark.parametrize("version", ["1.82.7", "1.82.8"])
def test_a_malicious_release(version: str) -> None:
    with refused("MAL-2026-2144", "change every key", error=SetupError):
        refuse_malicious("LiteLLM", version, named_by="--litellm")
    with refused("MAL-2026-2144", "litellm-7d4", version):
        check_not_malicious("LiteLLM", {"litellm-5c9": "1.106.2", "litellm-7d4": version})


@pytest.mark.parametrize("version", ["1.82.6", "1.82.9", "1.106.2", "unknown"])
def test_any_other_release(version: str) -> None:
    refuse_malicious("LiteLLM", version, named_by="--litellm")
    refuse_malicious("Open WebUI", version, named_by="--open-webui")
    check_not_malicious("LiteLLM", {"litellm-5c9": version})
