"""Which cluster is asked, and as whom: a context that somebody named, never one by chance."""

import importlib
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from acceptance.errors import SetupError
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.wire import Wire
from acceptance.message import explain
from acceptance.shipped import JUDGE
from acceptance.waiting import Progress, waiting_for

IN_CLUSTER = "in-cluster"
"""How the context is called where a pod asks as its ServiceAccount."""


def connect(*, kubeconfig: str, context: str, say: Progress) -> Api:
    """The API server of a context.

    exec plugins, OIDC and proxies work as the official client allows (37.0.2).

    Args:
        kubeconfig: path; empty: what `KUBECONFIG` or `~/.kube/config` names, or else, in a pod,
            its ServiceAccount.
        context: may be empty only where there is no choice.
        say: shows what a wait is waiting for.

    Raises:
        SetupError: there is no kubeconfig, it cannot be used, or the context is not clear.
    """
    from kubernetes import client  # noqa: PLC0415  # takes a second to import

    config: Any = importlib.import_module("kubernetes.config")  # untyped
    configuration = client.Configuration()
    configuration.retries = False  # waiting is ours, so that it is seen
    location = location_of(kubeconfig)
    name = context or IN_CLUSTER
    impersonating: tuple[tuple[str, str], ...] = ()
    try:
        if name == IN_CLUSTER and (context or not (kubeconfig or _there_is_one(location))):
            config.load_incluster_config(client_configuration=configuration)
        else:
            merged = _merged(config, location)
            name = _chosen(merged, location, context)
            _load(config, location, name, configuration, say)
            impersonating = tuple(_impersonating(merged, location, name))
        wire = Wire(client.ApiClient(configuration), impersonating=impersonating)
    except SetupError:
        raise
    except Exception as error:  # the client's loaders raise whatever they meet
        odd = isinstance(error, AttributeError | KeyError | TypeError)
        found = "its content is no kubeconfig" if odd else f"{type(error).__name__}: {error}"
        raise SetupError(_unusable(location, found)) from error
    if not configuration.verify_ssl:
        say(f"context {name} does not check who answers: insecure-skip-tls-verify")
    return Api(wire, context=name, say=say)


def location_of(kubeconfig: str) -> str:
    """The kubeconfig of these settings, or of whoever runs this: what kubectl would take."""
    config: Any = importlib.import_module("kubernetes.config")  # untyped
    return str(kubeconfig or config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION)


def _there_is_one(location: str) -> bool:
    return any(Path(each).expanduser().is_file() for each in location.split(":") if each)


def _merged(config: Any, location: str) -> Any:  # noqa: ANN401  # kubernetes.config
    if not _there_is_one(location):
        raise SetupError(_unusable(location, "no such file, and this is no pod"))
    return config.kube_config.KubeConfigMerger(location).config


def _chosen(merged: Any, location: str, context: str) -> str:  # noqa: ANN401  # ConfigNode
    names = [str(each.value["name"]) for each in merged["contexts"]]
    if context in names or (not context and len(names) == 1):
        return context or names[0]
    if not names:
        raise SetupError(_unusable(location, "no context"))
    raise SetupError(
        explain(
            "There is no such context." if context else "It is not clear which cluster to judge.",
            expected=f"one of {', '.join(names)}",
            found=context or f"{len(names)} contexts, and no --context: none is taken by chance",
            where=location,
            fix=f"{JUDGE} --target=live --context=NAME",
        )
    )


def _impersonating(
    merged: Any,  # noqa: ANN401  # ConfigNode
    location: str,
    context: str,
) -> Iterator[tuple[str, str]]:
    """The headers that say as whom a context's user asks: the client leaves `as` out (37.0.2).

    Source: client-go of Kubernetes 1.34, `transport/round_trippers.go`.
    """
    chosen = merged["contexts"].get_with_name(context).value["context"] or {}
    found = merged["users"].get_with_name(chosen.get("user"), safe=True)
    user = (found.value["user"] if found else None) or {}
    name, uid, groups = user.get("as"), user.get("as-uid"), user.get("as-groups")
    extra = user.get("as-user-extra")
    if not name:
        if uid or groups or extra:
            raise SetupError(_unusable(location, "as-uid, as-groups or as-user-extra without as"))
        return
    yield "Impersonate-User", str(name)
    if uid:
        yield "Impersonate-Uid", str(uid)
    for group in groups or ():
        yield "Impersonate-Group", str(group)
    for key, values in (extra or {}).items():
        for value in values or ():
            yield f"Impersonate-Extra-{quote(str(key).lower(), safe='')}", str(value)


def _load(config: Any, location: str, context: str, configuration: Any, say: Progress) -> None:  # noqa: ANN401  # untyped
    """Fill in address and credentials; a plugin that gives them may ask a person first."""
    with _complaints() as heard, waiting_for(f"the credentials of context {context}", say):
        config.load_kube_config(
            config_file=location,
            context=context,
            client_configuration=configuration,
            # an OIDC token that was renewed is written back, as kubectl does
            persist_config=True,
        )
    if heard and not (configuration.api_key or configuration.cert_file):
        raise SetupError(_unusable(location, f"no credentials: {heard[-1]}"))


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What the client only logs: that a plugin failed, for one."""
    heard: list[str] = []
    ear = logging.Handler(logging.ERROR)
    ear.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]  # shorter than a class
    logging.getLogger().addHandler(ear)
    try:
        yield heard
    finally:
        logging.getLogger().removeHandler(ear)


def _unusable(location: str, found: str) -> str:
    # where an entry lacks a key, the client quotes the entry, and a token in it
    return explain(
        "No cluster can be asked.",
        expected="a kubeconfig with the context, or a pod with a ServiceAccount",
        found=re.sub(r"/\{.*\}", "", " ".join(found.split())),
        where=location,
        fix=f"{JUDGE} --target=live --kubeconfig=FILE --context=NAME",
    )
