"""Sentences about the fallback chain, and about taking parts of it away."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from pytest_bdd import given, then, when
from pytest_bdd.parsers import parse, re

from acceptance.checks.advisories import check_not_malicious
from acceptance.checks.chain import check_agree, check_alone, check_chain
from acceptance.checks.deployments import check_answers_alone, check_own_upstreams, twins
from acceptance.checks.proof import Chain, Deployment
from acceptance.clients.drill import Drill, answers_alone
from acceptance.clients.gateway import Gateway
from acceptance.contract.sentences import Asks, States, column, sentence
from acceptance.contract.values import Contract
from acceptance.errors import Subject
from acceptance.report.run import Attach, Run
from acceptance.resources import Environment
from acceptance.secret import Secret
from acceptance.target import Outage
from acceptance.waiting import Progress


@given(sentence(re(rf"(?P<provider>\w[^\"]*?) (?P<outage>{'|'.join(Outage)})"), takes_away=True))
def _(drill: Drill, provider: str, outage: str) -> None:
    drill.take_away(provider, Outage(outage))


@given(sentence(parse("{provider} was away and is back"), takes_away=True, outage=Outage.REFUSED))
def _(drill: Drill, provider: str, attach: Attach) -> None:
    drill.take_away(provider, Outage.REFUSED)
    drill.bring_back()
    attach("time line of the drill", drill.timeline())


@when(
    sentence(parse('the chain of "{model}" is read from the gateway'), states=States.CHAIN_OF),
    target_fixture="chain",
)
def _(
    gateway: Gateway,
    key_in_use: Secret | None,
    model: str,
    attach: Attach,
    run: Run,
) -> Chain:
    chain = gateway.chain(model, key=key_in_use)
    attach("chain", chain)
    run.findings = replace(run.findings, chain=chain.order)
    return chain


@when("the chains of the parallel models are read from the gateway", target_fixture="chains")
def _(gateway: Gateway, contract: Contract, key_in_use: Secret | None) -> tuple[Chain, ...]:
    return gateway.chains(contract.parallel, key=key_in_use)


@when("models and chain are read from every replica of the gateway", target_fixture="told")
def _(gateway_replicas: Mapping[str, Gateway], contract: Contract) -> Mapping[str, str]:
    return {name: replica.describe(contract.heads) for name, replica in gateway_replicas.items()}


@then("each replica tells the same")
def _(told: Mapping[str, str]) -> None:
    check_agree(told)


@then("none of them runs a release that is known to be malicious")
def _(gateway_replicas: Mapping[str, Gateway]) -> None:
    versions = {name: replica.version() for name, replica in gateway_replicas.items()}
    check_not_malicious("LiteLLM", versions)


@when("the gateway's deployments are read", target_fixture="deployments")
def _(gateway: Gateway, contract: Contract, run: Run) -> tuple[Deployment, ...]:
    deployments = gateway.deployments()
    run.declared(Subject.ANSWERS, f"{len(contract.models)} models at their own providers")
    run.effective(Subject.ANSWERS, f"{len(deployments)} deployments in LiteLLM")
    run.findings = run.findings.behind(deployments)
    return deployments


@then(
    sentence(
        "each model of the story has an upstream of its own",
        about=States.ANSWERER,
        asks=Asks(shared=False),  # each entry that shares its name: nobody knows before how many
    )
)
def _(
    deployments: tuple[Deployment, ...],
    located: Contract,
    gateway_environment: Environment,
    gateway: Gateway,
    say: Progress,
) -> None:
    check_own_upstreams(deployments, located, gateway_environment)
    for each, answer in answers_alone(gateway, twins(deployments, located), say):
        check_answers_alone(each, answer, located.models[each.group])


@then(sentence("the chain is", states=States.CHAIN))
def _(chain: Chain, datatable: list[list[str]]) -> None:
    check_chain(chain, column(datatable, "model"))


@then(sentence("each of them stands alone", about=States.CHAIN))
def _(chains: tuple[Chain, ...], told_of: Collection[str]) -> None:
    check_alone(chains, told_of)
