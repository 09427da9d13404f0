"""The entries of LiteLLM's `model_list`, with what credentials and variables give them.

A pure function of its configuration and its environment.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from acceptance.json_values import mapping, sequence
from acceptance.lab.embedded.withheld import REFERENCE
from acceptance.lab.providers.catalogue import PREFIXES, prefix_of
from acceptance.resources import Environment, Variable, text_of
from acceptance.secret import Secret


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry of a `model_list`."""

    given: Mapping[str, Any] = field(repr=False)
    """As it is written, keys included."""
    name: str
    prefix: str
    """LiteLLM's provider; empty where LiteLLM knows none either."""
    model: str
    """Its name there; a pattern where the entry is a wildcard."""
    api_base: str
    """Empty: where LiteLLM looks for the provider by itself."""
    namespace: str

    @property
    def address(self) -> str:
        """What LiteLLM asks; empty where it asks nobody outside of its pod."""
        return self.api_base or PREFIXES.get(self.prefix, ("", ""))[1]


def credentials_in(configuration: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What stands once in a configuration and is named by entries, by its name."""
    listed = map(mapping, sequence(configuration.get("credential_list")))
    return {
        str(each.get("credential_name")): mapping(each.get("credential_values")) for each in listed
    }


def entries_in(
    configuration: Mapping[str, Any],
    credentials: Mapping[str, Mapping[str, Any]],
    environment: Environment,
    namespace: str,
) -> Iterator[Entry]:
    """The entries of a configuration's `model_list`; what an entry says itself stands.

    Source: `load_credentials_from_list`, LiteLLM 1.106.2.
    """
    for listed in sequence(configuration.get("model_list")):
        params = mapping(mapping(listed).get("litellm_params"))
        named = credentials.get(str(params.get("litellm_credential_name")), {})
        whole = {**listed, "litellm_params": {**named, **params}} if named else listed
        yield from entry_of(whole, environment, namespace)


def entry_of(listed: object, environment: Environment, namespace: str) -> Iterator[Entry]:
    """The entry that LiteLLM makes of this; none where it makes none."""
    params = listed.get("litellm_params") if isinstance(listed, dict) else None
    if not isinstance(listed, dict) or not isinstance(params, dict):
        return

    def resolved(given: object) -> str:
        text = str(given or "")
        if not text.startswith(REFERENCE):
            return text
        variable = environment.get(text.removeprefix(REFERENCE))
        return variable.value.reveal() if variable else ""

    def value(name: str) -> str:
        return resolved(params.get(name))

    prefix, model = prefix_of(value("model"), value("custom_llm_provider"))
    yield Entry(
        given=listed,
        name=resolved(listed.get("model_name")) or str(listed.get("model_name") or model),
        prefix=prefix,
        model=model,
        api_base=value("api_base") or value("base_url"),
        namespace=namespace,
    )


def addressed(entry: Entry, environment: Environment) -> Entry:
    """The entry with the address that a variable gives it, where it names none itself."""
    if entry.api_base or entry.prefix not in PREFIXES:
        return entry
    prefix = entry.prefix.removesuffix("_chat").upper()
    names = (f"{prefix}_BASE_URL", f"{prefix}_API_BASE")[prefix != "OPENAI" :]
    given = next((text for name in names if (text := text_of(environment, name).strip())), "")
    if not given and prefix == "OLLAMA":
        given = "http://localhost:11434"  # LiteLLM 1.106.2
    return replace(entry, api_base=given)


def with_own(environment: Environment, configuration: Mapping[str, Any]) -> Environment:
    """The variables of LiteLLM with those that its configuration sets."""
    own = mapping(configuration.get("environment_variables"))
    return {
        **environment,
        **{
            name: Variable(name=name, value=Secret(value), source="configuration")
            for name, value in own.items()
            if isinstance(value, str)
        },
    }
