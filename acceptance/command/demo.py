"""Break the lab in one way, and see who notices: the three obvious checks, and this suite."""

import importlib
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from acceptance.clients.naive import naive_checks
from acceptance.command.arguments import Arguments
from acceptance.command.judging import judge
from acceptance.contract.reading import read_contract
from acceptance.lab.embedded.lab import EmbeddedLab, programs_for
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.target import embedded_target
from acceptance.lab.environments import CACHE
from acceptance.lab.providers.behaviour import Behaviour
from acceptance.lab.terminal import say, write
from acceptance.plugin.contract import CONTRACT, run_of
from acceptance.report.run import Run
from acceptance.shipped import COMMAND, FEATURES, PREFIX
from acceptance.verdict import ExitCode, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What is wrong."""

    title: str
    provider: str = ""
    behaviour: str = ""
    status: int = 0
    replaced: tuple[str, str] = ("", "")
    """A text in LiteLLM's configuration, and what stands there instead."""


FAULTS: Mapping[str, Fault] = {
    "fallback": Fault(
        title="vLLM is dead, and its fallback answers under its name",
        provider="vllm",
        behaviour="error",
        status=503,
    ),
    "one-model": Fault(
        title="two names in the selector lead to one and the same model",
        replaced=("model: gemini/gemini-2.0-flash\n", "model: gemini/gemini-2.5-flash\n"),
    ),
    "silence": Fault(
        title="Groq's answers come without a word in them", provider="groq", behaviour="empty"
    ),
}
"""By the name that the reader chooses; what each says is judged in tests/faults too."""
_JUDGED = ("-m", "not disruptive", "--hands=api", "-p", "no:acceptance.plugin.reports")
"""The story without its drills, whose reports nobody asked for."""


class _Given:
    """Hands the lab in, and takes the run out."""

    def __init__(self, handed_in: Mapping[pytest.StashKey[Any], object]) -> None:
        self._handed_in = handed_in
        self.run: Run | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        for key, value in self._handed_in.items():
            config.stash[key] = value

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.run = run_of(session.config)


def main(arguments: list[str]) -> int:
    """Exit code: 0 once it was shown, 99 where the lab cannot start."""
    faults = "".join(f"\n  {name:<10} {fault.title}" for name, fault in FAULTS.items())
    more = f"faults:{faults}\n\nAbout a minute; the first time also what it takes to fetch 1.3 GB."
    parser = Arguments("demo", __doc__, usage="[FAULT] [--cache=DIR]", more=more)
    parser.add_argument("fault", nargs="?", choices=FAULTS, default="fallback")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for what is built once")
    given = parser.parse_args(arguments)
    started = time.monotonic()
    fault = FAULTS[given.fault]
    steps = importlib.import_module(f"{PREFIX}steps")
    steps.load()
    contract = read_contract(FEATURES)
    manifests = _with(fault, Manifests.load(DEFAULT))
    programs = programs_for(manifests, cache=given.cache, say=say)
    write(f"The lab starts, and this is wrong in it: {fault.title}.")
    with EmbeddedLab(manifests, programs, say=say) as lab:
        target = embedded_target(
            lab, open_webui=contract.open_webui, gateway=contract.gateway, names=contract.providers
        )
        if fault.provider:
            how = {"kind": fault.behaviour} | ({"status": fault.status} if fault.status else {})
            lab.providers.behave(fault.provider, Behaviour.read(how))
        obvious = naive_checks(target, contract)
        given_key = importlib.import_module(f"{PREFIX}fixtures.target").GIVEN
        caller = _Given({given_key: target, CONTRACT: contract})
        sys.modules.pop(f"{PREFIX}steps.test_story", None)
        judge(list(_JUDGED), plugins=(caller,))
    if caller.run is None:
        return ExitCode.UNFIT
    write(_compared(fault, obvious, caller.run))
    write(f"({time.monotonic() - started:.0f} s; {COMMAND} check FOLDER judges your own manifests)")
    return ExitCode.ACCEPTED


def _with(fault: Fault, manifests: Manifests) -> Manifests:
    right, wrong = fault.replaced
    if not right:
        return manifests
    changed = []
    for each in manifests.of_kind("ConfigMap"):
        data = {name: text.replace(right, wrong) for name, text in each["data"].items()}
        changed.append({**each, "data": data})
    return manifests.with_changes(changed)


def _compared(fault: Fault, obvious: Mapping[str, bool], run: Run) -> str:
    red = [each for each in run.judged.values() if each.verdict is Verdict.FAILED]
    lines = [
        "",
        f"What is wrong: {fault.title}.",
        "",
        "The three obvious checks say:",
        *(f"  {'✓' if green else '✗'} {name}" for name, green in obvious.items()),
        "",
        "The suite says:" if red else "The suite found nothing wrong.",
        *(f"  ✗ {each.case.title}\n      {each.reason}" for each in red),
        "",
        "Expected, found, where and fix of each stand above.",
    ]
    return "\n".join(lines)
