"""What a run found out, collected answer by answer."""

from dataclasses import replace

from acceptance.checks.findings import Failover, Findings, Served
from acceptance.checks.proof import Answer, Deployment, Provenance

_ANSWER = Answer(
    model="a",
    nonce="K",
    text="K",
    first_seconds=0.25,
    seconds=1.0,
    provenance=Provenance(
        group="a", deployment="1", api_base="https://host.example/v1", upstream=True
    ),
)
_ERROR = Answer(model="a", nonce="K", error="all are away", seconds=5.0)


def test_models_keep_the_gateways_order_and_what_is_known_of_each() -> None:
    found = Findings().answering(_ANSWER).serving(["b", "a"])

    assert [each.name for each in found.models] == ["b", "a"]
    assert found.models[1] == Served(name="a", host="host.example", first_seconds=0.25)


def test_upstreams_of_one_model_are_all_told() -> None:
    entries = [("a", "x/1"), ("a", "y/1"), ("a", "x/1"), ("b", "z/1")]
    deployments = [
        Deployment(identity=str(number), group=group, upstream=upstream, api_base="")
        for number, (group, upstream) in enumerate(entries)
    ]

    found = Findings().answering(_ANSWER).behind(deployments)

    assert [(each.name, each.upstream) for each in found.models] == [
        ("a", "x/1, y/1"),
        ("b", "z/1"),
    ]
    assert found.models[0].first_seconds == 0.25


def test_an_answer_during_a_drill_is_a_failover_and_not_the_models_own() -> None:
    found = Findings().answering(_ANSWER, ["x is away"]).answering(_ERROR, ["x is away", "y too"])

    assert found.models == ()
    assert found.failovers == (
        Failover(asked="a", away=("x is away",), answered="a", seconds=0.25),
        Failover(asked="a", away=("x is away", "y too"), answered="", seconds=5.0),
    )


def test_the_first_answer_stands_as_the_api_saw_it_before_the_page() -> None:
    later = replace(_ANSWER, first_seconds=2.5)
    away = ["x is away"]
    found = Findings().answering(_ANSWER).answering(later)
    drilled = Findings().answering(_ANSWER, away).answering(later, away)

    assert found == Findings().answering(_ANSWER)
    assert drilled == Findings().answering(_ANSWER, away)


def test_an_expected_error_without_a_drill_says_nothing_of_a_model() -> None:
    assert Findings().answering(_ERROR) == Findings()


def test_who_answered_in_a_models_place_is_kept() -> None:
    instead = replace(_ANSWER, model="b")
    assert Findings().given(instead, "b").substituted == {"b": "a"}
    assert Findings().given(instead, "a") == Findings(), "as it is asked for"
    assert Findings().given(_ANSWER, "a") == Findings()
    assert Findings().given(_ERROR, "a") == Findings()
