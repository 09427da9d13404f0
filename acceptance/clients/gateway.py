"""The gateway (LiteLLM), asked directly: what it serves, how it is set, who answers."""

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from acceptance.budget import Budget, Price, dearest, price_in
from acceptance.checks.chain import ALIAS, ANY, DEEPEST, OF_ENTRY, walk_chain
from acceptance.checks.proof import Answer, Chain, Deployment
from acceptance.checks.rollout import LITELLM_IS_ALIVE
from acceptance.clients.streaming import Question, ask
from acceptance.clients.transport import TIMEOUT, Api, Reply, UnexpectedAnswerError, UnsendableError
from acceptance.errors import Blocked, NotProven, Subject
from acceptance.json_values import mapping, parsed, sequence
from acceptance.message import excerpt, explain
from acceptance.secret import Secret, fingerprint

_FALLBACKS = ("context_window_fallbacks", "content_policy_fallbacks")
"""Lists of rules beside `fallbacks`, in the router's settings and in those of a key or an entry."""
_TEAM = "team of the key"
"""Under which what is told of a key holds what is told of its team."""
_PARTS = ("model_info", "litellm_params")
_ENTRIES = "/model/info"
_SETTINGS = "/router/settings"
_DEFAULTS = "default_litellm_params"
_COOLDOWN = 30.0
"""Seconds, where they are not told: the story's; LiteLLM 1.106.2 takes 5 where none are set."""
_LONGEST_COOLDOWN = 600.0
"""Seconds that the suite waits for a model to serve again, whatever LiteLLM is told: a cooldown of
days is no reason to wait for days."""
ANSWER_TIMEOUT = 180.0
"""Seconds; a cold Ollama loads its model for up to three minutes."""
_KEY_REFUSED = re.compile(
    r"No connected db|Invalid proxy server token|Virtual Key expected|No api key passed"
    r"|Only proxy admin|not allowed to access"
)
"""What LiteLLM 1.106.2 says to a key of nobody, or of somebody who may not; never of a provider."""


AUTHORIZATION = "Authorization"
"""The header that LiteLLM reads a key from, unless `litellm_key_header_name` names another."""


_UNREAD = (HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error")
"""What LiteLLM 1.106.2 says where it finds no key, and of its own troubles too."""


class Gateway:
    """LiteLLM's own API; checked with 1.80.17 to 1.108.7.

    What it tells of itself is read once, and afresh once something was disturbed (`forget`).
    """

    def __init__(
        self,
        base_url: str,
        key: Secret | None,
        *,
        timeout: float = TIMEOUT,
        headers: Collection[str] = (AUTHORIZATION,),
        budget: Budget | None = None,
    ) -> None:
        """Ask nothing yet.

        Args:
            base_url: scheme, host and port.
            key: who asks; None for nobody.
            timeout: seconds for an answer.
            headers: those in which the key is sent.
            budget: that answers are paid of; None: one without an end.
        """
        self._budget = budget or Budget()
        self._key = key
        self._sent_in = headers
        self._timeout = timeout
        self._told: dict[str, Reply] = {}
        """What it told of itself, by path."""
        self._keys: dict[str, Mapping[str, Any]] = {}
        """What it told of a key, by the key's fingerprint."""
        self._entries: tuple[Deployment, ...] = ()
        self._api = Api(base_url, name="LiteLLM", timeout=timeout, headers=self._headers)

    def close(self) -> None:
        """Give the connections back."""
        self._api.close()

    def forget(self) -> None:
        """Read afresh what it tells of itself: who was away may have come back another one."""
        self._told.clear()
        self._keys.clear()

    def _headers(self) -> Mapping[str, str]:
        # a line end at a key's end cannot be sent; whether it does harm is judged by who uses it
        if self._key is None:
            return {}
        return dict.fromkeys(self._sent_in, f"Bearer {self._key.reveal().strip()}")

    def version(self) -> str:
        """Its version; `unknown` where LiteLLM is recognised but does not tell.

        Source: `litellm_version` in `/health/readiness` (until 1.88) or, with a key, in
        `/health/readiness/details` (1.106.2); the spelling and the body of `/health/liveliness`
        are LiteLLM's own in every version.

        Raises:
            UnexpectedAnswerError: what answers there is not LiteLLM.
        """
        for path in ("/health/readiness", "/health/readiness/details"):
            body = self._api.get(path).json
            if isinstance(body, dict) and body.get("litellm_version"):
                return str(body["litellm_version"])
        alive = self._api.get("/health/liveliness")
        if LITELLM_IS_ALIVE in alive.text:
            return "unknown"
        raise UnexpectedAnswerError(
            explain(
                "What answers at the gateway's address is not LiteLLM.",
                expected=f'"{LITELLM_IS_ALIVE}" from /health/liveliness',
                found=f"{alive.status}: {alive.error}",
                where=self._api.base_url,
                fix="give LiteLLM's own address, behind any proxy that asks who one is",
            )
        )

    def require(self) -> str:
        """Its version, where everything else of a scenario rests on its serving at all.

        Raises:
            Blocked: it does not serve.
        """
        try:
            return self.version()
        except UnexpectedAnswerError as error:
            raise Blocked(Subject.GATEWAY, str(error).splitlines()[0]) from error

    def models(self) -> tuple[str, ...]:
        """Names served to this key, in the order of its configuration: `GET /v1/models`."""
        return tuple(str(item.get("id")) for item in self._list("/v1/models"))

    def deployments(self) -> tuple[Deployment, ...]:
        """What stands behind each name: `GET /model/info`; LiteLLM removes the keys itself."""
        self._entries = tuple(map(_deployment, self.entries()))
        return self._entries

    def prices(self) -> Mapping[str, Price]:
        """What each name costs by the entries that were read already; the dearest of its entries.

        So does each identity, by which an entry is asked alone. A name with an entry of which
        LiteLLM knows no price is left out.
        """
        return dearest(
            (name, each.price) for each in self._entries for name in {each.group, each.identity}
        )

    def entries(self) -> list[dict[str, Any]]:
        """Its entries as it tells them: `GET /model/info`."""
        return self._list(_ENTRIES)

    def recognise(self, answer: Answer) -> Answer:
        """The answer, with what this gateway's entries tell of who gave it.

        An identity that is not among them is looked up afresh: an entry may be new.
        """
        who = answer.provenance
        if who is None or not who.deployment:
            return answer
        if who.deployment not in {each.identity for each in self._entries}:
            self._told.pop(_ENTRIES, None)
            try:
                self.deployments()
            except (NotProven, UnexpectedAnswerError) as error:
                return unrecognised(answer, str(error).splitlines()[0])
        return replace(answer, provenance=who.among(self._entries, answer.model, answer.named))

    def _list(self, path: str) -> list[dict[str, Any]]:
        return self._api.objects_in(self._mapping(path), "data", path)

    def _mapping(self, path: str) -> Mapping[str, Any]:
        if self._key is None:
            raise NotProven(f"LiteLLM's {path} needs a key that may read it: set gateway_key")
        reply = self._get(path)
        self._require_welcome(reply.status, reply.told)
        if (reply.status, reply.told) == _UNREAD == self._told_to_nobody(path) and self._alive():
            raise NotProven(
                f"LiteLLM answers {reply.status} to the key that asks it directly, as to none: it "
                "reads keys from another header (litellm_key_header_name)"
            )
        return self._api.object_in(reply, path)

    def _get(self, path: str) -> Reply:
        if path in self._told:
            return self._told[path]
        reply = self._api.get(path)
        if reply.status in (HTTPStatus.OK, HTTPStatus.NOT_FOUND) and isinstance(reply.json, dict):
            self._told[path] = reply
        return reply

    @staticmethod
    def _require_welcome(status: int, told: str) -> None:
        """Raise NotProven where LiteLLM refuses the key of these settings, which is no fault."""
        if _KEY_REFUSED.search(told):
            raise NotProven(
                f"LiteLLM refuses the key that asks it directly ({status}: {excerpt(told)}): "
                "set ACCEPTANCE_GATEWAY_KEY to one that may read its settings"
            )

    def chain(self, model: str, *, key: Secret | None = None) -> Chain:
        """The order in which models are tried when `model` is asked, by the rules in force.

        The ConfigMap does not tell: a `subPath` mount is never refreshed, a row of LiteLLM's
        database overrides it, and of two equal YAML keys the last one wins.

        Args:
            model: the model asked for.
            key: whose eyes it is seen with, where it may have rules of its own.
        """
        return self.chains([model], key=key)[0]

    def chains(self, models: Iterable[str], *, key: Secret | None = None) -> tuple[Chain, ...]:
        """The chain of each of these models, as `chain` has it."""
        settings = self.settings()
        of_key = self.key_information(key) if key else {}
        own = _settings_of(of_key)  # in the place of all others
        rules = fallback_rules(own.get("fallbacks"))
        rules = rules or {**fallback_rules(settings.get("fallbacks")), **self._default_rule()}
        deepest = settings.get("max_fallbacks")
        served, kinds = self.models(), self._kinds(settings, of_key)
        return tuple(
            walk_chain(
                model,
                rules,
                served,
                deepest=deepest if isinstance(deepest, int) else DEEPEST,
                kinds=kinds,
            )
            for model in models
        )

    def _kinds(
        self, settings: Mapping[str, Any], of_key: Mapping[str, Any]
    ) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Every other way by which LiteLLM 1.106.2 puts one model in another's place."""
        own = _settings_of(of_key)
        kinds = {kind: fallback_rules(own.get(kind) or settings.get(kind)) for kind in _FALLBACKS}
        kinds[ALIAS] = alias_rules(settings.get(ALIAS))
        kinds[f"{ALIAS} of the key in use"] = alias_rules(own.get(ALIAS))
        kinds["aliases of the key in use"] = alias_rules(of_key.get("aliases"))
        of_team = mapping(mapping(of_key.get(_TEAM)).get("litellm_model_table"))
        kinds["model_aliases of the team of the key in use"] = alias_rules(
            _object(of_team.get("model_aliases"))
        )
        for each in self.deployments():
            for parameter, targets in each.replaced.items():
                rules = kinds.setdefault(f"litellm_params.{parameter} {OF_ENTRY}", {})
                rules[each.group] = (*rules.get(each.group, ()), *targets)
        for parameter, targets in _replaced(self._defaults()).items():
            kinds[f"{_DEFAULTS}.{parameter}"] = {ANY: targets}
        return kinds

    def _defaults(self) -> Mapping[str, Any]:
        """What goes into every question as an entry's own parameters do (1.106.2).

        `/router/settings` has no field for it, and tells it among the values in force.
        """
        return mapping(mapping(self._mapping(_SETTINGS).get("current_values")).get(_DEFAULTS))

    def key_information(self, key: Secret) -> Mapping[str, Any]:
        """What a key brings along, with its team: `GET /key/info`, `GET /team/info`; read once.

        Empty where LiteLLM has no database.
        """
        which = fingerprint(key.reveal())
        if which in self._keys:
            return self._keys[which]
        known = mapping(mapping(self._told_to(key, "/key/info")).get("info"))
        if team := known.get("team_id"):
            path = f"/team/info?team_id={quote(str(team), safe='')}"
            known = {**known, _TEAM: mapping(self._told_to(key, path)).get("team_info")}
        if known:
            self._keys[which] = known
        return known

    def _told_to(self, key: Secret, path: str) -> object:
        try:
            reply = self.asked_by(key, path)
        except UnsendableError:  # told where the gateway is to accept it: there it is nobody's
            return {}
        return reply.json if reply.status == HTTPStatus.OK else {}

    def _default_rule(self) -> Mapping[str, tuple[str, ...]]:
        """What `default_fallbacks` came to: `GET /fallback/*`.

        The settings leave it out where the fallbacks stand under `router_settings`. The same path
        does not tell of every model: of one with a slash in its name it knows nothing (404).
        """
        path = f"/fallback/{ANY}"
        reply = self._get(path)
        if reply.status == HTTPStatus.NOT_FOUND:
            return {}
        return fallback_rules([{ANY: self._api.object_in(reply, path).get("fallback_models")}])

    def settings(self) -> Mapping[str, Any]:
        """The router's settings in force: `GET /router/settings`."""
        fields = self._api.objects_in(self._mapping(_SETTINGS), "fields", _SETTINGS)
        return {str(each.get("field_name")): each.get("field_value") for each in fields}

    def cooldown(self) -> float:
        """Seconds for which a model rests after failures; the longest of its settings."""
        try:
            own = [each.cooldown for each in self.deployments()]
            router = self.settings().get("cooldown_time")
        except (NotProven, UnexpectedAnswerError):
            return _COOLDOWN  # they may not be read
        told = _seconds(router)
        return min(max([_COOLDOWN if told is None else told, *own]), _LONGEST_COOLDOWN)

    def ask(self, question: Question, *, timeout: float = ANSWER_TIMEOUT) -> Answer:
        """The answer to a question put straight to the gateway."""
        answer = ask(
            self._api,
            "/v1/chat/completions",
            question,
            self._headers(),
            timeout=timeout,
            budget=self._budget,
        )
        self._require_welcome(answer.status, answer.error)
        return self.recognise(answer)

    def describe(self, heads: Iterable[str]) -> str:
        """What it serves, to hold one replica against another; a line each thing.

        Models and the chains that begin at `heads`; other ways to replace a model; every entry.
        """
        models = self.models()
        chains = "; ".join(f"chain {each}" for each in self.chains(heads))
        others = {str(way) for each in self.chains(models) for way in each.otherwise}
        entries = (
            f"{each.group} is {each.upstream} at {each.api_base or 'its provider'}, "
            f"parameters {each.parameters}"
            for each in self.deployments()
        )
        return "\n".join([f"{', '.join(models)}; {chains}", *sorted(others), *sorted(entries)])

    def models_as(self, key: Secret | None) -> Reply:
        """What somebody with another key, or with none, is told: `GET /v1/models`."""
        return self.asked_by(key, "/v1/models")

    def _told_to_nobody(self, path: str) -> tuple[int, str]:
        reply = self.asked_by(None, path)
        return reply.status, reply.told

    def _alive(self) -> bool:
        return LITELLM_IS_ALIVE in self._api.get("/health/liveliness").text

    def asked_by(self, key: Secret | None, path: str) -> Reply:
        """What somebody with another key, or with none, is answered to a GET."""
        stranger = Gateway(self._api.base_url, key, timeout=self._timeout, headers=self._sent_in)
        try:
            return stranger._api.get(path)  # its own class
        finally:
            stranger.close()


def _deployment(item: Mapping[str, Any]) -> Deployment:
    parameters = mapping(item.get("litellm_params"))
    return Deployment(
        identity=str(mapping(item.get("model_info")).get("id") or ""),
        group=str(item.get("model_name") or ""),
        upstream=str(parameters.get("model") or ""),
        api_base=str(parameters.get("api_base") or parameters.get("base_url") or ""),
        paused=mapping(item.get("model_info")).get("blocked") is True,
        cooldown=_cooldown(item),
        parameters=_parameters(parameters),
        replaced=_replaced(parameters),
        price=price_in(mapping(item.get("model_info")), parameters),
    )


def _settings_of(of_key: Mapping[str, Any]) -> Mapping[str, Any]:
    """The router's settings that hold for a key alone: its own, else its team's (1.106.2)."""
    for holder in (of_key, mapping(of_key.get(_TEAM))):
        if own := _object(holder.get("router_settings")):
            return own
    return {}


def _object(value: object) -> Mapping[str, Any]:
    """A JSON object, which LiteLLM keeps as text in some columns."""
    return mapping(parsed(value) if isinstance(value, str) else value)


def unrecognised(answer: Answer, why: str) -> Answer:
    """The answer, where the judged gateway's entries cannot be read; `why` says what is missing."""
    who = answer.provenance
    return replace(answer, provenance=replace(who, unread=why)) if who else answer


def fallback_rules(listed: object) -> dict[str, tuple[str, ...]]:
    """Fallbacks by model; of two rules for one model LiteLLM takes the first."""
    rules: dict[str, tuple[str, ...]] = {}
    for rule in sequence(listed):
        for name, targets in mapping(rule).items():
            rules.setdefault(str(name), tuple(_target(each) for each in sequence(targets)))
    return rules


def _target(target: object) -> str:
    return str(mapping(target).get("model") or target)


def alias_rules(given: object) -> dict[str, tuple[str, ...]]:
    """The model that is asked under each other name."""
    return {str(name): (_target(target),) for name, target in mapping(given).items()}


def _replaced(parameters: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The models that an entry itself puts in its place, by parameter."""
    listed = {
        name: tuple(map(_target, sequence(parameters.get(name))))
        for name in ("fallbacks", *_FALLBACKS)
    }
    too_long = mapping(parameters.get("context_window_fallback_dict"))
    listed["context_window_fallback_dict"] = tuple(map(_target, too_long.values()))
    return {name: targets for name, targets in listed.items() if targets}


def _cooldown(item: Mapping[str, Any]) -> float:
    """An entry's own cooldown, in either of the two places where LiteLLM looks for it."""
    given = (mapping(item.get(part)).get("cooldown_time") for part in _PARTS)
    return max((_seconds(each) or 0.0 for each in given), default=0.0)


def _seconds(value: object) -> float | None:
    """A number of seconds; None for what is none, as `NaN` or one that no clock holds."""
    try:
        seconds = float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return math.inf
    return None if math.isnan(seconds) else seconds


def _parameters(given: object) -> str:
    """A fingerprint: nested entries hold parts of keys, which LiteLLM does not remove.

    What is not set is left out, as each version has other names for it.
    """
    told = {name: value for name, value in mapping(given).items() if value not in (None, False)}
    return fingerprint(json.dumps(told, sort_keys=True, default=str))
