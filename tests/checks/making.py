"""The story's own deployment as values, to be changed in one respect by each case."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from acceptance.checks.endpoint import GatewayAddress
from acceptance.checks.proof import Connection, Listing, Offered, Wiring
from acceptance.cluster import Pod, Workload
from acceptance.resources import Environment, Lookup, Manifest, ServiceName, resolve_environment
from acceptance.secret import fingerprint
from tests.story import ENDPOINT, MODELS

KEY = "sk-lab-9f3c1e7a52d84b06"
LITELLM = ServiceName(namespace="ml", name="litellm", port=4000)
SERVICES = (
    LITELLM,
    ServiceName(namespace="ml", name="litellm", port=80),
    ServiceName(namespace="ml", name="litellm", port=8080),  # leads to another of its ports
    ServiceName(namespace="ml", name="vllm-api", port=8000),
    ServiceName(namespace="ml", name="ollama", port=11434),
)
PLACE = GatewayAddress(
    service=LITELLM,
    seen_from="apps",
    exists=SERVICES.__contains__,
    target_port=lambda service: 8081 if service.port == 8080 else 4000,
)
URL = "OPENAI_API_BASE_URL"
SECRET: Manifest = {
    "name": "OPENAI_API_KEY",
    "valueFrom": {"secretKeyRef": {"name": "open-webui-secrets", "key": "OPENAI_API_KEY"}},
}
CHART: tuple[Manifest, ...] = (
    {"name": URL, "value": "https://api.openai.com/v1"},
    {"name": "OPENAI_API_KEY", "value": "0p3n-w3bu!"},
)
"""What the chart renders before the values are added."""
STORY: tuple[Manifest, ...] = (*CHART, {"name": URL, "value": ENDPOINT}, SECRET)
OBJECTS = {
    ("Secret", "open-webui-secrets"): {"OPENAI_API_KEY": KEY},
    ("Secret", "open-webui-secrets-old"): {"OPENAI_API_KEY": "sk-lab-old"},
    ("ConfigMap", "endpoint"): {URL: ENDPOINT},
}


def looking_up(objects: Mapping[tuple[str, str], Mapping[str, str]]) -> Lookup:
    """A namespace that holds these ConfigMaps and Secrets."""
    return lambda kind, name: objects.get((kind, name))


def resolved(
    *entries: Manifest,
    sources: tuple[Manifest, ...] = (),
    objects: Mapping[tuple[str, str], Mapping[str, str]] = OBJECTS,
) -> Environment:
    """The environment that these entries give."""
    container = {"env": list(entries), "envFrom": list(sources)}
    return resolve_environment(container, looking_up(objects), {})


def workload(environment: Environment, *pods: Pod) -> Workload:
    """Open WebUI with this environment."""
    return Workload(
        kind="StatefulSet",
        namespace="apps",
        name="open-webui",
        container="open-webui",
        environment=environment,
        pods=pods,
    )


def deployed(*urls: str, key: Manifest = SECRET) -> Workload:
    """Open WebUI with one URL, or with several in the plural variable."""
    name = URL if len(urls) == 1 else "OPENAI_API_BASE_URLS"
    return workload(resolved(*CHART, {"name": name, "value": ";".join(urls)}, key))


def pod(environment: Environment, *, outdated: str = "", problem: str = "") -> Pod:
    """A pod of Open WebUI."""
    return Pod(
        namespace="apps",
        name="open-webui-0",
        image="open-webui:0.12.4",
        environment=environment,
        outdated=outdated,
        problem=problem,
    )


def connection(  # one for each thing that an administrator can change
    url: str = ENDPOINT,
    *,
    index: int = 0,
    key: str = KEY,
    enabled: bool = True,
    model_ids: tuple[str, ...] = (),
    prefix: str = "",
) -> Connection:
    """A connection in use; LiteLLM's unless told otherwise."""
    return Connection(
        index=index,
        url=url,
        key_fingerprint=fingerprint(key),
        enabled=enabled,
        model_ids=model_ids,
        prefix=prefix,
    )


def wiring(*connections: Connection, enabled: bool = True) -> Wiring:
    """Open WebUI with these connections."""
    return Wiring(enabled=enabled, connections=connections)


def offered(name: str, index: int | None = 0, base: str = "") -> Offered:
    """A model in the selector."""
    return Offered(name=name, connection=index, base=base)


def listing(*models: Offered) -> Listing:
    """The selector with these models, or with the story's eight."""
    return Listing(account="judge", models=models or tuple(map(offered, MODELS)), seconds=0.1)


@contextmanager
def refused(*phrases: str, error: type[Exception] = AssertionError) -> Iterator[None]:
    """The block raises this very error, and its message holds each phrase."""
    with pytest.raises(error) as caught:
        yield
    assert type(caught.value) is error, caught.value
    message = str(caught.value)
    missing = [phrase for phrase in phrases if phrase not in message]
    assert not missing, f"{missing} not in: {message}"
