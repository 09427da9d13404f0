"""What a run asks, told before, limited meanwhile and counted after: against the ledger."""

import re
from collections import Counter
from pathlib import Path

from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.running_labs import describe
from acceptance.lab.providers.ledger import Call
from tests.lab.sessions import REPOSITORY, Session, judge_lab
from tests.story import CHAIN, MODELS

_BUDGET = 30_000
_EACH = "task3_1 or task3_2 or task3_3"
_NAMED = {model.upstream: name for name, model in MODELS.items()}


def _judge(lab: EmbeddedLab, folder: Path, *arguments: str) -> tuple[Session, list[Call]]:
    """How a run ended, and the questions that reached the providers meanwhile."""
    describe(lab)
    before = len(lab.providers.ledger())
    session = judge_lab(folder, lab.folder, REPOSITORY / "features", *arguments)
    return session, list(lab.providers.ledger()[before:])


def _asked(calls: list[Call]) -> Counter[str]:
    """By the model's name in the story."""
    return Counter(_NAMED[call.model] for call in calls)


def test_a_plan_asks_nobody_and_bounds_what_is_asked(lab: EmbeddedLab, tmp_path: Path) -> None:
    part = ("-m", "(AC3 or seamless) and not disruptive")
    plan, calls = _judge(lab, tmp_path, "--plan", *part)
    assert (plan.code, calls, plan.verdicts) == (0, [], {}), plan.out
    assert "Prices are the gateway's own" in plan.out
    assert not (tmp_path / "reports").exists()
    rows = re.findall(r"^\| (\S+) +\| .*?\| ([\d,]+)(?: to ([\d,]+))? +\|", plan.out, re.MULTILINE)
    expected, at_most = Counter[str](), Counter[str]()
    for model, fewest, most in rows:
        expected[model] += int(fewest)
        at_most[model] += int(most or fewest)
    tokens = re.search(r"at most ([\d,]+) tokens", plan.out)

    run, calls = _judge(lab, tmp_path, *part)
    assert run.code == 0, run.out
    asked = _asked(calls)
    assert {model: asked[model] for model in MODELS} == {model: expected[model] for model in MODELS}
    assert tokens
    assert sum(each.prompt_tokens + each.completion_tokens for each in calls) < int(
        tokens[1].replace(",", "")
    )
    told = re.search(r"asked: (\d+) questions; ([\d,]+) tokens, answered by ([\d,]+)", run.out)
    assert told, run.out


def test_one_question_proves_a_model(lab: EmbeddedLab, tmp_path: Path) -> None:
    run, calls = _judge(lab, tmp_path, "-m", _EACH)
    assert run.code == 0, run.out
    assert _asked(calls) == Counter([*MODELS]), "each of them once"
    counted = sum(each.prompt_tokens for each in calls), sum(e.completion_tokens for e in calls)
    told = "asked: {} questions; {:,} tokens, answered by {:,}; ".format(len(MODELS), *counted)
    assert told in run.out, "as the providers counted them"


def test_a_budget_is_never_exceeded_and_what_it_leaves_is_not_proven(
    lab: EmbeddedLab, tmp_path: Path
) -> None:
    run, calls = _judge(lab, tmp_path, "-m", "AC3 and not disruptive", f"--budget={_BUDGET}")
    assert run.code == 98, run.out
    assert "not proven: the budget of 30,000 tokens has no room for another question to" in run.out
    assert re.search(r"INCOMPLETE on embedded: .* \d+ not proven", run.out)
    assert "FAILED" not in run.out
    spent = sum(each.prompt_tokens + each.completion_tokens for each in calls)
    assert 0 < spent <= _BUDGET


def test_a_quick_run_asks_local_models_once_and_is_no_sign_off(
    lab: EmbeddedLab, tmp_path: Path
) -> None:
    run, calls = _judge(lab, tmp_path, "--quick")
    assert run.code == 0, run.out
    assert _asked(calls) == Counter(CHAIN[:2])
    assert "\nPARTIAL RUN on embedded: all " in run.out
    assert "(a partial run: quick, and no sign-off; " in run.out
    assert [path.name for path in (tmp_path / "reports").glob("*.json")] == ["signoff-partial.json"]
