"""What Helm's own records say of a workload."""

from typing import Any

import pytest

from acceptance.kubernetes.helm import release_notes
from tests.kubernetes.objects import Objects, made

MARKS = {
    "meta.helm.sh/release-name": "open-webui",
    "meta.helm.sh/release-namespace": "apps",
}


def _owner(marks: dict[str, str]) -> dict[str, Any]:
    return made("StatefulSet", "open-webui", metadata={"annotations": marks})


def _revision(version: int, status: str) -> dict[str, Any]:
    labels = {"owner": "helm", "name": "open-webui", "version": str(version), "status": status}
    return made("Secret", f"sh.helm.release.v1.open-webui.v{version}", metadata={"labels": labels})


def test_a_workload_that_helm_does_not_manage_has_nothing_to_say() -> None:
    assert list(release_notes(Objects(_revision(1, "failed")), _owner({}))) == []


def test_a_release_that_is_deployed_is_named_with_its_revision() -> None:
    # by number, not by text
    api = Objects(_revision(9, "superseded"), _revision(10, "deployed"))

    assert list(release_notes(api, _owner(MARKS))) == [
        "Helm release open-webui: revision 10 is deployed"
    ]


@pytest.mark.parametrize("status", ["failed", "pending-upgrade", "pending-rollback"])
def test_an_upgrade_that_did_not_end_well_is_told(status: str) -> None:
    told = list(
        release_notes(Objects(_revision(1, "deployed"), _revision(2, status)), _owner(MARKS))
    )

    assert told[0] == f"Helm release open-webui: revision 2 is {status}"
    assert "helm history open-webui -n apps" in told[1]


def test_where_secrets_may_not_be_read_its_effect_is_judged() -> None:
    api = Objects(_revision(2, "failed"), forbidden=("Secret",))

    assert list(release_notes(api, _owner(MARKS))) == [
        "Helm release open-webui: its state may not be read; its effect is judged"
    ]


def test_a_release_without_a_record_is_told() -> None:
    assert "keeps no record" in next(release_notes(Objects(), _owner(MARKS)))
