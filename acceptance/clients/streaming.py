"""A streamed answer as a value: words, errors inside the stream, who answered, and when."""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from acceptance.budget import TOOLS, Budget, tokens_in
from acceptance.checks.proof import Answer, Provenance, question_with
from acceptance.clients.transport import (
    LARGEST_BODY,
    Api,
    Reply,
    TooLargeError,
    asked,
    chunks,
    read,
)
from acceptance.errors import NotProven
from acceptance.json_values import mapping, parsed, sequence
from acceptance.secret import MASK
from acceptance.shown import whole

if TYPE_CHECKING:
    import httpx

_DIGITS = 3
"""Of an HTTP status; providers have codes of other lengths, and words."""
_MOST_TOKENS = 1_000_000_000
"""Of a count that somebody sends; more is none."""
_PROVING = ("x-litellm-", "llm_provider-")
_SHOWN = (
    r"x-litellm-(?:version|call-id|model-(?:id|group|name|api-base|region)|attempted-\w+"
    r"|max-fallbacks|timeout|response-cost[\w-]*|[\w-]*duration-ms)"
    r"|llm_provider-(?:server|date|content-type|transfer-encoding|(?:openai|anthropic)-(?:model|version"
    r"|processing-ms)|(?:x-)?request-id|retry-after|(?:x-|anthropic-)?ratelimit-[\w-]+)"
)
"""Headers whose values are shown; of any other (`llm_provider-set-cookie`, the hash of a key in
`x-litellm-key-hash`) only the name is."""


@dataclass(kw_only=True, slots=True)
class _Heard:
    """What has come in so far."""

    text: str = ""
    error: str = ""
    status: int = 0
    """Of an error within the stream, whose own status was 200."""
    prompt_tokens: int = 0
    tokens: int = 0
    finish: str = ""
    tools: tuple[str, ...] = ()
    named: str = ""
    streamed: bool = True
    responses: bool = False
    """Whether it came as events of the Responses API."""
    first_seconds: float = 0.0
    last_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question with a nonce, so that the answer to it can be told from any other."""

    model: str
    nonce: str
    before: str = ""
    """What is asked for besides, before the nonce."""
    history: tuple[Mapping[str, str], ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The words sent to the model."""
        return f"{self.before} {question_with(self.nonce)}".strip()

    @property
    def most_tokens(self) -> int:
        """Tokens of it and of what was said before, at most; without tools that go along."""
        return sum(map(tokens_in, [self.text, *(each["content"] for each in self.history)]))

    @property
    def body(self) -> dict[str, Any]:
        """The request, as the page makes it: streamed, and with no limit.

        A model that thinks spends a limit on its thoughts (Gemini 2.5 Flash answers nothing within
        64 tokens), some refuse any temperature but their own; both are no fault of the wiring.
        """
        return {
            "model": self.model,
            "messages": [*self.history, {"role": "user", "content": self.text}],
            "stream": True,
            "stream_options": {"include_usage": True},
            **self.options,
        }


def ask(
    api: Api,
    path: str,
    question: Question,
    headers: Mapping[str, str],
    *,
    timeout: float,
    budget: Budget,
) -> Answer:
    """The answer to a question, as the one who asked received it. Sent once, never repeated.

    Args:
        api: the server.
        path: its chat completions.
        question: what to ask.
        headers: who asks.
        timeout: seconds for the whole answer.
        budget: that the answer is paid of.

    Raises:
        UnreachableError: no HTTP answer came.
        NotProven: the budget has no room for it, or its connection speaks the Responses API.
    """
    tools = TOOLS if "session_id" in question.options else 0
    with budget.question(question.model, question.most_tokens + tools) as asking:
        answer = _ask(api, path, question, headers, timeout)
        if answer.error and not answer.text and answer.seconds < timeout:
            asking.refused()  # what is not over in time may have been paid for
        asking.counted(asked=answer.prompt_tokens, said=answer.tokens)
    return answer


def _ask(
    api: Api, path: str, question: Question, headers: Mapping[str, str], timeout: float
) -> Answer:
    import httpx  # noqa: PLC0415  # listing scenarios stays fast

    from acceptance.clients.deadline import ending  # noqa: PLC0415  # likewise

    asked_at, started = time.time(), time.monotonic()
    until = started + timeout
    heard, response = _Heard(), None
    try:
        with (
            ending(until),
            asked(question.model, "POST", path),
            api.client.stream(
                "POST", path, json=question.body, headers=dict(headers), timeout=timeout
            ) as response,
        ):
            if "text/event-stream" in response.headers.get("content-type", ""):
                _listen(response, heard, started, until)
            else:
                text = read(response, until=until)
                _read_whole(Reply(status=response.status_code, json=parsed(text), text=text), heard)
    except (httpx.RequestError, UnicodeError) as error:
        if response is None or not heard.text:
            raise api.unreachable(path, error) from error
        heard.error = f"the stream broke off ({type(error).__name__})"
    except (TimeoutError, TooLargeError) as error:
        if response is None:
            raise api.unreachable(path, error) from error
        heard.error = f"no end of the answer after {timeout:g} s or {LARGEST_BODY:,} bytes"
    if heard.responses and not heard.text:
        raise NotProven(
            f"what {question.model} answers: its connection speaks the Responses API (API Type, "
            "Open WebUI 0.12.4), and only chat completions are read here"
        )
    return Answer(
        model=question.model,
        nonce=question.nonce,
        text=whole(heard.text),
        status=heard.status or response.status_code,
        error=heard.error,
        provenance=_provenance(response.headers),
        asked_at=asked_at,
        first_seconds=heard.first_seconds,
        last_seconds=heard.last_seconds,
        seconds=time.monotonic() - started,
        prompt_tokens=heard.prompt_tokens,
        tokens=heard.tokens,
        finish=heard.finish,
        tools=heard.tools,
        named=whole(heard.named),
        streamed=heard.streamed,
        retry_after=_seconds(response.headers.get("retry-after", "")),
        headers={
            name: whole(value) if re.fullmatch(_SHOWN, name) else MASK
            for name, value in response.headers.items()
            if name.startswith(_PROVING)
        },
    )


def _listen(response: "httpx.Response", heard: _Heard, started: float, until: float) -> None:
    for event in _events(response, until):
        if error := event.get("error"):
            heard.error, heard.status = _words(error), _code(error)
        before = heard.text
        heard.responses |= str(event.get("type")).startswith("response.")
        _take(event, "delta", heard)
        if heard.text != before:
            heard.last_seconds = time.monotonic() - started
            heard.first_seconds = heard.first_seconds or heard.last_seconds


def _read_whole(reply: Reply, heard: _Heard) -> None:
    """An answer in one body, as where streaming is switched off for a model; or an error."""
    body = mapping(reply.json)
    if reply.status != HTTPStatus.OK or body.get("error") or not sequence(body.get("choices")):
        heard.error = reply.told
        return
    heard.streamed = False
    _take(body, "message", heard)


def _take(body: Mapping[str, Any], part: str, heard: _Heard) -> None:
    """What a chunk (`delta`), or a whole answer (`message`), adds to what was heard."""
    for choice in map(mapping, sequence(body.get("choices"))):
        message = mapping(choice.get(part))
        content, finish = message.get("content"), choice.get("finish_reason")
        heard.text += content if isinstance(content, str) else ""
        heard.finish = finish if finish and isinstance(finish, str) else heard.finish
        called = (mapping(each).get("function") for each in sequence(message.get("tool_calls")))
        names = (mapping(each).get("name") for each in called)
        heard.tools += tuple(name for name in names if name and isinstance(name, str))
    named = body.get("model")
    heard.named = named if isinstance(named, str) else heard.named
    asked, said = usage(body)
    heard.prompt_tokens, heard.tokens = asked or heard.prompt_tokens, said or heard.tokens


def usage(body: Mapping[str, Any]) -> tuple[int, int]:
    """Tokens of a question and of its answer, as whoever answered counted them; 0: he did not.

    Where an answer took several rounds, Open WebUI 0.12.4 adds them up under other names.
    """
    told = mapping(body.get("usage"))
    names = (("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens"))
    counts = (told.get(summed, told.get(single)) for summed, single in names)
    asked, said = (
        each if isinstance(each, int) and 0 < each < _MOST_TOKENS else 0 for each in counts
    )
    return asked, said


def _events(response: "httpx.Response", until: float) -> Iterator[Mapping[str, Any]]:
    for line in _lines(response, until):
        data = line.removeprefix(b"data:")
        event = parsed(data, halves=True) if line.startswith(b"data:") else None
        if isinstance(event, dict):
            yield event


def _lines(response: "httpx.Response", until: float) -> Iterator[bytes]:
    """Whole lines; httpx's own would wait for the end of one that never ends."""
    rest: list[bytes] = []
    for chunk in chunks(response, until=until):
        *ended, last = chunk.split(b"\n")
        for line in ended:
            yield b"".join([*rest, line])
            rest = []
        rest.append(last)
    yield b"".join(rest)


def _words(error: object) -> str:
    return whole(str(mapping(error).get("message") or error)).strip()


def _code(error: object) -> int:
    code = str(mapping(error).get("code"))
    return int(code) if code.isdecimal() and len(code) == _DIGITS else 0


def _seconds(told: str) -> float | None:
    """Of a `Retry-After`; None where there is none, or a date."""
    return float(told) if told.isascii() and told.isdecimal() else None


def _provenance(headers: "httpx.Headers") -> Provenance | None:
    if "x-litellm-model-group" not in headers and "x-litellm-model-id" not in headers:
        return None
    return Provenance(
        group=headers.get("x-litellm-model-group", ""),
        deployment=headers.get("x-litellm-model-id", ""),
        api_base=headers.get("x-litellm-model-api-base", ""),
        upstream=any(name.startswith("llm_provider-") for name in headers),
    )
