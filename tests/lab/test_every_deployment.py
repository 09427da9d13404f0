"""Deployments of all kinds, each a folder: what is read of it, and for a few what a run says.

`expected.yaml` beside each says what it must come to. `make deployments` judges every one of them
as a whole; here only those do that it names (`whole: always`).
"""

import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

import steps
from acceptance.checks.credential import declared_for_gateway
from acceptance.checks.endpoint import GatewayAddress, check_declared, declared_connections
from acceptance.cluster import Workload
from acceptance.draft.declared import declared_in
from acceptance.errors import SetupError
from acceptance.lab.embedded.cluster import EmbeddedCluster
from acceptance.lab.embedded.compose_names import HOST
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.network import Network
from acceptance.lab.embedded.placeholders import completed
from acceptance.lab.embedded.plan import PodPlan, plan_pods
from acceptance.lab.embedded.programs import LITELLM, OPEN_WEBUI
from acceptance.lab.embedded.target import master_key_behind
from acceptance.lab.embedded.unsupported import unsupported
from acceptance.lab.embedded.upstreams import not_emulated, offers_of
from acceptance.lab.embedded.withheld import parsed
from acceptance.resources import ServiceName
from tests.lab.contracts import contract_for
from tests.lab.sessions import judge

FOLDER = Path(__file__).parents[1] / "deployments"
EXPECTED: Mapping[str, dict[str, Any]] = {
    file.parent.name: yaml.safe_load(file.read_text())
    for file in sorted(FOLDER.glob("*/expected.yaml"))
}
NAMES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            "needs" in expected and shutil.which(expected["needs"]) is None,
            reason=f"{expected.get('needs')} is not on PATH, and nothing else renders it",
        ),
    )
    for name, expected in EXPECTED.items()
]
NOBODY = ServiceName(namespace="none", name="none", port=0)


class Planned:
    """A deployment as the lab would run it."""

    def __init__(self, name: str) -> None:
        self.expected = EXPECTED[name]
        self.manifests = completed(Manifests.load(FOLDER / name / "given"))
        self.plans = plan_pods(self.manifests)
        self.network = Network(self.manifests, {})
        pods: Any = defaultdict(lambda: SimpleNamespace(restarts=0, problem=""))
        lab = SimpleNamespace(
            manifests=self.manifests, plans=self.plans, network=self.network, pods=pods
        )
        self.cluster = EmbeddedCluster(cast("Any", lab))
        named = ServiceName.read(self.expected.get("named", "")) or NOBODY
        self.open_webui = self.cluster.find(named, OPEN_WEBUI)
        self.gateway = self.cluster.find(NOBODY, LITELLM)
        self.place = GatewayAddress(
            service=self.gateway,
            seen_from=self.open_webui.namespace,
            exists=self.cluster.exists,
            leads=lambda url: self.cluster.leads_to(
                url, self.gateway, seen_from=self.open_webui.namespace
            ),
            target_port=self.cluster.target_port,
        )

    @property
    def workload(self) -> Workload:
        """Of Open WebUI."""
        return self.cluster.workload(self.open_webui)

    @property
    def litellm(self) -> PodPlan:
        """The first pod of LiteLLM."""
        return next(plan for plan in self.plans if plan.program is LITELLM)

    def said(self) -> str:
        """All that is said about what is done with it."""
        nobody = not_emulated(self.manifests, self.plans)
        return "\n".join([*unsupported(self.manifests), f"nobody answers for {', '.join(nobody)}"])


@cache
def plan(name: str) -> Planned:
    """Each is read once."""
    return Planned(name)


def with_(field: str) -> list[Any]:
    return [each for each in NAMES if field in EXPECTED[str(each.values[0])]]


def in_turn(each: Any) -> Any:  # noqa: ANN401  # pytest gives its parameters no type
    """Judged as a whole only where somebody asks for it."""
    return pytest.param(
        *each.values, marks=[*each.marks, pytest.mark.deployments], id=f"all-{each.values[0]}"
    )


@pytest.mark.parametrize("name", with_("refused"))
def test_what_cannot_be_judged_says_what_to_do(name: str) -> None:
    with pytest.raises(SetupError) as caught:
        Planned(name)
    assert EXPECTED[name]["refused"] in str(caught.value)


@pytest.mark.parametrize("name", with_("open_webui"))
def test_both_programs_are_found_whatever_their_names(name: str) -> None:
    planned = plan(name)
    found = f"{planned.open_webui.namespace}/{planned.open_webui.name}"
    assert found == planned.expected["open_webui"]
    wanted = planned.expected.get("gateway", "none/none")
    assert f"{planned.gateway.namespace}/{planned.gateway.name}" == wanted


@pytest.mark.parametrize("name", with_("declared"))
def test_the_declared_endpoint_is_judged_as_it_is(name: str) -> None:
    planned = plan(name)
    wanted = planned.expected["declared"]
    if wanted.startswith("http"):
        check_declared(planned.workload, planned.place, "")
        told = [each.url for each in declared_connections(planned.workload.environment)]
        assert wanted in told
        assert not planned.place.mismatch(wanted)
    else:
        with pytest.raises(AssertionError) as caught:
            check_declared(planned.workload, planned.place, "")
        assert wanted in str(caught.value)


@pytest.mark.parametrize("name", with_("gateway"))
def test_the_keys_agree_where_they_do(name: str) -> None:
    planned = plan(name)
    wanted = planned.expected.get("key", "agrees")
    sent = declared_for_gateway(planned.workload, planned.place).key
    key = master_key_behind(planned.gateway, planned.manifests)
    said = "the key is empty" if not sent else "agrees" if key in (None, sent) else "differs"
    assert said == wanted


@pytest.mark.parametrize("name", with_("models"))
def test_each_model_has_somebody_who_answers(name: str) -> None:
    planned = plan(name)
    offers = offers_of(planned.manifests, planned.plans)
    upstreams = dict(entries(planned.litellm)) if not planned.litellm.missing else {}
    for model, host in planned.expected["models"].items():
        if not upstreams:
            continue
        name = host.rpartition("/")[2]
        here = [each for each in offers if host == each.host or name.startswith(each.name)]
        here += [each for each in offers if each.host.startswith(f"{name}.") or host == HOST]
        answering = [each for each in here if upstreams[model] in each.models]
        assert answering, (model, host, offers)
    for host, models in planned.expected.get("offers", {}).items():
        [offer] = [each for each in offers if each.host == host]
        assert set(models) <= set(offer.models)


def entries(plan: PodPlan) -> Iterator[tuple[str, str]]:
    """Names of LiteLLM's models with their names at their providers."""
    assert plan.line
    text = plan.mounted[plan.configuration]
    for each in (parsed(text) or {})["model_list"]:
        yield each["model_name"], each["litellm_params"]["model"].partition("/")[2]


@pytest.mark.parametrize("name", with_("open_webui"))
def test_what_is_done_about_it_is_said(name: str) -> None:
    planned = plan(name)
    said = planned.said()
    for phrase in planned.expected.get("said", ()):
        assert phrase in said, said
    missing = {plan.key: ", ".join(plan.missing) for plan in planned.plans if plan.missing}
    assert missing == planned.expected.get("missing", {})


DRAFTED = [each for each in with_("declared") if "missing" not in EXPECTED[str(each.values[0])]]


@pytest.mark.parametrize("name", DRAFTED)
def test_its_draft_says_where_litellm_is(name: str) -> None:
    expected = EXPECTED[name]
    steps.load()
    found = declared_in(Manifests.load(FOLDER / name / "given"), name)

    doubts = "\n".join(each for several in found.remarks.values() for each in several)
    assert f"{found.open_webui.namespace}/{found.open_webui.name}" == expected["open_webui"]
    assert set(expected.get("models", ())) <= set(found.offered)
    if expected["declared"].startswith("http"):
        assert found.endpoint == expected["declared"]
    else:
        assert "Open WebUI is told" in doubts
    for phrase in expected.get("doubts", ()):
        assert phrase in doubts


@pytest.mark.parametrize("name", with_("apart"))
def test_containers_without_a_network_in_common_do_not_know_each_other(
    name: str, tmp_path: Path
) -> None:
    planned = plan(name)
    planned.network.write(tmp_path / "table", planned.plans, {}, silent=1)
    table = yaml.safe_load((tmp_path / "table").read_text())
    seen = table["pods"][f"{planned.expected['open_webui']}-0"]["names"]
    for host in planned.expected["apart"]:
        assert seen[f"{host}.compose.svc.cluster.local"] is None


@pytest.mark.parametrize("name", [*with_("whole"), *(in_turn(each) for each in with_("models"))])
def test_a_run_gives_its_verdict_for_its_reason(name: str, tmp_path: Path) -> None:
    expected = EXPECTED[name]
    contract = contract_for(expected, tmp_path / "contract")
    given = f"--manifests={FOLDER / name / 'given'}"
    session = judge(tmp_path, f"--contract={contract}", given, "--hands=api")
    assert session.code == expected.get("code", 0), session.out
    assert expected.get("reason", "\nACCEPTED on embedded") in session.out
