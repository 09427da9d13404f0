"""Sentences about the fallback chain, and about taking parts of it away."""

from collections.abc import Mapping
from dataclasses import replace

from pytest_bdd import given, parsers, then, when

from domain.chain import check_agree, check_alone, check_chain
from domain.deployments import Same, check_own_upstreams
from domain.kubernetes import Environment
from domain.proof import Chain, Deployment
from domain.secret import Secret
from domain.story import CHAIN, MODELS
from domain.target import Outage
from drivers.drill import Drill
from drivers.gateway import Gateway
from fixtures.evidence import Attach, Comparison

OUTAGES = parsers.re(rf"(?P<provider>\w+) (?P<outage>{'|'.join(Outage)})")


@given(OUTAGES)
def _(drill: Drill, provider: str, outage: str) -> None:
    drill.take_away(provider, Outage(outage))


@given(parsers.parse("{provider} was away and is back"))
def _(drill: Drill, provider: str, attach: Attach) -> None:
    drill.take_away(provider, Outage.REFUSED)
    drill.bring_back()
    attach("time line of the drill", drill.timeline())


@when(parsers.parse('the chain of "{model}" is read from the gateway'), target_fixture="chain")
def _(
    gateway: Gateway,
    key_in_use: Secret | None,
    model: str,
    attach: Attach,
    comparison: Comparison,
) -> Chain:
    chain = gateway.chain(model, key=key_in_use)
    attach("chain", chain)
    comparison.found(replace(comparison.findings, chain=chain.order))
    return chain


@when("the chains of the parallel models are read from the gateway", target_fixture="chains")
def _(gateway: Gateway, key_in_use: Secret | None) -> tuple[Chain, ...]:
    return gateway.chains([name for name in MODELS if name not in CHAIN], key=key_in_use)


@when("models and chain are read from every replica of the gateway", target_fixture="told")
def _(gateway_replicas: Mapping[str, Gateway]) -> Mapping[str, str]:
    return {name: replica.told() for name, replica in gateway_replicas.items()}


@then("each replica tells the same")
def _(told: Mapping[str, str]) -> None:
    check_agree(told)


@when("the gateway's deployments are read", target_fixture="deployments")
def _(gateway: Gateway, comparison: Comparison) -> tuple[Deployment, ...]:
    deployments = gateway.deployments()
    comparison.declared("AC3", f"{len(MODELS)} models at their own providers")
    comparison.effective("AC3", f"{len(deployments)} deployments in LiteLLM")
    comparison.found(comparison.findings.behind(deployments))
    return deployments


@then("each model of the story has an upstream of its own")
def _(deployments: tuple[Deployment, ...], gateway_environment: Environment, same: Same) -> None:
    check_own_upstreams(deployments, gateway_environment, same)


@then("the chain is")
def _(chain: Chain, datatable: list[list[str]]) -> None:
    check_chain(chain, tuple(row[1] for row in datatable[1:]))


@then("each of them stands alone")
def _(chains: tuple[Chain, ...]) -> None:
    check_alone(chains)
