"""A contract: what somebody asks of their deployment, as one frozen value."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn, Self

from acceptance.errors import SetupError, Subject
from acceptance.message import explain
from acceptance.resources import ServiceName, service_in

NOWHERE = ServiceName(namespace="", name="", port=0)
"""The Service of a program of which a contract names none: it is known by an address alone."""
LARGEST = 200_000
"""Bytes of a profile, or of one feature file; one of more is another one."""


class ContractError(SetupError):
    """A contract that cannot be judged by; says file and line."""

    def __init__(self, place: str, *, expected: str, found: str, fix: str) -> None:
        super().__init__(
            explain(
                "The contract cannot be used.", expected=expected, found=found, where=place, fix=fix
            )
        )


def refuse(place: str, expected: str, found: str, fix: str) -> NoReturn:
    """Raise ContractError."""
    raise ContractError(place, expected=expected, found=found, fix=fix)


def _below(host: str, other: str) -> bool:
    """Whether a host is a part of another one; of a name without a dot (`com`) none is."""
    return "." in other and host.endswith(f".{other}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """Who serves models, and how one knows that it was really asked."""

    name: str
    """As the sentences call it."""
    hosts: tuple[str, ...]
    """Any of these, or a host below one, is the provider's; a Service's own name among them."""
    service: ServiceName | None = None
    """The Service of a provider that runs in the cluster: an error of its is the owner's own."""

    def serves_at(self, host: str, *, namespace: str) -> bool:
        """Whether a host is this provider's: of a public one, a regional host below it as well.

        Args:
            host: as LiteLLM was told it, a short name perhaps.
            namespace: of who asks, in which short names are completed.
        """
        plain = host.rstrip(".").lower()
        if any(plain == each or _below(plain, each) for each in self.hosts):
            return True  # regional ones too, as eu.api.openai.com
        named = service_in(f"http://{plain}", namespace=namespace) if self.service else None
        return named is not None and self.service is not None and named.same_service(self.service)

    def __str__(self) -> str:
        return f"{self.name} ({' or '.join(self.hosts)})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A model, and who must give its answers."""

    name: str
    provider: Provider
    upstream: str = ""
    """Its name at the provider; empty where any model of the provider will do."""

    def __str__(self) -> str:
        return f"{self.upstream or self.name} at {self.provider.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """A criterion, a requirement or a task: a row of the verdict."""

    name: str
    """As people call it: `AC1`, `FR127`, `1.1`."""
    text: str
    tag: str
    """Its tag in the feature files, without `@`."""
    required: bool = True
    """Whether a sign-off needs it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """What a folder of feature files and a profile ask of a deployment.

    What people agreed on (models, who answers, chains, endpoint, key source) is read from the
    sentences; what only machines need (hosts, Services, texts) from the profile.
    """

    folder: Path
    title: str
    files: tuple[Path, ...]
    """The feature files, in the order in which they are judged."""
    criteria: tuple[Requirement, ...]
    requirements: tuple[Requirement, ...] = ()
    tasks: tuple[Requirement, ...] = ()
    offered: tuple[str, ...] = ()
    """Names that must stand in the selector, in the order of the sentences."""
    models: Mapping[str, Model] = field(default_factory=dict)
    """Every model whose answerer is stated, by name."""
    chains: tuple[tuple[str, ...], ...] = ()
    """Each chain's models, the one that is asked first."""
    providers: Mapping[str, Provider] = field(default_factory=dict)
    """By the name that the sentences use."""
    endpoint: str = ""
    """The address that Open WebUI must be told; empty where no sentence says it."""
    key_source: str = ""
    """The Secret that its key must come from; empty where no sentence says it."""
    open_webui: ServiceName = NOWHERE
    gateway: ServiceName = NOWHERE
    ordinary_user: bool = False
    """Whether ordinary users must be served as well as the account that judges."""
    proven_by: Mapping[Subject, str] = field(default_factory=dict)
    """Name of the criterion by which each thing is proven that others rest on."""
    notes: tuple[str, ...] = ()
    """What is odd about the contract, and no mistake."""
    by: str = ""
    """By whose word it asks what it asks; empty where people agreed on it."""

    @property
    def rows(self) -> tuple[Requirement, ...]:
        """All that the verdict has a row for, in order."""
        return (*self.criteria, *self.requirements, *self.tasks)

    @property
    def backends(self) -> Mapping[str, ServiceName]:
        """The Service of each provider that runs in the cluster: a drill may take it away."""
        return {each.name: each.service for each in self.providers.values() if each.service}

    @property
    def heads(self) -> tuple[str, ...]:
        """The models at which chains begin."""
        return tuple(dict.fromkeys(chain[0] for chain in self.chains))

    @property
    def parallel(self) -> tuple[str, ...]:
        """Models that stand in no chain."""
        chained = {name for chain in self.chains for name in chain}
        return tuple(name for name in self.models if name not in chained)

    def criteria_in(self, tags: Collection[str]) -> tuple[str, ...]:
        """Names of the criteria that a scenario with these tags is about."""
        return tuple(each.name for each in self.criteria if each.tag in tags)

    def requires(self, tags: Collection[str]) -> bool:
        """Whether a sign-off needs a scenario with these tags; one without a row is needed."""
        about = [row for row in self.rows if row.tag in tags]
        return not about or any(row.required for row in about)

    def models_of(self, provider: str) -> tuple[Model, ...]:
        """The models that a provider answers for."""
        return tuple(each for each in self.models.values() if each.provider.name == provider)

    def found_at(self, hosts: Mapping[str, Collection[str]]) -> Self:
        """The same, with further hosts at which a provider was found, by its name."""
        providers = {
            name: replace(each, hosts=(*each.hosts, *hosts.get(name, ())))
            for name, each in self.providers.items()
        }
        models = {
            name: replace(each, provider=providers.get(each.provider.name, each.provider))
            for name, each in self.models.items()
        }
        return replace(self, providers=providers, models=models)

    def provider_at(self, host: str) -> Provider | None:
        """The provider that is asked at a host; None where it is nobody's."""
        namespace = self.gateway.namespace
        return next(
            (each for each in self.providers.values() if each.serves_at(host, namespace=namespace)),
            None,
        )
