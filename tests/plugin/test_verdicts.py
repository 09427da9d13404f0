"""Verdict classes, exit codes and what a person reads, from runs of tiny projects."""

import re
from pathlib import Path

import pytest

from tests.plugin.project import STEPS, run, write
from tests.story import TAGS


def _scenario(name: str, *steps: str, tags: str = "@AC1 @FR127 @task1_1") -> str:
    return "\n".join([f"  {tags}", f"  Scenario: {name}", *(f"    {step}" for step in steps), ""])


GREEN = _scenario("Green", "Given all is well")
RED = _scenario("Red", "Given all is well", 'Then "missing" is offered')
BLOCKED = _scenario("Stopped", "Given it is blocked", tags="@AC2")
BLOCKED_TOO = _scenario("Stopped too", "Given it is blocked", tags="@AC2")
INCONCLUSIVE = _scenario("Refused", "Given it is inconclusive", tags="@AC3")
OPTIONAL = _scenario("Optional", "Given it is optional", tags="@AC2")
SKIPPED = _scenario("Skipped", "Then it is skipped", tags="@AC3")
UNFIT = _scenario("Unfit", "Given it is unfit")
CTRL_C = _scenario("Interrupted", "When it is interrupted")
WHOLE = _scenario("Whole story", "Given all is well", tags=" ".join(f"@{tag}" for tag in TAGS))
"""One scenario tagged with everything, so that the run is not partial."""


def _feature(*scenarios: str) -> str:
    return "Feature: Tiny\n\n" + "\n".join(scenarios)


def _row(out: str, name: str) -> str:
    return next(line for line in out.splitlines() if line.startswith(f"| {name} "))


@pytest.mark.parametrize(
    ("scenarios", "code", "closing"),
    [
        ((WHOLE,), 0, "ACCEPTED on embedded: these manifests and these versions satisfy"),
        ((WHOLE, RED, BLOCKED), 1, "NOT ACCEPTED on embedded: of 3 scenarios: 1 failed, 1 blocked"),
        ((WHOLE, INCONCLUSIVE), 98, "INCOMPLETE on embedded: of 2 scenarios: 1 inconclusive"),
        ((WHOLE, SKIPPED), 98, "INCOMPLETE on embedded: of 2 scenarios: 1 not proven"),
        ((WHOLE, OPTIONAL), 0, "ACCEPTED on embedded: these manifests and these versions satisfy"),
        ((OPTIONAL,), 98, "INCOMPLETE on embedded: of 1 scenarios: 1 not proven (not required)"),
        ((GREEN, OPTIONAL), 0, "PARTIAL RUN on embedded: of 2 scenarios: 1 not proven (not req"),
        ((GREEN,), 0, "PARTIAL RUN on embedded: all 1 selected passed (a partial run: 20 of 23"),
        ((WHOLE, UNFIT), 99, "NOT JUDGED on embedded: the environment was not fit to judge"),
        ((WHOLE, CTRL_C), 2, "INCOMPLETE on embedded: of 2 scenarios: 1 not proven"),
    ],
    ids=[
        "accepted",
        "failed",
        "inconclusive",
        "skipped",
        "optional",
        "optional alone",
        "optional in part",
        "partial",
        "unfit",
        "interrupted",
    ],
)
def test_exit_code_and_closing_line(
    tmp_path: Path, scenarios: tuple[str, ...], code: int, closing: str
) -> None:
    write(tmp_path, tiny=_feature(*scenarios))
    done = run(tmp_path)
    assert done.code == code, done.out
    assert [line for line in done.out.splitlines() if line.startswith(closing)], done.out


def test_a_run_that_is_unfit_ends_itself_and_tells_of_no_interrupt(tmp_path: Path) -> None:
    write(tmp_path, plugins=["interruption"], tiny=_feature(UNFIT, WHOLE))
    done = run(tmp_path)
    assert done.code == 99
    assert "not fit to judge" in done.out
    assert "more interrupts end it" not in done.out


def test_only_live_says_it_of_a_deployment(tmp_path: Path) -> None:
    write(tmp_path, tiny=_feature(WHOLE))
    steps = tmp_path / "test_features.py"
    steps.write_text(steps.read_text().replace('target="embedded"', 'target="live"'))
    out = run(tmp_path).out
    assert "ACCEPTED on live: this deployment satisfies the story (Open WebUI 0.12.4" in out


@pytest.mark.parametrize("option", ["", "-v", "-q", "-s"])
def test_a_scenario_is_a_line(tmp_path: Path, option: str) -> None:
    write(tmp_path, tiny=_feature(GREEN, RED, INCONCLUSIVE))
    lines = run(tmp_path, *filter(None, [option])).out.splitlines()
    assert [line for line in lines if re.fullmatch(r"AC1 +✓ passed +Green  \(\d+\.\d s\)", line)]
    assert [line for line in lines if re.fullmatch(r"AC1 +✗ failed +Red  \(\d+\.\d s\)", line)]
    assert [line for line in lines if line.strip() == "inconclusive: Groq refused: quota"]
    assert not [line for line in lines if re.search(r"\[ *\d+%\]", line)]


def test_the_table_says_each_reason_once(tmp_path: Path) -> None:
    write(tmp_path, tiny=_feature(GREEN, RED, BLOCKED, BLOCKED_TOO))
    out = run(tmp_path, COLUMNS="160").out
    assert re.search(r"✗ failed +\| 1/2 ", _row(out, "AC1"))
    assert re.search(r"- blocked +\| 0/2 ", _row(out, "AC2"))
    assert re.search(r"not run +\|  ", _row(out, "AC3"))
    table = out.split(" verdicts =")[1]
    blocked = "blocked by AC1, the connection to the gateway: the endpoint is elsewhere"
    assert table.count(f"{blocked} (2 scenarios)") == 1
    assert table.count("missing is not offered.") == 3  # AC1; FR127 and task 1.1 are about it too
    assert "see AC1" not in table
    assert "| AC1 | decl     | eff       | obs      |" in table


def test_what_is_not_required_is_shown_and_decides_nothing(tmp_path: Path) -> None:
    write(tmp_path, tiny=_feature(WHOLE, OPTIONAL))
    out = run(tmp_path).out
    assert re.search(r"AC2 +\? not proven \(not required\) +Optional", out)
    table = out.split(" verdicts =")[1]
    assert re.search(r"✓ passed +\| 1/1 ", _row(table, "AC2"))
    assert table.count("1 more, not required: no ordinary user is given") == 1


def test_remarks_stand_before_the_closing_line(tmp_path: Path) -> None:
    write(tmp_path, tiny=_feature(WHOLE))
    out = run(tmp_path).out
    assert out.count("remark: no authentication") == 1
    assert out.index("obs") < out.index("remark: no authentication") < out.index("ACCEPTED on")


@pytest.mark.parametrize(
    ("options", "traceback"), [((), False), (("--full-trace",), True), (("--tb=short",), True)]
)
def test_an_explained_failure_has_no_traceback(
    tmp_path: Path, options: tuple[str, ...], *, traceback: bool
) -> None:
    write(tmp_path, tiny=_feature(RED))
    out = run(tmp_path, *options).out
    assert "  fix       add it" in out
    assert 'Then "missing" is offered  (tiny.feature:' in out
    assert ("assert model !=" in out) is traceback
    assert "FAILED test_features.py::test_red" in out


def test_an_unforeseen_error_keeps_its_traceback(tmp_path: Path) -> None:
    write(tmp_path, tiny=_feature(_scenario("Broken", "Then it breaks")))
    out = run(tmp_path).out
    assert 'raise ValueError("out of order")' in out
    assert "Then it breaks  (tiny.feature:" in out


def test_an_unfit_environment_ends_the_run_with_a_plain_message(tmp_path: Path) -> None:
    write(tmp_path, tiny=_feature(GREEN, UNFIT, RED))
    done = run(tmp_path)
    assert done.code == 99
    assert "No target.\n  fix       give --target\n" in done.out
    assert "Traceback" not in done.out
    assert "test_features.py:" not in done.out
    assert "Red" not in done.out
    assert re.search(r"not proven: the run ended before this scenario \(2[ |]", done.out)


@pytest.mark.parametrize("hook", ["pytest_configure", "pytest_sessionstart", "pytest_runtestloop"])
def test_an_unfit_environment_outside_a_scenario(tmp_path: Path, hook: str) -> None:
    write(tmp_path, tiny=_feature(GREEN))
    argument = "config" if hook == "pytest_configure" else "session"
    with (tmp_path / "conftest.py").open("a") as conftest:
        conftest.write(
            "from acceptance.errors import SetupError\n"
            f"def {hook}({argument}):\n"
            '    raise SetupError("No target.\\n  fix       give --target")\n'
        )
    done = run(tmp_path)
    assert done.code == 99, done.out
    assert "No target.\n  fix       give --target\n" in done.out
    assert "INTERNALERROR" not in done.out


def test_a_teardown_that_fails_is_not_green(tmp_path: Path) -> None:
    write(tmp_path, tiny=_feature(WHOLE))
    steps = tmp_path / "test_features.py"
    steps.write_text(
        steps.read_text().replace("    yield\n", "    yield\n    raise OSError('lost')\n")
    )
    done = run(tmp_path)
    assert done.code == 1
    assert "OSError: lost" in done.out.split(" verdicts =")[1]


def test_the_selection_decides(tmp_path: Path) -> None:
    write(tmp_path, tiny=_feature(WHOLE, RED))
    done = run(tmp_path, "-k", "whole")
    assert done.code == 0
    assert "PARTIAL RUN on embedded: all 1 selected passed (a partial run: 1 scen" in done.out
    write(tmp_path, tiny=_feature(GREEN, BLOCKED, RED))
    done = run(tmp_path, "-m", "AC2")
    assert done.code == 98
    assert "INCOMPLETE on embedded: of 1 scenarios: 1 blocked (a partial run" in done.out


def test_unreached_scenarios_leave_the_run_incomplete(tmp_path: Path) -> None:
    write(tmp_path, tiny=_feature(WHOLE, RED))
    with (tmp_path / "conftest.py").open("a") as conftest:
        conftest.write(
            "def pytest_bdd_after_scenario(request):\n    request.session.shouldstop = 'enough'\n"
        )
    out = run(tmp_path).out
    assert "INCOMPLETE on embedded: of 2 scenarios: 1 not proven" in out


def test_collecting_prints_no_table(tmp_path: Path) -> None:
    write(tmp_path, tiny=_feature(GREEN))
    done = run(tmp_path, "--collect-only")
    assert done.code == 0
    assert "story 17.2" not in done.out
    assert not done.reports.exists()


def test_tests_that_are_no_scenarios_are_left_alone(tmp_path: Path) -> None:
    write(
        tmp_path,
        steps="import pytest\n\ndef test_it():\n    pass\n\ndef test_no():\n    pytest.skip('x')\n",
    )
    done = run(tmp_path)
    assert done.code == 0
    assert "test_features.py .s" in done.out
    assert "[100%]" in done.out
    assert "story 17.2" not in done.out
    assert not done.reports.exists()


def test_a_verdict_needs_nobody_who_prints_it(tmp_path: Path) -> None:
    """The kill matrix runs so; two of pytest's options are then unknown."""
    write(tmp_path, tiny=_feature(WHOLE, RED))
    silent = ("terminal", "acceptance.plugin.terminal", "acceptance.plugin.reports")
    done = run(tmp_path, *(part for name in silent for part in ("-p", f"no:{name}")))
    assert done.code == 1, done.out
    assert "INTERNALERROR" not in done.out


_NO_TRACEBACK = """

def _never(item, excinfo, *_rest, **_named):
    raise RuntimeError(f"a traceback is built of {type(excinfo.value).__name__}")


pytest.Function.repr_failure = pytest.Function._repr_failure_py = _never
"""


def test_no_traceback_is_built_of_what_could_not_be_tested(tmp_path: Path) -> None:
    write(tmp_path, tiny=_feature(BLOCKED, INCONCLUSIVE, OPTIONAL), steps=STEPS + _NO_TRACEBACK)
    done = run(tmp_path)
    assert "a traceback is built" not in done.out
    assert done.code == 98
    assert done.results["Stopped"]["statusDetails"]["message"].startswith("blocked by AC1")
    assert done.results["Refused"]["status"] == "skipped"
