"""A deployment that nobody wrote a contract for is judged by its draft: green when it is well."""

import re
from pathlib import Path

import pytest

import steps
from acceptance.draft.declared import declared_in
from acceptance.draft.folder import write_draft
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.placeholders import completed
from acceptance.lab.embedded.running_labs import describe
from tests.lab.sessions import judge, judge_lab
from tests.lab.shared import SharedLab
from tests.sources import REPOSITORY

MANY = REPOSITORY / "tests" / "deployments" / "many" / "given"


@pytest.fixture(scope="module")
def lab(shared: SharedLab) -> EmbeddedLab:
    """Thirteen models, four chains."""
    up = shared.with_(completed(Manifests.load(MANY)))
    describe(up)
    return up


@pytest.fixture(scope="module")
def draft(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contract that is drafted of it."""
    steps.load()
    folder = tmp_path_factory.mktemp("draft") / "contract"
    write_draft(declared_in(Manifests.load(MANY), "many"), folder)
    return folder


def test_it_is_accepted_as_it_stands(lab: EmbeddedLab, draft: Path, tmp_path: Path) -> None:
    session = judge_lab(tmp_path, lab.folder, draft)

    assert session.code == 0, session.out
    assert "\nACCEPTED on embedded" in session.out
    assert "Claude Sonnet answers as itself (Anthropic)" in session.out
    assert "deepseek answers for Claude Sonnet when Anthropic refuses connections" in session.out


def test_a_fallback_that_is_dropped_is_noticed_by_its_chain(
    lab: EmbeddedLab, draft: Path, tmp_path: Path
) -> None:
    whole = lab.manifests
    config = whole.get("ConfigMap", "llm", "proxy-config")
    assert config
    text = config["data"]["proxy.yaml"]
    dropped = re.sub(r" +- gpt-4o: \[.*\]\n", "", text)
    assert dropped != text
    lab.apply(whole.with_changes([{**config, "data": {"proxy.yaml": dropped}}]))
    describe(lab)
    session = judge_lab(tmp_path, lab.folder, draft, "-m", "fallback and not disruptive")
    lab.apply(whole)
    describe(lab)

    assert session.code == 1, session.out
    red = {name for name, verdict in session.verdicts.items() if verdict != "passed"}
    assert red == {"test_the_gateway_holds_the_chain_of_gpt4o"}, session.out
    assert "expected  gpt-4o -> gpt-4o-mini -> deepseek" in session.out


def test_manifests_are_judged_by_what_they_declare_themselves(tmp_path: Path) -> None:
    given = REPOSITORY / "tests" / "deployments" / "not-for-chat" / "given"
    session = judge(tmp_path, "--contract=declared", f"--manifests={given}", "--hands=api")

    assert session.code == 0, session.out
    assert "\nACCEPTED on embedded: by what its manifests declare: " in session.out
    assert "The model gpt answers as itself (OpenAI)" in session.out
    assert not list((tmp_path / "tmp").glob("declared-contract-*"))


def test_what_is_up_declares_nothing(tmp_path: Path) -> None:
    session = judge(tmp_path, "--contract=declared", "--target=url")
    assert session.code == 99
    assert "Nothing declares what is asked." in session.out
