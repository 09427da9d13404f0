"""Whether the model selector offers what it should, by way of the gateway."""

from collections.abc import Collection, Iterable, Mapping

from acceptance.checks.proof import Connection, Listing, Offered, Served, Wiring
from acceptance.errors import Blocked, NotProven, Subject
from acceptance.message import explain, quoted

_SLOW_SECONDS = 5.0
_SHOWN = 5
"""Names in a remark."""
_FIX_MISSING = (
    "add it to LiteLLM's model_list, and restart LiteLLM; if it stands there, LiteLLM left it out, "
    "and its log says why: a `model` without its provider (mistral-small, not "
    "mistral/mistral-small) is dropped"
)
_WITHHELD = "LiteLLM serves it, and not to Open WebUI's key"
_FIX_WITHHELD = "add it to the models of that key (or its team) in LiteLLM, not to model_list"
_FIX_HIDDEN = "Admin Settings > Models: show the model that is hidden there"


def check_offered(
    listing: Listing,
    names: Iterable[str],
    connection: Connection,
    served: Collection[str],
    withheld: Collection[str] = (),
) -> None:
    """Raise AssertionError unless each model is offered by the connection and really served.

    Args:
        listing: what an account is offered.
        names: the exact names that must be there.
        connection: the gateway's connection.
        served: what the gateway answered to Open WebUI itself; typed-in or cached names are not.
        withheld: what it serves to others, and does not tell to Open WebUI's key.
    """
    wrong = {name: _wrong(listing, name, connection, served) for name in names}
    wrong |= {name: _WITHHELD for name in wrong if wrong[name] and name in withheld}
    wrong = {name: reason for name, reason in wrong.items() if reason}
    if not wrong:
        return
    name = next(iter(wrong))
    raise AssertionError(
        explain(
            f"{', '.join(wrong)}: not offered by way of the gateway.",
            expected=f"{', '.join(wrong)} from {connection}",
            found="; ".join(dict.fromkeys(wrong.values())),
            where=f"model selector of the {listing.account}, {len(listing.models)} models in all",
            fix=_FIX_WITHHELD if name in withheld else _fix(listing, name, connection, served),
        )
    )


def check_labels(listing: Listing, names: Iterable[str]) -> None:
    """Raise AssertionError if the selector shows one of these models under another one's name.

    A label of its own, however it reads, is no fault.
    """
    wrong = {
        name: other
        for name in names
        if (model := listing.find(name)) and (other := _mistaken_for(model, listing))
    }
    if wrong:
        raise AssertionError(
            explain(
                f"{', '.join(wrong)}: shown under the name of another model.",
                expected="labels by which a user picks the model that is meant",
                found="; ".join(f"{name} is shown as {other}" for name, other in wrong.items()),
                where=f"model selector of the {listing.account}",
                fix="Admin Settings > Models: give each its own name, or leave the field empty",
            )
        )


def _mistaken_for(model: Offered, listing: Listing) -> str:
    """The label of a model that is another's name, or another's label as well."""
    taken = any(
        model.label in (other.name, other.label) for other in listing.models if other is not model
    )
    return model.label if model.label and taken else ""


def check_offered_to_users(
    listing: Listing,
    names: Iterable[str],
    connection: Connection,
    served: Served,
    *,
    required: bool,
) -> None:
    """Return if an ordinary user is offered each model.

    A fresh database of Open WebUI (0.12.4) shows ordinary users nothing, until an administrator
    publishes the models.

    Args:
        listing: what the ordinary user is offered.
        names: the exact names that must be there.
        connection: the gateway's connection.
        served: what the gateway told Open WebUI itself.
        required: whether the contract, or who gave the account, asks for it.

    Raises:
        AssertionError: one is not, and it is asked for.
        NotProven: one is not, and nobody asks for it.
    """
    try:
        check_offered(listing, names, connection, served.names, served.withheld)
    except AssertionError as error:
        if required:
            raise
        found = f"{len(listing.models)} models are offered to an ordinary user"
        raise NotProven(
            f"{found}, and the contract does not ask for more: publish the models, or set "
            "BYPASS_MODEL_ACCESS_CONTROL=True, if others than administrators are to use them",
            required=False,
        ) from error


def _wrong(listing: Listing, name: str, connection: Connection, served: Collection[str]) -> str:
    offered = listing.find(name)
    if offered is None:
        return _absent(listing, name, connection, served)
    if offered.base and offered.base != name:
        return f"a workspace model of this name sends {offered.base} in its place"
    if offered.connection not in (*connection.indexes, None):
        return f"{name} comes from connection #{offered.connection}: the first connection wins"
    if connection.asks_for(name) not in served:
        typed = "typed into the connection (Model IDs)" if connection.model_ids else "cached"
        return f"the name is {typed}; LiteLLM itself serves {_listed(served)}"
    if offered.connection is None:
        return f"{name} comes from no connection: a function or a workspace model stands there"
    return ""


def _absent(listing: Listing, name: str, connection: Connection, served: Collection[str]) -> str:
    if name in listing.unseen:
        return "Open WebUI's API offers it, its page does not show it"
    if connection.asks_for(name) not in served:
        return f"LiteLLM serves {_listed(served)}"
    if connection.model_ids and name not in connection.model_ids:
        return "LiteLLM serves it, the connection's Model IDs filter hides it"
    if connection.prefix:
        return f"LiteLLM serves it, the connection shows it as {connection.shows(name)}"
    if name in listing.switched_off:
        return "LiteLLM serves it, it is disabled in Admin Settings > Models"
    return "LiteLLM serves it, this account may not see it"


def _fix(listing: Listing, name: str, connection: Connection, served: Collection[str]) -> str:
    if connection.asks_for(name) not in served:
        return _FIX_MISSING
    if name in listing.unseen:
        return _FIX_HIDDEN
    if name in listing.switched_off:
        return "Admin Settings > Models: enable the model"
    if listing.find(name) is None and not connection.model_ids:
        return "publish the model, or set BYPASS_MODEL_ACCESS_CONTROL=True"
    return "Admin Settings > Connections and Models"


def _listed(names: Collection[str]) -> str:
    return (
        f"only {', '.join(map(quoted, sorted(names)))}"
        if names
        else "no model at all (it did not answer)"
    )


def check_complete(listing: Listing, connection: Connection, served: Collection[str]) -> None:
    """Raise AssertionError unless the connection offers exactly what the gateway serves."""
    shown = {each.shows(name): name for each in connection.parts for name in served}
    there = {shown[model.name] for model in listing.models if model.name in shown}
    extra = sorted(listing.by(connection.indexes) - shown.keys())
    if there == {*served} and not extra and served:
        return
    missing = sorted(connection.shows(name) for name in {*served} - there)
    unseen = [name for name in missing if name in listing.unseen]
    found = [f"missing {', '.join(map(quoted, missing))}"] if missing else []
    found += [f"offered by the API, not shown on the page: {', '.join(unseen)}"] if unseen else []
    found += [f"not served by LiteLLM: {', '.join(map(quoted, extra))}"] if extra else []
    raise AssertionError(
        explain(
            "The selector does not show what LiteLLM serves.",
            expected=f"the {len({*served})} models that LiteLLM serves to the same key",
            found="; ".join(found) or "LiteLLM serves no model",
            where=f"{connection}, as the {listing.account} sees it",
            fix=_FIX_HIDDEN
            if unseen
            else "clear Model IDs of the connection, refresh the models, look at LiteLLM's log",
        )
    )


def check_no_stranger(
    listing: Listing, names: Iterable[str], connection: Connection, wiring: Wiring
) -> None:
    """Raise AssertionError if a model that is offered comes from another connection."""
    urls = {each.index: each.url for each in wiring.connections}
    strangers = [
        f"{model.name} by connection #{model.connection} {urls.get(model.connection or 0, '')}"
        for name in names
        if (model := listing.find(name)) and model.connection not in (*connection.indexes, None)
    ]
    if strangers:
        raise AssertionError(
            explain(
                "Something else answers in LiteLLM's place.",
                expected=f"models of the contract only from {connection}",
                found="; ".join(strangers),
                where=f"model selector of the {listing.account}: the first connection wins",
                fix="remove the other connection, or give it a prefix",
            )
        )


def require_offered(listing: Listing, name: str, connection: Connection, served: Served) -> None:
    """Raise Blocked where the model cannot be chosen, or the gateway serves no such model."""
    if listing.find(name) is None:
        raise Blocked(
            Subject.SELECTOR, f"{name} is not in the model selector of the {listing.account}"
        )
    if connection.asks_for(name) not in served.names:
        reason = f"{name} is in the model selector, but LiteLLM does not serve it"
        raise Blocked(Subject.SELECTOR, reason)


def check_shows_models(listing: Listing, served: Collection[str]) -> None:
    """Raise AssertionError if the selector is empty, although the gateway serves models."""
    if not listing.models:
        raise AssertionError(
            explain(
                "The model selector is empty.",
                expected=f"at least one of the {len(served)} models that LiteLLM serves",
                found=f"none, after {listing.seconds:.1f} s",
                where=f"model selector of the {listing.account}",
                fix="Admin Settings > Models and Connections: look what hides them; a list that "
                "Open WebUI could not get is 200 and [] too",
            )
        )


def check_invented(listing: Listing, invented: str) -> None:
    """Raise AssertionError if a model is offered that cannot exist: then nothing is proven."""
    if listing.find(invented) is not None:
        raise AssertionError(
            explain(
                "A model that was just invented is offered.",
                expected=f"{invented} is not offered",
                found="it is",
                where=f"model selector of the {listing.account}",
                fix="this listing proves nothing; look for what answers in Open WebUI's place",
            )
        )


def check_replicas_offer(
    listings: Mapping[str, Listing],
    names: Collection[str],
    connection: Connection,
    served: Collection[str],
) -> None:
    """Raise AssertionError unless each replica offers the models; names the one that does not."""
    counts = ", ".join(f"{replica}: {len(seen.models)}" for replica, seen in listings.items())
    for replica, listing in listings.items():
        try:
            check_offered(listing, names, connection, served)
        except AssertionError as error:
            title = f"Replica {replica} does not offer what it should ({counts} models)."
            raise AssertionError(f"{title}\n{error}") from error


def beside(listing: Listing, connection: Connection) -> tuple[str, ...]:
    """A remark on models that people may choose and that do not come by way of the gateway.

    Open WebUI gives no connection of the OpenAI kind to what comes from an Ollama that it asks
    itself (`owned_by`, 0.7.2 to 0.12.4), nor to workspace models and functions, which are its own.
    """
    others = [
        model.name
        for model in listing.models
        if model.owner == "ollama" or model.connection not in (*connection.indexes, None)
    ]
    if not others:
        return ()
    shown = ", ".join(others[:_SHOWN]) + (", ..." if len(others) > _SHOWN else "")
    told = f"{len(others)} models in the selector do not come by way of LiteLLM: {shown}"
    return (f"{told}: look at Admin Settings > Connections (Ollama, and other connections)",)


def slow(listing: Listing) -> tuple[str, ...]:
    """A remark where the selector takes long to open: Open WebUI waits 10 s for each dead one."""
    if listing.seconds < _SLOW_SECONDS:
        return ()
    took = f"the model selector took {listing.seconds:.0f} s to open"
    return (f"{took}: look for a connection that does not answer",)
