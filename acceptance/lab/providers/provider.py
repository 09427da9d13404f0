"""One emulated provider: its listener, the behaviour in force, and what it was asked."""

import json
import ssl
import time
from functools import partial
from itertools import chain

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from acceptance.lab.providers.behaviour import Behaviour, Kind
from acceptance.lab.providers.catalogue import Offer
from acceptance.lab.providers.conversation import Answer, Question
from acceptance.lab.providers.ledger import LONGEST_TEXT, Call
from acceptance.lab.providers.listener import ANY_PORT, Address, Listener
from acceptance.lab.providers.misbehaviour import answer_to, reply_to
from acceptance.lab.providers.provider_api import ProviderApi, Refusal
from acceptance.lab.providers.reply import Reply, json_bytes
from acceptance.secret import fingerprint


class Provider:
    """Serves an offer, well or not, and writes into a ledger."""

    def __init__(
        self,
        offer: Offer,
        ledger: list[Call],
        *,
        tls: ssl.SSLContext | None = None,
        address: Address = ANY_PORT,
    ) -> None:
        self.behaviour = Behaviour()
        self._ledger = ledger
        self.listener = Listener(self._serve, tls=tls, address=address)
        self.have(offer)

    def have(self, offer: Offer) -> None:
        """Offer this from the next request on."""
        self.offer = offer
        routes = (
            each.routes(offer.models, partial(self._complete, each)) for each in offer.speakers()
        )
        self._app = Starlette(routes=[*chain.from_iterable(routes)])

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def behave(self, behaviour: Behaviour) -> None:
        """Behave so from the next request on.

        Raises:
            ValueError: it concerns a model that is not offered.
        """
        if behaviour.model not in (None, *self.offer.models):
            models = ", ".join(self.offer.models)
            raise ValueError(f'{self.offer.name} has no model "{behaviour.model}"; it has {models}')
        self.behaviour = behaviour
        if behaviour.kind is Kind.REFUSE:
            await self.listener.close()
        else:
            await self.listener.open()

    async def _complete(self, dialect: ProviderApi, request: Request) -> Reply:
        try:
            body = await request.json()
            question = dialect.question(request, body)
            objection = dialect.objection(body, question)
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
            content = json_bytes(dialect.error(400, ""))
            return Reply(status=400, headers=dialect.headers(), frames=(content,))
        path, key = request.url.path, dialect.key(request)
        refusal = self._refusal(dialect, question, key) or objection
        if refusal:
            reply, answer = refusal.reply(dialect.headers()), None
        else:
            behaviour = self._behaviour_for(question.model)
            answer = answer_to(question, behaviour)
            reply = reply_to(
                question,
                answer,
                path=path,
                dialect=dialect,
                behaviour=behaviour,
                pace=self.offer.pace,
            )
        self._record(question, answer, path=path, key=key, reply=reply)
        return reply

    def _refusal(self, dialect: ProviderApi, question: Question, key: str) -> Refusal | None:
        """What it says to a request that it does not take, before any model is asked."""
        model = question.model
        if self.offer.keys and fingerprint(key) not in self.offer.keys:
            return Refusal(status=401, body={"error": "Unauthorized"})  # vLLM 0.11
        if refused := dialect.refusal(key):
            return refused
        if model not in self.offer.models:
            return dialect.unknown(model)
        takes_tools = self.offer.tools and self._behaviour_for(model).kind is not Kind.NO_TOOLS
        if question.tools and not takes_tools:
            return dialect.without_tools(model)
        return dialect.too_long(question, self.offer.context or dialect.context)

    def _behaviour_for(self, model: str) -> Behaviour:
        return self.behaviour if self.behaviour.concerns(model) else Behaviour()

    def _record(
        self,
        question: Question,
        answer: Answer | None,
        *,
        path: str,
        key: str,
        reply: Reply,
    ) -> None:
        call = Call(
            at=time.time(),
            provider=self.offer.name,
            model=question.model,
            path=path,
            stream=question.stream,
            text=question.text[:LONGEST_TEXT],
            messages=len(question.messages),
            prompt_tokens=question.tokens if answer else 0,
            completion_tokens=answer.tokens if answer else 0,
            status=reply.status,
            lasts=reply.lasts if question.stream else 0.0,
            key=fingerprint(key),
        )
        self._ledger.append(call)
