"""What the selector offers, and by whom."""

from dataclasses import replace

import pytest

from acceptance.checks.proof import Connection, Listing, Offered, Served
from acceptance.checks.selector import (
    beside,
    check_complete,
    check_invented,
    check_labels,
    check_no_stranger,
    check_offered,
    check_offered_to_users,
    check_shows_models,
    require_offered,
)
from acceptance.errors import Blocked, NotProven
from tests.checks.making import connection, listing, offered, refused, wiring
from tests.story import MODELS

SERVED = tuple(MODELS)
SECOND = connection(index=1)
ARENA = offered("arena-model", None)
PIPE = offered("pipe.translate", None)
EXTRA = ("cloud-kimi", "vllm-r1")

HEALTHY: dict[str, tuple[Listing, Connection, tuple[str, ...]]] = {
    "as the story has it": (listing(), connection(), SERVED),
    "H06 the second connection": (
        listing(*(offered(name, 1) for name in MODELS), offered("llama3", 0)),
        SECOND,
        SERVED,
    ),
    "H15 an arena model and a pipe": (
        listing(*map(offered, MODELS), ARENA, PIPE),
        connection(),
        SERVED,
    ),
    "H16 more models": (listing(*map(offered, (*MODELS, *EXTRA))), connection(), (*SERVED, *EXTRA)),
    "all of them typed in, and served": (listing(), connection(model_ids=SERVED), SERVED),
    "a workspace model with another name": (
        listing(*map(offered, MODELS), offered("helper", None, "vllm-qwen")),
        connection(),
        SERVED,
    ),
    "a workspace model that only describes": (
        listing(offered("vllm-qwen", 0, "vllm-qwen"), *map(offered, SERVED[1:])),
        connection(),
        SERVED,
    ),
}


@pytest.mark.parametrize(("seen", "by", "served"), HEALTHY.values(), ids=HEALTHY.keys())
def test_a_healthy_selector(seen: Listing, by: Connection, served: tuple[str, ...]) -> None:
    check_shows_models(seen, MODELS)
    check_offered(seen, MODELS, by, served)
    check_complete(seen, by, served)
    check_no_stranger(seen, MODELS, by, wiring(connection(), SECOND))
    check_invented(seen, "invented-1")
    require_offered(seen, "vllm-qwen", by, Served(status=200, names=served))


THREE = listing(*map(offered, SERVED[:3]))
MISTRAL = "mistral/mistral-small-latest"
NOT_OFFERED: dict[str, tuple[Listing, Connection, tuple[str, ...], tuple[str, ...]]] = {
    "F075 not in model_list": (
        listing(*map(offered, SERVED[:7])),
        connection(),
        SERVED[:7],
        (f"{MISTRAL}: not offered", "LiteLLM serves only", "model_list"),
    ),
    "F051 typed in, LiteLLM is dead": (
        listing(),
        connection(model_ids=SERVED),
        (),
        ("typed into the connection (Model IDs)", "no model at all"),
    ),
    "F066 cached, LiteLLM is dead": (listing(), connection(), (), ("the name is cached",)),
    "F052 the Model IDs filter": (
        THREE,
        connection(model_ids=SERVED[:3]),
        SERVED,
        (MISTRAL, "the connection's Model IDs filter hides it"),
    ),
    "F054 another connection comes first": (
        listing(offered("vllm-qwen", 0), *(offered(name, 1) for name in SERVED[1:])),
        SECOND,
        SERVED,
        ("vllm-qwen comes from connection #0", "the first connection wins"),
    ),
    "F057 a workspace model in its place": (
        listing(offered("vllm-qwen", None, "openai-gpt4o"), *map(offered, SERVED[1:])),
        connection(),
        SERVED,
        ("a workspace model of this name sends openai-gpt4o in its place",),
    ),
    "a function of this name": (
        listing(offered("vllm-qwen", None), *map(offered, SERVED[1:])),
        connection(),
        SERVED,
        ("comes from no connection",),
    ),
    "a prefix": (
        listing(*(offered(f"ll.{name}") for name in MODELS)),
        connection(prefix="ll"),
        SERVED,
        ("the connection shows it as ll.vllm-qwen",),
    ),
    "F120 an account that may see nothing": (
        listing(ARENA),
        connection(),
        SERVED,
        ("this account may not see it", "BYPASS_MODEL_ACCESS_CONTROL"),
    ),
    "a name that only begins alike": (
        listing(offered("vllm-qwen-2")),
        connection(),
        ("vllm-qwen-2",),
        ("LiteLLM serves only vllm-qwen-2",),
    ),
}


@pytest.mark.parametrize(
    ("seen", "by", "served", "phrases"), NOT_OFFERED.values(), ids=NOT_OFFERED.keys()
)
def test_what_is_not_offered(
    seen: Listing, by: Connection, served: tuple[str, ...], phrases: tuple[str, ...]
) -> None:
    with refused("not offered by way of the gateway", "judge", *phrases):
        check_offered(seen, MODELS, by, served)


INCOMPLETE: dict[str, tuple[Listing, Connection, tuple[str, ...], tuple[str, ...]]] = {
    "F052 a filter": (THREE, connection(), SERVED, ("missing", MISTRAL)),
    "F051 nothing is served": (listing(), connection(), (), ("not served by LiteLLM", "vllm-qwen")),
    "nothing at all": (listing(ARENA), connection(), (), ("LiteLLM serves no model",)),
    "more than LiteLLM serves": (listing(), connection(), SERVED[1:], ("not served", "vllm-qwen")),
}


@pytest.mark.parametrize(
    ("seen", "by", "served", "phrases"), INCOMPLETE.values(), ids=INCOMPLETE.keys()
)
def test_what_is_offered_is_not_what_is_served(
    seen: Listing, by: Connection, served: tuple[str, ...], phrases: tuple[str, ...]
) -> None:
    with refused("does not show what LiteLLM serves", *phrases):
        check_complete(seen, by, served)


def test_a_prefix_is_part_of_each_name() -> None:
    seen = listing(*(offered(f"ll.{name}") for name in MODELS))
    check_complete(seen, connection(prefix="ll"), SERVED)
    check_offered(seen, ["ll.vllm-qwen"], connection(prefix="ll"), SERVED)


def test_a_model_of_another_connection_is_named_with_its_address() -> None:  # F054
    other = connection("http://other:8000/v1", index=0)
    seen = listing(offered("vllm-qwen", 0), *(offered(name, 1) for name in SERVED[1:]))
    with refused("Something else answers", "vllm-qwen by connection #0 http://other:8000/v1"):
        check_no_stranger(seen, MODELS, SECOND, wiring(other, SECOND))
    check_no_stranger(seen, SERVED[1:], SECOND, wiring(other, SECOND))


def test_an_empty_selector_and_an_invented_model() -> None:
    with refused("The model selector is empty", "200 and []"):
        check_shows_models(Listing(account="judge", models=(), seconds=10.0), MODELS)
    with refused("just invented is offered", "this listing proves nothing"):
        check_invented(listing(offered("invented-1")), "invented-1")


def test_what_rests_on_a_model_is_blocked_without_it() -> None:
    with refused(
        "blocked by the model selector", "vllm-qwen is not in the model selector", error=Blocked
    ):
        require_offered(listing(ARENA), "vllm-qwen", connection(), Served(status=200, names=SERVED))
    with refused("blocked by the model selector", "LiteLLM does not serve it", error=Blocked):
        require_offered(listing(), "vllm-qwen", connection(), Served(status=502, names=()))


def test_what_the_api_offers_and_the_page_does_not_show_is_told_apart() -> None:
    page = replace(listing(*map(offered, SERVED[1:])), unseen=SERVED[:1])
    told = rf"not shown on the page: {SERVED[0]}\n.*\n.*show the model that is hidden"

    with pytest.raises(AssertionError, match=told):
        check_complete(page, connection(), SERVED)
    with pytest.raises(AssertionError, match=r"API offers it, its page does not show it"):
        check_offered(page, MODELS, connection(), SERVED)


def test_why_a_model_is_not_offered_is_told_as_it_is() -> None:
    seen = listing(*(offered(name) for name in MODELS if name != "vllm-qwen"))
    told = tuple(name for name in MODELS if name != "vllm-qwen")

    with refused("it is disabled in Admin Settings > Models", "enable the model"):
        off = replace(seen, switched_off=("vllm-qwen",))
        check_offered(off, ["vllm-qwen"], connection(), SERVED)
    with refused("not to Open WebUI's key", "models of that key"):
        check_offered(seen, ["vllm-qwen"], connection(), told, ("vllm-qwen",))
    with refused("LiteLLM serves only 'vllm-qwen '"):
        check_offered(seen, ["vllm-qwen"], connection(), ["vllm-qwen "])


def test_a_model_may_come_by_any_connection_to_the_gateway() -> None:  # R6
    both = replace(connection(), also=(connection(index=2),))
    seen = listing(*(offered(name, 2 if "/" in name else 0) for name in MODELS))

    check_offered(seen, MODELS, both, SERVED)
    check_complete(seen, both, SERVED)
    check_no_stranger(seen, MODELS, both, wiring(connection(), SECOND))
    with refused("comes from connection #2"):
        check_offered(seen, MODELS, connection(), SERVED)


@pytest.mark.parametrize("prefixes", [("", "family"), ("family", ""), ("ours", "family")])
def test_each_of_several_connections_to_the_gateway_may_have_a_prefix(
    prefixes: tuple[str, str],
) -> None:  # V11, V12
    first, second = (connection(index=index, prefix=each) for index, each in enumerate(prefixes))
    both = replace(first, also=(second,))
    names = [(each.shows(name), each.index) for each in both.parts for name in SERVED]
    seen = listing(*(offered(name, index) for name, index in names))

    check_complete(seen, both, SERVED)
    check_offered(seen, [second.shows("vllm-qwen")], both, SERVED)
    check_complete(listing(*(offered(*each) for each in names[1:])), both, SERVED)
    with refused("missing", "vllm-qwen"):
        rest = (each for each in names if not each[0].endswith("vllm-qwen"))
        check_complete(listing(*(offered(*each) for each in rest)), both, SERVED)
    with refused("not served by LiteLLM: family.gone"):
        check_complete(
            listing(*(offered(*each) for each in (*names, ("family.gone", 1)))), both, SERVED
        )


def test_a_model_that_is_shown_under_the_name_of_another() -> None:  # G5
    swapped = listing(
        replace(offered("vllm-qwen"), label="ollama-qwen"),
        replace(offered("ollama-qwen"), label="vllm-qwen"),
        replace(offered("openai-gpt4o"), label="GPT-4o mini"),
    )
    check_labels(swapped, ["openai-gpt4o"])
    check_labels(listing(), MODELS)
    with refused("vllm-qwen, ollama-qwen: shown under the name", "vllm-qwen is shown as ollama"):
        check_labels(swapped, ["vllm-qwen", "ollama-qwen"])
    twins = listing(*(replace(offered(name), label="Qwen") for name in ("vllm-qwen", "other")))
    with refused("vllm-qwen is shown as Qwen"):
        check_labels(twins, ["vllm-qwen"])


def test_ordinary_users_are_required_only_where_somebody_asks() -> None:  # R1
    few = listing(ARENA)
    told = Served(status=200, names=SERVED)
    arguments = (few, ["vllm-qwen"], connection(), told)
    with refused("not offered by way of the gateway"):
        check_offered_to_users(*arguments, required=True)
    with refused("the contract does not ask for more", error=NotProven):
        check_offered_to_users(*arguments, required=False)
    check_offered_to_users(listing(), MODELS, connection(), told, required=True)


def test_what_stands_beside_the_gateway_s_models_is_remarked() -> None:  # G12
    ours = Connection(index=0, url="http://litellm.ml:4000/v1", key_fingerprint="x")
    known = (
        Offered(name="vllm-qwen", connection=0, owner="openai"),
        Offered(name="arena-model", connection=None, owner="arena"),
        Offered(name="my-preset", connection=None, base="vllm-qwen", owner="openai"),
    )
    others = (
        Offered(name="qwen2.5:3b", connection=None, owner="ollama"),
        Offered(name="gpt-4o", connection=1, owner="openai"),
    )
    assert beside(Listing(account="judge", models=known, seconds=0.1), ours) == ()
    (said,) = beside(Listing(account="judge", models=(*known, *others), seconds=0.1), ours)
    assert said.startswith("2 models in the selector do not come by way of LiteLLM: qwen2.5:3b, gp")
