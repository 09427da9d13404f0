"""What a manifest may not decide: which code runs, which servers are asked, which files read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.errors import SetupError
from acceptance.lab.embedded import withheld
from acceptance.lab.embedded.files import PodFiles
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.plan import PodPlan, plan_pods
from acceptance.lab.embedded.unsupported import unsupported
from tests.lab.embedded import fake
from tests.lab.embedded.fake import WEBUI, Boot, answer

PROMETHEUS = {"litellm_settings": {"callbacks": ["prometheus"]}}


def litellm(
    config: object = None,
    variables: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    *,
    allow_code: bool = False,
    name: str = "litellm",
    **container: object,
) -> Manifests:
    workload, service = fake.objects(name, "serve", **(variables or {}))
    spec = workload["spec"]["template"]["spec"]
    spec["containers"][0] |= {"args": ["--config", "/app/config.yaml"], **container}
    spec["containers"][0]["volumeMounts"].append({"name": "config", "mountPath": "/app"})
    spec["volumes"] = [{"name": "config", "configMap": {"name": "config"}}]
    text = config if isinstance(config, str) else yaml.safe_dump(config)
    data = {"config.yaml": text, **(files or {})}
    metadata = {"name": "config", "namespace": fake.NAMESPACES[name]}
    configuration = {"kind": "ConfigMap", "metadata": metadata, "data": data}
    return Manifests([workload, service, configuration], allow_code=allow_code)


def only(manifests: Manifests) -> PodPlan:
    [plan] = plan_pods(manifests)
    return plan


def config_of(manifests: Manifests) -> Any:  # noqa: ANN401  # any YAML
    given = only(manifests).given
    assert given is not None
    return yaml.safe_load(given.files["/app/config.yaml"])


CODE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a callback": (
        {"litellm_settings": {"callbacks": ["custom.instance", "prometheus"]}},
        PROMETHEUS,
    ),
    "a callback alone": (
        {"litellm_settings": {"success_callback": "os.system"}},
        {"litellm_settings": {}},
    ),
    "a rule": ({"litellm_settings": {"post_call_rules": "os.system"}}, {"litellm_settings": {}}),
    "authentication": (
        {"general_settings": {"custom_auth": "custom.auth", "master_key": "k"}},
        {"general_settings": {"master_key": "k"}},
    ),
    "a provider": (
        {
            "litellm_settings": {
                "custom_provider_map": [{"provider": "x", "custom_handler": "custom.llm"}]
            }
        },
        {"litellm_settings": {"custom_provider_map": []}},
    ),
    "a guardrail": (
        {"guardrails": [{"guardrail_name": "x", "litellm_params": {"guardrail": "custom.Guard"}}]},
        {"guardrails": []},
    ),
    "a tool": ({"mcp_tools": [{"name": "x", "handler": "tools.run"}]}, {"mcp_tools": []}),
    "a tool server": (
        {"mcp_servers": {"x": {"command": "sh"}, "y": {"url": "http://y"}}},
        {"mcp_servers": {"y": {"url": "http://y"}}},
    ),
    "a path": (
        {"litellm_settings": {"callbacks": ["../../tmp/a.b", "prometheus"]}},
        {"litellm_settings": {"callbacks": ["prometheus"]}},
    ),
    "another place": (
        {"litellm_settings": {"callbacks": ["s3://bucket/module.instance"]}},
        {"litellm_settings": {"callbacks": []}},
    ),
}


@pytest.mark.parametrize(("config", "left"), CODE.values(), ids=CODE.keys())
def test_code_that_litellm_would_import_is_left_out_and_said(
    config: dict[str, Any], left: dict[str, Any]
) -> None:
    manifests = litellm(config)

    assert config_of(manifests) == left
    [said] = unsupported(manifests)
    assert "StatefulSet ml/litellm, container litellm: /app/config.yaml: " in said
    assert said.endswith("; --allow-code runs it, as you")
    assert config_of(manifests.trusted()) == config
    assert unsupported(manifests.trusted()) == ()


@pytest.mark.parametrize("file", ["custom.py", "x.so", "x.pth", "run.sh"])
def test_a_file_of_code_is_not_laid(file: str) -> None:
    manifests = litellm(PROMETHEUS, files={file: "x"})

    given = only(manifests).given
    assert given is not None
    assert set(given.files) == {"/app/config.yaml"}
    [said] = unsupported(manifests)
    assert f"the file /app/{file} is code" in said


def test_a_profile_that_starts_a_program_is_code() -> None:
    files = {"profile": "[default]\ncredential_process = /bin/sh -c true\n"}
    [said] = unsupported(litellm(PROMETHEUS, files=files))
    assert "the file /app/profile is code" in said


def test_what_names_no_code_is_handed_on_as_it_is_written() -> None:
    text = "model_list:  # mine\n- {model_name: a.b, litellm_params: {model: openai/gpt-4.1}}\n"
    given = only(litellm(text)).given
    assert given is not None
    assert given.files["/app/config.yaml"] == text


MANY = "a: &a [" + ",".join(["1"] * 100) + "]\n"
UNREADABLE = {
    "one that holds itself": "&a {litellm_settings: *a}",
    "one that multiplies": f"{MANY}b: &b [{','.join(['*a'] * 100)}]\nc: [{','.join(['*b'] * 100)}]",
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_configuration_that_nobody_can_read_is_refused(text: str) -> None:
    with pytest.raises(SetupError, match="cannot be read"):
        plan_pods(litellm(text))


LEFT_OUT = {
    "LD_PRELOAD": ("x", "it says which code is run"),
    "LD_LIBRARY_PATH": ("/x", "it says which code is run"),
    "PYTHONPATH": ("/app", "it says which code is run"),
    "PYTHONSTARTUP": ("/app/x", "it says which code is run"),
    "GLIBC_TUNABLES": ("x", "it says which code is run"),
    "PATH": ("/app", "it says which code is run"),
    "LAB_NETWORK": ("/app", "it says which code is run"),
    "AWS_CONFIG_FILE": ("/app/profile", "it says which code is run"),
    "SSL_CERT_FILE": ("/etc/ssl/own.pem", "the lab's own authority is trusted instead"),
    "NUM_WORKERS": ("99999", "one worker runs in the lab"),
    "DATABASE_URL": ("postgresql://a:b@localhost/x", "what LiteLLM keeps in its database"),
    "REDIS_HOST": ("localhost", "no Redis is reached from the lab"),
    "CACHE": ("rediss://localhost", "no Redis is reached from the lab"),
    "OTHER": ("mysql+pymysql://localhost", "what LiteLLM keeps in its database is not judged"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_variable_that_reaches_beyond_the_lab_is_left_out_and_said(name: str) -> None:
    value, why = LEFT_OUT[name]
    manifests = litellm(PROMETHEUS, {name: value})

    given = only(manifests).given
    assert given is not None
    assert name not in given.variables
    [said] = unsupported(manifests)
    assert f"container litellm: {name} is left out: {why}" in said
    assert value not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PYTHONUNBUFFERED", "1"),
        ("NUM_WORKERS", "1"),
        ("REDIS_HOST", ""),
        ("OPENAI_API_KEY", "x"),
        ("HTTPS_PROXY", "http://proxy"),
        ("STORE_MODEL_IN_DB", "True"),
    ],
)
def test_other_variables_are_handed_on(name: str, value: str) -> None:
    manifests = litellm(PROMETHEUS, {name: value})
    assert unsupported(manifests) == ()
    given = only(manifests).given
    assert given is not None
    assert name in given.variables


def test_a_server_in_the_configuration_is_left_out() -> None:
    manifests = litellm(
        {
            "general_settings": {"database_url": "os.environ/DATABASE_URL"},
            "router_settings": {"redis_host": "redis.ml", "num_retries": 1},
            "litellm_settings": {"cache": True, "cache_params": {"type": "redis", "host": "x"}},
            "environment_variables": {"LD_PRELOAD": "x", "KEY": "y"},
        }
    )
    assert config_of(manifests) == {
        "general_settings": {},
        "router_settings": {"num_retries": 1},
        "litellm_settings": {},
        "environment_variables": {"KEY": "y"},
    }


@pytest.mark.parametrize(
    ("name", "closed", "open_"),
    [("ENABLE_PASSWORD_AUTH", "False", "true"), ("ENABLE_MFA", "True", "false")],
)
def test_who_signs_in_by_more_than_a_password_does_so_by_a_password_here(
    name: str, closed: str, open_: str
) -> None:
    [said] = unsupported(litellm({}, {name: closed}, name="open-webui"))
    assert f"{name} is left out: the lab's accounts sign in with a password alone" in said
    assert unsupported(litellm({}, {name: open_}, name="open-webui")) == ()


def test_names_are_not_resolved_in_c() -> None:
    name = "AIOHTTP_CLIENT_ASYNC_DNS_RESOLVER"
    [said] = unsupported(litellm({}, {name: "True"}, name="open-webui"))
    assert f"{name} is left out: names are resolved by Python in the lab" in said
    assert unsupported(litellm({}, {name: "False"}, name="open-webui")) == ()


def test_open_webui_keeps_sqlite_and_loses_a_server() -> None:
    kept = litellm({}, {"DATABASE_URL": "sqlite:////app/backend/data/x.db"}, name="open-webui")
    lost = litellm({}, {"DATABASE_URL": "postgres://a:b@db/x"}, name="open-webui")

    assert unsupported(kept) == ()
    [said] = unsupported(lost)
    assert "DATABASE_URL is left out: SQLite stands in its place" in said


def test_what_goes_by_redis_alone_goes_without_where_redis_is_not_reached() -> None:
    by_redis = {"WEBSOCKET_MANAGER": "redis", "WEBSOCKET_REDIS_URL": "redis://cache:6379/1"}
    manager, address = unsupported(litellm({}, by_redis, name="open-webui"))
    assert "WEBSOCKET_MANAGER is left out: no Redis is reached from the lab" in manager + address
    assert "WEBSOCKET_REDIS_URL is left out" in manager + address
    assert unsupported(litellm({}, {"WEBSOCKET_MANAGER": "redis"}, name="open-webui")) == ()


@pytest.mark.parametrize("value", ["", "a-key"])
def test_an_empty_key_of_sessions_is_made_up_as_the_image_does_it(value: str) -> None:
    manifests = litellm({}, {"WEBUI_SECRET_KEY": value}, name="open-webui")
    given = only(manifests).given
    assert given is not None
    assert ("WEBUI_SECRET_KEY" in given.variables) is bool(value)
    assert unsupported(manifests) == ()


MASTER_KEYS: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "its own variable": ({}, {"LITELLM_MASTER_KEY": "sk-a"}, "sk-a"),
    "the chart's": (
        {"general_settings": {"master_key": "os.environ/PROXY_MASTER_KEY"}},
        {"PROXY_MASTER_KEY": "sk-a", "LITELLM_MASTER_KEY": "sk-b"},
        "sk-a",
    ),
    "in the configuration": ({"general_settings": {"master_key": "sk-a"}}, {}, "sk-a"),
    "in the wrong section": (
        {"litellm_settings": {"master_key": "sk-b"}},
        {"LITELLM_MASTER_KEY": "sk-a"},
        "sk-a",
    ),
    "a variable of the configuration": (
        {"environment_variables": {"LITELLM_MASTER_KEY": "os.environ/KEY"}},
        {"KEY": "sk-a"},
        "sk-a",
    ),
    "an empty section": ({"general_settings": None}, {"LITELLM_MASTER_KEY": "sk-a"}, "sk-a"),
    "empty": ({"general_settings": {"master_key": None}}, {"LITELLM_MASTER_KEY": "sk-b"}, ""),
    "a variable that is not there": (
        {"general_settings": {"master_key": "os.environ/NONE"}},
        {"LITELLM_MASTER_KEY": "sk-b"},
        "",
    ),
    "none": ({}, {}, ""),
}


@pytest.mark.parametrize(
    ("config", "variables", "expected"), MASTER_KEYS.values(), ids=MASTER_KEYS.keys()
)
def test_the_master_key_is_found_where_litellm_finds_it(
    config: dict[str, Any], variables: dict[str, str], expected: str
) -> None:
    plan = only(litellm(config, variables))
    key = withheld.master_key(plan.mounted, "/app/config.yaml", plan.environment)
    assert (key.reveal() if key else "") == expected


def test_a_path_of_a_pod_is_below_the_pods_own_folder(boot: Boot) -> None:
    variables = {
        "DATA_DIR": "/srv/data",
        "CACHE_DIR": "../../../../../../up",
        "DATABASE_URL": "sqlite:////var/lib/x.db",
        "SERVER_ROOT_PATH": "/chat",
        "WEBUI_URL": "/v1",
        "AUDIT_LOGS_FILE_PATH": "/audit.log",
    }
    lab = boot(litellm({}, variables, name="open-webui"))

    told = answer(lab, WEBUI).json()["environment"]
    root = lab.pods[WEBUI].folder / "pod"
    assert told["DATA_DIR"] == str(root / "srv/data")
    assert told["CACHE_DIR"] == str(root / "up")
    assert told["DATABASE_URL"] == f"sqlite:///{root}/var/lib/x.db"
    assert told["AUDIT_LOGS_FILE_PATH"] == str(root / "audit.log")
    assert (told["SERVER_ROOT_PATH"], told["WEBUI_URL"]) == ("/chat", "/v1")


def test_arguments_and_configuration_are_below_it_too(tmp_path: Path) -> None:
    plan = only(litellm({"model_list": [{"vertex_credentials": "/etc/key.json", "api": "/v1"}]}))
    files = PodFiles(tmp_path, plan)
    files.lay()

    assert files.word("/etc/passwd") == str(tmp_path / "pod/etc/passwd")
    assert files.word("--config=/etc/passwd") == f"--config={tmp_path}/pod/etc/passwd"
    assert files.word("../../../etc/passwd") == str(tmp_path / "pod/etc/passwd")
    assert files.word("config.yaml") == "config.yaml"
    laid = yaml.safe_load((tmp_path / "pod/app/config.yaml").read_text())
    credentials = str(tmp_path / "pod/etc/key.json")
    assert laid == {"model_list": [{"vertex_credentials": credentials, "api": "/v1"}]}


def test_no_folder_of_the_machine_itself_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = PodFiles(tmp_path, only(litellm({})))
    monkeypatch.setattr("os.path.lexists", lambda path: path == "/machine")
    for name, path in {"ANY": "/machine/x", "TMPDIR": "/elsewhere", "LOGFILE": "/log"}.items():
        assert files.value(name, path) == f"{tmp_path}/pod{path}"
    assert files.value("ANY", "/elsewhere") == "/elsewhere", "part of an address"


def test_mounts_that_do_not_fit_into_one_another_are_refused(tmp_path: Path) -> None:
    mounts = [
        {"name": "config", "mountPath": "/app/x", "subPath": "config.yaml"},
        {"name": "config", "mountPath": "/app/x/y", "subPath": "config.yaml"},
    ]
    plan = only(litellm({}, volumeMounts=mounts))
    with pytest.raises(SetupError, match="cannot be laid"):
        PodFiles(tmp_path, plan).lay()
