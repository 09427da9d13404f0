"""From a question to what goes over the wire, as the behaviour in force wants it."""

from dataclasses import replace

from acceptance.lab.providers.behaviour import Behaviour, Kind
from acceptance.lab.providers.conversation import Answer, Question, generate
from acceptance.lab.providers.provider_api import ProviderApi, Refusal
from acceptance.lab.providers.reply import Ending, Reply, json_bytes

_STARTED = 2
"""Frames: OpenAI's first one holds only the role."""
_PAGE = b"<!doctype html><html><head><title>Welcome</title></head><body>Sign in</body></html>"


def answer_to(question: Question, behaviour: Behaviour) -> Answer | None:
    """What the model generates; None when it is not run."""
    match behaviour.kind:
        case Kind.REFUSE | Kind.ERROR | Kind.HANG | Kind.HTML:
            return None
        case Kind.EMPTY:
            return Answer(text="")
        case Kind.REASONING:
            return Answer(text="", reasoning=generate(question).text)
        case Kind.HALF:
            answer = generate(question)
            half = answer.pieces[: len(answer.pieces) // 2]
            return replace(answer, text="".join(half))
        case _:
            return generate(question)


def reply_to(  # what a response is made of
    question: Question,
    answer: Answer | None,
    *,
    path: str,
    dialect: ProviderApi,
    behaviour: Behaviour,
    pace: float,
) -> Reply:
    """The response, good or bad."""
    if answer is None:
        return _without_answer(question, dialect, behaviour)
    if question.stream:
        frames, media_type = tuple(dialect.frames(question, answer, path)), dialect.stream_type
    else:
        frames, media_type = _halves(dialect.whole(question, answer, path)), "application/json"
    half = len(frames) // 2
    ending, delay = Ending.PROPER, 0.0
    match behaviour.kind:
        case Kind.CUT:
            frames, ending = frames[:half], Ending.ABORT
        case Kind.STALL:
            frames, ending = frames[: min(half, _STARTED)], Ending.SILENCE
        case Kind.TRUNCATED_JSON:
            broken = frames[half][: len(frames[half]) // 2]
            frames = (*frames[:half], broken)
        case Kind.SLOW:
            delay = behaviour.seconds or 0.0
        case _:
            pass
    return Reply(
        status=200,
        media_type=media_type,
        headers=dialect.headers(),
        frames=frames,
        ending=ending,
        delay=delay,
        pace=pace if question.stream else 0.0,
    )


def _without_answer(question: Question, dialect: ProviderApi, behaviour: Behaviour) -> Reply:
    if behaviour.kind is Kind.HTML:
        return Reply(status=200, media_type="text/html; charset=utf-8", frames=(_PAGE,))
    if behaviour.status is None:
        return Reply(status=None, ending=Ending.SILENCE)
    headers = dict(dialect.headers())
    if behaviour.retry_after is not None:
        headers["retry-after"] = f"{behaviour.retry_after:g}"
    body = dialect.error(behaviour.status, question.model)
    return Refusal(status=behaviour.status, body=body).reply(headers)


def _halves(body: object) -> tuple[bytes, ...]:
    """A whole answer in two frames, so that it can break off between them."""
    text = json_bytes(body)
    return (text[: len(text) // 2], text[len(text) // 2 :])
