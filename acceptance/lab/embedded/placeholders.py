"""Secrets that are not among the manifests: values are made up, and said.

Nobody keeps Secrets beside their manifests in the clear. The lab needs some value for each, and
those that must be equal (the key that Open WebUI sends, and LiteLLM's master key) are. Whether the
values of a real deployment agree, only that deployment shows.
"""

import hashlib
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from acceptance.errors import SetupError
from acceptance.json_values import mapping, sequence
from acceptance.lab.embedded.compose import NAMESPACE
from acceptance.lab.embedded.made_up import MARK, made_up
from acceptance.lab.embedded.manifests import Manifests, namespace_of
from acceptance.lab.embedded.network import named_by
from acceptance.lab.embedded.plan import PodPlan, plan_pods
from acceptance.lab.embedded.programs import LITELLM, OPEN_WEBUI, Program
from acceptance.lab.embedded.withheld import REFERENCE, master_key, whole_configuration
from acceptance.message import explain
from acceptance.resources import sources_of, text_of

_MASTER_KEY = "LITELLM_MASTER_KEY"
_SENT = ("OPENAI_API_KEY", "OPENAI_API_KEYS")
"""Variables of Open WebUI that hold what it sends to LiteLLM."""
_LIKE_ANOTHER = 0.9
_ENDPOINTS = ("OPENAI_API_BASE_URLS", "OPENAI_API_BASE_URL")
"""Variables of Open WebUI that say where LiteLLM is; the first one wins (0.12.4)."""
HIDES = ("SopsSecret", "SealedSecret", "ExternalSecret")
"""Kinds of objects that a Secret is made of, on the cluster."""
_Place = tuple[str, str]
"""Namespace and name of a Secret."""


def completed(manifests: Manifests) -> Manifests:
    """The manifests, with a Secret of made-up values for each that is referred to and not there.

    A Secret that stands in another namespace, or under a name that is nearly the same, is not made
    up: the reference is wrong, and the pod does not start on a cluster either.

    Raises:
        SetupError: LiteLLM's configuration itself is in such a Secret.
    """
    plans = {
        (plan.kind, plan.namespace, plan.owner): plan
        for plan in plan_pods(manifests)
        if isinstance(plan.program, Program)
    }
    return _Completion(manifests, tuple(plans.values())).completed()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reference:
    """A Secret as a program refers to it."""

    name: str
    key: str = ""
    """Empty: all that it holds."""
    variable: str = ""
    prefix: str = ""
    """Before the names of the variables, where it is all that it holds."""
    optional: bool = False


class _Completion:
    def __init__(self, manifests: Manifests, plans: tuple[PodPlan, ...]) -> None:
        self._manifests = manifests
        self._plans = plans
        self._hidden = dict(_hidden(manifests))
        self._made: dict[_Place, dict[str, str]] = {}
        self._agreed: list[str] = []
        self._guessed: list[tuple[_Place, str]] = []
        """Values that are made up, each with its Secret."""
        self._written = set[tuple[_Place, str]]()
        """Keys whose values an ExternalSecret's template has."""
        self._master_names = {_MASTER_KEY}
        self._addresses = {name for plan in plans for name in _addresses(plan)}
        """Variables by which LiteLLM's models say where their providers are."""
        self._key, self._key_is_given = self._key_of_the_gateway()

    def completed(self) -> Manifests:
        for plan in self._plans:
            if plan.program is LITELLM:
                _require_configuration(plan)
            for reference in _references(plan):
                if self._is_away(plan, reference):
                    self._make(plan, reference)
        made = [
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"namespace": namespace, "name": name},
                "stringData": values,
            }
            for (namespace, name), values in self._made.items()
        ]
        whole = self._manifests
        if made:
            whole = whole.with_changes(made).with_notes(self._notes())
        for plan in plan_pods(whole):
            if plan.program is OPEN_WEBUI:
                self._require_endpoint(plan)
        return whole

    def _require_endpoint(self, plan: PodPlan) -> None:
        """Return if it can be known where this Open WebUI is led.

        Raises:
            SetupError: what says so is not there.
        """
        variable = next((each for each in _ENDPOINTS if each in plan.environment), "")
        urls = text_of(plan.environment, variable).split(";") if variable else []
        if variable and not all(MARK in url and not self._leads(url, plan) for url in urls):
            return
        places = [place for place, value in self._guessed if any(value in url for url in urls)] or [
            (plan.namespace, each.name)
            for each in _references(plan)
            if not variable
            and each.variable == "*"
            and not self._hidden.get((plan.namespace, each.name))
        ]
        away = [place for place in places if place in self._made]
        if not variable and not away:
            return
        what = "a variable"
        if away:
            namespace, name = away[0]
            what = f"the file {name}" if namespace == NAMESPACE else f"Secret {namespace}/{name}"
        raise SetupError(
            explain(
                "Nothing here tells where Open WebUI is led.",
                expected=f"a value of {variable or ' or '.join(reversed(_ENDPOINTS))}",
                found=f"{what} {'has' if variable else 'may have'} it, and is not there, or "
                "encrypted",
                where=plan.where,
                fix=f"add {what} with that address, whose keys may be made up; or judge what runs",
            )
        )

    def _leads(self, url: str, plan: PodPlan) -> bool:
        """Whether a made-up host is that of a route of these manifests."""
        return named_by(url, self._manifests, seen_from=plan.namespace) is not None

    def _key_of_the_gateway(self) -> tuple[str, bool]:
        """The key that made-up values agree on: the one that is there, on either side."""
        found = ""
        for plan in self._plans:
            if plan.program is LITELLM:
                path, configuration = configuration_of(plan)
                named = str((configuration.get("general_settings") or {}).get("master_key") or "")
                self._master_names.add(named.removeprefix(REFERENCE))
                key = master_key(plan.mounted, path, plan.environment)
                found = key.reveal() if key else found
        for plan in self._plans:
            sent = plan.environment.get(_SENT[0])
            if not found and plan.program is OPEN_WEBUI and sent:
                found = sent.value.reveal()
        return found or f"sk-made-up-{_digest('master key')}", bool(found)

    def _is_away(self, plan: PodPlan, reference: _Reference) -> bool:
        place = (plan.namespace, reference.name)
        if self._manifests.get("Secret", *place) is not None:
            return False
        if place in self._hidden or place in self._made:
            return True
        secrets = [
            (namespace_of(each), each["metadata"]["name"])
            for each in self._manifests.of_kind("Secret")
        ]
        beside = [name for namespace, name in secrets if namespace == plan.namespace]
        return not (
            reference.optional
            or any(name == reference.name for _, name in secrets)
            or get_close_matches(reference.name, beside, cutoff=_LIKE_ANOTHER)
        )

    def _make(self, plan: PodPlan, reference: _Reference) -> None:
        place = (plan.namespace, reference.name)
        _check_configuration(plan, reference.name)
        values = self._made.setdefault(place, {})
        keys = {reference.key: reference.variable}
        if not reference.key:
            told = self._hidden.get(place)
            needed = _needed(plan, reference.prefix) if reference.variable else ()
            keys = {name: f"{reference.prefix}{name}" for name in told or needed}
        for key, variable in keys.items():
            if key not in values or self._is_master_key(plan, variable):
                values[key] = self._value(plan, variable, place, key)

    def _value(self, plan: PodPlan, variable: str, place: _Place, key: str) -> str:
        told = self._hidden.get(place, {}).get(key, "")
        if told and "{{" not in told:
            self._written.add((place, key))
            return told
        if self._is_master_key(plan, variable):
            self._agreed.append(f"{key} of {place[0]}/{place[1]}")
            urls = text_of(plan.environment, _ENDPOINTS[0])
            several = max(len(told.split(";")), len(urls.split(";")))
            return ";".join([self._key] * (several if variable == _SENT[1] else 1))
        name = variable if variable not in self._addresses else "API_BASE"
        value = made_up(name, _digest(f"{place} {variable}"))
        self._guessed.append((place, value))
        return value

    def _is_master_key(self, plan: PodPlan, variable: str) -> bool:
        """Whether a variable of one program is the key that both must know."""
        if plan.program is LITELLM:
            return variable in self._master_names
        return plan.program is OPEN_WEBUI and variable in _SENT

    def _notes(self) -> Iterator[str]:
        for (namespace, name), values in self._made.items():
            mine = [key for key in values if ((namespace, name), key) not in self._written]
            keys = ", ".join(mine) or "nothing in it"
            yield f"Secret {namespace}/{name} is not among these manifests: made up ({keys})"
        if self._agreed:
            origin = "the one that is given" if self._key_is_given else "one that is made up"
            held = list(dict.fromkeys(self._agreed))
            yield (  # no colon behind a Secret's name, which would be masked as a value of it
                f"{' and '.join(held)} {'are' if len(held) > 1 else 'is'} LiteLLM's master key, "
                f"{origin}; whether your own values agree, only `live` shows"
            )
        referred = {
            (plan.namespace, each.name) for plan in self._plans for each in _references(plan)
        }
        for item in self._manifests.of_kind("Secret"):
            place = (namespace_of(item), item["metadata"]["name"])
            what = "given" if place in referred else "ignored: neither program refers to it"
            yield f"Secret {place[0]}/{place[1]} is {what}"


def _hidden(manifests: Manifests) -> Iterator[tuple[_Place, Mapping[str, str]]]:
    """Keys of the Secrets that something else makes or decrypts, as far as they are told.

    Each has its value, or a template of it, where an ExternalSecret writes one.
    """
    for item in manifests.of_kind(*HIDES):
        keys = (
            *_each(item, "keys"),
            *_each(item, "spec", "encryptedData"),
            *(_below(entry, "secretKey") for entry in _each(item, "spec", "data")),
        )
        written = _below(item, "spec", "target", "template", "data")
        written = written if isinstance(written, Mapping) else {}
        # a template of its own takes the place of what is fetched (External Secrets 1.0)
        told = {str(key): "" for key in keys if key} if not written else {}
        told |= {str(key): text for key, text in written.items() if isinstance(text, str)}
        name = str(_below(item, "spec", "target", "name") or item["metadata"]["name"])
        yield (namespace_of(item), name), told


def _below(value: Any, *path: str) -> Any:  # noqa: ANN401  # an object of a kind that is not checked
    """What stands there; None where nothing does, whatever stands above."""
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _each(value: object, *path: str) -> tuple[Any, ...]:
    """The entries of a list, or the names of a mapping, that stand there."""
    found = _below(value, *path)
    return tuple(found) if isinstance(found, Mapping | list | tuple) else ()


def _references(plan: PodPlan) -> Iterator[_Reference]:
    for source in plan.container.get("envFrom") or ():
        if reference := source.get("secretRef"):
            optional = bool(reference.get("optional"))
            prefix = str(source.get("prefix") or "")
            yield _Reference(name=reference["name"], variable="*", prefix=prefix, optional=optional)
    for entry in plan.container.get("env") or ():
        if reference := (entry.get("valueFrom") or {}).get("secretKeyRef"):
            yield _Reference(
                name=reference["name"],
                key=reference["key"],
                variable=entry["name"],
                optional=bool(reference.get("optional")),
            )
    yield from _mounted(plan)


def _mounted(plan: PodPlan) -> Iterator[_Reference]:
    for volume in plan.spec.get("volumes") or ():
        for source in sources_of(volume):
            if source.kind == "Secret":
                yield _Reference(name=source.name, optional=source.optional)
                for item in source.items:
                    yield _Reference(name=source.name, key=item["key"], optional=source.optional)


def configuration_of(plan: PodPlan) -> tuple[str, Mapping[str, Any]]:
    """Path and content of LiteLLM's configuration, as far as it is mounted."""
    return plan.configuration, whole_configuration(plan.mounted, plan.configuration)


def _check_configuration(plan: PodPlan, name: str) -> None:
    """Return if LiteLLM's configuration is not in this Secret, whose values would be made up."""
    volumes = [
        volume["name"]
        for volume in plan.spec.get("volumes") or ()
        if any((each.kind, each.name) == ("Secret", name) for each in sources_of(volume))
    ]
    path, _ = configuration_of(plan) if plan.program is LITELLM else ("", {})
    if path and path not in plan.mounted and _volume_at(plan, path) in volumes:
        raise _without_configuration(
            plan,
            path,
            found=f"Secret {plan.namespace}/{name}, which holds it, is not there, or encrypted",
            fix=f"add Secret {name}, decrypted: the keys in it may be made up, or variables",
        )


def _require_configuration(plan: PodPlan) -> None:
    """Return if LiteLLM's configuration is in the manifests, or nothing says where else it is.

    Raises:
        SetupError: an init container writes it, or a disk holds it.
    """
    path, _ = configuration_of(plan)
    volumes = {each["name"]: each for each in plan.spec.get("volumes") or ()}
    volume = volumes.get(_volume_at(plan, path)) if path and path not in plan.mounted else None
    if volume is None or any(sources_of(volume)):
        return
    writers = [
        each["name"]
        for each in plan.spec.get("initContainers") or ()
        if any(mount["name"] == volume["name"] for mount in each.get("volumeMounts") or ())
    ]
    kind = next((each for each in volume if each != "name"), "volume")
    raise _without_configuration(
        plan,
        path,
        found=f"the init container {writers[0]} writes it, and is not run"
        if writers
        else f"it is on the volume {volume['name']} ({kind})",
        fix="add what it comes to as a ConfigMap, mounted there: "
        f"`kubectl exec -n {plan.namespace} {plan.kind.lower()}/{plan.owner} -- cat {path}`",
    )


def _volume_at(plan: PodPlan, path: str) -> str:
    """The name of the volume that a path of the program is on; of nested ones the innermost."""
    mounts = {
        posixpath.normpath(mount["mountPath"]): str(mount["name"])
        for mount in plan.container.get("volumeMounts") or ()
    }
    above = [each for each in mounts if path == each or path.startswith(f"{each.rstrip('/')}/")]
    return mounts[max(above, key=len)] if above else ""


def _without_configuration(plan: PodPlan, path: str, *, found: str, fix: str) -> SetupError:
    return SetupError(
        explain(
            "LiteLLM's configuration is not among these manifests.",
            expected=f"the file {path}",
            found=found,
            where=f"{plan.kind} {plan.namespace}/{plan.owner}",
            fix=fix,
        )
    )


def _addresses(plan: PodPlan) -> Iterator[str]:
    """The variables by which the models of a LiteLLM name addresses."""
    if plan.program is LITELLM:
        _, configuration = configuration_of(plan)
        for entry in sequence(configuration.get("model_list")):
            params = mapping(mapping(entry).get("litellm_params"))
            yield from _named_in([params.get("api_base"), params.get("base_url")])


def _needed(plan: PodPlan, prefix: str) -> Iterator[str]:
    """The keys by which a Secret gives a program what nothing that is there defines."""
    for name in _undefined(plan):
        if name.startswith(prefix):
            yield name.removeprefix(prefix)


def _undefined(plan: PodPlan) -> Iterator[str]:
    declared = {*plan.environment, *(entry["name"] for entry in plan.container.get("env") or ())}
    if plan.program is OPEN_WEBUI and not declared & set(_SENT):
        yield _SENT[0]
    if plan.program is LITELLM:
        _, configuration = configuration_of(plan)
        names = dict.fromkeys(_named_in(configuration))
        if "master_key" not in (configuration.get("general_settings") or {}):
            names[_MASTER_KEY] = None
        own = configuration.get("environment_variables") or {}
        yield from (name for name in names if name not in declared and name not in own)


def _named_in(value: Any) -> Iterator[str]:  # noqa: ANN401  # any YAML
    """The variables that a configuration of LiteLLM names: `os.environ/NAME`."""
    if isinstance(value, str):
        if value.startswith(REFERENCE):
            yield value.removeprefix(REFERENCE)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _named_in(item)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
