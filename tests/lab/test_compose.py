"""Compose's files: what becomes of each field, and that nothing beside the folder is looked at."""

import copy
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from acceptance.errors import SetupError
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.network import Network
from acceptance.lab.embedded.placeholders import completed
from acceptance.lab.embedded.plan import PodPlan, plan_pods
from acceptance.lab.embedded.programs import OPEN_WEBUI
from acceptance.lab.embedded.public_hosts import public_hosts
from acceptance.lab.embedded.unsupported import unsupported
from acceptance.lab.embedded.upstreams import offers_of
from acceptance.resources import ServiceName, text_of
from tests.odd import PLANTED, damaged

WEB = {"image": "ghcr.io/open-webui/open-webui:main"}
GATEWAY = {"image": "ghcr.io/berriai/litellm:main-latest"}
CONFIG = "model_list: []\n"


def folder(place: Path, services: Any, **more: Any) -> Path:  # noqa: ANN401  # any YAML
    place.mkdir(exist_ok=True)
    text = yaml.safe_dump({"services": services, **more}, sort_keys=False)
    (place / "compose.yaml").write_text(text)
    return place


def loaded(place: Path, services: Any, **more: Any) -> Manifests:  # noqa: ANN401  # any YAML
    return completed(Manifests.load(folder(place, services, **more)))


def only(manifests: Manifests) -> PodPlan:
    [plan] = plan_pods(manifests)
    return plan


def told(place: Path, environment: object, **files: str) -> dict[str, str]:
    """What a service is given, without what its image brings."""
    for name, text in files.items():
        place.mkdir(exist_ok=True)
        (place / name.replace("dot_", ".")).write_text(text)
    plan = only(loaded(place, {"litellm": {**GATEWAY, "environment": environment}}))
    return {
        name: variable.value.reveal()
        for name, variable in plan.environment.items()
        if variable.source != "image"
    }


RULE, PORT = "traefik.http.routers.x.rule", "traefik.http.services.x.loadbalancer.server.port"
LED = ServiceName(namespace="compose", name="litellm", port=4000)


@pytest.mark.parametrize(
    ("labels", "led"),
    [
        ({RULE: "Host(`${NAME}.home.example`)", PORT: 4000}, {"llm.home.example": LED}),
        ([f"{RULE}=Host(`llm.home.example`) && PathPrefix(`/v1`)"], {"llm.home.example": LED}),
        (
            [f"{RULE}=Host(`a.example`) || Host(`b.example`)"],
            dict.fromkeys(["a.example", "b.example"], LED),
        ),
        ({RULE: "Host(`llm.home.example`)", "traefik.enable": "false"}, {}),
        ({RULE: "Host(`llm.home.example`)", PORT: 9}, {}),
        ({"homepage.href": "https://llm.home.example", "other": "${NOBODY}"}, {}),
        (["traefik.enable"], {}),
        ("Host(`llm.home.example`)", {}),
        ({RULE: "Host(" * 1_000}, {}),
    ],
)
@pytest.mark.parametrize("deployed", [False, True])
def test_a_host_that_traefik_is_told_leads_to_the_service(
    tmp_path: Path,
    labels: object,
    led: object,
    deployed: bool,  # noqa: FBT001  # a parameter
) -> None:
    (tmp_path / ".env").write_text("NAME=llm\n")
    where = {"deploy": {"labels": labels}} if deployed else {"labels": labels}
    manifests = loaded(tmp_path, {"litellm": {**GATEWAY, **where}})
    assert public_hosts(manifests) == led
    assert not any("made up" in note for note in manifests.notes)


def test_a_host_that_is_made_up_is_the_same_where_it_is_asked(tmp_path: Path) -> None:
    asked = {"OPENAI_API_BASE_URL": "https://llm.${DOMAIN}/v1", "OPENAI_API_KEY": "${KEY}"}
    services = {
        "chat": {"image": "ghcr.io/open-webui/open-webui:main", "environment": asked},
        "litellm": {**GATEWAY, "labels": {RULE: "Host(`llm.${DOMAIN}`)", "mine": "${KEY}"}},
    }
    manifests = loaded(tmp_path, services)
    [host] = public_hosts(manifests)
    chat = next(plan for plan in plan_pods(manifests) if plan.program is OPEN_WEBUI)
    assert chat.environment["OPENAI_API_BASE_URL"].value.reveal() == f"https://{host}/v1"
    assert chat.environment["OPENAI_API_KEY"].source == "Secret .env, key KEY"


def test_a_configuration_that_git_does_not_hold_is_told(tmp_path: Path) -> None:
    mounts = ["./config.yaml:/app/config.yaml"]
    manifests = loaded(tmp_path, {"litellm": {**GATEWAY, "volumes": mounts}})
    assert only(manifests).missing == ("ConfigMap config.yaml",)
    text = "service litellm mounts ./config.yaml, which is not in this folder"
    assert f"compose.yaml: {text}" in manifests.notes


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${A}", "a"),
        ("$A", "a"),
        ("x-${A}-y", "x-a-y"),
        ("${A:-b}", "a"),
        ("${EMPTY:-b}", "b"),
        ("${EMPTY-b}", ""),
        ("${NONE:-b}", "b"),
        ("${NONE-b}", "b"),
        ("${NONE:-${A}}", "a"),
        ("${NONE:-http://h:1/v1}", "http://h:1/v1"),
        ("${A:+b}", "b"),
        ("${NONE:+b}", ""),
        ("${EMPTY:+b}", ""),
        ("${EMPTY+b}", "b"),
        ("${A:?needed}", "a"),
        ("$$A", "$A"),
        ("$(A)", "$(A)"),
    ],
)
def test_variables_are_replaced_as_compose_does_it(tmp_path: Path, text: str, value: str) -> None:
    given = told(tmp_path / "f", {"X": text}, dot_env="A=a\nEMPTY=\n")
    assert given == {"X": value}


def test_a_value_of_several_that_are_not_there_is_put_together(tmp_path: Path) -> None:
    gateway = {**GATEWAY, "environment": ["LITELLM_MASTER_KEY"]}
    web = {**WEB, "environment": {"OPENAI_API_KEYS": "${LITELLM_MASTER_KEY};${OTHER:?x};a"}}
    plans = plan_pods(loaded(tmp_path / "f", {"web": web, "gateway": gateway}))
    environments = {plan.owner: plan.environment for plan in plans}
    key = environments["gateway"]["LITELLM_MASTER_KEY"].value.reveal()
    first, second, third = environments["web"]["OPENAI_API_KEYS"].value.reveal().split(";")
    assert key
    assert (first, third) == (key, "a")
    assert second not in ("", key)


@pytest.mark.parametrize("environment", [{"X": True, "Y": 1, "Z": None}, ["X=true", "Y=1", "Z"]])
def test_an_environment_is_a_list_or_a_mapping(tmp_path: Path, environment: object) -> None:
    assert told(tmp_path / "f", environment, dot_env="Z='a # b'\n") == {
        "X": "true",
        "Y": "1",
        "Z": "a # b",
    }


HOSTILE: dict[str, tuple[str, dict[str, str]]] = {
    "braces without end": ("${A:-" * 20_000, {}),
    "braces within each other": ("${A:-" * 500 + "x" + "}" * 500, {}),
    "many braces": ("${A:-x}" * 40_000, {}),
    "many variables": ("$A" * 60_000, {"dot_env": f"A={'x' * 500_000}"}),
    "blanks in a line": ("${A}", {"dot_env": f"A=x{' ' * 300_000}y"}),
    "blanks and no comment": ("${A}", {"dot_env": f"A={'x ' * 150_000}"}),
    "a line of blanks": ("${A}", {"dot_env": " " * 500_000}),
    "NUL": ("${A}", {"dot_env": "A=x\0y"}),
}


@pytest.mark.parametrize(("text", "files"), HOSTILE.values(), ids=HOSTILE)
def test_a_value_takes_time_by_its_length_alone_and_is_bounded(
    tmp_path: Path, text: str, files: dict[str, str]
) -> None:
    started = time.process_time()
    try:
        value = told(tmp_path, {"X": text}, **files).get("X", "")
        assert len(value) <= 1_000_000
        assert "\0" not in value
    except SetupError as error:
        assert "A file of Compose cannot be read." in str(error)  # noqa: PT017  # either is right
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 900_000 + f"FROM {WEB['image']}\n",
        f"FROM {WEB['image']}\nENV " + 'A="' * 300_000,
        f"FROM {WEB['image']}\n" + "COPY a b\n" * 100_000,
        f"FROM {WEB['image']}\nENV a" + " " * 900_000 + "x",
    ],
)
def test_a_dockerfile_takes_time_by_its_length_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    started = time.process_time()
    assert only(loaded(tmp_path, {"web": {"build": "."}})).program is OPEN_WEBUI
    assert time.process_time() - started < 10


@pytest.mark.parametrize("name", ["", ".", "../x", "a/b", "x" * 64, "\u202ex", "a b", "\xfc"])
def test_a_name_that_compose_refuses_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SetupError, match="names of services by letters") as caught:
        loaded(tmp_path, {name: WEB})
    assert "\u202e" not in str(caught.value)


@pytest.mark.parametrize("environment", [{"": "x", "A=B": "y", "X": "1"}, ["=x", "X=1"]])
def test_what_is_no_name_of_a_variable_is_left_out_and_said(
    tmp_path: Path, environment: object
) -> None:
    manifests = loaded(tmp_path, {"litellm": {**GATEWAY, "environment": environment}})
    assert not {"", "A=B", "A"} & set(only(manifests).environment)
    assert "compose.yaml: service litellm: '' is no name of a variable" in manifests.notes


def test_files_that_include_each_other_have_an_end(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text(yaml.safe_dump({"include": ["more.yaml"] * 9}))
    started = time.process_time()
    manifests = loaded(tmp_path, {"litellm": GATEWAY}, include=["more.yaml"])
    assert [plan.owner for plan in plan_pods(manifests)] == ["litellm"]
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "mentioned",
    [
        {"volumes": ["./:/app/cfg"]},
        {"extends": {"file": "./compose.yaml", "service": "base"}},
        {"env_file": [{"path": "compose.yaml", "required": False}]},
    ],
)
def test_a_project_that_mentions_its_own_file_is_judged(
    tmp_path: Path, mentioned: dict[str, Any]
) -> None:
    manifests = loaded(tmp_path, {"litellm": {**GATEWAY, **mentioned}, "base": GATEWAY})
    assert [plan.owner for plan in plan_pods(manifests)] == ["litellm", "base"]


def test_a_project_that_is_a_part_of_another_is_not_judged_by_itself(tmp_path: Path) -> None:
    folder(tmp_path / "base", {"gateway": GATEWAY})
    extended = {"extends": {"file": "base/compose.yaml", "service": "gateway"}}
    manifests = loaded(tmp_path, {"litellm": extended})
    assert [plan.owner for plan in plan_pods(manifests)] == ["litellm"]


def test_a_long_chain_of_services_has_an_end(tmp_path: Path) -> None:
    chain = {f"s{each}": {"extends": f"s{each + 1}"} for each in range(2_000)}
    manifests = loaded(
        tmp_path, {"litellm": GATEWAY, "first": {**GATEWAY, "extends": "s0"}, **chain}
    )
    assert any("which is not there or has no end" in each for each in manifests.notes)


def test_a_file_that_many_extend_is_read_once(tmp_path: Path) -> None:
    filling = {f"s{each}": {**GATEWAY, "environment": {"A": "x" * 40}} for each in range(1_000)}
    folder(tmp_path / "base", filling)
    extended = {
        f"litellm{each}": {"extends": {"file": "base/compose.yaml", "service": f"s{each}"}}
        for each in range(40)
    }
    started = time.process_time()
    manifests = loaded(tmp_path, extended)
    assert len(plan_pods(manifests)) == 40
    assert time.process_time() - started < 10


def test_what_is_skipped_is_told_in_the_order_of_the_files(tmp_path: Path) -> None:
    for name in ("b", "a", "d", "c"):
        folder(tmp_path / name, {"x": {"image": "nginx"}})
    pod = {"containers": [{"name": "c", **WEB}]}
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": pod}
    (tmp_path / "pod.yaml").write_text(yaml.safe_dump(manifest))
    files = [note.split(": ")[1] for note in Manifests.load(tmp_path).notes]
    assert files == [f"{name}/compose.yaml" for name in "abcd"]


def test_an_env_file_is_read_and_the_environment_stands_over_it(tmp_path: Path) -> None:
    place = folder(tmp_path / "f", {"l": {**GATEWAY, "env_file": "a.env", "environment": ["B=2"]}})
    (place / "a.env").write_text('# c\nexport A="1"\nB=1\nC=3 # three\n')
    environment = only(completed(Manifests.load(place))).environment
    assert {each: environment[each].value.reveal() for each in "ABC"} == {
        "A": "1",
        "B": "2",
        "C": "3",
    }


def test_an_example_stands_for_what_is_not_in_git(tmp_path: Path) -> None:
    place = tmp_path / "f"
    assert told(place, {"X": "${A}"}, **{"dot_env.example": "A=from the example\n"}) == {
        "X": "from the example"
    }


@pytest.mark.parametrize(
    ("file", "example"),
    [
        (".env", ".env_example"),
        (".env", "env.sample"),
        (".env", "example.env"),
        ("env/chat.env", "env/chat.example"),
        ("env/chat.env", "env/chat.example.env"),
    ],
)
def test_an_example_is_known_by_what_people_call_it(
    tmp_path: Path, file: str, example: str
) -> None:
    place = folder(tmp_path / "f", {"chat": {**WEB, "env_file": file}})
    (place / example).parent.mkdir(exist_ok=True)
    (place / example).write_text("WEBUI_NAME=from the example\nOPENAI_API_KEY=\nPORT=\n")
    manifests = completed(Manifests.load(place))
    environment = only(manifests).environment
    assert text_of(environment, "WEBUI_NAME") == "from the example"
    assert text_of(environment, "OPENAI_API_KEY").startswith("sk-made-up"), "left to who copies it"
    assert text_of(environment, "PORT") == "8080", "the image's, and no key"
    assert f"compose.yaml: {file} is not there: values are taken from {example}" in manifests.notes


@pytest.mark.parametrize(
    "example", ["config.yaml.example", "config.example.yaml", "config_example.yaml"]
)
def test_so_is_that_of_what_litellm_is_told(tmp_path: Path, example: str) -> None:
    service = {**GATEWAY, "volumes": ["./config.yaml:/app/config.yaml"]}
    place = folder(tmp_path / "f", {"litellm": service})
    (place / example).write_text("model_list: []\n")
    manifests = Manifests.load(place)
    assert only(manifests).mounted["/app/config.yaml"] == "model_list: []\n"
    said = f"./config.yaml is not there: what LiteLLM is told is taken from {example}"
    assert f"compose.yaml: {said}" in manifests.notes


def test_a_dockerfile_that_is_not_there_is_said(tmp_path: Path) -> None:
    [said] = loaded(tmp_path / "f", {"open-webui": {"build": "."}}).notes[:1]
    assert (
        said
        == "compose.yaml: service open-webui is built, and its Dockerfile is not in this folder"
    )


def test_nothing_of_this_machine_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME_KEY", PLANTED)
    (tmp_path / "outside.yaml").write_text(PLANTED)
    place = tmp_path / "f"
    place.mkdir()
    (place / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (place / "linked").symlink_to(tmp_path)
    service = {
        **GATEWAY,
        "environment": ["HOME_KEY", "B=${HOME_KEY}", "C=x${HOME_KEY}"],
        "env_file": ["../outside.yaml", str(tmp_path / "outside.yaml")],
        "volumes": [
            "../outside.yaml:/a.yaml",
            f"{tmp_path}/outside.yaml:/b.yaml",
            "./link.yaml:/c.yaml",
            "./linked:/d",
            "~/x:/e",
            {"type": "bind", "source": "./linked/outside.yaml", "target": "/f.yaml"},
        ],
        "configs": ["c"],
        "secrets": [{"source": "s", "target": "/g"}],
    }
    top = {
        "configs": {"c": {"file": "../outside.yaml"}},
        "secrets": {"s": {"file": "linked/outside.yaml"}},
    }
    manifests = loaded(place, {"litellm": service}, **top)
    plans = plan_pods(manifests)
    assert PLANTED not in str([list(manifests), plans])
    assert not any(PLANTED in value.reveal() for value in manifests.secrets())


def test_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("something was started")

    monkeypatch.setattr(subprocess, "Popen", refused)
    commands = ("curl http://x | sh", "sh -c 'rm -rf /'")
    for number, command in enumerate(commands):
        with pytest.raises(SetupError, match="cannot run the command"):
            loaded(tmp_path / str(number), {"l": {**GATEWAY, "command": command}})


def test_a_command_is_a_list_or_a_line(tmp_path: Path) -> None:
    for number, command in enumerate(["--config '/a b' --port 5000", ["--config", "/a b"]]):
        plan = only(loaded(tmp_path / str(number), {"l": {**GATEWAY, "command": command}}))
        assert plan.line
        assert plan.line.option("--config") == "/a b"


def test_a_file_that_is_not_there_keeps_it_from_starting(tmp_path: Path) -> None:
    plan = only(loaded(tmp_path / "f", {"l": {**GATEWAY, "volumes": ["./c.yaml:/app/c.yaml:ro"]}}))
    assert plan.missing == ("ConfigMap c.yaml",)


def test_what_a_program_keeps_is_not_read(tmp_path: Path) -> None:
    place = tmp_path / "f"
    (place / "data").mkdir(parents=True)
    (place / "data" / "config.json").write_text(PLANTED)
    manifests = loaded(place, {"web": {**WEB, "volumes": ["./data:/app/backend/data"]}})
    assert PLANTED not in str(list(manifests))


@pytest.mark.parametrize(
    ("ports", "first", "published"),
    [
        (["3000:8080"], 8080, {3000}),
        (["127.0.0.1:3000:8080/tcp"], 8080, {3000}),
        (["8080"], 8080, set()),
        ([{"target": 8080, "published": "3000"}], 8080, {3000}),
        (["${PORT:-3000}:8080"], 8080, {3000}),
        (["nonsense", 8080], 8080, set()),
    ],
)
def test_ports_are_those_of_the_container_and_of_the_machine(
    tmp_path: Path, ports: list[object], first: int, published: set[int]
) -> None:
    manifests = loaded(tmp_path / "f", {"web": {**WEB, "ports": ports}})
    service = manifests.get("Service", "compose", "web")
    host = manifests.get("Service", "compose", "host.docker.internal")
    assert service
    assert service["spec"]["ports"][0]["port"] == first
    assert {each["port"] for each in host["spec"]["ports"]} == published if host else not published


def test_two_projects_meet_in_a_network_of_neither(tmp_path: Path) -> None:
    for name, service in (("web", WEB), ("gateway", GATEWAY)):
        networks = {"shared": {"external": True}}
        one = {name: {**service, "networks": ["shared"]}, f"{name}-2": service}
        folder(tmp_path / name, one, networks=networks)
    manifests = Manifests.load(tmp_path)
    plans = plan_pods(manifests)
    Network(manifests, {}).write(tmp_path / "table", plans, {}, silent=1)
    pods = json.loads((tmp_path / "table").read_text())["pods"]
    assert "gateway.compose.svc.cluster.local" not in pods["compose/web-0"]["names"]
    assert pods["compose/web-2-0"]["names"]["gateway.compose.svc.cluster.local"] is None


def test_objects_of_kubernetes_come_first(tmp_path: Path) -> None:
    place = folder(tmp_path / "f", {"web": WEB})
    pod = {"containers": [{"name": "c", **WEB}]}
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": pod}
    (place / "pod.yaml").write_text(yaml.safe_dump(manifest))
    manifests = Manifests.load(place)
    assert [item["kind"] for item in manifests] == ["Pod"]
    assert f"--manifests={place / 'compose.yaml'}" in manifests.notes[0]


WHOLE: dict[str, Any] = {
    "name": "x",
    "services": {
        "web": {
            **WEB,
            "container_name": "w",
            "environment": {"OPENAI_API_BASE_URL": "http://l:4000", "OPENAI_API_KEY": "${K}"},
            "env_file": [{"path": "a.env", "required": False}],
            "ports": ["3000:8080", {"target": 1, "published": 2}],
            "volumes": ["data:/app/backend/data", {"type": "bind", "source": "x", "target": "/y"}],
            "networks": {"n": {"aliases": ["a"]}},
            "deploy": {"replicas": 1},
            "profiles": ["p"],
        },
        "l": {
            "build": {"context": ".", "dockerfile": "D"},
            **GATEWAY,
            "command": ["--config", "/c"],
            "entrypoint": "litellm",
            "configs": [{"source": "c", "target": "/c"}],
            "secrets": ["s"],
            "expose": ["4000"],
            "extra_hosts": ["a:1"],
            "working_dir": "/app",
        },
    },
    "networks": {"n": {"external": {"name": "m"}}},
    "configs": {"c": {"content": "model_list: [{model_name: a, litellm_params: {model: b}}]"}},
    "secrets": {"s": {"environment": "S"}},
}


@settings(max_examples=150)
@given(data=st.data())
def test_a_file_of_any_shape_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    changed = data.draw(damaged(copy.deepcopy(WHOLE)))
    text = yaml.safe_dump(changed, allow_unicode=True)
    (tmp_path / "compose.yaml").write_bytes(text.encode(errors="surrogatepass"))
    try:
        manifests = completed(Manifests.load(tmp_path))
        plans = plan_pods(manifests)
        unsupported(manifests)
        offers_of(manifests, plans)
        manifests.secrets()
        Network(manifests, {}).write(tmp_path / "table", plans, {}, silent=2)
    except SetupError as error:
        assert PLANTED not in str(error)  # noqa: PT017  # whether it is raised is left open
