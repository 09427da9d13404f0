"""`make bench-peers`: the suite against scripts of the same checks, on one lab, round by round.

The scripts are as quick as they can be: bash, curl and jq, without a framework. In each round every
peer runs once, and the next round begins with another one; only ratios within a round are told.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
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

_FOLDER = Path(__file__).parent
_PROJECT = _FOLDER.parents[1]
_PAGE = _PROJECT / "docs" / "performance.md"
_SCRIPT, _EIGHT, _FLOOR = "script", "script, 8 at once", "httpx, all at once"
_SUITE, _WIDE = "suite", "suite, `--ahead --lanes=8`"
_SIGN_INS = 16.0
"""Seconds between two runs of the suite, which sign in as the lab's administrator: an account may
15 times in three minutes (Open WebUI 0.12.4). Whoever else asks has an account of its own."""
_MODELS = (
    *("vllm-qwen", "ollama-qwen", "openai-gpt4o", "mistral/mistral-small-latest"),
    *("groq/llama-3.3-70b-versatile", "groq/mixtral-8x7b-32768"),
    *("gemini/gemini-2.0-flash", "gemini/gemini-2.5-flash"),
)
_MIX = {"vllm": 1.0, "ollama": 8.0, "openai": 2.0, "groq": 3.0, "gemini": 4.0, "mistral": 1.0}
_NOTICED_OR_NOT = (0, 1)
_TOLD = 30
"""Last lines of a peer that are shown where it went wrong."""
_RED = ("not ok", "✗ failed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """One run of a peer, in seconds."""

    whole: float
    red: float | None
    """Until its first red line; None where there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Something wrong with the lab that is up, and its undoing."""

    name: str
    begin: Callable[[], None]
    end: Callable[[], None]


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
            _SCRIPT: script,
            _EIGHT: script,
            _FLOOR: [sys.executable, str(_FOLDER / "at_once.py")],
            _SUITE: suite,
            _WIDE: [*suite, "--ahead", "--lanes=8"],
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
        environment = {**self._environment, "LANES": "8" if peer == _EIGHT else "1"}
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


def rounds(peers: Peers, count: int) -> Mapping[str, list[Timed]]:
    """Every peer once a round, each round beginning with another one."""
    names, timed = [*peers.commands], defaultdict[str, list[Timed]](list)
    for number in range(count):
        first = number % len(names)
        for name in (*names[first:], *names[:first]):
            run = peers.run(name)
            timed[name].append(run)
            write(f"  {name:<24} {run.whole:6.2f} s")
    return timed


def slow(lab: EmbeddedLab, seconds: Mapping[str, float]) -> None:
    """Let providers answer so much later."""
    lab.providers.restore()
    for name, late in seconds.items():
        if late:
            lab.providers.behave(name, Behaviour(kind=Kind.SLOW, seconds=late))


def faults(lab: EmbeddedLab, administrator: OpenWebUI) -> Iterator[Fault]:
    """Faults of every part of the chain, each made on the lab that is up."""
    connections = administrator.api.mapping("/openai/config")

    def connected(**changed: object) -> Callable[[], None]:
        body = {**connections, **changed}

        def connect() -> None:
            administrator.api.post("/openai/config/update", body)

        return connect

    def behaving(provider: str, behaviour: Behaviour) -> Callable[[], None]:
        return lambda: lab.providers.behave(provider, behaviour)

    elsewhere = ["http://litellm.apps.svc.cluster.local:4000/v1"]
    for name, wrong in (
        ("the endpoint in use leads elsewhere", {"OPENAI_API_BASE_URLS": elsewhere}),
        ("the key in use is another one", {"OPENAI_API_KEYS": ["sk-of-nobody"]}),
    ):
        yield Fault(name=name, begin=connected(**wrong), end=connected())
    for name, provider, behaviour in (
        ("Mistral refuses its key", "mistral", Behaviour(kind=Kind.ERROR, status=401)),
        ("Groq answers with nothing", "groq", Behaviour(kind=Kind.EMPTY)),
        ("the primary is dead, its fallback answers", "vllm", Behaviour(kind=Kind.REFUSE)),
    ):
        yield Fault(name=name, begin=behaving(provider, behaviour), end=lab.providers.restore)


def first_reds(peers: Peers, administrator: OpenWebUI) -> Iterator[Sequence[str]]:
    """A row for each fault: seconds to the first red line, and what each run took as a whole."""
    for fault in faults(peers.lab, administrator):
        fault.begin()
        try:
            script = peers.run(_SCRIPT, codes=_NOTICED_OR_NOT)
            early = peers.run(_SUITE, "--stop-at-first-red", codes=_NOTICED_OR_NOT)
            whole = peers.run(_SUITE, codes=_NOTICED_OR_NOT)
        finally:
            fault.end()
        write(f"  {fault.name}: {script}, {early}, {whole}")
        yield (
            fault.name,
            *(_seconds(each.red) for each in (script, early, whole)),
            *(_seconds(each.whole) for each in (script, early, whole)),
        )


def _seconds(number: float | None) -> str:
    return "not noticed" if number is None else f"{number:.1f}"


def ratios(timed: Mapping[str, list[Timed]], peer: str, other: str) -> list[float]:
    """A peer's time over another's, round by round."""
    pairs = zip(timed[peer], timed[other], strict=True)
    return [one.whole / two.whole for one, two in pairs]


def spread(values: Sequence[float]) -> str:
    """The median, and between what it lay."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def page(
    measured: Mapping[str, Mapping[str, list[Timed]]], reds: Sequence[Sequence[str]], count: int
) -> str:
    """`docs/performance.md`."""
    versus = [
        (
            late,
            peer,
            f"{statistics.median(each.whole for each in timed[peer]):.1f} s",
            spread(ratios(timed, peer, _SCRIPT)),
            spread(ratios(timed, peer, _EIGHT)),
        )
        for late, timed in measured.items()
        for peer in timed
    ]
    return "\n".join(
        [
            "# Performance",
            "",
            "Written by `make bench-peers`. The same checks of the story by the suite (its API, no",
            "drills, its report included), by scripts of bash, curl and jq, and by httpx as the",
            "floor: on one lab that was up, on a machine that others used too. Ratios are those",
            f"within a round; median and range of {count} rounds.",
            "",
            "## Against scripts",
            "",
            *_table(("answers after", "peer", "median", "over script", "over 8 at once"), versus),
            "",
            "## Goals",
            "",
            *_table(("goal", "measured", "met"), [*_goals(measured, reds)]),
            "",
            "## Time to the first red, in seconds",
            "",
            "By the script, by the suite with `--stop-at-first-red`, and by the suite as it is;",
            "then the same for the whole of such a run.",
            "",
            *_table(
                (
                    *("fault", "script: red", "suite, stopping: red", "suite: red"),
                    *("script: whole", "suite, stopping: whole", "suite: whole"),
                ),
                reds,
            ),
            "",
            "What the suite does besides in that time: it compares what is declared and what runs,",
            "looks from inside of the pod and as an ordinary user, reads each replica, asks the",
            "providers who was really asked, and writes a report.",
            "",
        ]
    )


def _goals(
    measured: Mapping[str, Mapping[str, list[Timed]]], reds: Sequence[Sequence[str]]
) -> Iterator[Sequence[str]]:
    goals = (
        ("instant answers: at most 1.0 of the script", "at once", _SUITE, _SCRIPT, 1.0),
        ("answers after 2 s: at most 0.35 of the script", "2 s", _SUITE, _SCRIPT, 0.35),
        ("the same, `--ahead --lanes=8`", "2 s", _WIDE, _SCRIPT, 0.35),
        ("answers after 2 s: at most 1.1 of 8 at once", "2 s", _SUITE, _EIGHT, 1.1),
        ("the same, `--ahead --lanes=8`", "2 s", _WIDE, _EIGHT, 1.1),
    )
    for goal, late, peer, other, most in goals:
        if late in measured:
            values = ratios(measured[late], peer, other)
            met = statistics.median(values) <= most
            yield goal, spread(values), "yes" if met else "**no**"
    noticed = [row for row in reds if "not noticed" not in row[1:3]]
    if noticed:
        values = [float(row[2]) / float(row[1]) for row in noticed]
        met = statistics.median(values) <= 1
        yield "the first red: at most 1.0 of the script", spread(values), "yes" if met else "**no**"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in chain([titles, ["---"] * len(titles)], rows):
        yield f"| {' | '.join(row)} |"


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
    parser.add_argument("--only", default="at once,50 ms,2 s,1 to 8 s", help="delays")
    parser.add_argument("--out", type=Path, default=_PAGE)
    options = parser.parse_args()
    try:
        _measure(options)
    except SetupError as error:
        write(str(error))
        return ExitCode.UNFIT
    return 0


def _measure(options: argparse.Namespace) -> None:
    with (
        _up(options.cache) as (lab, target),
        closing(OpenWebUI(target.open_webui, target.administrator, name="judge")) as administrator,
    ):
        administrator.sign_in()
        peers = Peers(lab, target, administrator)
        delays = {
            "at once": {},
            "50 ms": dict.fromkeys(_MIX, 0.05),
            "2 s": dict.fromkeys(_MIX, 2.0),
            "1 to 8 s": _MIX,
        }
        measured = {}
        for late in options.only.split(","):
            write(f"answers after: {late}")
            slow(lab, delays[late])
            measured[late] = rounds(peers, options.rounds)
        slow(lab, {})
        reds = [*first_reds(peers, administrator)]
    options.out.write_text(page(measured, reds, options.rounds), encoding="utf-8")
    write(f"written: {options.out}")


if __name__ == "__main__":
    sys.exit(main())
