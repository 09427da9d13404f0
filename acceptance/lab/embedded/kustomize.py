"""Kustomizations of a folder, rendered by `kubectl kustomize` or `kustomize` where one is there.

It works on a copy of the folder, of which everything is taken out that is not in it: what would be
fetched from the internet, what is not kept in git, and what only a plugin can make. Each is said.
So nothing outside of the folder is read, and nobody is asked.
"""

import os
import posixpath
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from acceptance.errors import SetupError
from acceptance.lab.embedded.documents import MOST_VALUES, Loader, values_in
from acceptance.lab.embedded.programs import Program, program_for
from acceptance.message import excerpt, explain

FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_TOOLS = (("kubectl", "kustomize"), ("kustomize", "build"))
_IMAGE = re.compile(r"""^[\s-]*image:\s*["']?([^\s"']+)""", re.MULTILINE)
_REMOTE = re.compile(r"^https?:|://|^git@|^github\.com/|\?ref=", re.IGNORECASE)
_TIMEOUT, _TIMEOUT_OF_ALL = 30.0, 120.0
"""Seconds for one kustomization, and for all of a folder; a large one takes a second."""
_MOST_BYTES, _MOST_BYTES_OF_ALL = 5_000_000, 100_000_000
"""Of a file that is copied, and of all of them."""
_MOST_FILES = 5_000
_NOBODY = "http://127.0.0.1:9"
"""A proxy that is not there."""
_FOLDERS = ("resources", "bases", "components")
_FILES = (*_FOLDERS, "crds", "configurations", "patchesStrategicMerge")
_PATCHES = ("patches", "patchesJson6902", "replacements")
_GENERATORS = ("configMapGenerator", "secretGenerator")
_PLUGINS = {
    "generators": "a plugin makes it",
    "transformers": "a plugin changes it",
    "validators": "a plugin checks it",
    "helmCharts": "a chart, which Helm fetches: render with `kustomize build --enable-helm`",
    "helmChartInflationGenerator": "a chart, which Helm fetches: render with `kustomize build "
    "--enable-helm`",
    "openapi": "it is not needed here",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """What the kustomizations of a folder come down to."""

    texts: Mapping[str, str]
    """What was rendered, by the kustomization's file."""
    notes: tuple[str, ...]
    covered: frozenset[str]
    """Files that are not to be read by themselves: they are parts of what was rendered."""
    beside: tuple[str, ...]
    """Files that stand beside a kustomization which does not list them."""


def rendered(folder: Path, files: Collection[str]) -> Rendered | None:
    """The kustomizations of the folder that no other one takes; None without one, or a tool.

    Args:
        folder: what was given.
        files: its files that are read, by their paths in it.

    Raises:
        SetupError: of several that share files nobody can say which one is meant.
    """
    tool = next((tool for tool in _TOOLS if shutil.which(tool[0])), None)
    if tool is None or not any(posixpath.basename(file) in FILES for file in files):
        return None
    with tempfile.TemporaryDirectory(prefix="kustomize-") as temporary:
        copy = Path(temporary).resolve() / "folder"
        _copy(folder.resolve(), copy)
        return _Folder(folder, copy, tool).rendered(files)


class _Folder:
    """A copy of what was given, from which nothing leads outside."""

    def __init__(self, given: Path, copy: Path, tool: tuple[str, str]) -> None:
        self._given = given
        self._copy = copy
        self._tool = tool
        self._notes: list[str] = []
        self._built: dict[str, str] = {}
        self._until = time.monotonic() + _TIMEOUT_OF_ALL
        self._kustomizations: dict[str, tuple[str, dict[str, Any]]] = {}
        """File and content, by folder."""
        self._reached: dict[str, set[str]] = {}
        """Files and folders that each one takes by itself."""

    def rendered(self, files: Collection[str]) -> Rendered:
        for file in sorted(each for name in FILES for each in self._copy.rglob(name)):
            content = _content(file)
            if content is not None and "toolkit.fluxcd.io" not in str(content.get("apiVersion")):
                place = str(file.parent.relative_to(self._copy))
                self._kustomizations.setdefault(place, (file.name, content))
        for place in self._kustomizations:
            self._reached[place] = set()
            self._prune(place)
        roots = self._roots()
        built = {root: self._build(root) for root in roots}
        texts = {
            posixpath.normpath(posixpath.join(root, self._file_of(root))): text
            for root, text in built.items()
            if text
        }
        taken = {each for root in roots for each in self._all_of(root)}
        below = [file for file in files if self._nearest(file) is not None]
        beside = [
            file for file in below if file not in taken and posixpath.basename(file) not in FILES
        ]
        return Rendered(
            texts=texts,
            notes=tuple(self._notes),
            covered=frozenset(below),
            beside=tuple(beside),
        )

    def _file_of(self, place: str) -> str:
        return self._kustomizations[place][0]

    def _nearest(self, file: str) -> str | None:
        """The kustomization in whose folder, or below it, a file stands."""
        parents = [str(each) for each in Path(file).parents]
        return next((each for each in parents if each in self._kustomizations), None)

    # which of them are meant

    def _roots(self) -> list[str]:
        """Those that no other one takes."""
        taken = {each for reached in self._reached.values() for each in reached}
        roots = [place for place in self._kustomizations if place not in taken]
        roots = [each for each in roots if self._is_whole(each)]
        if "." in roots and _starts_a_program(self._build(".")):
            return ["."]
        owners: dict[str, str] = {}
        for root in roots:
            for each in self._all_of(root) - self._components():
                if (other := owners.setdefault(each, root)) != root:
                    raise SetupError(
                        explain(
                            "Which kustomization is meant, nobody can say.",
                            expected="one, or several that share nothing",
                            found=f"{other} and {root}, which both take {each}",
                            where=str(self._given),
                            fix=f"name one: --manifests={self._given / root}",
                        )
                    )
        return roots

    def _is_whole(self, place: str) -> bool:
        return self._kustomizations[place][1].get("kind") != "Component"

    def _components(self) -> set[str]:
        parts = [place for place in self._kustomizations if not self._is_whole(place)]
        return {*parts, *(each for place in parts for each in self._all_of(place))}

    def _all_of(self, place: str) -> set[str]:
        """What it takes, and what those take."""
        seen: set[str] = set()
        waiting = [place]
        while waiting:
            for each in self._reached.get(waiting.pop(), ()):
                if each not in seen:
                    seen.add(each)
                    waiting.append(each)
        return seen

    # what is taken out of them

    def _prune(self, place: str) -> None:
        """Take out of a kustomization what is not in the folder, and note what it takes."""
        file, content = self._kustomizations[place]
        fields = (*_PLUGINS, *_FILES, *_PATCHES, *_GENERATORS)
        known = {field.casefold(): field for field in fields}
        kept: dict[str, Any] = {}
        for name, value in content.items():
            field = known.get(str(name).casefold(), str(name))
            if field in _PLUGINS and value:
                self._say(place, f"{field} is left out: {_PLUGINS[field]}")
            elif field in known.values() and isinstance(value, list):
                entries = [_as_go_reads(each) for each in value]
                kept[field] = [each for each in entries if self._stays(place, field, each)]
            else:
                kept[field] = value
        text = yaml.safe_dump(kept, sort_keys=False, allow_unicode=True)
        (self._copy / place / file).write_text(text, encoding="utf-8")

    def _stays(self, place: str, field: str, entry: Any) -> bool:  # noqa: ANN401  # any YAML
        """Whether an entry of a field is in the folder, with all that it names."""
        named: list[str] = []
        if field in _FILES:
            named = _texts([entry])
        elif field in _PATCHES and isinstance(entry, dict):
            named = _texts([entry.get("path")])
        elif field in _GENERATORS and isinstance(entry, dict):
            named = [each.rpartition("=")[2] for each in _texts(entry.get("files"))]
            named += [*_texts(entry.get("envs")), *_texts([entry.get("env")])]
        there = [self._is_there(place, each) for each in named]
        return all(there)

    def _is_there(self, place: str, entry: str) -> bool:
        """Whether an entry is in the folder, and can be rendered; what is not, is said."""
        if "\n" in entry:  # a patch as it is
            return True
        path = posixpath.normpath(posixpath.join(place, entry))
        found = self._copy / path
        outside = path.startswith(("..", "/"))
        far = bool(_REMOTE.search(entry))  # also where the folder has a folder `http:`
        if far or outside or not os.path.exists(found):  # noqa: PTH110  # False for what is no path
            why = "it is fetched from the internet" if far else "it is not in this folder"
            self._say(place, f"{entry} is left out: {why}")
            return False
        if found.is_dir() and path not in self._kustomizations:
            self._say(place, f"{entry} is left out: it holds no kustomization")
            return False
        self._reached[place].add(path)
        return True

    def _say(self, place: str, text: str) -> None:
        where = posixpath.normpath(posixpath.join(place, self._file_of(place)))
        self._notes.append(f"{where}: {text}")

    # the tool

    def _build(self, root: str) -> str:
        """What the tool makes of a kustomization; empty, and said, where it refuses it."""
        if root not in self._built:
            self._built[root] = self._render(root)
        return self._built[root]

    def _render(self, root: str) -> str:
        timeout = max(0.1, min(_TIMEOUT, self._until - time.monotonic()))
        try:
            done = subprocess.run(
                [str(shutil.which(self._tool[0])), self._tool[1], str(self._copy / root)],
                cwd=self._copy,
                # no git and no way out, by which it would fetch, no sign-in and no settings of
                # whoever runs this
                env={
                    "PATH": "",
                    "HOME": str(self._copy.parent),
                    "KUBECONFIG": "/dev/null",
                    "HTTP_PROXY": _NOBODY,
                    "HTTPS_PROXY": _NOBODY,
                },
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            self._say(root, f"cannot be rendered within {timeout:.0f} seconds")
            return ""
        if done.returncode == 0:
            self._say(root, f"rendered by `{' '.join(self._tool)}`")
            return done.stdout
        lines = [line for line in done.stderr.splitlines() if not line.startswith("# Warning")]
        said = " ".join(lines).replace(f"{self._copy}/", "")
        found = said.rpartition("err=")[2].strip('"<> \t') or "no word"  # kubectl logs its error
        self._say(root, f"cannot be rendered: {excerpt(found)}")
        return ""


def _starts_a_program(text: str) -> bool:
    """Whether an image of Open WebUI or LiteLLM is in what was rendered."""
    return any(isinstance(program_for(image), Program) for image in _IMAGE.findall(text))


def _copy(folder: Path, copy: Path) -> None:
    """Copy the regular files that stand in the folder itself, and no link that leads outside."""
    copy.mkdir(parents=True)
    copied = size = 0
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder)
        if {".git", "node_modules"} & set(inside.parts) or not file.is_file():
            continue
        if file.resolve().is_relative_to(folder) and file.stat().st_size <= _MOST_BYTES:
            (copy / inside).parent.mkdir(parents=True, exist_ok=True)
            with suppress(PermissionError):  # then it is not there, for the tool too
                shutil.copyfile(file.resolve(), copy / inside)
            copied, size = copied + 1, size + file.stat().st_size
            if copied > _MOST_FILES or size > _MOST_BYTES_OF_ALL:
                raise SetupError(
                    explain(
                        "There is more beside a kustomization than the lab reads.",
                        expected=f"at most {_MOST_FILES} files, of {_MOST_BYTES_OF_ALL} bytes",
                        found="more",
                        where=str(folder),
                        fix="name the folder of these manifests",
                    )
                )


def _content(file: Path) -> dict[str, Any] | None:
    """A kustomization; None where it is none, or cannot be read."""
    try:
        content = yaml.load(file.read_text(encoding="utf-8-sig"), Loader)  # noqa: S506  # a safe one
        return content if isinstance(content, dict) and values_in(content) <= MOST_VALUES else None
    except (OSError, yaml.YAMLError, ValueError, RecursionError):
        return None


def _as_go_reads(entry: Any) -> Any:  # noqa: ANN401  # any YAML
    """An entry, its fields by their names: Go takes those in any case, Unicode's too."""
    if not isinstance(entry, dict):
        return entry
    return {str(name).casefold(): value for name, value in entry.items()}


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
