"""A ServiceAccount with the rights that are shipped, or with one less, and its kubeconfig."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from acceptance.kubernetes.api import Api
from acceptance.lab.cluster.objects import Objects
from acceptance.resources import Manifest
from acceptance.waiting import eventually
from tests.sources import REPOSITORY

NAME = "system:serviceaccount:acceptance:acceptance"
"""As whom the API server knows it."""
READ_ONLY, DRILLS = (
    REPOSITORY / "deploy" / "rbac" / f"{name}.yaml" for name in ("read-only", "drills")
)
_TOKEN = "/api/v1/namespaces/acceptance/serviceaccounts/acceptance/token"
_LIFETIME = 3600
"""Seconds."""


def grant(api: Api, *files: Path, without: str = "") -> None:
    """Apply files of `deploy/rbac/`.

    Args:
        api: whoever may do everything.
        files: those.
        without: `verb resource` that their roles are not to grant.
    """
    objects = list(_written(*files))
    for item in objects:
        if item["kind"] == "Role":
            item["rules"] = [*_without(item["rules"], without)]
    Objects(api, say=print).apply(objects)


def revoke(api: Api, *files: Path) -> None:
    """Take away what files grant, but not the account."""
    roles = [item for item in _written(*files) if item["kind"].startswith("Role")]
    Objects(api, say=print).remove(roles)


def _written(*files: Path) -> Iterator[dict[str, Any]]:
    for file in files:
        yield from yaml.safe_load_all(file.read_text(encoding="utf-8"))


def _without(rules: list[Manifest], right: str) -> Iterator[Manifest]:
    """The rules, one a verb and resource, but for one."""
    for rule in rules:
        for resource in rule["resources"]:
            for verb in rule["verbs"]:
                if f"{verb} {resource}" != right:
                    yield {**rule, "resources": [resource], "verbs": [verb]}


def token(api: Api, **bound_to: str) -> str:
    """A token of the account, for an hour; bound to an object, it ends with it."""
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {
            "expirationSeconds": _LIFETIME,
            **({"boundObjectRef": bound_to} if bound_to else {}),
        },
    }

    def ask() -> str:
        made = api.with_rights(f"POST {_TOKEN}").ask("POST", _TOKEN, body=request)
        assert made, "the account is not there yet"
        return str(made["status"]["token"])

    return eventually(ask, what="the account")


def kubeconfig(
    path: Path, like: str, *, server: str = "", authority: str = "", **user: object
) -> str:
    """Write a kubeconfig for the cluster of another one; returns its path.

    Args:
        path: of the file.
        like: path of the other one.
        server: another address of the same API server.
        authority: another certificate authority, in base64.
        user: its credentials; the other one's where there are none.
    """
    found = yaml.safe_load(Path(like).read_text(encoding="utf-8"))
    if user:
        found["users"][0]["user"] = user
    if server:
        found["clusters"][0]["cluster"]["server"] = server
    if authority:
        found["clusters"][0]["cluster"]["certificate-authority-data"] = authority
    path.write_text(yaml.safe_dump(found), encoding="utf-8")
    return str(path)
