"""Helm's own records of the release that a workload belongs to, where they may be read.

Source: Helm 3 and 4, `pkg/storage/driver/secrets.go`: one Secret a revision, with the labels owner,
name, version and status. The values in it are never decoded.
"""

from collections.abc import Iterator

from acceptance.kubernetes.api import Api
from acceptance.kubernetes.errors import Forbidden
from acceptance.resources import Manifest

_RELEASE = "meta.helm.sh/release-name"
_NAMESPACE = "meta.helm.sh/release-namespace"


def release_notes(api: Api, owner: Manifest) -> Iterator[str]:
    """What to know of the release: its revision, and whether its upgrade ended well."""
    marks = owner["metadata"].get("annotations") or {}
    if _RELEASE not in marks:
        return
    release = marks[_RELEASE]
    namespace = marks.get(_NAMESPACE, owner["metadata"]["namespace"])
    try:
        found = api.list("Secret", namespace, {"owner": "helm", "name": release})
    except Forbidden:
        yield f"Helm release {release}: its state may not be read; its effect is judged"
        return
    revisions = [each["metadata"].get("labels") or {} for each in found]
    if not revisions:
        yield f"Helm release {release}: Helm keeps no record of it in {namespace}"
        return
    newest = max(revisions, key=lambda labels: int(labels.get("version", 0)))
    yield f"Helm release {release}: revision {newest.get('version')} is {newest.get('status')}"
    if newest.get("status") != "deployed":
        yield (
            f"Helm release {release}: its newest upgrade did not end well, so an earlier revision "
            f"may serve: helm history {release} -n {namespace}"
        )
