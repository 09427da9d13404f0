"""The files of a pod: its mounted volumes as folders, and its paths as local paths."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from domain.kubernetes import Manifest
from lab.embedded.plan import PodPlan
from lab.embedded.programs import OPEN_WEBUI_DATA


class PodFiles:
    """A folder that stands for a pod's file system, as far as anything is mounted in it."""

    def __init__(self, root: Path, plan: PodPlan) -> None:
        self._root = root
        self._plan = plan
        self._local: dict[str, Path] = {}

    def lay(self) -> None:
        """Write what is mounted; volumes that outlive the pod keep what they hold."""
        claims = self._root / "claims"
        shutil.rmtree(self._root / "pod", ignore_errors=True)
        (self._root / "pod").mkdir(parents=True)
        volumes = {volume["name"]: volume for volume in self._plan.spec.get("volumes") or ()}
        self._local[OPEN_WEBUI_DATA] = self._root / "pod" / "data"
        for mount in self._plan.container.get("volumeMounts") or ():
            name = mount["name"]
            volume = volumes.get(name, {})
            kept = name in self._plan.volume_claims or "persistentVolumeClaim" in volume
            folder = (claims if kept else self._root / "pod") / name
            self._fill(folder, volume)
            self._local[mount["mountPath"].rstrip("/")] = folder / (mount.get("subPath") or "")
        for path in self._local.values():
            if not path.is_file():
                path.mkdir(parents=True, exist_ok=True)

    def _fill(self, folder: Path, volume: Manifest) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        source = volume.get("configMap") or volume.get("secret") or {}
        data = self._plan.mounted.get(str(volume.get("name")), {})
        for file, text in _chosen(data, source).items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")

    def local(self, text: str) -> str:
        """The text; if it is a path at or below a mount, the local path in its place."""
        for path, local in sorted(self._local.items(), key=lambda item: -len(item[0])):
            if text == path or text.startswith(f"{path}/"):
                return f"{local}{text[len(path) :]}"
        return text


def _chosen(data: Mapping[str, str], source: Manifest) -> Mapping[str, str]:
    items = source.get("items")
    if not items:
        return data
    return {item["path"]: data[item["key"]] for item in items if item["key"] in data}
