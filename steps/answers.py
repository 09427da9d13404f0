"""Sentences about questions and the answers to them."""

from pytest_bdd import given, then, when
from pytest_bdd.parsers import parse

from acceptance.checks.answering import (
    check_asked_only,
    check_error_only,
    check_no_error,
    check_unknown_model,
    check_unknown_to_gateway,
)
from acceptance.checks.proof import Answer
from acceptance.clients.answers import INVENTED, Answers, nonce
from acceptance.clients.baseline import Baseline
from acceptance.clients.drill import Drill, ask_alone
from acceptance.clients.gateway import Gateway
from acceptance.clients.streaming import Question
from acceptance.contract.sentences import Asks, States, sentence
from acceptance.errors import Subject
from acceptance.report.run import Attach, Run
from acceptance.target import Witness
from acceptance.waiting import Progress

_INVENTED = Asks(shared=False, own=1, how="to be refused")


@given(sentence(parse('"{model}" answers by itself'), states=States.ASKED, asks=Asks()))
def _(well: Baseline, model: str) -> None:
    well.require(model)


@when(
    sentence(
        parse('a user asks "{model}" a question'), states=States.ASKED, by_a_user=True, asks=Asks()
    ),
    target_fixture="answer",
)
def _(answers: Answers, drill: Drill, model: str, attach: Attach) -> Answer:
    answer = answers.fresh(model) if drill.active else answers.of(model)
    attach(f"answer after {answer.first_seconds or answer.seconds:.1f} s", answer)
    attach("time line of the drill", drill.timeline(answer))
    return answer


@when(
    sentence("a user asks an invented model a question", by_a_user=True, asks=_INVENTED),
    target_fixture="answer",
)
def _(answers: Answers) -> Answer:
    return answers.of(INVENTED)


@when(
    sentence(
        parse('"{model}" is asked with fallbacks switched off'),
        states=States.ASKED,
        asks=Asks(shared=False, own=1, how="alone, with fallbacks switched off"),
    ),
    target_fixture="answer",
)
def _(gateway: Gateway, model: str, say: Progress, attach: Attach) -> Answer:
    answer = ask_alone(gateway, model, say)
    attach("answer without fallback", answer)
    return answer


@then(
    sentence(
        parse('the answer comes from "{model}" at {provider}'),
        states=States.ANSWERER,
        proves=Subject.ANSWERS,
        asks=Asks(),
    )
)
def _(answer: Answer, well: Baseline, model: str, provider: str, drill: Drill, run: Run) -> None:
    run.given(answer, model, drill.away)
    well.check_given(answer, model, provider)
    run.answered(answer, drill.away)


@then("the user sees no error")
def _(answer: Answer) -> None:
    check_no_error(answer)


@then("the user gets an error and no answer")
def _(answer: Answer, drill: Drill, run: Run) -> None:
    check_error_only(answer)
    run.answered(answer, drill.away)


@then("the user is told that there is no such model")
def _(answer: Answer) -> None:
    check_unknown_model(answer)


@then(sentence("the gateway itself knows no such model", asks=_INVENTED))
def _(gateway: Gateway, well: Baseline) -> None:
    gateway.require()
    answer = gateway.ask(Question(model=INVENTED, nonce=nonce()))
    well.require_heeded(answer)
    check_unknown_to_gateway(answer)


@then(sentence(parse("nobody but {provider} was asked for it")))
def _(answer: Answer, provider: str, witness: Witness) -> None:
    check_asked_only(answer, provider, witness.calls())
