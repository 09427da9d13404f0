"""The control API: switches the providers' behaviour and reads the ledger."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from acceptance.lab.providers.behaviour import Behaviour
from acceptance.lab.providers.catalogue import Offer
from acceptance.lab.providers.handover import Endpoint
from acceptance.lab.providers.ledger import Call
from acceptance.lab.providers.provider import Provider


class Control:
    """A PUT or DELETE returns once what it asks is in force."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        ledger: list[Call],
        offer: Callable[[Iterable[Offer]], Awaitable[Mapping[str, Endpoint]]],
    ) -> None:
        """Control these.

        Args:
            providers: those that are emulated now.
            ledger: what they were asked.
            offer: lets these offers be served, and no others; says where.
        """
        self._providers = providers
        self._ledger = ledger
        self._offer = offer
        self.app = Starlette(
            routes=[
                Route("/ledger", self._calls),
                Route("/ledger", self._clear, methods=["DELETE"]),
                Route("/offers", self._offers, methods=["PUT"]),
                Route("/behaviours", self._behaviours),
                Route("/behaviours", self._restore, methods=["DELETE"]),
                Route("/providers/{name}/behaviour", self._behave, methods=["PUT"]),
            ]
        )

    async def _calls(self, _request: Request) -> Response:
        return JSONResponse([asdict(call) for call in self._ledger])

    async def _clear(self, _request: Request) -> Response:
        self._ledger.clear()
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _offers(self, request: Request) -> Response:
        endpoints = await self._offer([Offer.read(each) for each in await request.json()])
        return JSONResponse({name: asdict(endpoint) for name, endpoint in endpoints.items()})

    async def _behaviours(self, _request: Request) -> Response:
        return JSONResponse(
            {name: asdict(provider.behaviour) for name, provider in self._providers.items()}
        )

    async def _restore(self, _request: Request) -> Response:
        for provider in self._providers.values():
            await provider.behave(Behaviour())
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _behave(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._providers:
            known = ", ".join(self._providers)
            return _refused(HTTPStatus.NOT_FOUND, f'no provider "{name}"; known are {known}')
        try:
            behaviour = Behaviour.read(json.loads(await request.body()))
            await self._providers[name].behave(behaviour)
        except ValueError as error:
            return _refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        return Response(status_code=HTTPStatus.NO_CONTENT)


def _refused(status: HTTPStatus, message: str) -> Response:
    return JSONResponse({"error": message}, status_code=status)
