"""Whether what Open WebUI stores outlives its pod."""

from acceptance.resources import Manifest

DATA = "/app/backend/data"
"""Where Open WebUI keeps its database and its uploads (its image, 0.12.4)."""


def fleeting(container: Manifest, spec: Manifest) -> tuple[str, ...]:
    """A remark where the data folder is an emptyDir, which ends with its pod."""
    kept_nowhere = {
        volume["name"] for volume in spec.get("volumes") or () if volume.get("emptyDir") is not None
    }
    return tuple(
        f"{DATA} is an emptyDir: accounts, chats and settings made by hand end with the pod"
        for mount in container.get("volumeMounts") or ()
        if mount["mountPath"].rstrip("/") == DATA and mount["name"] in kept_nowhere
    )
