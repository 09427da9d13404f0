"""What a container's command comes down to: one of the two programs, or nothing that is run."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acceptance.lab.embedded.command import CommandLine, RefusedCommandError, command_line
from acceptance.lab.embedded.plan import chosen
from acceptance.lab.embedded.programs import LITELLM, OPEN_WEBUI, Program, program_for
from acceptance.resources import Variable
from acceptance.secret import Secret

CONFIG = ("litellm", "--config", "/app/config.yaml")
SERVE = ("open-webui", "serve", "--host", "0.0.0.0", "--port", "8080")  # noqa: S104  # the pod's
ENVIRONMENT = {
    name: Variable(name=name, value=Secret(value), source="value")
    for name, value in {"PORT": "8080", "CONFIG": "/app/config.yaml"}.items()
}
FILES = {"/run/secrets/key": "sk-1 2\n"}


def line(program: Program, *command: str, args: tuple[str, ...] = (), **more: str) -> CommandLine:
    container = {"command": list(command), "args": list(args), **more}
    return command_line(program, container, ENVIRONMENT, FILES)


LITELLMS: dict[str, tuple[str, ...]] = {
    "its own": CONFIG,
    "by its path": ("/app/.venv/bin/litellm", *CONFIG[1:]),
    "the image's script": ("docker/prod_entrypoint.sh", *CONFIG[1:]),
    "the image's script by a shell": ("/bin/sh", "./docker/entrypoint.sh", *CONFIG[1:]),
    "a shell": ("sh", "-c", "litellm --config /app/config.yaml"),
    "a shell with exec": ("/bin/bash", "-ec", 'exec litellm --config "/app/config.yaml"'),
    "a shell with a variable": ("sh", "-c", "litellm --config $CONFIG"),
    "a shell with a default": ("sh", "-c", "litellm --config ${NONE:-/app/config.yaml}"),
    "a shell that prepares": ("sh", "-c", "set -e\npip install x\nlitellm --config $CONFIG\n"),
    "a shell that waits": (
        "sh",
        "-c",
        "until nc -z db 5432; do sleep 1; done; exec litellm --config $CONFIG 2>&1",
    ),
    "a shell that exports": ("sh", "-c", "export C=/app/config.yaml && litellm --config $C"),
    "Kubernetes' own variable": ("litellm", "--config", "$(CONFIG)"),
    "python -m": ("python3", "-m", "litellm.proxy.proxy_cli", *CONFIG[1:]),
    "an init": ("/sbin/tini", "--", *CONFIG),
    "uv": ("uv", "run", *CONFIG),
    "env": ("env", "A=b", *CONFIG),
    "a server that the lab does not use": (*CONFIG, "--run_gunicorn"),
    "a file of loggers": (*CONFIG, "--log_config", "/app/log.json"),
}
OPEN_WEBUIS: dict[str, tuple[str, ...]] = {
    "its own": SERVE,
    "start.sh": ("bash", "start.sh"),
    "start.sh by its path": ("/app/backend/start.sh",),
    "uvicorn": ("uvicorn", "open_webui.main:app", *SERVE[2:], "--workers", "1"),
    "python -m uvicorn": ("python", "-m", "uvicorn", "open_webui.main:app", *SERVE[2:]),
    "a shell": ("bash", "-c", "cd /app/backend && ./start.sh"),
}
REFUSED: dict[str, tuple[str, ...]] = {
    "nothing": ("",),
    "Python": ("python", "-c", "import os; os.abort()"),
    "a shell": ("/bin/sh", "-c", "true"),
    "another program": ("prisma", "migrate", "deploy"),
    "what writes": ("sh", "-c", "envsubst < a > /app/config.yaml && litellm --config $CONFIG"),
    "a pipe": ("sh", "-c", "litellm --config $CONFIG | tee log"),
    "the background": ("sh", "-c", "litellm --config $CONFIG & wait"),
    "an alternative": ("sh", "-c", "litellm --config $CONFIG || touch /tmp/x"),
    "a substitution": ("sh", "-c", "litellm --config $(cat name)"),
    "backticks": ("sh", "-c", "litellm --config `cat name`"),
    "a condition": ("sh", "-c", "if true; then litellm; fi"),
    "an open quote": ("sh", "-c", "litellm '"),
    "a script of its own": ("bash", "/scripts/run.sh"),
    "itself for ever": ("exec",) * 5000,
    "another module": ("python", "-m", "http.server"),
    "another application": ("uvicorn", "main:app"),
}


@pytest.mark.parametrize("command", LITELLMS.values(), ids=LITELLMS.keys())
def test_each_way_to_start_litellm_is_its_own_command(command: tuple[str, ...]) -> None:
    assert line(LITELLM, *command).words == CONFIG


@pytest.mark.parametrize("command", OPEN_WEBUIS.values(), ids=OPEN_WEBUIS.keys())
def test_each_way_to_start_open_webui_is_its_own_command(command: tuple[str, ...]) -> None:
    assert line(OPEN_WEBUI, *command).words == SERVE


DOUBLED = "; ".join(["A0=xxxxxxxxxxxxxxxx", *(f"A{n}=$A{n - 1}$A{n - 1}" for n in range(1, 60))])
ENDLESS: dict[str, str] = {
    "variables that double": f"{DOUBLED}; litellm --model $A59",
    "braces without end": f"A={'${A:-' * 25_000}; litellm",
    "more than Linux takes": f"litellm --model {'x' * 200_000}",
    "streams": " >" * 60_000,
}


@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
def test_a_script_takes_time_by_its_length_alone_and_stays_of_bearable_size(script: str) -> None:
    started = time.process_time()
    try:
        assert len(" ".join(line(LITELLM, "sh", "-c", script).words)) < 200_000
    except RefusedCommandError as error:
        assert len(str(error)) < 1_000  # noqa: PT017  # either is right
    assert time.process_time() - started < 10


@pytest.mark.parametrize("command", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("program", [LITELLM, OPEN_WEBUI], ids=["LiteLLM", "Open WebUI"])
def test_anything_else_is_refused(program: Program, command: tuple[str, ...]) -> None:
    with pytest.raises(RefusedCommandError):
        line(program, *command)


def test_what_is_left_out_is_said() -> None:
    script = "sleep 5; exec litellm --config $CONFIG --num_workers 64 --log_config=x"

    read = line(LITELLM, "sh", "-c", script)

    assert read.words == CONFIG
    assert read.left_out == (
        "`sleep 5` is not run",
        "of 64 workers one runs: each takes as much memory as the program",
        "--log_config is left out: its file may name code",
    )


def test_arguments_alone_are_the_programs() -> None:
    assert line(LITELLM, args=CONFIG[1:]).words == CONFIG
    assert line(OPEN_WEBUI).words == SERVE


def test_what_a_command_sets_and_where_it_goes_is_known() -> None:
    read = line(LITELLM, "sh", "-c", "cd ../etc && KEY=1 litellm --config c.yaml", workingDir="/a")

    assert (read.folder, dict(read.variables)) == ("/etc", {"KEY": "1"})
    assert read.path(read.option("--config")) == "/etc/c.yaml"


@pytest.mark.parametrize(
    "script",
    [
        "export KEY=$(cat /run/secrets/key)\nexport MODE=b\nexec litellm",
        'export KEY="$(cat /run/secrets/key)" && export MODE=b; litellm',
        "KEY=`cat /run/secrets/key` MODE=b litellm",
        "export KEY=$(< /run/secrets/key); MODE=b exec litellm",
    ],
)
def test_a_mounted_file_is_read_into_a_variable_as_a_shell_does(script: str) -> None:
    read = line(LITELLM, "sh", "-c", script)

    assert dict(read.variables) == {"KEY": "sk-1 2", "MODE": "b"}


def test_a_variable_that_another_command_makes_is_not_set_and_said() -> None:
    script = (
        "export A=$(python3 -c \"print('(x)')\")\nexport MODE=b\nB=`date` C=$(cat /nowhere) litellm"
    )

    read = line(LITELLM, "sh", "-c", script)

    assert dict(read.variables) == {"MODE": "b"}
    assert [each.partition(" ")[0] for each in read.left_out] == ["A", "B", "C"]


@settings(max_examples=200)
@given(st.lists(st.text(max_size=30), max_size=6), st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused(words: list[str], script: str) -> None:
    for command in (words, ["sh", "-c", script], ["sh", "-c", f"litellm {script}"]):
        for program in (LITELLM, OPEN_WEBUI):
            try:
                read = line(program, *command)
            except RefusedCommandError:
                continue
            assert read.words[: len(program.command)] == program.command


@pytest.mark.parametrize(
    ("image", "program"),
    [
        ("ghcr.io/berriai/litellm:main-latest", "litellm"),
        ("docker.io/litellm/litellm-arm64:v1", "litellm"),
        ("registry.example/acme/acme-litellm:1.2", "litellm"),
        ("${IMAGE_LITELLM}", "litellm"),
        ("${OPENWEBUI_IMAGE:-x}", "open-webui"),
        ("example/my-open-webui_slim", "open-webui"),
        ("example/wait-for-litellm", None),
        ("example/chatbot-ollama", None),
        ("example/litellm-spend-exporter", None),
        ("ghcr.io/berriai/litellm-database@sha256:0", "litellm"),
        ("registry:5000/litellm-non_root", "litellm"),
        ("ghcr.io/open-webui/open-webui:ollama", "open-webui"),
        ("example/open-webui-ollama:1", "open-webui"),
        ("example/openwebui", "open-webui"),
        ("vllm/vllm-openai:v0.5", "vllm"),
        ("ollama/ollama:0.3", "ollama"),
        ("ghcr.io/open-webui/pipelines:main", None),
        ("example/litellm-exporter:1", None),
        ("example/mylitellm:1", None),
        ("ghcr.io/ollama-webui/ollama-webui:main", None),
    ],
)
def test_an_image_is_known_by_its_name(image: str, program: str | None) -> None:
    known = program_for(image)

    assert (known and (known.name if isinstance(known, Program) else known.provider)) == program


CONTAINERS = {
    "web": {"name": "web", "image": "ghcr.io/open-webui/open-webui:v1"},
    "own": {"name": "own", "image": "example/ai:1", "command": ["open-webui", "serve"]},
    "proxy": {"name": "proxy", "image": "quay.io/oauth2-proxy/oauth2-proxy:v7"},
    "ollama": {"name": "ollama", "image": "ollama/ollama"},
    "helper": {
        "name": "helper",
        "image": "ghcr.io/open-webui/open-webui:v1",
        "command": ["sleep", "infinity"],
    },
}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("web proxy", "web"),
        ("proxy web", "web"),
        ("ollama web", "web"),
        ("helper web", "web"),
        ("proxy own", "own"),
        ("ollama own", "own"),
        ("proxy ollama", "ollama"),
        ("helper", ""),
        ("proxy", ""),
    ],
)
def test_the_container_that_is_the_program_is_run(names: str, expected: str) -> None:
    found = chosen({"containers": [CONTAINERS[name] for name in names.split()]})

    assert (found[0]["name"] if found else "") == expected


@pytest.mark.parametrize("image", ["litellm" + "-" * 60 + "!", "a-" * 9_000, "vllm" + "_a" * 9_000])
def test_an_image_takes_time_by_its_length_alone(image: str) -> None:
    started = time.process_time()
    program_for(image)
    assert time.process_time() - started < 5
