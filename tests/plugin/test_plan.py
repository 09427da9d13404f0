"""What a run asks, as a person meets it: `--plan`, `--budget`, `--quick`, and the last line."""

from collections import Counter
from pathlib import Path

from tests.lab.sessions import WITHOUT_PAGE, Session, judge
from tests.plugin.pair import ASKED, DEAR, SAID, Pair, pair
from tests.story import CHAIN, MODELS

_SECRETS = {"ACCEPTANCE_GATEWAY_KEY": "sk-pair-0123456789", "ACCEPTANCE_ACCOUNT_PASSWORD": "hush"}
_EACH = ("-m", "task3_1 or task3_2 or task3_3", "--hands=api")
"""The scenarios in which each model answers as itself."""
_ONE = 13_104
"""Tokens that a question of the page may take; as it is put at last, 13,045 to 13,050."""
_FOR_THREE = 14_050
"""What was counted of two leaves room for another one, and what was counted of three does not."""


def _judge(folder: Path, given: Pair, *arguments: str) -> Session:
    return judge(folder, *given.options, *WITHOUT_PAGE, *arguments, variables=_SECRETS)


def test_a_plan_reads_prices_and_asks_nobody(tmp_path: Path) -> None:
    with pair(*MODELS) as given:
        session = _judge(tmp_path, given, "--plan", "-m", "task3_1", "--hands=api")
    assert session.code == 0, session.out
    assert given.requests == ["GET /model/info"]
    assert f"| {CHAIN[0]} " in session.out
    assert f"1 to 4 questions; at most {4 * _ONE:,} tokens, $483.2000." in session.out
    assert "holds as long as no answer takes more than 1,024 tokens" in session.out
    assert "Prices are the gateway's own (GET /model/info)." in session.out
    assert not (tmp_path / "reports").exists()


def test_a_price_that_nobody_knows_is_named_and_no_zero(tmp_path: Path) -> None:
    with pair() as given:
        session = _judge(tmp_path, given, "--plan", *_EACH)
    assert session.code == 0, session.out
    assert f"{list(MODELS)[-1]}, whose price is not known." in session.out


def test_one_question_proves_a_model_and_all_are_counted(tmp_path: Path) -> None:
    """Issue 18, item 9: at most one question, unless a criterion needs more."""
    with pair(*MODELS) as given:
        session = _judge(tmp_path, given, *_EACH)
    assert session.code == 0, session.out
    assert given.questions == Counter([*MODELS])
    count = len(MODELS)
    told = f"asked: {count} questions; {count * ASKED:,} tokens, answered by {count * SAID}; "
    assert f"{told}${count * ASKED * DEAR:.4f} by LiteLLM's prices" in session.out


def test_what_a_budget_leaves_is_not_proven_and_nothing_is_called_wrong(tmp_path: Path) -> None:
    with pair() as given:
        session = _judge(tmp_path, given, f"--budget={_FOR_THREE}", *_EACH)
    assert session.code == 98, session.out
    assert sum(given.questions.values()) == 3, "a fourth one may take more than is left"
    assert list(session.verdicts.values()).count("passed") == 3
    assert (
        "not proven: the budget of 14,050 tokens has no room for another question to" in session.out
    )
    assert "INCOMPLETE on url: of 8 scenarios: 5 not proven" in session.out


def test_a_budget_that_is_ample_changes_nothing(tmp_path: Path) -> None:
    with pair() as given:
        session = _judge(tmp_path, given, f"--budget={8 * _ONE}", *_EACH)
    assert (session.code, given.questions) == (0, Counter([*MODELS])), session.out


def test_a_quick_run_asks_local_models_once_and_is_no_sign_off(tmp_path: Path) -> None:
    with pair() as given:
        plan = _judge(tmp_path, given, "--plan", "--quick", "-m", "AC3")
        session = _judge(tmp_path, given, "--quick", *_EACH)
    assert "2 to 8 questions" in plan.out
    assert session.code == 0, session.out
    assert given.questions == Counter(CHAIN[:2])
    assert "\nPARTIAL RUN on url: all 2 selected passed " in session.out
    assert "(a partial run: quick, and no sign-off; " in session.out
    assert [path.name for path in (tmp_path / "reports").glob("*.json")] == ["signoff-partial.json"]


def test_a_plan_of_what_cannot_be_reached_says_so(tmp_path: Path) -> None:
    session = judge(tmp_path, "--plan", "--target=url")
    assert session.code == 99, session.out
    assert "The target url has no address to judge." in session.out
    assert "Traceback" not in session.out
