"""Remarks: what a reader should know, and what is no fault."""

from dataclasses import replace

import pytest

from acceptance.checks.credential import check_refused, unsendable
from acceptance.checks.endpoint import remarks
from acceptance.checks.storage import DATA, fleeting
from acceptance.cluster import Workload
from acceptance.resources import Manifest, resolve_environment


def _workload(*names: str, notes: tuple[str, ...] = ()) -> Workload:
    container = {"env": [{"name": name, "value": f"value-{name}"} for name in names]}
    return Workload(
        kind="StatefulSet",
        namespace="apps",
        name="open-webui",
        container="open-webui",
        environment=resolve_environment(container, lambda _kind, _name: None, {}),
        pods=(),
        notes=notes,
    )


def test_nothing_odd_is_no_remark() -> None:
    assert remarks(_workload("OPENAI_API_BASE_URL", "OPENAI_API_KEY")) == ()
    assert remarks(_workload("OTHER", "OTHER")) == ()


def test_a_variable_that_stands_several_times() -> None:
    told = remarks(_workload("OPENAI_API_BASE_URL", *["OPENAI_API_KEY"] * 3))
    assert [line.partition(": ")[2] for line in told] == [
        "OPENAI_API_KEY is defined 3 times, the last one wins"
    ]


def test_a_plural_variable_hides_the_singular_one() -> None:
    told = remarks(_workload("OPENAI_API_BASE_URL", "OPENAI_API_BASE_URLS", "OPENAI_API_KEYS"))
    assert [line.partition(": ")[2] for line in told] == [
        "OPENAI_API_BASE_URLS is set, so Open WebUI does not read OPENAI_API_BASE_URL"
    ]


@pytest.mark.parametrize(
    ("key", "told"), [("sk-a b", 0), ("sk-a\n", 1), ("\u201csk-a\u201d", 1), ("", 0)]
)
def test_a_key_that_no_header_can_carry(key: str, told: int) -> None:  # Q773
    names = "OPENAI_API_KEY", "LITELLM_MASTER_KEY", "NOTE"
    container = {"env": [{"name": name, "value": key} for name in names]}
    environment = resolve_environment(container, lambda _kind, _name: None, {})
    remark = unsendable(replace(_workload(), environment=environment))
    assert ["can carry OPENAI_API_KEY" in line for line in remark] == [True] * told


def test_the_clusters_own_remarks_name_the_workload() -> None:
    assert remarks(_workload(notes=("odd",))) == (
        "StatefulSet apps/open-webui, container open-webui: odd",
    )


@pytest.mark.parametrize(
    ("volume", "path", "told"),
    [
        ({"emptyDir": {}}, DATA, 1),
        ({"emptyDir": {"medium": "Memory"}}, f"{DATA}/", 1),
        ({"emptyDir": {}}, "/tmp", 0),  # noqa: S108  # a path inside of a pod
        ({"nfs": {"server": "nas", "path": "/chats"}}, DATA, 0),
    ],
)
def test_data_that_end_with_the_pod(volume: Manifest, path: str, told: int) -> None:
    container = {"volumeMounts": [{"name": "data", "mountPath": path}]}
    assert len(fleeting(container, {"volumes": [{"name": "data", **volume}]})) == told


def test_a_claim_template_is_no_volume_of_the_pod() -> None:
    assert fleeting({"volumeMounts": [{"name": "data", "mountPath": DATA}]}, {}) == ()


def test_a_gateway_without_keys_is_a_remark_and_one_that_accepts_any_key_a_fault() -> None:
    assert check_refused(401, 401) == ""
    assert check_refused(200, 200).startswith("no authentication")
    with pytest.raises(AssertionError, match="200 for an invented key, 401 for none"):
        check_refused(200, 401)
