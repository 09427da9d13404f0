"""The profile beside the feature files: what only machines need, read strictly and with lines."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

import yaml

from acceptance.contract.values import LARGEST, NOWHERE, ContractError, Provider, Requirement
from acceptance.resources import ServiceName
from acceptance.shown import line

NAME = "profile.yaml"
_ROWS = ("criteria", "requirements", "tasks")
_FIELDS = (
    *("title", "open_webui", "gateway", "features", "ordinary_user"),
    *(*_ROWS, "providers", "upstreams"),
)
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.?")
_TAG = re.compile(r"[\w.+/\[\]-]+")
"""What `-m` of pytest 9 can name."""
_RESERVED = frozenset(
    {
        *("disruptive", "and", "or", "not", "True", "False", "None"),
        *("filterwarnings", "parametrize", "skip", "skipif", "tryfirst", "trylast"),
        *("usefixtures", "xfail"),
    }
)
"""Tags that mean something to pytest or to the suite: `@xfail` would turn a failure green."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What a profile says; lines by `section/name`, for errors that are found later."""

    path: Path
    title: str
    open_webui: ServiceName = NOWHERE
    gateway: ServiceName = NOWHERE
    features: tuple[str, ...] = ()
    ordinary_user: bool = False
    criteria: tuple[Requirement, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    tasks: tuple[Requirement, ...] = ()
    providers: Mapping[str, Provider] = field(default_factory=dict)
    upstreams: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def at(self, *keys: str) -> str:
        """File and line of an entry."""
        return f"{self.path}:{self.lines.get('/'.join(keys), 1)}"


def read_profile(path: Path) -> Profile:
    """The profile of a file.

    Raises:
        ContractError: it is none; names file and line.
    """
    return _Reader(path).profile()


class _Reader:
    """Reads one file; remembers where everything stands."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[str, int] = {}
        self._tags = dict[str, str]()
        self._hosts = dict[str, str]()

    def profile(self) -> Profile:
        root = self._root()
        entries = dict(self._entries(root, ""))
        for name, node in entries.items():
            if name not in _FIELDS:
                near = get_close_matches(name, _FIELDS)
                self._refuse(node, " or ".join(near or _FIELDS), f"the unknown field {name!r}")
        for name in ("title", "criteria"):
            if name not in entries:
                self._refuse(root, f"an entry {name}", "none")
        rows = {name: tuple(self._rows(name, entries[name])) for name in _ROWS if name in entries}
        providers = self._entries(entries.get("providers"), "providers")
        upstreams = self._entries(entries.get("upstreams"), "upstreams")
        return Profile(
            path=self._path,
            title=self._text(entries["title"]),
            open_webui=self._program(entries.get("open_webui")),
            gateway=self._program(entries.get("gateway")),
            features=tuple(self._texts(entries["features"])) if "features" in entries else (),
            ordinary_user=self._choice(entries.get("ordinary_user"), "required"),
            **rows,
            providers={name: self._provider(name, node) for name, node in providers},
            upstreams={name: self._text(node) for name, node in upstreams},
            lines=self._lines,
        )

    def _root(self) -> yaml.Node:
        try:
            if not self._path.is_file():
                self._refuse(None, "a YAML file", "a folder, or no regular file")
            if self._path.stat().st_size > LARGEST:
                self._refuse(None, "a small YAML file", f"more than {LARGEST} bytes")
            text = self._path.read_text(encoding="utf-8")
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            self._lines["error"] = mark.line + 1 if mark else 1
            found = " ".join(str(getattr(error, "problem", None) or error).split())
            raise ContractError(
                f"{self._path}:{self._lines['error']}",
                expected="a YAML file in UTF-8, indented by spaces",
                found=found,
                fix="correct that line; docs/contract.md says what a profile holds",
            ) from error
        if root is None:
            self._refuse(None, "a mapping of fields", "an empty file")
        return root

    def _entries(self, node: yaml.Node | None, section: str) -> Iterator[tuple[str, yaml.Node]]:
        if node is None:
            return
        if not isinstance(node, yaml.MappingNode):
            self._refuse(node, f"{section or 'the profile'} as `name: value` lines", "none")
        seen = set[str]()
        for key, value in node.value:
            name = self._text(key)
            if name in seen:
                self._refuse(key, f"{name!r} once", "it again")
            seen.add(name)
            self._lines["/".join(filter(None, (section, name)))] = key.start_mark.line + 1
            yield name, value

    def _rows(self, section: str, node: yaml.Node) -> Iterator[Requirement]:
        for name, value in self._entries(node, section):
            text, required = value, True
            if isinstance(value, yaml.MappingNode):
                fields = dict(self._entries(value, f"{section}/{name}"))
                if unknown := sorted(set(fields) - {"text", "required"}):
                    self._refuse(value, "text and required", ", ".join(unknown))
                if "text" not in fields:
                    self._refuse(value, "its text", "none")
                text, required = fields["text"], self._choice(fields.get("required"), "true")
            tag = f"task{name.replace('.', '_')}" if name[:1].isdigit() else name
            if not _TAG.fullmatch(tag) or tag in _RESERVED:
                self._refuse(value, "a name that can be a tag, and is none of pytest's", repr(name))
            if other := self._tags.get(tag):
                self._refuse(value, "a tag of its own for each row", f"@{tag} is that of {other}")
            self._tags[tag] = f"{section}/{name}"
            yield Requirement(name=name, text=self._text(text), tag=tag, required=required)

    def _provider(self, name: str, node: yaml.Node) -> Provider:
        fields = dict(self._entries(node, f"providers/{name}"))
        if unknown := sorted(set(fields) - {"hosts", "service"}):
            self._refuse(node, "hosts, or service", ", ".join(unknown))
        service = self._service(fields["service"]) if "service" in fields else None
        hosts = [*self._texts(fields["hosts"])] if "hosts" in fields else []
        for host in hosts:
            if not _HOST.fullmatch(host):
                self._refuse(fields["hosts"], "host names, without scheme, port and `*`", host)
        if service:
            hosts.insert(0, service.host)
        if not hosts:
            self._refuse(node, f"the hosts of {name}, or its service", "neither")
        known = dict.fromkeys(host.rstrip(".").lower() for host in hosts)
        for host in known:
            if other := self._hosts.get(host):
                self._refuse(node, "a host of its own for each provider", f"{host} is {other}'s")
            self._hosts[host] = name
        return Provider(name=name, hosts=tuple(known), service=service)

    def _program(self, node: yaml.Node | None) -> ServiceName:
        return self._service(node) if node else NOWHERE

    def _service(self, node: yaml.Node) -> ServiceName:
        text = self._text(node)
        service = ServiceName.read(text)
        if service is None:
            self._refuse(node, "namespace/name, or namespace/name:port", repr(text))
        return service

    def _texts(self, node: yaml.Node) -> Iterator[str]:
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self._refuse(node, "a list: [one, another]", "none")
        for each in node.value:
            yield self._text(each)

    def _choice(self, node: yaml.Node | None, yes: str) -> bool:
        if node is None:
            return yes == "true"
        no = {"true": "false", "required": "optional"}[yes]
        if (text := self._text(node)) not in (yes, no):
            self._refuse(node, f"{yes} or {no}", repr(text))
        return text == yes

    def _text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self._refuse(node, "text", "nothing" if isinstance(node, yaml.ScalarNode) else "more")
        return line(node.value)

    def _refuse(self, node: yaml.Node | None, expected: str, found: str) -> NoReturn:
        line = node.start_mark.line + 1 if node else 1
        raise ContractError(
            f"{self._path}:{line}",
            expected=expected,
            found=found,
            fix="correct that line; docs/contract.md says what a profile holds",
        )
