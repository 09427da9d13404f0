"""What manifests declare, found without starting anything."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from acceptance.checks.chain import ALIAS, ANY, DEEPEST, walk_chain
from acceptance.checks.endpoint import NOT_SET, Declared, GatewayAddress, declared_connections
from acceptance.clients.gateway import alias_rules, fallback_rules
from acceptance.draft.found import CHAINS, DOUBT, ENDPOINT, KEY, MEANT, SELECTOR, Found, Remarks
from acceptance.draft.serving import (
    Place,
    Serving,
    public_place,
    service_place,
)
from acceptance.draft.wiring import address_at, endpoint_among, secret_of_key
from acceptance.errors import SetupError
from acceptance.json_values import mapping, sequence
from acceptance.lab.embedded.compose import NAMESPACE as COMPOSE
from acceptance.lab.embedded.compose_names import HOST
from acceptance.lab.embedded.manifests import Manifests, namespace_of
from acceptance.lab.embedded.model_list import (
    Entry,
    addressed,
    credentials_in,
    entries_in,
    with_own,
)
from acceptance.lab.embedded.network import (
    THIS_POD,
    Network,
    at_localhost,
    behind,
    named_by,
    selects,
)
from acceptance.lab.embedded.placeholders import completed, configuration_of
from acceptance.lab.embedded.plan import PodPlan, plan_pods
from acceptance.lab.embedded.programs import LITELLM, OPEN_WEBUI, Program
from acceptance.lab.embedded.upstreams import (
    emulated_behind,
    is_a_slip,
    is_in_a_cluster,
    service_of,
)
from acceptance.lab.embedded.withheld import REFERENCE, master_key
from acceptance.lab.providers.catalogue import host_and_port
from acceptance.message import explain
from acceptance.resources import Environment, ServiceName, service_in, text_of
from acceptance.shipped import told_as

_SKIPPED = re.compile(r"^skipped: | mounts \S+, which is not in this folder")
"""Notes of files in which the configuration of LiteLLM may stand."""
_ADD = "add the ConfigMap that holds it, or beside a Compose file the one that is mounted"
_ADD_IT = f"{_ADD}; or write the models into a contract by hand (docs/contract.md)"
_ASKED = "--open-webui-url=ADDRESS --gateway-url=ADDRESS"
_DRAFT = told_as(f"draft FOLDER {_ASKED}", f"draft INTO=FOLDER ARGS='{_ASKED}'")
_FROM_WHAT_RUNS = f"{_ADD}; where they stand in LiteLLM's database, ask what runs: `{_DRAFT}`"
_FALLBACKS = ("context_window_fallbacks", "content_policy_fallbacks")


def declared_in(manifests: Manifests, where: str) -> Found:
    """What these manifests declare.

    Args:
        manifests: as they were brought.
        where: what they are called.

    Raises:
        SetupError: one of the two programs is not among them, or LiteLLM's models are not.
    """
    return _Reading(completed(manifests), where).found()


class _Reading:
    def __init__(self, manifests: Manifests, where: str) -> None:
        self._manifests = manifests
        self._where = where
        self._plans = plan_pods(manifests)
        self._services = Network(manifests, {}).services()
        self._remarks = Remarks()

    def found(self) -> Found:
        chat = self._only(OPEN_WEBUI, lambda plan: bool(self._gateways_of(plan)))
        connections = declared_connections(chat.environment)
        gateways = self._gateways_of(chat)
        gateway = self._only(LITELLM, lambda plan: plan.key in gateways)
        service = self._service_of(gateway)
        connection, endpoint = self._endpoint(chat, connections, service)
        _, configuration = configuration_of(gateway)
        self._tell_settings(chat, gateway, configuration)
        key_secret = self._key(chat, connection)
        serving = self._serving(gateway, configuration)
        for name in _listed(chat.environment, "DEFAULT_MODELS"):
            if name not in serving.served:
                self._remarks.doubt(SELECTOR, f"the default model {name} is not served by LiteLLM")
        front = self._service_of(chat)
        found = Found(
            title=f"Open WebUI on LiteLLM, as {self._where} declares it",
            origin=f"declared in {self._where}",
            open_webui=replace(front, port=0),
            gateway=replace(service, port=0),
            endpoint=endpoint,
            key=bool(connection.key or key_secret),
            key_secret=key_secret,
        )
        found = self._chains(found, serving, configuration)
        return replace(found, remarks=self._remarks.said())

    def _gateways_of(self, chat: PodPlan) -> set[str]:
        """The pods of LiteLLM to which the connections of an Open WebUI lead."""
        urls = [each.url for each in declared_connections(chat.environment)]
        led_to = {key for url in urls for key in self._led_to(url, chat.namespace)}
        return led_to & {each.key for each in self._plans if each.program is LITELLM}

    def _only(self, program: Program, is_meant: Callable[[PodPlan], bool]) -> PodPlan:
        """The pods of a program: those that are meant, else the first."""
        plans = [each for each in self._plans if each.program is program]
        owners = dict.fromkeys((each.kind, each.namespace, each.owner) for each in plans)
        if not plans:
            raise SetupError(
                explain(
                    f"There is no {program.title} to draft a contract for.",
                    expected="manifests of Open WebUI and of LiteLLM, whatever their names",
                    found=f"no workload of an image of {program.title}",
                    where=self._where,
                    fix="name the folder that holds both, rendered as they are applied",
                )
            )
        meant = next(filter(is_meant, plans), plans[0])
        if len(owners) > 1:
            others = ", ".join(f"{kind} {space}/{name}" for kind, space, name in owners)
            self._remarks.doubt(
                ENDPOINT, f"{program.title} is there more than once ({others}): {meant.key} is read"
            )
        return meant

    def _selects(self, service: ServiceName, plan: PodPlan) -> bool:
        manifest = self._manifests.get("Service", service.namespace, service.name)
        return manifest is not None and selects(manifest, plan)

    def _is_headless(self, service: ServiceName) -> bool:
        manifest = self._manifests.get("Service", service.namespace, service.name)
        return manifest is not None and manifest["spec"].get("clusterIP") == "None"

    def _service_of(self, plan: PodPlan) -> ServiceName:
        """A Service of these pods; the program's own port first."""
        mine = [each for each in self._services if each.name != HOST and self._selects(each, plan)]
        mine = [each for each in mine if not self._is_headless(each)] or mine
        others = [each for each in self._plans if each.owner != plan.owner]
        alone = [each for each in mine if not any(self._selects(each, one) for one in others)]
        mine = alone or mine
        if not mine:
            self._remarks.doubt(ENDPOINT, f"no Service leads to {plan.kind} {plan.key}")
            return ServiceName(namespace=plan.namespace, name=plan.owner, port=plan.program.port)
        return next((each for each in mine if each.port == plan.serves_at), mine[0])

    def _endpoint(
        self, chat: PodPlan, connections: tuple[Declared, ...], service: ServiceName
    ) -> tuple[Declared, str]:
        """The connection that is LiteLLM's, and the address that is to be agreed on."""
        ours = {each.key for each in self._plans if self._selects(service, each)}
        place = GatewayAddress(
            service=service,
            seen_from=chat.namespace,
            exists=lambda each: each in self._services,
            leads=lambda url: bool(ours & self._led_to(url, chat.namespace)),
        )
        index, endpoint = endpoint_among(
            [each.url for each in connections],
            place,
            self._remarks,
            otherwise=address_at(service, by_name=chat.namespace == COMPOSE),
            by_itself=connections[0].url_source == NOT_SET,
        )
        return connections[index], endpoint

    def _led_to(self, url: str, seen_from: str) -> set[str]:
        """The pods to which a URL leads."""
        service = named_by(url, self._manifests, seen_from=seen_from)
        port = host_and_port(url)[2]
        found = (
            behind(service, port, self._plans)
            if service
            else at_localhost(url, self._plans, seen_from=seen_from)
        )
        return {each.key for each in found}

    def _key(self, chat: PodPlan, connection: Declared) -> str:
        """The Secret that the key comes from; empty where it comes from elsewhere."""
        if not connection.key:
            self._remarks.doubt(KEY, "Open WebUI has no key for LiteLLM")
            referred = (
                mapping(mapping(each.get("valueFrom")).get("secretKeyRef")).get("name")
                for each in sequence(chat.container.get("env"))
                if str(each.get("name")).startswith("OPENAI_API_KEY")
            )
            return str(next(filter(None, referred), ""))
        return secret_of_key(chat.environment, connection, self._remarks)

    def _tell_settings(
        self, chat: PodPlan, gateway: PodPlan, configuration: Mapping[str, Any]
    ) -> None:
        if text_of(chat.environment, "ENABLE_OPENAI_API").strip().lower() == "false":
            self._remarks.doubt(
                ENDPOINT, "ENABLE_OPENAI_API is false: Open WebUI asks no OpenAI API, nor LiteLLM"
            )
        general = mapping(configuration.get("general_settings"))
        own = general.get("master_key")
        if isinstance(own, str) and own and not own.startswith(REFERENCE):
            self._remarks.doubt(
                KEY, "LiteLLM's master key stands in its configuration in the clear"
            )
        path, _ = configuration_of(gateway)
        if master_key(gateway.mounted, path, gateway.environment) is None:
            text = "LiteLLM has no master key: 1.106.2 does not start so, older ones serve anybody"
            self._remarks.doubt(KEY, text)
        if self._has_database(gateway, configuration):
            self._remarks.tell(
                SELECTOR,
                "LiteLLM has a database: models that were added in its page stand in no manifest",
            )

    @staticmethod
    def _has_database(gateway: PodPlan, configuration: Mapping[str, Any]) -> bool:
        general = mapping(configuration.get("general_settings"))
        return "DATABASE_URL" in gateway.environment or bool(general.get("database_url"))

    def _serving(self, gateway: PodPlan, configuration: Mapping[str, Any]) -> Serving:
        environment = with_own(gateway.environment, configuration)
        entries = list(
            entries_in(
                configuration,
                credentials_in(configuration),
                gateway.environment,
                gateway.namespace,
            )
        )
        if not entries:
            path, _ = configuration_of(gateway)
            found = f"none in {path}"
            if path not in gateway.mounted:
                skipped = [each for each in self._manifests.notes if _SKIPPED.search(each)]
                missing = f"no file {path or '(--config, CONFIG_FILE_PATH)'}"
                found = "; ".join([missing, *skipped])  # it may have stood in one of them
            known = self._remarks.said().get(ENDPOINT, ())  # wrong, whatever the models are
            wrong = [each.removeprefix(DOUBT) for each in known if each.startswith(DOUBT)]
            found = "; ".join([found, *(each.removesuffix(MEANT) for each in wrong)])
            raise SetupError(
                explain(
                    "LiteLLM's models are not among these manifests.",
                    expected="a model_list in its configuration",
                    found=found,
                    where=f"{gateway.kind} {gateway.namespace}/{gateway.owner}",
                    fix=_FROM_WHAT_RUNS if self._has_database(gateway, configuration) else _ADD_IT,
                )
            )
        self._entries = [addressed(each, environment) for each in entries]
        for each in entries:
            for name, there in (
                ("api_base", each.api_base),
                ("base_url", each.api_base),
                ("model", each.model),
            ):
                given = str(mapping(each.given.get("litellm_params")).get(name) or "")
                if given.startswith(REFERENCE) and not there:
                    variable = given.removeprefix(REFERENCE)
                    late = "set too late for it, in LiteLLM's own configuration"
                    why = late if variable in environment else "not set"
                    text = f"{each.name}: its {name} is the variable {variable}, which is {why}"
                    self._remarks.doubt(each.name, text)
        router = mapping(configuration.get("router_settings"))
        return Serving(
            self._entries,
            {
                name: targets
                for name, targets in alias_rules(router.get(ALIAS)).items()
                if not mapping(mapping(router.get(ALIAS)).get(name)).get("hidden")
            },
            lambda entry: self._place(entry, gateway),
            self._remarks,
        )

    def _place(self, entry: Entry, gateway: PodPlan) -> Place | str:
        _, host, _ = host_and_port(entry.address)
        if host in THIS_POD:
            if len(gateway.spec["containers"]) > 1:
                return f"{entry.address} is a container beside LiteLLM, which the lab does not run"
            text = f"{entry.address} is LiteLLM's own pod, where nothing else runs"
            return Place(title=host, host=host, doubt=text)
        if manifest := service_of(entry, self._manifests):
            emulated = emulated_behind(entry, manifest, self._plans)
            name, namespace = manifest["metadata"]["name"], namespace_of(manifest)
            if name == HOST:  # Compose's, behind which anything may be
                return Place(title=emulated.provider if emulated else host, host=host)
            found = ServiceName(namespace=namespace, name=name, port=0)
            return service_place(entry, found, emulated.dialect if emulated else "")
        named = service_in(entry.address, namespace=gateway.namespace) if host else None
        if named is None or not is_in_a_cluster(host, named, self._manifests):
            return public_place(entry)
        text = f"there is no Service {named.namespace}/{named.name}, where it is asked"
        doubt = text if is_a_slip(named, self._manifests) else ""
        return replace(service_place(entry, named), doubt=doubt)

    def _chains(
        self,
        found: Found,
        serving: Serving,
        configuration: Mapping[str, Any],
    ) -> Found:
        router = mapping(configuration.get("router_settings"))
        general = mapping(configuration.get("litellm_settings"))
        if router.get("fallbacks") and general.get("fallbacks"):
            text = "fallbacks stand in router_settings, which win, and in litellm_settings as well"
            self._remarks.doubt(CHAINS, text)
        rules = fallback_rules(router.get("fallbacks") or general.get("fallbacks"))
        default = router.get("default_fallbacks") or general.get("default_fallbacks")
        if default and ANY not in rules:
            rules |= fallback_rules([{ANY: default}])
        kinds = {kind: fallback_rules(router.get(kind) or general.get(kind)) for kind in _FALLBACKS}
        for entry in self._entries:
            given = mapping(entry.given.get("litellm_params"))
            for kind in ("fallbacks", *_FALLBACKS):
                if given.get(kind):
                    text = f"{entry.name} has {kind} of its own, within its entry"
                    self._remarks.doubt(CHAINS, text)
                    listed = fallback_rules([{entry.name: given[kind]}])
                    kinds.setdefault(f"litellm_params.{kind} of its entry", {}).update(listed)
        for name in rules:
            if name != ANY and name not in serving.served:
                self._remarks.doubt(CHAINS, f"fallbacks are told for {name}, which is not served")
        deepest = router.get("max_fallbacks") or general.get("max_fallbacks")
        walked = [
            walk_chain(
                name,
                rules,
                serving.served,
                deepest=deepest if isinstance(deepest, int) else DEEPEST,
                kinds=kinds,
            )
            for name in serving.offered
        ]
        return serving.stated(
            found,
            walked,
            retries=router.get("num_retries", general.get("num_retries")),
            otherwise=router.get("timeout") or general.get("request_timeout"),
        )


def _listed(environment: Environment, name: str) -> Iterator[str]:
    yield from filter(None, map(str.strip, text_of(environment, name).split(",")))
