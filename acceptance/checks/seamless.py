"""Whether switching is seamless: words as they are said, whole answers, and each to who asked."""

import re
from collections.abc import Collection, Mapping, Sequence

from acceptance.checks.answering import (
    check_answer,
    check_returned,
    check_turn,
    limit_of_the_key,
    not_asked,
)
from acceptance.checks.proof import Answer, Turn, holds
from acceptance.checks.refusals import refused
from acceptance.checks.witnessing import answers_to
from acceptance.contract.values import Model
from acceptance.errors import Inconclusive, NotProven
from acceptance.message import excerpt, explain
from acceptance.target import Call

_TELLING = 0.1
"""Seconds between the first word and the last, which nothing that holds words back leaves."""
_TOO_LONG = re.compile(
    r"context.{0,12}(?:length|window|limit|size)|too (?:long|large)|maximum.{0,20}(?:tokens|length)"
    r"|exceeds?\b.{0,60}\btokens|prompt is too|reduce the length",
    re.IGNORECASE,
)
"""How vLLM, Groq, Mistral, Gemini, Anthropic and LiteLLM's own class say that it is too much."""


def arrived_early(answer: Answer, calls: Collection[Call]) -> bool:
    """Whether the first word came while the model still had others to say.

    A word that is held back cannot come before the last one was said, however fast the machine.
    """
    said = [call.until for call in answers_to(answer.nonce, calls) if call.until]
    if said:
        return answer.asked_at + answer.first_seconds < said[-1]
    return answer.last_seconds - answer.first_seconds >= _TELLING


def check_streamed(answer: Answer, calls: Collection[Call] | None) -> None:
    """Raise AssertionError if the user sees the whole answer at once.

    Args:
        answer: what came, and when.
        calls: what the providers were asked, and until when they spoke; None where nobody saw it.

    Raises:
        NotProven: a short answer came at once, and nobody saw whether it was said at once.
    """
    if answer.streamed and arrived_early(answer, calls or ()):
        return
    if answer.streamed and calls is None:
        raise NotProven(
            f"whether {answer.model} is heard as it speaks: all of its short answer came within "
            f"{answer.last_seconds - answer.first_seconds:.2f} s",
            required=False,
        )
    held = (
        f"the first word came {answer.first_seconds:.2f} s after the question, when the last one "
        "had been said"
    )
    raise AssertionError(
        explain(
            f"The words of {answer.model} do not arrive as they are said.",
            expected="the first word while the model still speaks",
            found=held if answer.streamed else "the whole answer in one body",
            where=f"question {answer.nonce}; the last word after {answer.last_seconds:.2f} s",
            fix="look for a proxy that buffers (proxy_buffering, gzip) between the model and Open "
            "WebUI, for Stream Chat Response at Admin > Models, and for a filter or guardrail "
            "that reads whole answers",
        )
    )


def check_each(
    said: Sequence[Turn], models: Mapping[str, Model], calls: Collection[Call] | None
) -> None:
    """Raise AssertionError unless each turn was answered, and by the model that was chosen for it.

    Args:
        said: the conversation.
        models: who must answer, by the name that was chosen.
        calls: what the providers were asked; None where nobody saw it: then the words must do.

    Raises:
        Inconclusive: an external provider refused.
    """
    for number, turn in enumerate(said):
        model = models[turn.model]
        if turn.error and not turn.returned and number:
            raise _cannot_go_on(said[:number], turn, model)
        if calls is None:
            check_returned(turn, model)
        else:
            check_turn(turn, model, calls)


def _cannot_go_on(before: Sequence[Turn], turn: Turn, model: Model) -> Exception:
    where = f"question {len(before) + 1}, after {', '.join(each.model for each in before)}"
    error = refused(model, turn.error, where)
    if isinstance(error, Inconclusive) or limit_of_the_key(turn.error):
        return error
    return AssertionError(
        explain(
            f"A conversation does not go on with {model.name}, which answers by itself.",
            expected="an answer",
            found=excerpt(turn.error),
            where=where,
            fix="look what is sent along of the turns before, and does not fit this model: at the "
            "filters of Open WebUI, and at the hooks of LiteLLM",
        )
    )


def check_told(said: Sequence[Turn], calls: Collection[Call]) -> None:
    """Raise AssertionError unless each question came with all that was said before it."""
    for number, turn in enumerate(said):
        made = [call.messages for call in answers_to(turn.nonce, calls)]
        least = 2 * number + 1
        if not made or made[-1] < least:
            raise AssertionError(
                explain(
                    f"{turn.model} was not told what was said before.",
                    expected=f"{least} messages: {number} questions with their answers, and the "
                    "new question",
                    found=f"{made[-1]}" if made else "the question reached no provider",
                    where=f"question {number + 1} of the conversation, at its provider",
                    fix="look for a filter of Open WebUI that shortens conversations (Admin > "
                    "Functions), and for a limit of turns",
                )
            )


def check_own_answers(turns: Sequence[Turn], model: Model) -> None:
    """Raise AssertionError unless each of some conversations has the answer to its own question.

    Raises:
        Inconclusive: an external provider refused, or LiteLLM limits the key.
    """
    for turn in turns:
        others = (other.nonce for other in turns if other is not turn)
        if mixed := next((other for other in others if holds(turn.text, other)), ""):
            raise AssertionError(
                explain(
                    f"A question to {model.name} got the answer to another one.",
                    expected=f"an answer that says: {turn.nonce}",
                    found=f"{excerpt(turn.text, 120)!r}, which another conversation asked for",
                    where=f"{len(turns)} conversations at once; {mixed} is the other's",
                    fix="look for a filter or a hook that keeps something between two requests, "
                    "and for a cache that takes one question for another",
                )
            )
        check_returned(turn, model)


def check_whole_or_error(answer: Answer) -> None:
    """Raise AssertionError if half of an answer ends as if it were the whole."""
    if answer.error or answer.returned:
        return
    raise AssertionError(
        explain(
            "The user takes half of an answer for the whole.",
            expected="the whole answer, or an error",
            found=f"no error, and {excerpt(answer.text, 120)!r}",
            where=f"asked for {answer.model}; finish_reason {answer.finish or 'none'}; answered by "
            f"{answer.provenance or 'nobody'}",
            fix="look for a filter of Open WebUI, a hook of LiteLLM or a proxy that swallows the "
            "error within a stream",
        )
    )


def check_long(
    answer: Answer, expected: Model, *, namespace: str = "", calls: Sequence[Call] = ()
) -> None:
    """Return if the model itself answered a long question, or the error says that it is too long.

    This very answer counts: who answers a short question is no excuse for who answers a long one.

    Args:
        answer: what the user received.
        expected: the model that was chosen.
        namespace: the gateway's, in which it completes short names.
        calls: what the providers were asked, where somebody saw it.

    Raises:
        AssertionError: somebody else answered, or nobody says why there is no answer.
        Inconclusive: LiteLLM limits the key, so that nobody was asked.
    """
    if answer.text or not answer.error:
        check_answer(answer, expected, namespace=namespace, calls=calls)
        return
    if limit := limit_of_the_key(answer.error):
        raise not_asked(answer.model, limit)
    if not _TOO_LONG.search(answer.error):
        raise AssertionError(
            explain(
                "The user is not told why a long conversation gets no answer.",
                expected="an error that says that the conversation is too long",
                found=f"{answer.status}: {excerpt(answer.error)}",
                where=f"asked for {answer.model}, at the end of a very long conversation",
                fix="look what refuses large requests before the model does: a proxy's limit of "
                "bytes (client_max_body_size), or a limit of LiteLLM's",
            )
        )
