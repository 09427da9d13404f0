"""Whether the right model gave an answer: by provenance and nonce, never by text or label."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence

from acceptance.checks.proof import Answer, Provenance, Turn, breaks_off, is_called, spoken
from acceptance.checks.refusals import refusal, refused
from acceptance.checks.witnessing import answers_to, asked, given_by
from acceptance.contract.values import Model, Provider
from acceptance.errors import Blocked, Inconclusive, NotProven, Subject
from acceptance.message import excerpt, explain
from acceptance.target import Call

_BAD_REQUEST = 400
_PASSED_ON = "llm_provider-"
"""What LiteLLM puts before the headers of a provider that it hands on (1.80.17 to 1.108.7)."""
_TELLING = 3
"""Letters of an owner's name that no header has by chance, as `x-request-id` has that of x.ai."""
_LIMITED = re.compile(
    r"Rate limit exceeded for \w+: .*|Max parallel request limit reached.*"
    r"|Crossed TPM / RPM / Max Parallel Request Limit.*"
)
"""How LiteLLM refuses a key (or its user, its team) that asks too often, or too much at a time.

Seen in 1.106.2, 1.83 and 1.59, in this order. A provider's own limit is told by another class.
"""


def limit_of_the_key(error: str) -> str:
    """What LiteLLM says of the limit that a question met before any model was asked, or nothing."""
    found = _LIMITED.search(error)
    return excerpt(found.group(), 160) if found else ""


def not_asked(name: str, limit: str) -> Inconclusive:
    """The verdict on a model that was not asked, since LiteLLM limits the key."""
    return Inconclusive(
        f"{name} was not asked: LiteLLM limits the key of Open WebUI, how often or how many at a "
        f"time it may ask ({limit}). Nothing is said of the model: raise max_parallel_requests, "
        "rpm_limit or tpm_limit of the key, or judge again when nobody else uses it"
    )


def check_answer(
    answer: Answer,
    expected: Model,
    *,
    namespace: str = "",
    away: Callable[[Provider], bool] = lambda _provider: False,
    as_agreed: Callable[[str], bool | None] = lambda _model: None,
    calls: Sequence[Call] = (),
    beside: Collection[str] = (),
) -> None:
    """Return if the model itself gave this answer.

    Args:
        answer: what the user received.
        expected: the model that must have given it, and its provider.
        namespace: the gateway's, in which it completes short names.
        away: whether nobody is meant to serve a provider's models now (the GPU is in use for
            something else).
        as_agreed: whether the gateway's entry of a model is as it should; None: nobody can tell.
        calls: what the providers were asked, where somebody saw it: that must agree.
        beside: what the provider serves under other names of the contract: that one of these
            answers is told where upstreams are compared.

    Raises:
        AssertionError: somebody else did, or nobody, and the fault is the owner's.
        Inconclusive: an external provider refused, LiteLLM limits the key, or the model is
            switched off on purpose.
        NotProven: the answer does not carry what would tell, and nobody saw who was asked.
    """
    name, provider = expected.name, expected.provider
    if limit := limit_of_the_key(answer.error):
        raise not_asked(name, limit)
    who = answer.provenance
    broken = "it breaks off with an error" if answer.text else "it is an error"
    broken = f"{broken}: {excerpt(answer.error)}" if answer.error else ""
    seen = given_by(answer.nonce, calls)
    wrong = (
        broken
        or _wrong_origin(who, expected, namespace, seen)
        or _contradicted(who, provider, seen)
        or _another_upstream(answer, expected, seen, beside)
        or _no_proof(answer, who)
    )
    if not wrong:
        _require_told(answer, expected, calls)
        return
    if away(provider):
        raise Inconclusive(f"{name}: nothing is meant to run behind {provider} (0 replicas)")
    if who is None and not answer.streamed and not broken:
        raise NotProven(
            f"who answered for {name}: streaming is switched off for it (Admin > Models, Stream "
            "Chat Response), and an answer in one body has none of LiteLLM's headers"
        )
    # what LiteLLM hands on of a provider's error has a class of its own
    only_his = answer.only_to_a_user and "litellm." not in answer.error
    if answer.error and not answer.text and answer.model == name and not only_his:
        raise refused(
            expected,
            answer.error,
            f"{_asked_for(answer)}, after {answer.seconds:.1f} s",
            status=answer.status,
            as_agreed=as_agreed(name),
        )
    # An error of a whole chain names its first model's trouble first: it tells nothing of others.
    raise AssertionError(
        explain(
            f"The answer does not come from {name}.",
            expected=f"{name} at {provider}",
            found=wrong,
            where=f"{_asked_for(answer)}; answered by {who or 'nobody who says so'}; "
            f"text {excerpt(answer.text, 80)!r}",
            fix=_fix(wrong, name, answer),
        )
    )


def _wrong_origin(
    who: Provenance | None, expected: Model, namespace: str, seen: Call | None
) -> str:
    """What LiteLLM's headers say against the expected model.

    The address of an entry that names none is reckoned, without the variables that lead elsewhere
    (`get_api_base`, LiteLLM 1.106.2): what was seen at the provider's side counts more.
    """
    if who is None:
        return "no headers of LiteLLM: nothing proves who answered"
    if who.group not in (expected.name, ""):
        return f"{who.group} answered in its place ({who.api_base})"
    if not who.api_base:
        return ""  # 1.106.2 tells none of Anthropic: `_require_told` looks for another sign
    there = expected.provider.serves_at(who.host, namespace=namespace)
    if not there and not (seen and seen.provider == expected.provider.name):
        hosts = " or ".join(expected.provider.hosts)
        return f"LiteLLM asked {who.api_base or 'no address'}, not {hosts}"
    if who.foreign:
        return (
            f"the answer came through another gateway: none of the judged gateway's entries is "
            f"{who.deployment} (x-litellm-model-id)"
        )
    return ""


def _contradicted(who: Provenance | None, provider: Provider, seen: Call | None) -> str:
    """What the providers' side saw, where it is not what LiteLLM's headers say.

    They name the entry that was chosen, not who answered: a fallback inside the entry, or one of
    `litellm_settings.model_fallbacks`, leaves them as they are, with 0 fallbacks (1.106.2).
    """
    serves = who.serves if who else ""
    if seen is None:
        return ""
    if seen.provider == provider.name and (not serves or is_called(serves, seen.model)):
        return ""
    return (
        f"{seen.model} at {seen.provider} gave it, by the providers' ledger, whatever LiteLLM says"
    )


def _another_upstream(
    answer: Answer, expected: Model, seen: Call | None, beside: Collection[str]
) -> str:
    """What the name really stands for, where the contract names another model of the provider."""
    who = answer.provenance
    serves = seen.model if seen else who.serves if who else ""
    wanted = (expected.upstream, *beside)
    told = serves and "*" not in serves  # a wildcard's entry names no model
    if not (expected.upstream and told) or any(is_called(serves, each) for each in wanted):
        return ""
    return f"{serves} gave it, another model of {expected.provider.name}'s"


def _asked_for(answer: Answer) -> str:
    by = " by an ordinary user" if answer.by_a_user else ""
    return f"asked for {answer.model}{by}"


def _require_told(answer: Answer, expected: Model, calls: Sequence[Call]) -> None:
    """Return if it is known which of the gateway's models answered.

    Raises:
        NotProven: nothing says so.
    """
    who = answer.provenance
    seen = {
        call.provider == expected.provider.name and expected.upstream in ("", call.model)
        for call in answers_to(answer.nonce, calls)
    }
    if who and not who.api_base and seen != {True} and not _named_in_headers(answer, expected):
        raise NotProven(
            f"who answered for {expected.name}: LiteLLM tells no address that it asked "
            "(x-litellm-model-api-base), and none of the provider's own headers came through"
        )
    if who and not who.group and seen != {True}:
        raise NotProven(
            f"which model answered for {expected.name}: LiteLLM asked the right host, its answer "
            "names no model (x-litellm-model-group is not sent with a stream before 1.93), and its "
            f"entries cannot tell: {who.unread or 'the answer names none of them'}"
        )


def _named_in_headers(answer: Answer, expected: Model) -> bool:
    """Whether a header that only the provider sends came through, as `anthropic-ratelimit-…`."""
    owners = {host.split(".")[-2] for host in expected.provider.hosts if host.count(".")}
    telling = {owner for owner in owners if len(owner) >= _TELLING}
    passed_on = (name for name in answer.headers if name.startswith(_PASSED_ON))
    return any(telling & {*name.removeprefix(_PASSED_ON).split("-")} for name in passed_on)


def _no_proof(answer: Answer, who: Provenance | None) -> str:
    text = spoken(answer.text)
    if answer.returned:
        return ""
    if not text and answer.tools:
        return f"it asks for the tool {answer.tools[0]}, and answers nothing"
    ended = f" (finish_reason {answer.finish})" if answer.finish not in ("", "stop") else ""
    if not text:
        return f"the answer is empty, although it counts {answer.tokens} tokens{ended}"
    if answer.finish == "length" or breaks_off(answer.text, answer.nonce):
        return f"the answer is cut off before its end{ended}"
    if who and who.upstream and answer.tokens:
        return ""
    unasked = "" if who and who.upstream else "; no upstream was called: mock_response or a cache?"
    return f"the code {answer.nonce} of the question does not come back{unasked}"


_FIXES = (
    (
        "another gateway",
        (
            "look for a second connection that offers the model, where the endpoint's name leads "
            "from inside Open WebUI's pod (hostAliases, a second EndpointSlice), and whether every "
            "pod of LiteLLM has the newest configuration"
        ),
    ),
    (
        "ledger",
        (
            "look in LiteLLM's log why the model itself fails, and take away what hides it: "
            "`fallbacks` in its litellm_params, or litellm_settings.model_fallbacks"
        ),
    ),
    (
        "LiteLLM asked",
        (
            "look for a second entry of this name in LiteLLM's model_list, an alias of it, its "
            "api_base, and for OPENAI_BASE_URL or OPENAI_API_BASE in LiteLLM's environment"
        ),
    ),
    (
        "finish_reason length",
        (
            "raise max_tokens in LiteLLM's configuration of the model, or in Open WebUI's: a model "
            "that thinks spends it on its thoughts"
        ),
    ),
    (
        "finish_reason content_filter",
        (
            "a content filter stopped it: look at the one of the provider's account, and at "
            "guardrails in LiteLLM's configuration"
        ),
    ),
    (
        "no headers of LiteLLM",
        (
            "look what else answers to this name in Open WebUI: a function (Admin Settings > "
            "Functions) or another connection; else for a proxy before LiteLLM that drops its "
            "x-litellm-* headers"
        ),
    ),
    (
        "cut off",
        "look which proxy or filter between the model and Open WebUI ends its streams early",
    ),
    (
        "another model of",
        "correct litellm_params.model of this name in LiteLLM's model_list, or the contract",
    ),
    (
        "empty",
        (
            "look whether the model thinks aloud (reasoning mode), serves at all, or has a filter "
            "in Open WebUI that takes its words away"
        ),
    ),
)
"""What helps, by a phrase of what was found; the first that fits."""


def _fix(wrong: str, name: str, answer: Answer) -> str:
    if answer.only_to_a_user:
        return (
            "the account that judges gets the model's own answer: look for a filter of Open WebUI, "
            "or a hook, a team or a budget of LiteLLM's, that looks at who asks"
        )
    if "in its place" in wrong:
        return _in_its_place(name, answer)
    otherwise = "look at LiteLLM's configuration of the model, and at its log"
    if answer.error and answer.model != name:
        otherwise = (
            f"if the gateway holds the chain, look in LiteLLM's log whether {name} was tried: if "
            "not, something switches fallbacks off (disable_fallbacks among the model's parameters "
            "in Open WebUI, Admin Settings > Models, or in a filter); if it was, why it fails"
        )
    return next((fix for phrase, fix in _FIXES if phrase in wrong), otherwise)


def _in_its_place(name: str, answer: Answer) -> str:
    """What to look at where LiteLLM says that another of its models answered."""
    failed = (
        f"look why {name} itself fails: ask it with disable_fallbacks; if it answers then, the "
        "page's questions are what it does not take: their tools make them too long for it "
        "(max_input_tokens), it refuses tools (vLLM: --enable-auto-tool-choice), or its entry's "
        "own rpm or tpm was used up"
    )
    sent = (
        "look for what sends it there: completion_model in LiteLLM's general_settings, "
        "model_alias_map in litellm_settings, model_group_alias, or a filter in Open WebUI"
    )
    match answer.headers.get("x-litellm-attempted-fallbacks"):
        case None:
            return f"{failed}; or {sent}"
        case "0":
            return f"LiteLLM counts no fallback, so {name} was not even tried: {sent}"
        case _:
            return failed


def check_no_error(answer: Answer) -> None:
    """Raise AssertionError if the user is told of an error, even after an answer."""
    if answer.error or not answer.text.strip():
        raise AssertionError(
            explain(
                "The user sees an error.",
                expected="an answer and no error",
                found=excerpt(answer.error) or "an empty answer",
                where=f"asked for {answer.model}, after {answer.seconds:.1f} s",
                fix="look at LiteLLM's log for the models that it tried; AIOHTTP_CLIENT_TIMEOUT of "
                "Open WebUI must be longer than the failover takes",
            )
        )


def check_error_only(answer: Answer) -> None:
    """Raise AssertionError unless the user is told of an error, in place of any answer."""
    if answer.error and not answer.text.strip():
        return
    raise AssertionError(
        explain(
            "The user is not told that the model is away.",
            expected="an error, and no answer",
            found=f"{excerpt(answer.error) or 'no error'}; text {excerpt(answer.text, 80)!r}",
            where=f"asked for {answer.model}; answered by {answer.provenance or 'nobody'}",
            fix="look for default_fallbacks or a fallback of this model that should not be there: "
            "in LiteLLM, or among the model's parameters in Open WebUI (Admin Settings > Models)",
        )
    )


def check_unknown_model(answer: Answer) -> None:
    """Raise AssertionError unless Open WebUI itself refuses a model that does not exist."""
    if answer.status >= _BAD_REQUEST and "not found" in answer.error.lower() and not answer.text:
        return
    raise AssertionError(
        explain(
            "A model that was just invented is not refused.",
            expected='an error like "Model not found"',
            found=f"{answer.status}: {excerpt(answer.error or answer.text)}",
            where=f"asked for {answer.model}",
            fix="what answers to any name proves nothing: look for a wildcard or a default model",
        )
    )


def check_unknown_to_gateway(answer: Answer) -> None:
    """Raise AssertionError unless the gateway by itself refuses a model that does not exist.

    Raises:
        Blocked: it refuses whatever is asked for.
    """
    if answer.error and not answer.text:
        known = refusal(answer.error, answer.status)
        if known.of_litellm:
            return
        if known.of_all:
            raise Blocked(Subject.ANSWERS, known.reason)
    raise AssertionError(
        explain(
            "The gateway does not refuse a model that was just invented.",
            expected="LiteLLM says by itself that it has no such model",
            found=f"{answer.status}: {excerpt(answer.error or answer.text)}",
            where=f"asked for {answer.model}; answered by {answer.provenance or 'nobody'}",
            fix='look for a wildcard (model_name: "*") in LiteLLM\'s model_list: a name that is '
            "misspelt goes to some provider",
        )
    )


def check_asked_only(answer: Answer, provider: str, calls: Iterable[Call]) -> None:
    """Raise AssertionError if the question reached any other provider, or not this one."""
    made = asked(answer.nonce, calls)
    others = sorted({call.provider for call in made})
    if others != [provider]:
        fix = "look at the fallbacks in LiteLLM's settings in force (/router/settings)"
        if any(call.shadow for call in made):
            fix = (
                "take silent_model out of the entry's litellm_params: it sends each question there"
            )
        raise AssertionError(
            explain(
                "The question reached other providers than the chosen one.",
                expected=f"{provider} and nobody else",
                found=", ".join(others) or "no provider at all",
                where=f"the providers' ledger, question {answer.nonce} for {answer.model}",
                fix=fix,
            )
        )


def check_turn(turn: Turn, model: Model, calls: Iterable[Call]) -> None:
    """Raise AssertionError unless the stored answer was made by this model's provider.

    Raises:
        Inconclusive: an external provider refused.
    """
    made = answers_to(turn.nonce, calls)
    by = (made[-1].provider, made[-1].model) if made else ("nobody", "no model")
    found = f"{by[1]} at {by[0]}"
    check_returned(turn, model, found)
    if by[0] != model.provider.name or model.upstream not in ("", by[1]):
        raise AssertionError(_of_another(turn, model, found, _FIX_IN_A_CHAT))


def check_returned(turn: Turn, model: Model, by: str = "nobody knows whom") -> None:
    """Raise AssertionError unless the stored answer was made for this very question.

    Raises:
        Inconclusive: an external provider refused.
    """
    if limit := limit_of_the_key(turn.error):
        raise not_asked(model.name, limit)
    if turn.error and not turn.text:
        raise refused(model, turn.error, f"question {turn.nonce} in a conversation")
    if not turn.returned:
        raise AssertionError(_of_another(turn, model, by, _FIX_NOT_KEPT))


_FIX_IN_A_CHAT = (
    "asked outside of a conversation it answers by itself: look for a filter of Open WebUI that "
    "looks at the chat, and whether LiteLLM gives the model's questions away now and then: what "
    "was said is too long for it, or its entry's rpm or tpm is used up"
)
_FIX_NOT_KEPT = (
    "asked outside of a conversation it answers well: look for a filter of Open WebUI (outlet) "
    "that changes what is kept, and in Open WebUI's log for this answer"
)


def _of_another(turn: Turn, model: Model, found: str, fix: str) -> str:
    return explain(
        f"The answer in the conversation does not come from {model.name}.",
        expected=str(model),
        found=f"{found}; {excerpt(turn.error) or 'no error'}",
        where=f"question {turn.nonce}; stored text {excerpt(turn.text, 80)!r}; "
        f"its label says {turn.model}, which is only what was asked for",
        fix=fix,
    )


def check_kept(turns: Sequence[Turn], asked: Sequence[Turn]) -> None:
    """Raise AssertionError unless the stored conversation holds every turn with its model."""
    stored = [(turn.model, turn.nonce) for turn in turns if turn.returned]
    expected = [(turn.model, turn.nonce) for turn in asked]
    if stored != expected:
        raise AssertionError(
            explain(
                "The conversation does not keep what was said in it.",
                expected=", ".join(f"{model} ({code})" for model, code in expected),
                found=", ".join(f"{model} ({code})" for model, code in stored) or "nothing",
                where="the stored chat, GET /api/v1/chats/{id}",
                fix="look at Open WebUI's log and at its database's volume",
            )
        )
