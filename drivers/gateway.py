"""The gateway (LiteLLM), asked directly: what it serves, how it is set, who answers."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from domain.chain import ANY, DEEPEST, walk_chain
from domain.errors import Blocked, NotProven, Subject
from domain.message import explain
from domain.proof import Answer, Chain, Deployment
from domain.rollout import LITELLM_IS_ALIVE
from domain.secret import Secret
from drivers.shapes import mapping, sequence
from drivers.streaming import Question, ask
from drivers.transport import TIMEOUT, Api, Reply, UnexpectedAnswerError

ANSWER_TIMEOUT = 180.0
"""Seconds; a cold Ollama loads its model for up to three minutes."""
_KEY_REFUSED = re.compile(
    r"No connected db|Invalid proxy server token|Virtual Key expected|No api key passed"
    r"|Only proxy admin|not allowed to access"
)
"""What LiteLLM 1.106.2 says to a key of nobody, or of somebody who may not; never of a provider."""


class Gateway:
    """LiteLLM's own API; checked with 1.80.17 to 1.108.7."""

    def __init__(self, base_url: str, key: Secret | None, *, timeout: float = TIMEOUT) -> None:
        self._key = key
        self._timeout = timeout
        self._entries: tuple[Deployment, ...] = ()
        self._api = Api(base_url, name="LiteLLM", timeout=timeout, headers=self._headers)

    def close(self) -> None:
        """Give the connections back."""
        self._api.close()

    def _headers(self) -> Mapping[str, str]:
        # a line end at a key's end cannot be sent; whether it does harm is judged by who uses it
        return {"Authorization": f"Bearer {self._key.reveal().strip()}"} if self._key else {}

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
                fix="point the settings at LiteLLM's Service",
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
        return tuple(
            Deployment(
                identity=str(mapping(item.get("model_info")).get("id") or ""),
                group=str(item.get("model_name") or ""),
                upstream=str(mapping(item.get("litellm_params")).get("model") or ""),
                api_base=str(mapping(item.get("litellm_params")).get("api_base") or ""),
            )
            for item in self._list("/model/info")
        )

    def recognise(self, answer: Answer) -> Answer:
        """The answer, with what this gateway's entries tell of who gave it; asks for them once.

        An identity that is not among them is looked up afresh: an entry may be new.
        """
        who = answer.provenance
        if who is None or not who.deployment:
            return answer
        if who.deployment not in {each.identity for each in self._entries}:
            try:
                self._entries = self.deployments()
            except (NotProven, UnexpectedAnswerError) as error:
                return unrecognised(answer, str(error).splitlines()[0])
        return replace(answer, provenance=who.among(self._entries, answer.model))

    def _list(self, path: str) -> list[dict[str, Any]]:
        return self._api.objects_in(self._mapping(path), "data", path)

    def _mapping(self, path: str) -> Mapping[str, Any]:
        if self._key is None:
            raise NotProven(f"LiteLLM's {path} needs a key that may read it: set gateway_key")
        reply = self._api.get(path)
        self._require_welcome(reply.status, reply.error)
        return self._api.object_in(reply, path)

    @staticmethod
    def _require_welcome(status: int, told: str) -> None:
        """Raise NotProven where LiteLLM refuses the key of these settings, which is no fault."""
        if _KEY_REFUSED.search(told):
            raise NotProven(
                f"LiteLLM refuses the key that asks it directly ({status}: {told}): "
                "set ACCEPTANCE_GATEWAY_KEY to one that may read its settings"
            )

    def chain(self, model: str) -> Chain:
        """The order in which models are tried when `model` is asked, by the rules in force.

        The ConfigMap does not tell: a `subPath` mount is never refreshed, a row of LiteLLM's
        database overrides it, and of two equal YAML keys the last one wins.
        """
        settings = self.settings()
        rules = _rules(settings.get("fallbacks"))
        deepest = settings.get("max_fallbacks")
        return walk_chain(
            model,
            {**rules, **self._default_rule()},
            self.models(),
            deepest=deepest if isinstance(deepest, int) else DEEPEST,
        )

    def _default_rule(self) -> Mapping[str, tuple[str, ...]]:
        """What `default_fallbacks` came to: `GET /fallback/*`.

        The settings leave it out where the fallbacks stand under `router_settings`. The same path
        does not tell of every model: of one with a slash in its name it knows nothing (404).
        """
        path = f"/fallback/{ANY}"
        reply = self._api.get(path)
        if reply.status == HTTPStatus.NOT_FOUND:
            return {}
        return _rules([{ANY: self._api.object_in(reply, path).get("fallback_models")}])

    def settings(self) -> Mapping[str, Any]:
        """The router's settings in force: `GET /router/settings`."""
        path = "/router/settings"
        fields = self._api.objects_in(self._mapping(path), "fields", path)
        return {str(each.get("field_name")): each.get("field_value") for each in fields}

    def ask(self, question: Question, *, timeout: float = ANSWER_TIMEOUT) -> Answer:
        """The answer to a question put straight to the gateway."""
        answer = ask(self._api, "/v1/chat/completions", question, self._headers(), timeout=timeout)
        self._require_welcome(answer.status, answer.error)
        return self.recognise(answer)

    def told(self, heads: Iterable[str]) -> str:
        """Models, and the chains that begin at `heads`, to hold one replica against another."""
        chains = "; ".join(f"chain {self.chain(head)}" for head in heads)
        return f"{', '.join(self.models())}; {chains}"

    def told_to(self, key: Secret | None) -> Reply:
        """What somebody with another key, or with none, is told: `GET /v1/models`."""
        stranger = Gateway(self._api.base_url, key, timeout=self._timeout)
        try:
            return stranger._api.get("/v1/models")  # its own class
        finally:
            stranger.close()


def unrecognised(answer: Answer, why: str) -> Answer:
    """The answer, where the judged gateway's entries cannot be read; `why` says what is missing."""
    who = answer.provenance
    return replace(answer, provenance=replace(who, unread=why)) if who else answer


def _rules(listed: object) -> dict[str, tuple[str, ...]]:
    """Fallbacks by model; of two rules for one model LiteLLM takes the first."""
    rules: dict[str, tuple[str, ...]] = {}
    for rule in sequence(listed):
        for name, targets in mapping(rule).items():
            rules.setdefault(str(name), tuple(_target(each) for each in sequence(targets)))
    return rules


def _target(target: object) -> str:
    return str(mapping(target).get("model") or target)
