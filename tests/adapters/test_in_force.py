"""What runs is written down as a contract: by its cluster, by two addresses, or by one alone."""

from dataclasses import replace
from pathlib import Path

import pytest

import steps
from acceptance.contract.values import Contract
from acceptance.draft.folder import write_draft
from acceptance.draft.in_force import in_force
from acceptance.draft.writing import doubts_in
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.target import embedded_target
from acceptance.secret import Secret
from acceptance.target import Target
from acceptance.waiting import quiet
from tests.adapters.world import GATEWAY, OPEN_WEBUI
from tests.lab.sessions import judge
from tests.story import STORY


@pytest.fixture(scope="module")
def target(lab: EmbeddedLab) -> Target:
    """The story's lab."""
    steps.load()
    return embedded_target(lab, open_webui=OPEN_WEBUI, gateway=GATEWAY)


@pytest.fixture
def by_addresses(target: Target) -> Target:
    """The same, of which nothing but two addresses is known."""
    nowhere = replace(OPEN_WEBUI, namespace="", name="")
    return replace(
        target,
        cluster=None,
        witness=None,
        outages=None,
        open_webui_service=nowhere,
        gateway_service=nowhere,
    )


def drafted(target: Target, folder: Path) -> tuple[Contract, str]:
    """The contract that is drafted, and what a person must decide."""
    contract = write_draft(in_force(target, "home", quiet), folder / "draft")
    return contract, "\n".join(doubts_in(folder / "draft"))


def hosts(contract: Contract) -> dict[str, set[str]]:
    """Where each model is asked for."""
    return {name: set(model.provider.hosts) for name, model in contract.models.items()}


def test_a_cluster_is_written_down_as_the_story_states_it(target: Target, tmp_path: Path) -> None:
    contract, doubts = drafted(target, tmp_path)

    assert doubts == ""
    assert set(contract.offered) == set(STORY.offered)
    assert hosts(contract) == hosts(STORY)
    assert {name: each.upstream for name, each in contract.models.items()} == {
        name: each.upstream for name, each in STORY.models.items()
    }
    for stated in ("chains", "endpoint", "key_source", "open_webui", "gateway"):
        assert getattr(contract, stated) == getattr(STORY, stated)
    text = (tmp_path / "draft" / "endpoint_configuration.feature").read_text()
    assert text.startswith("# Drafted from what is in force at home.")


def test_two_addresses_state_no_cluster(by_addresses: Target, tmp_path: Path) -> None:
    contract, doubts = drafted(by_addresses, tmp_path)
    assert doubts == ""
    assert contract.chains == STORY.chains
    assert (contract.endpoint, contract.key_source) == (STORY.endpoint, "")
    assert not contract.open_webui.name


def test_without_litellms_address_its_answers_tell_who_answers(
    by_addresses: Target, tmp_path: Path
) -> None:
    contract, _ = drafted(replace(by_addresses, gateway=None, gateway_key=None), tmp_path)
    assert set(contract.offered) == set(STORY.offered)
    assert hosts(contract).keys() == hosts(STORY).keys()
    assert contract.chains == ()
    said = "\n".join(each.read_text() for each in (tmp_path / "draft").iterdir())
    assert "the chains are not stated" in said


@pytest.mark.deployments
@pytest.mark.parametrize("asked_directly", [True, False])
def test_a_run_by_it_is_accepted(
    target: Target,
    by_addresses: Target,
    tmp_path: Path,
    asked_directly: bool,  # noqa: FBT001  # a parameter
) -> None:
    assert target.gateway_key
    gateway = [f"--gateway-url={target.gateway}"] if asked_directly else []
    keys = {"ACCEPTANCE_GATEWAY_KEY": target.gateway_key.reveal()} if asked_directly else {}
    known = by_addresses if asked_directly else replace(by_addresses, gateway=None)
    drafted(known, tmp_path)

    session = judge(
        tmp_path,
        *("--target=url", f"--contract={tmp_path / 'draft'}", "--hands=api"),
        *(f"--open-webui-url={target.open_webui}", *gateway),
        f"--account-email={target.administrator.email}",
        variables={
            "ACCEPTANCE_ACCOUNT_PASSWORD": target.administrator.password.reveal(),
            **keys,
        },
    )

    assert session.code == 0, session.out
    assert "ACCEPTED on url" in session.out


def test_a_key_that_litellm_refuses_leaves_its_answers(
    by_addresses: Target, tmp_path: Path
) -> None:
    contract, _ = drafted(replace(by_addresses, gateway_key=Secret("sk-invented")), tmp_path)
    assert contract.models.keys() == STORY.models.keys()
    assert contract.chains == ()


def test_what_looks_broken_is_told_and_not_stated(target: Target, tmp_path: Path) -> None:
    elsewhere = replace(target, gateway_service=OPEN_WEBUI, gateway=None)
    contract, doubts = drafted(elsewhere, tmp_path)
    assert "Open WebUI is told http://litellm.ml.svc.cluster.local:4000/v1" in doubts
    assert contract.endpoint.startswith("http://open-webui.apps.svc.cluster.local:")
