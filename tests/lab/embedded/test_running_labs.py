"""A lab that is left up: found by others, judged, ended by any signal, and then gone."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from acceptance.errors import SetupError
from acceptance.lab.__main__ import main
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.running_labs import attached, published
from acceptance.lab.embedded.target import embedded_target
from acceptance.lab.providers.client import Providers
from acceptance.resources import ServiceName
from tests.lab.embedded import fake
from tests.lab.processes import processes, wait_until_gone
from tests.lab.sessions import environment
from tests.sources import REPOSITORY

OPEN_WEBUI = ServiceName(namespace="apps", name="open-webui", port=0)
GATEWAY = ServiceName(namespace="ml", name="litellm", port=0)


def quiet(_line: str) -> None:
    """Nobody listens."""


@contextmanager
def standing(
    folder: Path, way: str = "cold", *more: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`make lab` on small programs, up, and what it has printed; ended with the test."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.lab.embedded.standing_lab", str(folder / "lab"), way, *more],
        cwd=REPOSITORY,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout
            printed = ""
            while "give all back" not in printed:
                line = process.stdout.readline()
                assert line, printed
                printed += line
            yield process, printed
        finally:
            process.kill()


def test_it_prints_all_that_a_person_needs(tmp_path: Path) -> None:
    with standing(tmp_path) as (_, printed):
        address = printed.partition("Open WebUI   ")[2].split()[0]

        assert httpx.get(f"{address}/health", trust_env=False).status_code == 200
        assert "sign in      administrator@lab.example / lab-administrator" in printed
        assert "apps_open-webui-0/log" in printed
        assert "pytest --reuse" in printed
        assert "python -m acceptance.lab away vllm hangs" in printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("way", ["cold", "prepared"])
def test_nothing_is_left_however_it_ends(tmp_path: Path, number: signal.Signals, way: str) -> None:
    with standing(tmp_path, way) as (process, _):
        assert len(processes(tmp_path)) >= 5  # itself, providers, janitor, two programs

        process.send_signal(number)

        polite = number is not signal.SIGKILL
        assert process.wait(30) == (0 if polite else -signal.SIGKILL)
        assert process.stdout
        assert ("nothing of it is left" in process.stdout.read()) is polite
        wait_until_gone(tmp_path)
        with (
            pytest.raises(SetupError, match="No lab is up"),
            attached(tmp_path / "lab/cache", quiet),
        ):
            pytest.fail("it is gone")


def test_a_lab_that_is_up_can_be_asked_everything_by_another_process(tmp_path: Path) -> None:
    with standing(tmp_path), attached(tmp_path / "lab/cache", quiet) as lab:
        target = embedded_target(lab, open_webui=OPEN_WEBUI, gateway=GATEWAY)

        assert target.cluster
        workload = target.cluster.workload(target.open_webui_service)
        assert str(workload) == "StatefulSet apps/open-webui, container open-webui"
        assert "starting open-webui serve" in target.cluster.logs(workload.pods[0], lines=9)
        assert httpx.get(target.open_webui, trust_env=False).status_code == 200
        assert target.administrator.email == "administrator@lab.example"
        assert target.versions == {"LiteLLM": "1.0", "Open WebUI": "1.0"}
        assert target.witness
        assert target.witness.calls() == ()
        assert pod_says(lab.pods["apps/open-webui-0"].run_python) == "200\n"


def test_the_services_are_those_of_the_contract(tmp_path: Path) -> None:
    home = REPOSITORY / "tests" / "contracts" / "home"

    with standing(tmp_path, "cold", "--contract", str(home)) as (_, printed):
        assert "there is no Service chat/web, which the contract or a setting names" in printed
        assert "apps/open-webui was judged, found by its image" in printed


def test_a_bad_contract_is_told_before_anything_starts(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["--contract", str(tmp_path)]) == 99
    assert f"{tmp_path}/profile.yaml" in capfd.readouterr().out


def pod_says(run_python: Callable[..., str]) -> str:
    ask = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=5).status)"
    return run_python(ask, "http://litellm.ml/", timeout=20)


def test_providers_are_taken_away_and_given_back_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "lab/cache"
    with standing(tmp_path), attached(cache, quiet) as lab:
        assert main(["--cache", str(cache), "away", "vllm", "error"]) == 0
        assert vllm_status(lab.providers) == 500

        assert main(["--cache", str(cache), "back"]) == 0
        assert vllm_status(lab.providers) == 200
    said = capsys.readouterr().out
    assert (
        said == "vllm answers with an error until `python -m acceptance.lab back`\n"
        "all providers are well\n"
    )


def vllm_status(providers: Providers) -> int:
    model = "Qwen/Qwen2.5-7B-Instruct-AWQ"
    return httpx.post(
        f"http://127.0.0.1:{providers.endpoints['vllm'].port}/v1/chat/completions",
        json={"model": model, "messages": [{"role": "user", "content": "?"}]},
        trust_env=False,
    ).status_code


def test_of_two_labs_the_newest_is_taken_and_said(tmp_path: Path) -> None:
    said: list[str] = []
    programs = fake.programs(tmp_path)
    with ExitStack() as closing:
        for _ in range(2):
            newest = closing.enter_context(EmbeddedLab(fake.manifests(), programs.__getitem__))
            closing.enter_context(published(newest, tmp_path / "cache"))

        with attached(tmp_path / "cache", said.append) as found:
            assert found.folder == newest.folder
        assert said == [f"2 labs are up; the newest one is taken: {newest.folder}"]
        modes = [oct(path.stat().st_mode) for path in (tmp_path / "cache/labs").iterdir()]
        assert modes == ["0o100600"] * 2


def test_without_a_lab_there_is_a_message_and_exit_code_99(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--cache", str(tmp_path), "back"]) == 99

    out = capsys.readouterr().out
    assert out.startswith("No lab is up.")
    assert "run `make lab` in another terminal" in out


def test_a_program_that_ends_while_the_lab_is_up_is_spoken_of(tmp_path: Path) -> None:
    with standing(tmp_path) as (process, printed):
        address = printed.partition("gateway      ")[2].split()[0]
        httpx.get(f"{address}/end", trust_env=False)

        assert process.stdout
        said = iter(process.stdout.readline, "")
        assert any(line.startswith("ml/litellm-0 has ended by itself") for line in said)
