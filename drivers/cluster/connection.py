"""Which cluster is asked, and as whom: a context that somebody named, never one by chance."""

import importlib
from pathlib import Path
from typing import Any

from domain.errors import SetupError
from domain.message import explain
from domain.waiting import Say
from drivers.cluster.api import Api
from drivers.cluster.wire import Wire

IN_CLUSTER = "in-cluster"
"""How the context is called where a pod asks as its ServiceAccount."""


def connect(*, kubeconfig: str, context: str, say: Say) -> Api:
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
    name = context or IN_CLUSTER
    try:
        if context == IN_CLUSTER or not (kubeconfig or _there_is_one(config)):
            config.load_incluster_config(client_configuration=configuration)
        else:
            name = _chosen(config, kubeconfig, context)
            config.load_kube_config(
                config_file=kubeconfig or None,
                context=name,
                client_configuration=configuration,
                # an OIDC token that was renewed is written back, as kubectl does
                persist_config=True,
            )
    except SetupError:
        raise
    except Exception as error:  # the client's loaders raise whatever they meet
        raise SetupError(
            explain(
                "No cluster can be asked.",
                expected="a kubeconfig with the context, or a pod with a ServiceAccount",
                found=f"{type(error).__name__}: {error}",
                where=kubeconfig or "KUBECONFIG, ~/.kube/config, the pod's ServiceAccount",
                fix="pytest --target=live --kubeconfig=FILE --context=NAME",
            )
        ) from error
    return Api(Wire(client.ApiClient(configuration)), context=name, say=say)


def _there_is_one(config: Any) -> bool:  # noqa: ANN401  # kubernetes.config, untyped
    location: str = config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION
    return any(Path(each).expanduser().is_file() for each in location.split(":"))


def _chosen(config: Any, kubeconfig: str, context: str) -> str:  # noqa: ANN401  # likewise
    contexts, _ = config.list_kube_config_contexts(config_file=kubeconfig or None)
    names = [each["name"] for each in contexts]
    if context in names or (not context and len(names) == 1):
        return context or str(names[0])
    raise SetupError(
        explain(
            "It is not clear which cluster to judge."
            if not context
            else "There is no such context.",
            expected=f"one of {', '.join(names)}",
            found=context or f"{len(names)} contexts, and no --context: none is taken by chance",
            where=kubeconfig or "KUBECONFIG or ~/.kube/config",
            fix="pytest --target=live --context=NAME",
        )
    )
