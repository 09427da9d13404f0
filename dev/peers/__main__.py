"""`make bench-peers`: the suite against scripts of the same checks, on one lab, round by round.

The scripts are as quick as they can be: bash, curl and jq, without a framework. In each round every
peer runs once, and the next round begins with another one; only ratios within a round are told.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from acceptance.clients.answers import nonce
from acceptance.clients.open_webui import OpenWebUI
from acceptance.contract.profile import NAME, read_profile
from acceptance.contract.reading import STORY
from acceptance.errors import SetupError
from acceptance.lab.embedded.lab import EmbeddedLab, programs_for
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.placeholders import completed
from acceptance.lab.embedded.running_labs import published
from acceptance.lab.embedded.target import embedded_target
from acceptance.lab.environments import CACHE
from acceptance.lab.providers.behaviour import Behaviour, Kind
from acceptance.lab.terminal import say, write
from acceptance.secret import Secret
from acceptance.target import Account, Target
from acceptance.verdict import ExitCode
from acceptance.waiting import eventually
from dev.peers.faults import Fault, faults
from dev.peers.page import EARLY, EIGHT, FLOOR, SCRIPT, SUITE, WIDE, Figures, Rounds, Timed, page

_FOLDER = Path(__file__).parent
_PROJECT = _FOLDER.parents[1]
_PAGE = _PROJECT / "docs" / "performance.md"
_FIGURES = _PROJECT / "reports" / "bench" / "peers.json"
_FAULTS = "faults"
_PROVIDERS = {"vllm": 1.0, "ollama": 8.0, "openai": 2.0, "groq": 3.0, "gemini": 4.0, "mistral": 1.0}
"""Seconds of the slow mix."""
_LATE: Mapping[str, Mapping[str, float]] = {
    "at once": {},
    "50 ms": dict.fromkeys(_PROVIDERS, 0.05),
    "2 s": dict.fromkeys(_PROVIDERS, 2.0),
    "1 to 8 s": _PROVIDERS,
}
"""How late the providers answer."""
_SIGN_INS = 16.0
"""Seconds between two runs of the suite, which sign in as the lab's administrator: an account may
15 times in three minutes (Open WebUI 0.12.4). Whoever else asks has an account of its own."""
_MODELS = (
    *("vllm-qwen", "ollama-qwen", "openai-gpt4o", "mistral/mistral-small-latest"),
    *("groq/llama-3.3-70b-versatile", "groq/mixtral-8x7b-32768"),
    *("gemini/gemini-2.0-flash", "gemini/gemini-2.5-flash"),
)
_NOTICED_OR_NOT = (0, 1)
_TOLD = 30
"""Last lines of a peer that are shown where it went wrong."""
_RED = ("not ok", "✗ failed")


class Peers:
    """The commands that are compared, on one lab."""

    def __init__(self, lab: EmbeddedLab, target: Target, administrator: OpenWebUI) -> None:
        self._last_sign_in = -_SIGN_INS
        self._administrator = administrator
        self.lab = lab
        reports = f"--reports={lab.folder / 'reports'}"
        chosen = "not disruptive and not seamless"
        suite = [sys.executable, "-m", "pytest", "--reuse", f"--lab={lab.folder}", "--hands=api"]
        suite += ["-m", chosen, "-p", "no:cacheprovider", reports]
        script = ["bash", str(_FOLDER / "script.sh")]
        self.commands: Mapping[str, Sequence[str]] = {
            SCRIPT: script,
            EIGHT: script,
            FLOOR: [sys.executable, str(_FOLDER / "at_once.py")],
            SUITE: suite,
            WIDE: [*suite, "--ahead", "--lanes=8"],
        }
        key = target.gateway_key.reveal() if target.gateway_key else ""
        self._environment = {
            **os.environ,
            "OPEN_WEBUI": target.open_webui,
            "GATEWAY": target.gateway or "",
            "KEY": key,
            "ENDPOINT": "http://litellm.ml.svc.cluster.local:4000/v1",
            "MODELS": " ".join(_MODELS),
            "README": lab.manifests.readme,
        }

    def run(self, peer: str, *options: str, codes: Collection[int] = (0,)) -> Timed:
        """Run it once.

        Raises:
            SetupError: it ended with another exit code, so that its time says nothing.
        """
        environment = {**self._environment, "LANES": "8" if peer == EIGHT else "1"}
        if "suite" in peer:
            eventually(self._check_may_sign_in, what="leave to sign in", timeout=60)
            self._last_sign_in = time.monotonic()
        else:
            account = Account(email=f"{nonce().lower()}@peers.example", password=Secret(nonce()))
            self._administrator.add_user(account, role="admin")
            environment |= {"EMAIL": account.email, "PASSWORD": account.password.reveal()}
        began, red, printed = time.monotonic(), None, deque[str](maxlen=_TOLD)
        with subprocess.Popen(
            [*self.commands[peer], *options],
            cwd=_PROJECT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                printed.append(line)
                if red is None and any(sign in line for sign in _RED):
                    red = time.monotonic() - began
        whole = time.monotonic() - began
        if process.returncode not in codes:
            raise SetupError(f"{peer} ended with {process.returncode}:\n{''.join(printed)}")
        return Timed(whole=whole, red=red)

    def _check_may_sign_in(self) -> None:
        assert time.monotonic() - self._last_sign_in > _SIGN_INS, "not yet"


def rounds(peers: Peers, count: int) -> Rounds:
    """Every peer once a round, each round beginning with another one."""
    names, timed = [*peers.commands], defaultdict[str, list[float]](list)
    for number in range(count):
        first = number % len(names)
        for name in (*names[first:], *names[:first]):
            run = peers.run(name)
            timed[name].append(run.whole)
            write(f"  {name:<26} {run.whole:6.2f} s")
    return {name: timed[name] for name in names}


def slow(lab: EmbeddedLab, seconds: Mapping[str, float]) -> None:
    """Let providers answer so much later."""
    lab.providers.restore()
    for name, late in seconds.items():
        if late:
            lab.providers.behave(name, Behaviour(kind=Kind.SLOW, seconds=late))


def noticed(peers: Peers, fault: Fault) -> Mapping[str, Timed]:
    """What the script and the suite take for a fault, and when they say so."""
    fault.begin()
    try:
        found = {
            SCRIPT: peers.run(SCRIPT, codes=_NOTICED_OR_NOT),
            EARLY: peers.run(SUITE, "--stop-at-first-red", codes=_NOTICED_OR_NOT),
            SUITE: peers.run(SUITE, codes=_NOTICED_OR_NOT),
        }
    finally:
        fault.end()
    write(f"  {fault.name}: {', '.join(f'{peer} {each.red}' for peer, each in found.items())}")
    return found


@contextmanager
def _up(cache: Path) -> Iterator[tuple[EmbeddedLab, Target]]:
    profile = read_profile(STORY / NAME)
    manifests = completed(Manifests.load(DEFAULT))
    programs = programs_for(manifests, cache=cache, say=say)
    with EmbeddedLab(manifests, programs, say=say) as lab:
        target = embedded_target(lab, open_webui=profile.open_webui, gateway=profile.gateway)
        with published(lab, cache):
            yield lab, target


def main() -> int:
    """Measure, and write the page; the exit code is 99 where something could not be measured."""
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument(
        "--only", default=",".join((*_LATE, _FAULTS)), help="what is measured anew [%(default)s]"
    )
    parser.add_argument("--figures", type=Path, default=_FIGURES, help="where they are kept")
    parser.add_argument("--out", type=Path, default=_PAGE)
    options = parser.parse_args()
    try:
        _measure(options)
    except SetupError as error:
        write(str(error))
        return ExitCode.UNFIT
    return 0


def _measure(options: argparse.Namespace) -> None:
    figures, chosen = Figures.read(options.figures), options.only.split(",")
    with (
        _up(options.cache) as (lab, target),
        closing(OpenWebUI(target.open_webui, target.administrator, name="judge")) as administrator,
    ):
        administrator.sign_in()
        peers = Peers(lab, target, administrator)
        for late in (each for each in _LATE if each in chosen):
            write(f"answers after: {late}")
            slow(lab, _LATE[late])
            figures.rounds[late] = rounds(peers, options.rounds)
            figures.write(options.figures)
        slow(lab, {})
        if _FAULTS in chosen:
            figures.faults = {
                each.name: noticed(peers, each) for each in faults(lab, administrator)
            }
            figures.write(options.figures)
    options.out.write_text(page(figures), encoding="utf-8")
    write(f"written: {options.out}")


if __name__ == "__main__":
    sys.exit(main())
