"""One emulated provider: its listener, the behaviour in force, and what it was asked."""

import json
import ssl
import time

from starlette.applications import Starlette
from starlette.requests import Request

from domain.secret import fingerprint
from lab.providers.behaviour import Behaviour, Kind
from lab.providers.catalogue import Offer
from lab.providers.conversation import Answer, Question
from lab.providers.ledger import LONGEST_TEXT, Call
from lab.providers.listener import ANY_PORT, Address, Listener
from lab.providers.misbehaviour import answer_to, reply_to
from lab.providers.reply import Reply, json_bytes


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
        self.offer = offer
        self.behaviour = Behaviour()
        self._ledger = ledger
        app = Starlette(routes=offer.dialect.routes(offer.models, self._complete))
        self.listener = Listener(app, tls=tls, address=address)

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

    async def _complete(self, request: Request) -> Reply:
        dialect = self.offer.dialect
        try:
            question = dialect.question(request, await request.json())
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
            body = json_bytes(dialect.error(400, ""))
            return Reply(status=400, headers=dialect.headers(), frames=(body,))
        path, key = request.url.path, dialect.key(request)
        refusal = dialect.refusal(key)
        if refusal is None and question.model not in self.offer.models:
            refusal = dialect.unknown(question.model)
        if refusal:
            reply, answer = refusal.reply(dialect.headers()), None
        else:
            behaviour = self._behaviour_for(question.model)
            answer = answer_to(question, behaviour)
            reply = reply_to(question, answer, path=path, dialect=dialect, behaviour=behaviour)
        self._record(question, answer, path=path, key=key, status=reply.status)
        return reply

    def _behaviour_for(self, model: str) -> Behaviour:
        return self.behaviour if self.behaviour.concerns(model) else Behaviour()

    def _record(
        self,
        question: Question,
        answer: Answer | None,
        *,
        path: str,
        key: str,
        status: int | None,
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
            status=status,
            key=fingerprint(key),
        )
        self._ledger.append(call)
