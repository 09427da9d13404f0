"""What is in force, read from what runs: Open WebUI and LiteLLM are asked, nothing is changed."""

from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import replace
from functools import cache
from typing import Any

from acceptance.checks.chain import ALIAS
from acceptance.checks.credential import declared_for_gateway
from acceptance.checks.endpoint import declared_connections
from acceptance.checks.proof import Answer, Connection, host_of
from acceptance.clients.answers import nonce
from acceptance.clients.gateway import Gateway, alias_rules
from acceptance.clients.open_webui import OpenWebUI
from acceptance.clients.streaming import Question
from acceptance.clients.transport import UnexpectedAnswerError
from acceptance.clients.whereabouts import gateway_address, listed_by_each
from acceptance.cluster import OutsideError, Workload
from acceptance.draft.found import CHAINS, ENDPOINT, KEY, SELECTOR, Found, Remarks
from acceptance.draft.serving import Place, Serving, public_place, service_place
from acceptance.draft.wiring import address_at, endpoint_among, secret_of_key
from acceptance.errors import NotProven, SetupError
from acceptance.lab.embedded.model_list import Entry, addressed, entry_of
from acceptance.lab.embedded.network import THIS_POD
from acceptance.lab.providers.catalogue import PUBLIC, host_and_port
from acceptance.message import excerpt, explain
from acceptance.resources import Environment, ServiceName, service_in
from acceptance.secret import UNKNOWN, Secret
from acceptance.target import Target
from acceptance.waiting import Progress

_DIRECTLY = "its address (--gateway-url) and a key that may read its settings, \
ACCEPTANCE_GATEWAY_KEY, would tell"
_MOST = 30
"""Models that are asked a question each, where LiteLLM itself does not tell who answers."""


def in_force(target: Target, where: str, say: Progress) -> Found:
    """What a target holds to now.

    Args:
        target: what runs.
        where: what it is called.
        say: shows what is done.

    Raises:
        SetupError: Open WebUI does not serve, or does not let the account read its settings.
    """
    if target.open_webui_problem:
        raise SetupError(target.open_webui_problem)
    account = OpenWebUI(target.open_webui, target.administrator, name="account that reads")
    with closing(account) as open_webui:
        open_webui.sign_in()
        try:
            return _Reading(target, open_webui, where, say).found()
        except UnexpectedAnswerError as error:  # it says itself who does not answer
            raise SetupError(str(error)) from error
        except NotProven as error:
            raise SetupError(
                explain(
                    "What is in force cannot be read.",
                    expected="the settings of Open WebUI, as its administrators see them",
                    found=str(error).partition("\n")[0],
                    where=where,
                    fix="give the account of an administrator, and LiteLLM's key that may read its "
                    "settings (ACCEPTANCE_GATEWAY_KEY)",
                )
            ) from error


class _Reading:
    def __init__(self, target: Target, open_webui: OpenWebUI, where: str, say: Progress) -> None:
        self._unasked = _why_unasked(target)
        """Why LiteLLM itself does not tell what it serves; empty where it does."""
        if self._unasked and target.cluster is None:
            target = replace(target, gateway=None)  # then nothing is known of that address
        self._target = target
        self._open_webui = open_webui
        self._served_by = cache(open_webui.served_by)
        self._where = where
        self._say = say
        self._remarks = Remarks()
        self._wiring = open_webui.wiring()
        self._workload = self._looked_at(target.open_webui_service)
        behind = self._looked_at(target.gateway_service)
        self._environment: Environment = behind.environment if behind else {}
        self._place = gateway_address(
            target,
            self._environment,
            agreed="",
            told_at=lambda url: listed_by_each(open_webui, self._wiring, url),
        )

    def found(self) -> Found:
        target = self._target
        connection, endpoint = self._endpoint()
        names = self._served(connection)
        found = Found(
            title=f"Open WebUI on LiteLLM, as it runs at {self._where}",
            origin=f"in force at {self._where}",
            open_webui=replace(target.open_webui_service, port=0),
            gateway=replace(target.gateway_service, port=0),
            endpoint=endpoint,
            cluster=target.cluster is not None,
            asked_directly=not self._unasked,
            **self._key(connection, endpoint),
        )
        found = self._with_models(found, names)
        return replace(found, remarks=self._remarks.said())

    # The programs

    def _looked_at(self, service: ServiceName) -> Workload | None:
        """The workload behind a Service; what looks broken of it is told."""
        cluster = self._target.cluster
        if cluster is None:
            return None
        try:
            workload = cluster.workload(service)
        except OutsideError as error:
            self._remarks.tell(ENDPOINT, _first_line(error))
            return None
        except SetupError as error:
            self._remarks.doubt(ENDPOINT, _first_line(error))
            return None
        troubles = [
            *filter(None, [workload.stuck]),
            *(f"{name} is not there" for name in workload.missing),
            *(
                f"pod {pod.name}: {trouble}"
                for pod in workload.pods
                if (trouble := pod.problem.partition("\n")[0] or pod.outdated)
            ),
        ]
        for each in troubles:
            self._remarks.doubt(ENDPOINT, f"{workload}: {each}")
        return workload

    # The connection, and its key

    def _endpoint(self) -> tuple[Connection | None, str]:
        """LiteLLM's connection, and the address that is to be agreed on."""
        wiring = self._wiring
        for each in wiring.connections:
            if each not in wiring.in_use and self._is_the_gateway(each):
                self._remarks.doubt(ENDPOINT, f"{each.url} is not in use: {wiring}")
                if not any(map(self._is_the_gateway, wiring.in_use)):
                    return None, each.url
        for each in wiring.in_use:
            if error := self._served_by(each).error:
                self._remarks.doubt(KEY, f"{each.url} lists no models for Open WebUI: {error}")
        urls = [each.url for each in wiring.in_use]
        if not self._target.cluster and not self._target.gateway:
            index = next((n for n, each in enumerate(wiring.in_use) if self._answers(each)), None)
            if index is None:
                raise NotProven(f"none of {wiring} is seen to be LiteLLM: {_DIRECTLY}")
            return wiring.in_use[index], urls[index]
        index, endpoint = endpoint_among(
            urls, self._place, self._remarks, otherwise=self._own_address()
        )
        found = endpoint in urls and self._is_the_gateway(wiring.in_use[index])
        return (wiring.in_use[index] if found else None), endpoint

    def _is_the_gateway(self, connection: Connection) -> bool:
        known = self._target.cluster or self._target.gateway
        return bool(known) and not self._place.mismatch(connection.url)

    def _answers(self, connection: Connection) -> bool:
        """Whether a model of a connection is seen to be answered by way of LiteLLM."""
        offered = self._open_webui.offered().models
        names = [each.name for each in offered if each.connection == connection.index]
        return any(self._ask(name).provenance for name in names[:2])

    def _ask(self, name: str) -> Answer:
        self._say(f"asking {name} who answers")
        return self._open_webui.ask(Question(model=name, nonce=nonce()))

    def _own_address(self) -> str:
        target = self._target
        if target.cluster is None:
            return f"{target.gateway or ''}/v1"
        service = target.gateway_service
        ports = [each for each in target.cluster.services() if each.same_service(service)]
        named = [each for each in ports if each.port == service.port]
        return address_at(next(iter([*named, *ports]), replace(service, port=4000)))

    def _key(self, connection: Connection | None, endpoint: str) -> Mapping[str, Any]:
        """Whether the environment gives a key, and its Secret; what does not agree is told."""
        if self._workload is None:
            return {"key": False}
        environment = self._workload.environment
        urls = [each.url for each in declared_connections(environment)]
        if endpoint not in urls:
            text = f"{endpoint} is in use, and the environment says {', '.join(urls)}"
            self._remarks.doubt(ENDPOINT, f"{text}: the database wins")
        declared = declared_for_gateway(self._workload, self._place)
        if not declared.key:
            self._remarks.doubt(KEY, "the environment of Open WebUI has no key for LiteLLM")
            return {"key": False}
        mine = declared.key.fingerprint
        if connection and mine not in (UNKNOWN, connection.key_fingerprint):
            self._remarks.doubt(KEY, "the key in use is another one than the environment's")
        return {"key_secret": secret_of_key(environment, declared, self._remarks)}

    # The models

    def _served(self, connection: Connection | None) -> tuple[str, ...]:
        """The names that LiteLLM tells Open WebUI; how the selector differs from them is told."""
        if connection is None:
            return ()
        told = self._served_by(connection)
        before = f"{connection.prefix}." if connection.prefix else ""
        if before:
            text = f"its connection puts {before} before the name of each model"
            self._remarks.doubt(SELECTOR, text)
        listing = self._open_webui.offered()
        for name in told.names:
            if f"{before}{name}" not in listing.names:
                off = ": it is disabled" if name in listing.switched_off else ""
                self._remarks.doubt(SELECTOR, f"{name} is served, and not offered{off}")
        own = listing.by(connection.indexes)
        beside = [each.name for each in listing.models if each.name not in own]
        if beside:
            text = f"offered beside what LiteLLM serves: {', '.join(beside)}"
            self._remarks.tell(SELECTOR, text)
        return told.names

    def _with_models(self, found: Found, names: tuple[str, ...]) -> Found:
        """What was found, with what LiteLLM tells itself, or else its answers."""
        target = self._target
        if target.gateway_problem:
            self._remarks.doubt(ENDPOINT, target.gateway_problem.partition("\n")[0])
        if self._unasked or not target.gateway:
            return self._answered(found, names, self._unasked)
        with closing(Gateway(target.gateway, target.gateway_key)) as gateway:
            return self._told_by(gateway, found, names)

    def _told_by(self, gateway: Gateway, found: Found, names: Collection[str]) -> Found:
        """With the models that Open WebUI is told of; with all, where it is told of none."""
        namespace = self._target.gateway_service.namespace
        listed = gateway.models()
        names = names or listed
        kept = [each for each in listed if each not in names]
        if kept:
            text = f"LiteLLM serves {', '.join(kept)}, and does not tell the key in use of it"
            self._remarks.tell(SELECTOR, text)
        entries = [
            addressed(entry, self._environment)
            for item in gateway.entries()
            for entry in entry_of(item, self._environment, namespace)
            if entry.name in names or "*" in entry.name
        ]
        settings = gateway.settings()
        rules = alias_rules(settings.get(ALIAS))
        aliases = {name: targets for name, targets in rules.items() if name in names}
        serving = Serving(entries, aliases, self._place_of, self._remarks)
        return serving.stated(
            found,
            gateway.chains(serving.offered, key=self._key_in_use()),
            retries=settings.get("num_retries"),
            otherwise=settings.get("timeout"),
        )

    def _key_in_use(self) -> Secret | None:
        if self._workload is None:
            return None
        key = declared_for_gateway(self._workload, self._place).key
        return key if key and not key.sealed else None

    def _place_of(self, entry: Entry) -> Place | str:
        """Who is asked for an entry: a Service of the cluster, or whoever has that name."""
        cluster = self._target.cluster
        _, host, _ = host_and_port(entry.address)
        namespace = self._target.gateway_service.namespace
        named = service_in(entry.address, namespace=namespace) if host else None
        if cluster is None or named is None or host in PUBLIC or host in THIS_POD:
            return public_place(entry)
        there = cluster.exists(named)
        if not there and host.count(".") == 1 and named.namespace != namespace:
            return public_place(entry)  # two labels, as of `openrouter.ai`
        text = f"there is no Service {named.namespace}/{named.name}, where it is asked"
        return replace(service_place(entry, named), doubt="" if there else text)

    def _answered(self, found: Found, names: Collection[str], why: str) -> Found:
        """With who is seen to answer for each model; the chains stay unknown."""
        self._remarks.tell(CHAINS, f"the chains are not stated ({why}): {_DIRECTLY}")
        entries = []
        for name in names:
            entry = Entry(
                given={"model_name": name, "litellm_params": {"model": name}},
                name=name,
                prefix="openai",
                model="",
                api_base="",
                namespace="",
            )
            if len(names) <= _MOST:
                answer = self._ask(name)
                who = answer.provenance
                if who and who.group not in (name, ""):
                    text = f"{name} was answered by {who.group} when it was asked for the draft"
                    self._remarks.doubt(name, text)
                elif who and not answer.error:
                    base = who.api_base
                    prefix = PUBLIC.get(host_of(base), "openai")
                    entry = replace(entry, api_base=base, prefix=prefix)
                else:
                    text = f"{name} does not answer: {excerpt(answer.error)}"
                    self._remarks.doubt(name, text)
            entries.append(entry)
        serving = Serving(entries, {}, self._place_seen, self._remarks)
        found = serving.stated(found, (), retries=None, otherwise=None)
        return replace(found, asked_directly=False, parallel_stand_alone=False)

    @staticmethod
    def _place_seen(entry: Entry) -> Place | str:
        return public_place(entry) if entry.api_base else f"nothing tells who answers: {_DIRECTLY}"


def _why_unasked(target: Target) -> str:
    if not target.gateway:
        return "LiteLLM itself is not asked"
    with closing(Gateway(target.gateway, target.gateway_key)) as gateway:
        try:
            gateway.entries()
        except (NotProven, UnexpectedAnswerError) as error:
            return _first_line(error)
    return ""


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].removesuffix(".")
