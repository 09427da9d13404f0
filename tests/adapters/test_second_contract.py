"""Another home than the story's, judged by its own contract without a line of Python.

Other models, providers, criteria and Services, two chains, each of which leads back.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import steps
from acceptance.contract.reading import read_contract
from acceptance.contract.values import Contract
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.running_labs import attached_to, describe
from acceptance.lab.embedded.target import embedded_target
from acceptance.lab.environments import Environment
from acceptance.resources import ServiceName
from dev.kill_matrix.contract import (
    Mutation,
    document,
    some_of_each_kind,
    start,
    try_each,
)
from tests.lab.contracts import contract_for
from tests.lab.sessions import judge, judge_lab
from tests.sources import REPOSITORY

HOME = REPOSITORY / "tests" / "contracts" / "home"
THE_STORYS = re.compile(r"Story 17|\bAC[1-3]\b|vllm-qwen|groq/|open-webui-secrets")
OWN = {
    "terminal": ("Chat at home", "AC7", "login-1", "spare", "claude answers as itself"),
    "summary.md": ("Chat at home", "AC7", "login-1", "spare"),
    "signoff.json": ("Chat at home", "AC7", "login-1", "spare", "claude"),
    "metrics.prom": ("AC7", "login-1", "spare"),
    "models.md": ("big", "claude", "deep", "Llama box"),
    "acceptance.html": ("Chat at home",),
}


@pytest.fixture(scope="module")
def up(programs: Mapping[str, Environment]) -> Iterator[EmbeddedLab]:
    """The lab of that home."""
    with EmbeddedLab(Manifests.load(HOME / "manifests"), programs.__getitem__) as lab:
        yield lab


@pytest.fixture(scope="module")
def home(up: EmbeddedLab) -> Path:
    """The folder of that lab, by which other processes find it."""
    describe(up)
    return up.folder


@pytest.fixture(scope="module")
def contract() -> Contract:
    """What is asked of that home."""
    steps.load()
    return read_contract(HOME)


def copied(folder: Path) -> Path:
    """The contract, to be changed."""
    return Path(shutil.copytree(HOME / "features", folder / "contract"))


def red_in(folder: Path) -> set[str]:
    """Titles of the scenarios that failed, from Allure's results."""
    results = [json.loads(path.read_text()) for path in folder.rglob("*-result.json")]
    return {each["name"] for each in results if each["status"] == "failed"}


def test_it_is_accepted_in_words_of_its_own(home: Path, tmp_path: Path) -> None:
    session = judge_lab(tmp_path, home, HOME, page=True)

    assert session.code == 0, session.out
    assert "\nACCEPTED on embedded" in session.out
    reports = tmp_path / "reports"
    told = {path.name: path.read_text(errors="replace") for path in reports.glob("*.*")}
    told["terminal"] = session.out
    labels = "\n".join(path.read_text() for path in reports.glob("allure-results/*.json"))
    for name, words in OWN.items():
        missing = [word for word in words if word not in told[name]]
        assert not missing, f"{name} lacks {missing}"
    for word in ("AC7", "login-1", "spare"):
        assert f'"value": "{word}' in labels or f'"value":"{word}' in labels, word
    for name, text in {**told, "labels": labels}.items():
        assert not THE_STORYS.findall(text), name


TWO_ADDRESSES = {
    "about": "chat at home",
    "open_webui": "chat/open-webui",
    "gateway": "chat/litellm",
    "models": {"claude": "api.anthropic.com", "deep": "api.deepseek.com"},
}
"""What two addresses can show; the names of the Services are nobody's."""


def test_two_addresses_are_accepted_and_nobody_speaks_of_a_cluster(
    home: Path, tmp_path: Path
) -> None:
    with attached_to(home) as lab:
        services = (ServiceName.read("chat/web"), ServiceName.read("ai/proxy"))
        assert services[0]
        assert services[1]
        target = embedded_target(lab, open_webui=services[0], gateway=services[1])
    password, key = target.administrator.password, target.gateway_key
    assert key

    session = judge(
        tmp_path,
        *("--target=url", f"--contract={contract_for(TWO_ADDRESSES, tmp_path / 'contract')}"),
        *(f"--open-webui-url={target.open_webui}", f"--gateway-url={target.gateway}"),
        *(f"--account-email={target.administrator.email}", "--hands=api"),
        variables={
            "ACCEPTANCE_ACCOUNT_PASSWORD": password.reveal(),
            "ACCEPTANCE_GATEWAY_KEY": key.reveal(),
        },
    )

    assert session.code == 0, session.out
    assert "ACCEPTED on url" in session.out
    assert not re.findall(r"cluster|drill|[Hh]elm|kubectl|\bpod\b", session.out)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One value of the contract, and who notices that it is wrong."""

    old: str
    new: str
    red: frozenset[str] = frozenset()
    """Titles of the scenarios; none where the contract is refused."""
    place: str = ""
    """Where it is refused."""


def test_a_model_more_is_some_words_more_in_the_features_and_the_profile(
    home: Path, tmp_path: Path
) -> None:
    contract = copied(tmp_path)
    rows = {
        "      | deep   |\n": "      | deep   |\n      | coder  |\n",
        "      | deep   | DeepSeek  |\n": (
            "      | deep   | DeepSeek  |\n      | coder  | DeepSeek  |\n"
        ),
    }
    feature, profile = contract / "chat.feature", contract / "profile.yaml"
    for old, new in rows.items():
        assert old in feature.read_text()
        feature.write_text(feature.read_text().replace(old, new))
    profile.write_text(f"{profile.read_text()}  coder: deepseek-reasoner\n")

    session = judge_lab(tmp_path, home, contract, "-m", "not disruptive")

    assert session.code == 0, session.out
    assert "coder answers as itself (DeepSeek)" in session.out
    assert red_in(tmp_path) == set()


def test_a_service_that_is_not_there_is_told_and_who_was_judged_in_its_place(
    home: Path, tmp_path: Path
) -> None:
    contract = copied(tmp_path)
    profile = contract / "profile.yaml"
    profile.write_text(profile.read_text().replace("gateway: ai/proxy", "gateway: ai/poxy"))

    session = judge_lab(tmp_path, home, contract, "-m", "login-1")

    assert session.code == 0, session.out
    assert (
        "remark: there is no Service ai/poxy, which the contract or a setting names; ai/proxy"
        in (" ".join(session.out.split()))
    )


CHANGES = {
    "a model": Change(old="      | deep   |\n", new="      | deeper |\n", place="chat.feature:"),
    "the order of a chain": Change(
        old="| 2     | claude |\n      | 3     | big    |\n      | 4     | claude |",
        new="| 2     | big    |\n      | 3     | claude |\n      | 4     | big    |",
        red=frozenset({"What replaces DeepSeek"}),
    ),
    "the tag of a criterion": Change(old="@AC7 @task9_1", new="@AC8 @task9_1", place="feature:14"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_one_wrong_value_is_told_by_the_whole_run(
    home: Path, tmp_path: Path, change: Change
) -> None:
    contract = copied(tmp_path)
    file = contract / "chat.feature"
    assert change.old in file.read_text()
    file.write_text(file.read_text().replace(change.old, change.new, 1))

    session = judge_lab(tmp_path, home, contract, "-m", "not disruptive")

    assert red_in(tmp_path) == change.red, session.out
    assert session.code == (1 if change.red else 99), session.out
    assert change.place in session.out


KINDS = {
    *("DECLARED_ENDPOINT", "KEY_SOURCE", "CHAIN_OF model", "CHAIN", "CHAIN model"),
    *("example", "example model", "example provider"),
    *("open_webui", "gateway", "criteria", "tasks", "providers", "upstreams"),
}
UPSTREAMS = "Each model stands for an upstream"
NOTICED = {
    ("chat.feature", "| DeepSeek ", "| Anthropic "): {"deep answers as itself (Anthropic)"},
    ("profile.yaml", "deep: deepseek-chat", "deep: deepseek-reasoner"): {
        *("deep answers as itself (DeepSeek)", UPSTREAMS)
    },
    ("chat.feature", "http://proxy.ai:4000/v1", "http://proxy.ai:9000/v1"): {
        *("The declared endpoint is the proxy", "The endpoint in use is the proxy")
    },
    ("chat.feature", '"chat-key"', '"other-key"'): {"The key comes from a secret"},
}
"""By file, a value in it and a wrong one: the scenarios that state it."""


def changed(file: str, old: str, new: str) -> Mutation:
    """The contract with the first line changed that holds this."""
    lines = (HOME / "features" / file).read_text().splitlines()
    number, line = next((n, line) for n, line in enumerate(lines, 1) if old in line)
    new = line.replace(old, new)
    return Mutation(kind="named", file=file, line=number, what=f"{old} -> {new}", new=new)


def test_each_kind_of_value_is_noticed_by_who_states_it(
    up: EmbeddedLab, contract: Contract
) -> None:
    """The slice of the contract matrix, and changes of which it is known who notices them."""
    of_each_kind = some_of_each_kind(contract)
    named = {changed(*key): red for key, red in NOTICED.items()}

    found = try_each([*of_each_kind, *named], up, contract)

    assert [f"{each.mutation}: {each.by}" for each in found if not each.right] == []
    assert {each.kind.strip() for each in of_each_kind} == KINDS
    assert {each.mutation: {*each.failed} for each in found if each.mutation in named} == named


def blind(lab: Path, contract: Path) -> None:
    """Begin a process in which nobody compares the order of a chain any more."""
    start(lab, contract)
    pytest.MonkeyPatch().setattr("steps.chain.check_chain", lambda _chain, _wanted: None)


def test_a_value_that_nobody_compares_is_told(up: EmbeddedLab, contract: Contract) -> None:
    [noticed] = try_each(
        [changed("chat.feature", "| 3     | big    |", "| 3     | deep   |")],
        up,
        contract,
        start=blind,
    )

    assert not noticed.right
    assert document([noticed]).endswith("| NOBODY |\n")
