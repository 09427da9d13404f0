"""The files of a pod: a folder that stands for its root, and its paths as local paths."""

import os
import posixpath
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from acceptance.errors import SetupError
from acceptance.lab.embedded.plan import PodPlan
from acceptance.lab.embedded.programs import LITELLM, OPEN_WEBUI_DATA
from acceptance.lab.embedded.withheld import parsed
from acceptance.message import explain

_TOP = (
    "app|bin|boot|cache|config|configs|data|dev|etc|home|lib|lib64|litellm-config|mnt|opt|proc"
    "|root|run|sbin|secrets|srv|sys|tmp|usr|var|workspace"
)
_LIKE_A_PATH = re.compile(
    r"(?P<scheme>file://|oidc/file/|sqlite:///)?(?P<path>/+(?P<top>[^/]+)(/.*)?)", re.DOTALL
)
_FOLDERS = re.compile(_TOP)
"""Folders of a machine's root, as images have them; `/v1` or `/chat` is part of an address, unless
this machine has such a folder."""
_NAMES_A_PATH = re.compile(r"(?!.*(ROOT|URL|API|BASE)_PATH$).*(DIR|FILE|PATH|HOME|FOLDER|TE?MP)")
_UPWARD = re.compile(r"(.*/)?\.\.(/.*)?")


class PodFiles:
    """A folder that stands for a pod's file system: nothing of the machine's own is below it."""

    def __init__(self, folder: Path, plan: PodPlan) -> None:
        """Lay nothing yet.

        Args:
            folder: the pod's own folder in the lab.
            plan: the pod.
        """
        assert plan.line is not None
        self._folder = folder
        self._root = folder / "pod"
        self._plan = plan
        self._mounts = tuple(
            posixpath.normpath(posixpath.join("/", mount["mountPath"]))
            for mount in plan.container.get("volumeMounts") or ()
        )
        self.working_folder = self._below(plan.line.folder)
        """Where the program is started."""

    def lay(self) -> None:
        """Write what is mounted; volumes that outlive the pod keep what they hold.

        Raises:
            SetupError: the mounts do not fit into one another, or onto this machine.
        """
        assert self._plan.given is not None
        try:
            shutil.rmtree(self._root, ignore_errors=True)
            self.working_folder.mkdir(parents=True)
            self._lay_volumes()
            for path, text in self._plan.given.files.items():
                place = self._below(path)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(self._localised(text), encoding="utf-8")
            self._below(OPEN_WEBUI_DATA).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(
                explain(
                    f"The files of pod {self._plan.key} cannot be laid.",
                    expected="mounts whose paths fit into one another and onto this machine",
                    found=str(error.strerror or error),
                    where=f"{self._plan.kind} {self._plan.namespace}/{self._plan.owner}: "
                    "volumeMounts",
                    fix="correct mountPath and subPath",
                )
            ) from error

    def _lay_volumes(self) -> None:
        volumes = {volume["name"]: volume for volume in self._plan.spec.get("volumes") or ()}
        mounts = self._plan.container.get("volumeMounts") or ()
        for mount, path in sorted(zip(mounts, self._mounts, strict=True), key=lambda each: each[1]):
            name, place = mount["name"], self._below(path)
            if name in self._plan.volume_claims or "persistentVolumeClaim" in volumes.get(name, {}):
                claim = self._folder / "claims" / name / (mount.get("subPath") or "")
                claim.mkdir(parents=True, exist_ok=True)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(claim)
            elif path not in self._plan.mounted:
                place.mkdir(parents=True, exist_ok=True)

    def _below(self, path: str) -> Path:
        """The local path of an absolute path of the pod; never above the pod's root."""
        return self._root / posixpath.normpath(posixpath.join("/", path)).lstrip("/")

    def word(self, text: str) -> str:
        """A word of a command line; if it is a path, or an option's, the local path."""
        option, equals, value = text.partition("=")
        if text.startswith("--"):
            return f"{option}={self.word(value)}" if equals else text
        return str(self._below(text)) if text.startswith("/") else self._downward(text)

    def value(self, name: str, text: str) -> str:
        """The value of a variable; if it is a path in the pod, the local path."""
        if _NAMES_A_PATH.fullmatch(name):
            return self.word(text)
        return self._path(text)

    def _downward(self, text: str) -> str:
        """A relative path that goes upward, from the working folder; never above the root."""
        if not _UPWARD.fullmatch(text) or "://" in text:
            return text
        assert self._plan.line is not None
        return str(self._below(posixpath.join(self._plan.line.folder, text)))

    def _path(self, text: str) -> str:
        for mount in self._mounts:
            if text == mount or text.startswith(f"{mount}/"):
                return str(self._below(text))
        match = _LIKE_A_PATH.fullmatch(text)
        if match is None or not _is_of_a_machine(match["top"]):
            return text
        return f"{match['scheme'] or ''}{self._below(match['path'])}"

    def _localised(self, text: str) -> str:
        """A configuration of LiteLLM with local paths; anything else as it is."""
        content = parsed(text) if self._plan.program is LITELLM else None
        changed = _mapped(content, self._path)
        return text if changed == content else yaml.safe_dump(changed, sort_keys=False)


def _is_of_a_machine(name: str) -> bool:
    """Whether a folder of the root is one that an image has, or that this machine has."""
    return bool(_FOLDERS.fullmatch(name)) or ("\0" not in name and os.path.lexists(f"/{name}"))


def _mapped(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401  # any YAML
    match value:
        case dict():
            return {key: _mapped(item, change) for key, item in value.items()}
        case list():
            return [_mapped(item, change) for item in value]
        case str():
            return change(value)
        case _:
            return value
