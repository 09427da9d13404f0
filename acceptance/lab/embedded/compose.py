"""Docker Compose's files as the Kubernetes objects that the lab runs.

A service becomes a Deployment and a Service of its name; what it mounts from beside the file
becomes a ConfigMap; networks become labels, by which the lab keeps apart what shares none. Nothing
is started by Compose, no variable of this machine is read, and no file outside of the folder that
was given.

Source: the Compose Specification (2025), https://github.com/compose-spec/compose-spec.
"""

import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acceptance.errors import SetupError
from acceptance.json_values import mapping
from acceptance.lab.embedded.compose_files import (
    CONFIGURATIONS,
    MOST_BYTES,
    Folder,
    examples_of,
    several,
    variables_of,
    whole_document,
)
from acceptance.lab.embedded.compose_names import ADDRESSES, HOST, NETWORK, SHARES, more_names
from acceptance.lab.embedded.dockerfile import Built, built
from acceptance.lab.embedded.made_up import made_up
from acceptance.lab.embedded.programs import LITELLM, Emulated, Program, program_for
from acceptance.message import explain, quoted
from acceptance.resources import Manifest
from acceptance.shapes import SECRETIVE

NAMESPACE = "compose"
_NOBODYS = ("", "sk-1234")
"""Values of an example that are nobody's own: LiteLLM (1.106.2) does not start with that key."""
_BRACE = re.compile("[{}]")
_DEEPEST = 20
"""Braces within braces of a value."""
_SERVICE_NAME = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9._-]{1,63}")
"""As Compose checks it, and no longer than a name of DNS."""
_VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*))")
_ROUTING = re.compile(
    r"traefik\.(enable|http\.routers\.[^.]+\.rule|http\.services\.[^.]+\.loadbalancer\.server\.port)"
)
"""Labels by which Traefik (3.6) is told of a container's host, and of its port."""
_PUBLISHED = re.compile(
    r"((\[.*\]|\d+\.[\d.]+):)?((?P<host>\d+)(-\d+)?:)?(?P<target>\d+)(-\d+)?(/(tcp|udp))?"
)
_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][\w.-]*)\s*[=:]\s*(?P<value>.*)")
_COMMENT = re.compile(r"(?<!\S)#.*")
_FROM_DOTENV = "DOTENV_"
"""Begins the names of what a variable is put together of."""
_MACHINE = re.compile(r"(?<=://)(localhost|127\.0\.0\.1)(?=[:/\s'\"]|$)")
"""The machine itself, for a container that shares its network."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Composed:
    """What the files of a project come down to."""

    objects: tuple[Manifest, ...]
    notes: tuple[str, ...]
    runs: bool
    """Whether Open WebUI or LiteLLM is in it."""


def composed(files: Mapping[str, Mapping[str, Any]], folder: Folder) -> Composed:
    """The objects of one project.

    Args:
        files: its documents, by their paths in the folder; later ones add to the first.
        folder: what stands beside them.
    """
    return _Project(files, folder).composed()


@dataclass(kw_only=True, slots=True)
class _Made:
    """What becomes of a service."""

    name: str
    image: str
    program: Program | Emulated | None
    container: dict[str, Any]
    on_machine: bool = False
    """Whether it shares the network of the machine (`network_mode: host`)."""
    volumes: list[dict[str, Any]] = field(default_factory=list)
    mounts: list[dict[str, Any]] = field(default_factory=list)


class _Project:
    def __init__(self, files: Mapping[str, Mapping[str, Any]], folder: Folder) -> None:
        self._file = next(iter(files))
        self._place = posixpath.dirname(self._file)
        self._folder = folder
        self._notes: list[str] = []
        self._objects: list[Manifest] = []
        self._published: dict[int, list[str]] = {}
        self._shared_ports: dict[str, list[int]] = {}
        """Ports of those that share a service's network, by its name."""
        self._sharing: dict[str, list[tuple[str, list[int]]]] = {}
        """Programs that share a service's network, with their ports, by its name."""
        self._made_up: set[str] = set()
        self._unset: set[str] | None = None
        """Variables without a value that a variable of a service needs, while it is read."""
        self._variables: Mapping[str, str] = {}
        self._variables = self._told_by(".env")
        self._document = whole_document(
            files, folder, text=self._text, say=self._say, learn=self._learn
        )
        self._name = str(self._document.get("name") or posixpath.basename(self._place) or "project")

    def _services(self) -> Mapping[str, Any]:
        services = mapping(self._document.get("services"))
        if wrong := [str(name) for name in services if not _SERVICE_NAME.fullmatch(str(name))]:
            expected = "names of services by letters, digits and . _ -, of at most 63 characters"
            raise self._refused(expected, quoted(wrong[0][:80]), "rename that service")
        return services

    def composed(self) -> Composed:
        services = self._services()
        images = {name: self._image(name, mapping(each)) for name, each in services.items()}
        started = self._started(services, images)
        for name in started:
            self._routed(str(name), mapping(services[name]))  # first: what is made up in a host
        for name in started:
            self._service(str(name), mapping(services[name]), images[name])
        self._share()
        if self._published:
            self._host()
        by_name = {str(name): mapping(services[name]) for name in started}
        for note in more_names(self._objects, by_name, self._text, self._published):
            self._say(note)
        for name in services:
            if name not in started:
                self._say(f"service {name} is not started: no profile of it is chosen")
        if self._made_up:
            names = ", ".join(sorted(self._made_up))
            self._say(f"{names}: not set in .env beside it, and made up within other words")
        runs = any(isinstance(program_for(images[name]), Program) for name in started)
        return Composed(objects=tuple(self._objects), notes=tuple(self._notes), runs=runs)

    def _say(self, text: str) -> None:
        self._notes.append(f"{self._file}: {text}")

    def _refused(self, expected: str, found: str, fix: str) -> SetupError:
        title = "A file of Compose cannot be read."
        where = f"{self._file}: services"
        return SetupError(explain(title, expected=expected, found=found, where=where, fix=fix))

    def _started(self, services: Mapping[str, Any], images: Mapping[str, str]) -> tuple[str, ...]:
        """The services that `docker compose up` starts, and a program's own where none is."""
        named = (self._variables.get("COMPOSE_PROFILES") or "").split(",")
        profiles = {
            name: [str(each) for each in several(mapping(service).get("profiles"))]
            for name, service in services.items()
        }
        on = {name for name, its in profiles.items() if not its or {*its, "*"} & set(named)}
        programs = {
            name: program
            for name in services
            if isinstance(program := program_for(images[name]), Program)
        }
        for name, program in programs.items():
            if name not in on and program not in [programs.get(each) for each in on]:
                profile = profiles[name][0]
                self._say(f"service {name} is in the profile {profile}: it is taken for chosen")
                on |= {each for each, its in profiles.items() if profile in its}
        return tuple(name for name in services if name in on)

    # a service

    def _service(self, name: str, service: Mapping[str, Any], image: str) -> None:
        program = program_for(image)
        container: dict[str, Any] = {"name": name, "image": image}
        mode = self._text(service.get("network_mode") or "")
        made = _Made(name=name, image=image, program=program, container=container)
        made.on_machine = mode == "host"
        self._started_by(container, service)
        self._environment(made, service)
        self._mounted(made, service)
        self._baked(made, service)
        ports = self._ports(made, service)
        if service.get("use_api_socket") and isinstance(program, Program):
            self._say(f"service {name}: use_api_socket is not honoured in the embedded lab")
        shares = self._shared(mode)
        named = [] if made.on_machine else self._networks(self._of(shares) or service)
        networks = {f"{NETWORK}{each}": "" for each in named}
        labels = {"compose.service": name, f"{SHARES}{shares or name}": "", **networks}
        spec = {"containers": [container], "volumes": made.volumes}
        self._add(
            "Deployment",
            name,
            spec={
                "replicas": _number(service.get("scale") or _deploy(service).get("replicas"), 1),
                "selector": {"matchLabels": {"compose.service": name}},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        )
        if made.on_machine:
            for port in ports:
                self._publish(made, port, port)
            self._say(f"service {name} has the machine's network: {HOST} stands for localhost")
            nobody = {f"{NETWORK}only-{name}": ""}
            self._named(made, (), nobody, ports)  # found by who judges, and by no container
        elif shares:
            self._shared_ports.setdefault(shares, []).extend(ports)
            if isinstance(program, Program):
                self._sharing.setdefault(shares, []).append((name, ports))
        else:
            self._named(made, self._other_names(name, service), networks, ports)

    def _routed(self, name: str, service: Mapping[str, Any]) -> None:
        """The public hosts that Traefik leads to a service, by its labels."""
        labels = [*variables_of(service.get("labels")).items()]
        labels += variables_of(_deploy(service).get("labels")).items()
        told = {
            key.lower(): self._text(value or "")
            for key, value in labels
            if _ROUTING.fullmatch(key.lower())
        }
        if told.pop("traefik.enable", "").lower() == "false":
            return
        ports = [_number(value) for key, value in told.items() if key.endswith(".port")]
        backend = {"name": name, **({"port": ports[0]} if ports else {})}
        for key, rule in told.items():
            if key.endswith(".rule"):
                route = {"match": rule, "services": [backend]}
                self._add("IngressRoute", name, spec={"routes": [route]})

    def _started_by(self, container: dict[str, Any], service: Mapping[str, Any]) -> None:
        for given, ours in (("entrypoint", "command"), ("command", "args")):
            if (words := self._words(service.get(given))) is not None:
                container[ours] = words
        if service.get("working_dir"):
            container["workingDir"] = self._text(service["working_dir"])

    def _named(
        self, made: _Made, others: Iterable[str], networks: Mapping[str, str], ports: Iterable[int]
    ) -> None:
        """The names by which a service is found, and what shares its network."""
        for host in dict.fromkeys((made.name, *others)):
            self._add(
                "Service",
                host,
                labels=networks,
                spec={
                    "selector": {f"{SHARES}{made.name}": ""},
                    "ports": [{"name": f"p{port}", "port": port} for port in ports],
                },
            )

    def _of(self, name: str) -> Mapping[str, Any]:
        return mapping(mapping(self._document.get("services")).get(name))

    def _shared(self, mode: str) -> str:
        """The service whose network one shares; empty where it has its own."""
        kind, _, named = mode.partition(":")
        if kind == "service" and self._of(named):
            return named
        for name, each in mapping(self._document.get("services")).items():
            if kind == "container" and named and mapping(each).get("container_name") == named:
                return str(name)
        return ""

    def _share(self) -> None:
        """The ports of those that share a service's network are found at its names."""
        services = [item["spec"] for item in self._objects if item["kind"] == "Service"]
        for owner, shared in self._shared_ports.items():
            for spec in services:
                if f"{SHARES}{owner}" in spec["selector"]:
                    known = [each["port"] for each in spec["ports"]]
                    more = [port for port in dict.fromkeys(shared) if port not in known]
                    spec["ports"] += [{"name": f"p{port}", "port": port} for port in more]
        for both in (each for each in self._sharing.values() if len(each) > 1):
            for name, ports in both:  # found by who judges, and by no container
                self._add(
                    "Service",
                    name,
                    labels={f"{NETWORK}only-{name}": ""},
                    spec={
                        "selector": {"compose.service": name},
                        "ports": [{"name": f"p{port}", "port": port} for port in ports],
                    },
                )

    def _image(self, name: str, service: Mapping[str, Any]) -> str:
        """The image; of one that is built, that from which its Dockerfile starts."""
        build = service.get("build")
        if service.get("image") and (not build or program_for(self._text(service["image"]))):
            return self._text(service["image"])
        stage = self._build(service)
        return stage.image if stage else self._text(service.get("image") or f"{name}-built")

    def _build(self, service: Mapping[str, Any]) -> Built | None:
        """What the Dockerfile of a service comes to; None where there is none."""
        build = service.get("build")
        if not build:
            return None
        inline = mapping(build).get("dockerfile_inline")
        named = self._text(mapping(build).get("dockerfile", "Dockerfile"))
        path = posixpath.join(self._context(service), named)
        return built(self._text(inline) if inline else self._folder.text(path) or "")

    def _context(self, service: Mapping[str, Any]) -> str:
        build = service.get("build")
        context = build if isinstance(build, str) else mapping(build).get("context", ".")
        return self._path(self._text(context))

    def _baked(self, made: _Made, service: Mapping[str, Any]) -> None:
        """What an image that is built brings along: files, variables and a command."""
        stage = self._build(service)
        if not isinstance(made.program, Program):
            return
        if stage is None:
            if service.get("build"):
                self._say(f"service {made.name} is built, and its Dockerfile is not in this folder")
            return
        container = made.container
        self._say(
            f"service {made.name} is built: {made.image}, from which it starts, runs in its place, "
            "with the configuration, the variables and the command that its Dockerfile tells"
        )
        given = {entry["name"] for entry in container["env"]}
        container["env"] = [
            *(_plain(name, value) for name, value in stage.variables.items() if name not in given),
            *container["env"],
        ]
        if stage.folder:
            container.setdefault("workingDir", stage.folder)
        if "command" not in container and stage.entrypoint:
            container["command"] = [_literally(each) for each in stage.entrypoint]
        if "args" not in container and stage.command and "entrypoint" not in service:
            container["args"] = [_literally(each) for each in stage.command]
        folder = posixpath.join(made.program.folder, stage.folder)
        for source, target in stage.copies:
            path = posixpath.normpath(posixpath.join(self._context(service), source.lstrip("/")))
            self._copied(made, path, posixpath.join(folder, target))

    def _copied(self, made: _Made, path: str, target: str) -> None:
        """A file or folder that a Dockerfile copies, where no volume is mounted over it."""
        for file, text in self._files_at(path).items():
            place = posixpath.join(target, file)
            if not file and target.endswith("/"):
                place = posixpath.join(target, posixpath.basename(path))
            place = posixpath.normpath(place)
            if place not in (mount["mountPath"] for mount in made.mounts):
                whole = posixpath.join(path, file) if file else path
                self._file_of(made, "ConfigMap", whole, place, text)

    def _files_at(self, path: str) -> Mapping[str, str]:
        """The texts that may be configurations: of a folder by their paths in it, or of a file."""
        if self._folder.is_folder(path):
            return self._folder.configurations(path)
        fits = posixpath.splitext(path)[1] in CONFIGURATIONS
        text = self._folder.text(path) if fits else None
        return {} if text is None else {"": text}

    def _words(self, value: object) -> list[str] | None:
        """A command, as Kubernetes takes it: what Compose has left alone stays alone."""
        if value is None:
            return None
        if isinstance(value, list):
            return [_literally(self._text(each)) for each in value]
        try:
            return [_literally(each) for each in shlex.split(self._text(value))]
        except ValueError:
            return [_literally(self._text(value))]

    def _networks(self, service: Mapping[str, Any]) -> list[str]:
        """The networks of a service, by the names that other projects know."""
        named = mapping(self._document.get("networks"))
        networks = []
        for each in _pairs(service.get("networks")) or ("default",):
            definition = mapping(named.get(each))
            outside = definition.get("external")
            name = definition.get("name") or mapping(outside).get("name")
            own = str(each) if outside else f"{self._name}_{each}"
            networks.append(self._text(name) if name else own)
        return networks

    def _other_names(self, name: str, service: Mapping[str, Any]) -> Iterator[str]:
        if service.get("container_name"):
            yield self._text(service["container_name"])
        if service.get("hostname"):
            yield self._text(service["hostname"])
        if service.get("deploy"):  # as Swarm calls its tasks
            yield f"tasks.{name}"
        for each in mapping(service.get("networks")).values():
            yield from (self._text(alias) for alias in several(mapping(each).get("aliases")))

    def _ports(self, made: _Made, service: Mapping[str, Any]) -> list[int]:
        """The ports at which a service is found; its program's own is the first."""
        listens = self._listens(made)
        ports = [listens] if listens else []
        for each in several(service.get("ports")):
            if isinstance(each, dict):
                host, target = _number(each.get("published")), _number(each.get("target"))
            else:
                match = _PUBLISHED.fullmatch(self._text(each))
                host, target = (
                    (_number(match["host"]), _number(match["target"])) if match else (0, 0)
                )
            if not 0 < target < 65_536:  # noqa: PLR2004  # a port
                continue
            ports.append(target)
            if host:
                self._publish(made, host, target)
        ports += [
            _number(self._text(each).split("/")[0]) for each in several(service.get("expose"))
        ]
        return list(dict.fromkeys(port for port in ports if port)) or [80]

    def _publish(self, made: _Made, port: int, target: int) -> None:
        self._published.setdefault(port, []).append(made.name)
        made.container.setdefault("ports", []).append(
            {"name": _published(port), "containerPort": target}
        )

    @staticmethod
    def _listens(made: _Made) -> int:
        if made.program is None:
            return 0
        words = (*(made.container.get("command") or ()), *(made.container.get("args") or ()))
        option = re.search(r"--port[= ](\d+)", " ".join(words))
        told = {each["name"]: each.get("value") for each in made.container.get("env") or ()}
        return _number(option[1] if option else told.get("PORT"), made.program.port)

    def _host(self) -> None:
        """The machine itself: each published port leads to the container that publishes it."""
        self._add(
            "Service",
            HOST,
            spec={
                "selector": {"compose.host": ""},
                "ports": [
                    {"name": f"p{port}", "port": port, "targetPort": _published(port)}
                    for port in self._published
                ],
            },
        )
        for item in self._objects:
            if item["kind"] == "Deployment":
                item["spec"]["template"]["metadata"]["labels"]["compose.host"] = ""

    # what it is told

    def _environment(self, made: _Made, service: Mapping[str, Any]) -> None:
        entries: dict[str, dict[str, Any]] = {}
        listed = service.get("env_file")
        for each in several(listed):
            named = self._text(mapping(each).get("path") if isinstance(each, dict) else each)
            if values := self._dotenv(named, said=isinstance(made.program, Program)):
                entries |= {each["name"]: each for each in _given_by(self._path(named), values)}
            elif mapping(each).get("required", True) is not False:
                made.container.setdefault("envFrom", []).append(
                    {"secretRef": {"name": self._path(named)}}
                )
        for name, value in variables_of(service.get("environment")).items():
            if not name or "=" in name:
                self._say(f"service {made.name}: {quoted(name)} is no name of a variable")
                continue
            entries |= {each["name"]: each for each in self._entries(name, value)}
        for each in entries.values() if made.on_machine else ():
            if "value" in each and ADDRESSES.fullmatch(each["name"]):
                each["value"] = _MACHINE.sub(HOST, each["value"])
        made.container["env"] = list(entries.values())

    def _entries(self, name: str, value: object) -> Iterator[dict[str, Any]]:
        """A variable, behind those that hold what is to come from `.env` and is not there."""
        text = f"${{{name}}}" if value is None else _scalar(value)
        self._unset = set()
        told = _literally(self._text(text))
        unset, self._unset = self._unset, None
        for each in sorted(unset):
            reference = {"secretKeyRef": {"name": self._path(".env"), "key": each}}
            if told == _marked(each):
                yield {"name": name, "valueFrom": reference}
                return
            yield {"name": f"{_FROM_DOTENV}{each}", "valueFrom": reference}
            told = told.replace(_marked(each), f"$({_FROM_DOTENV}{each})")
        yield {"name": name, "value": told}

    def _value(self, name: str) -> str | None:
        return self._variables.get(name)

    def _learn(self, path: str) -> None:
        """Take in the variables of a `.env` of an included file."""
        beside = posixpath.relpath(path, self._place or ".")
        self._variables = {**self._told_by(beside, said=False), **self._variables}

    def _told_by(self, path: str, *, said: bool = True) -> Mapping[str, str]:
        """The variables that such a file tells."""
        values = self._dotenv(path, said=said).items()
        return {name: value for name, value in values if value is not None}

    def _dotenv(self, path: str, *, said: bool = True) -> Mapping[str, str | None]:
        """The variables of such a file; where there is none, of the example beside it.

        None: the example leaves it to whoever copies it.
        """
        place = self._path(path)
        text = self._folder.text(place)
        if text is not None:
            return _variables_in(text)
        example, text = self._example_of(place)
        if example and said:
            self._say(f"{path} is not there: values are taken from {example}")
        told = _variables_in(text).items()
        return {name: None if value in _NOBODYS else value for name, value in told}

    def _example_of(self, place: str) -> tuple[str, str]:
        """Path and text of the example of a file that is not there; empty where there is none."""
        for example in examples_of(place):
            if text := self._folder.text(example):
                return example, text
        return "", ""

    def _text(self, value: object) -> str:
        """The text with its variables replaced, as Compose does it.

        Raises:
            SetupError: it becomes longer than any file that is read, or is nested without end.
        """
        text, parts, behind, size = _scalar(value), [], 0, 0
        while match := _VARIABLE.search(text, behind):
            name, how, end = match["plain"] or match["name"], "", match.end()
            if match["name"]:
                how = text[end : (closing := self._closing(text, end))]
                end = closing + 1
            put = "$" if match["escaped"] else self._replaced(name, how)
            parts += [text[behind : match.start()], put]
            behind, size = end, size + len(put)
            if size > MOST_BYTES:
                expected = f"a value of at most {MOST_BYTES} characters"
                raise self._refused(expected, f"more, of which {name} is a part", "write it out")
        return "".join([*parts, text[behind:]])

    def _closing(self, text: str, start: int) -> int:
        """Where the brace closes that stands before this place."""
        depth = 1
        for brace in _BRACE.finditer(text, start):
            depth += 1 if brace[0] == "{" else -1
            if not depth:
                return brace.start()
            if depth > _DEEPEST:
                expected = f"at most {_DEEPEST} braces within each other"
                raise self._refused(expected, "more", "write the value out")
        return len(text)

    def _replaced(self, name: str, how: str) -> str:
        """The value of a variable; `how` is what stands behind its name: `:-default`, `?error`."""
        value, rest = self._value(name), how.removeprefix(":")
        if rest.startswith("+"):
            there = bool(value) if how != rest else value is not None
            return self._text(rest[1:]) if there else ""
        if value or (value is not None and how == rest):
            return value
        if rest.startswith("-"):
            return self._text(rest[1:])
        if value is not None:
            return ""
        if self._unset is not None and name not in self._made_up:
            self._unset.add(name)
            return _marked(name)
        self._made_up.add(name)
        return made_up(name, name)

    # what it mounts

    def _mounted(self, made: _Made, service: Mapping[str, Any]) -> None:
        for each in several(service.get("volumes")):
            if isinstance(each, dict):
                kind, source = each.get("type"), self._text(each.get("source") or "")
                target = self._text(each.get("target") or "")
                bound = kind == "bind"
            else:
                source, _, rest = self._text(each).partition(":")
                target = rest.split(":")[0]
                source, target = (source, target) if target else ("", source)
                bound = source.startswith((".", "/", "~"))
            if target and bound:
                self._bound(made, source, target)
            elif target:
                self._kept(made, source or f"unnamed-{len(made.volumes)}", target)
        for kind, place in (("configs", "/"), ("secrets", "/run/secrets/")):
            for each in several(service.get(kind)):
                name = self._text(mapping(each).get("source") if isinstance(each, dict) else each)
                target = self._text(mapping(each).get("target") or name)
                self._given(made, kind, name, posixpath.join(place, target))

    def _kept(self, made: _Made, name: str, target: str) -> None:
        """A volume of Docker's, or a folder of the machine: it outlives the container."""
        volume = f"{len(made.volumes)}-{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}"
        claim = {"persistentVolumeClaim": {"claimName": volume}}
        made.volumes.append({"name": volume, **claim})
        made.mounts.append({"name": volume, "mountPath": target})
        made.container["volumeMounts"] = made.mounts

    def _bound(self, made: _Made, source: str, target: str) -> None:
        """A file or folder of the machine: one beside the file is read, where it is read for."""
        path = self._path(source)
        text = self._folder.text(path)
        if text is None and made.program is LITELLM and Path(target).suffix in CONFIGURATIONS:
            example, text = self._example_of(path)
            text = text or None
            if example:
                self._say(f"{source} is not there: what LiteLLM is told is taken from {example}")
        if text is not None:
            self._file_of(made, "ConfigMap", path, target, text)
            return
        texts = self._folder.configurations(path) if made.program is LITELLM else {}
        for name, each in texts.items():
            below = posixpath.join(path, name)
            self._file_of(made, "ConfigMap", below, posixpath.join(target, name), each)
        if texts:
            return
        if isinstance(made.program, Program) and Path(target).suffix in CONFIGURATIONS:
            # Docker would put an empty folder there; the program would not find its file
            self._say(f"service {made.name} mounts {source}, which is not in this folder")
            self._file_of(made, "ConfigMap", path, target, None)
            return
        if isinstance(made.program, Program) and not self._folder.is_folder(path):
            self._say(f"service {made.name}: {source} is an empty folder in the lab")
        self._kept(made, source, target)

    def _given(self, made: _Made, kind: str, name: str, target: str) -> None:
        """A config or a secret of the top of the file."""
        definition = mapping(mapping(self._document.get(kind)).get(name))
        ours = "Secret" if kind == "secrets" else "ConfigMap"
        text: str | None = None
        if "content" in definition:
            text = self._text(definition["content"])
        elif "environment" in definition:
            text = self._value(str(definition["environment"]))
        elif "file" in definition:
            text = self._folder.text(self._path(self._text(definition["file"])))
        self._file_of(made, ours, name, target, text)

    def _file_of(self, made: _Made, kind: str, name: str, target: str, text: str | None) -> None:
        """Mount a text at a path; None: what holds it is not there."""
        key = posixpath.basename(name) or "file"
        volume = f"{len(made.volumes)}-file"
        source = {"items": [{"key": key, "path": key}]}
        if kind == "Secret":
            made.volumes.append({"name": volume, "secret": {"secretName": name, **source}})
        else:
            made.volumes.append({"name": volume, "configMap": {"name": name, **source}})
        made.mounts.append({"name": volume, "mountPath": target, "subPath": key})
        made.container["volumeMounts"] = made.mounts
        if text is not None:
            text = _MACHINE.sub(HOST, text) if made.on_machine else text
            self._add(kind, name, **{"data" if kind == "ConfigMap" else "stringData": {key: text}})

    def _path(self, path: str) -> str:
        """A path as the folder that was given has it."""
        return posixpath.normpath(posixpath.join(self._place, path))

    def _add(
        self, kind: str, name: str, *, labels: Mapping[str, str] | None = None, **rest: object
    ) -> None:
        version = "apps/v1" if kind == "Deployment" else "v1"
        metadata = {"name": name, "namespace": NAMESPACE, **({"labels": labels} if labels else {})}
        self._objects.append({"apiVersion": version, "kind": kind, "metadata": metadata, **rest})


def _published(port: int) -> str:
    """The name of the port of a container that is found at this port of the machine."""
    return f"published-{port}"


def _marked(name: str) -> str:
    """Stands for the value of a variable; no text of a file holds NUL."""
    return f"\0{name}\0"


def _plain(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": _literally(value)}


def _given_by(file: str, values: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
    """The variables of a file; a key that its example leaves open is to come from the file."""
    for name, value in values.items():
        if value is not None:
            yield _plain(name, value)
        elif SECRETIVE.search(name):
            yield {"name": name, "valueFrom": {"secretKeyRef": {"name": file, "key": name}}}


def _literally(text: str) -> str:
    """The text as Kubernetes must be told it, which replaces `$(NAME)`."""
    return text.replace("$(", "$$(")


def _scalar(value: object) -> str:
    """A value of YAML as Compose writes it into an environment."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pairs(value: object) -> tuple[Any, ...]:
    """The entries of a list, or the names of a mapping."""
    return tuple(value) if isinstance(value, dict | list) else ()


def _deploy(service: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(service.get("deploy"))


def _number(value: object, otherwise: int = 0) -> int:
    text = str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else otherwise


def _variables_in(text: str) -> Mapping[str, str]:
    """The variables of a `.env` file."""
    found: dict[str, str] = {}
    for line in map(str.strip, text.splitlines()):
        match = _LINE.fullmatch(line)
        if match is None or line.startswith("#"):
            continue
        value = match["value"]
        quotes = re.match(r"""(?P<quote>["'])(?P<text>.*?)(?P=quote)""", value)
        found[match["name"]] = quotes["text"] if quotes else _COMMENT.sub("", value).rstrip()
    return found
