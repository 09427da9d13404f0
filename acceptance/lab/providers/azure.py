"""Azure OpenAI: a deployment in the path, and a key in a header of its own."""

from typing import ClassVar

from starlette.requests import Request
from starlette.routing import Route

from acceptance.lab.providers.conversation import Question
from acceptance.lab.providers.openai_compatible import Compatible
from acceptance.lab.providers.provider_api import Complete
from acceptance.lab.providers.reply import Json
from acceptance.lab.providers.responses import Responses


class Azure(Compatible):
    """A resource of Azure OpenAI; LiteLLM calls its deployments models."""

    default_base: ClassVar[str] = ""
    shows_thoughts: ClassVar[bool] = False

    def routes(self, models: tuple[str, ...], complete: Complete) -> list[Route]:
        """A deployment's completions; and OpenAI's own paths, which newer versions have."""
        path = f"{self.base}/openai/deployments/{{model}}/chat/completions"
        return [
            Route(path, complete, methods=["POST"]),
            Route(f"{self.base}/openai/v1/chat/completions", complete, methods=["POST"]),
            *super().routes(models, complete),
        ]

    def question(self, request: Request, body: Json) -> Question:
        """The path names the deployment."""
        return super().question(request, {**body, **request.path_params})

    def key(self, request: Request) -> str:
        """`api-key`, or a bearer token of Entra."""
        return request.headers.get("api-key") or super().key(request)


class AzureResponses(Responses):
    """Its Responses API, whose requests name the deployment (`azure/responses/…` in LiteLLM)."""

    default_base: ClassVar[str] = ""
    issuer: ClassVar[str] = ""
    snapshot: ClassVar[str] = ""

    def routes(self, models: tuple[str, ...], complete: Complete) -> list[Route]:
        """A path with a version of its own, and OpenAI's own path."""
        del models
        paths = (f"{self.base}/openai/responses", f"{self.base}/openai/v1/responses")
        return [Route(path, complete, methods=["POST"]) for path in paths]

    def key(self, request: Request) -> str:
        """As Azure's other paths take it."""
        return request.headers.get("api-key") or super().key(request)
