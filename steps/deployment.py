"""Sentences about what was deployed, and whether it is what runs."""

from collections.abc import Mapping

from pytest_bdd import given, then, when
from pytest_bdd.parsers import parse

from acceptance.checks.credential import check_key_in_use, check_source, unsendable
from acceptance.checks.endpoint import GatewayAddress, check_declared, declared_connections, remarks
from acceptance.checks.proof import Connection
from acceptance.checks.rollout import (
    Arrivals,
    check_arrived,
    check_current,
    check_one_endpoint,
    check_reached,
    check_running_key,
)
from acceptance.clients.pod_requests import ask_processes
from acceptance.cluster import Cluster, PodResponse, Workload
from acceptance.contract.sentences import States, sentence
from acceptance.errors import Subject
from acceptance.report.run import Attach, Run
from acceptance.target import Target


@given("Open WebUI is deployed")
def _(deployed_if_known: Workload | None, target: Target, attach: Attach) -> None:
    attach("what is deployed", str(deployed_if_known or target.open_webui))


@when("the deployed settings of Open WebUI are read", target_fixture="deployed")
def _(workload: Workload, run: Run, attach: Attach) -> Workload:
    urls = ", ".join(each.url for each in declared_connections(workload.environment))
    run.declared(Subject.CONNECTION, f"{urls} ({workload})")
    run.deployed("Open WebUI", workload)
    attach("deployed settings", workload.shown())
    return workload


@then(sentence(parse('the declared endpoint is "{endpoint}"'), states=States.DECLARED_ENDPOINT))
def _(deployed: Workload, place: GatewayAddress, endpoint: str) -> None:
    check_declared(deployed, place, endpoint)


@then(
    sentence(parse('the declared key comes from the secret "{secret}"'), states=States.KEY_SOURCE)
)
def _(deployed: Workload, place: GatewayAddress, secret: str) -> None:
    check_source(deployed, place, secret)


@then("the key in use is the declared one")
def _(deployed: Workload, place: GatewayAddress, connection: Connection) -> None:
    check_key_in_use(deployed, place, connection)


@when("the programs that serve Open WebUI are looked at", target_fixture="running")
def _(workload: Workload, run: Run, attach: Attach) -> Workload:
    run.remark(*remarks(workload))
    attach("pods", workload.shown())
    return workload


@when("the programs that serve the gateway are looked at", target_fixture="running")
def _(gateway_workload: Workload, attach: Attach, run: Run) -> Workload:
    run.deployed("LiteLLM", gateway_workload)
    run.remark(*unsendable(gateway_workload))
    attach("pods", gateway_workload.shown())
    return gateway_workload


@then("each of them was started from the newest configuration")
def _(running: Workload) -> None:
    check_current(running)


@then("each of them declares the same endpoint")
def _(running: Workload) -> None:
    check_one_endpoint(running)


@when("the running settings of Open WebUI are read", target_fixture="told")
def _(cluster: Cluster, workload: Workload) -> Mapping[str, PodResponse]:
    return ask_processes(cluster, workload)


@then("they hold the declared key")
def _(told: Mapping[str, PodResponse], workload: Workload, place: GatewayAddress) -> None:
    check_running_key(told, workload, place)


@when("Open WebUI itself calls the endpoint in use", target_fixture="told")
def _(reached_from_inside: Mapping[str, PodResponse]) -> Mapping[str, PodResponse]:
    return reached_from_inside


@then(sentence("LiteLLM answers the call", proves=Subject.GATEWAY))
def _(
    told: Mapping[str, PodResponse],
    connection: Connection,
    place: GatewayAddress,
    arrived: Arrivals,
    run: Run,
) -> None:
    check_reached(told, connection)
    check_arrived(told, connection, place, arrived)
    run.observed(Subject.CONNECTION, f"LiteLLM answered {', '.join(told)} at {connection.url}")
