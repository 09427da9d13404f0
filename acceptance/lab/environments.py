"""The environments of the two real programs, built from hash-locked requirement files.

The lock of one version of each is committed. Another version is resolved once, by uv, and its lock
is kept in the cache folder: it needs a network once, as the packages do.
"""

import hashlib
import json
import re
import sys
import sysconfig
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from platformdirs import user_cache_path

from acceptance import json_values
from acceptance.checks.advisories import MALICIOUS, refuse_malicious
from acceptance.errors import SetupError
from acceptance.installation import CommandFailedError, Installation, Installer
from acceptance.message import excerpt, explain
from acceptance.shipped import require_extra

CACHE = user_cache_path("open-webui-litellm-acceptance")
"""Where the programs and tools are kept unless somebody says otherwise."""
_LOCKS = Path(__file__).with_name("requirements")
_VERSION = re.compile(r"\d+(\.\d+){1,3}((a|b|rc|\.?dev|\.?post)\d+)?")
_UNSOLVABLE = "No solution found"
"""What uv says where the index has no such version, or lacks a package that it needs (0.13.8)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """Packages that a program does without, from a version on."""

    since: tuple[int, ...]
    file: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldBack:
    """A package whose newest release some versions of a program allow, and do not start with."""

    since: tuple[int, ...]
    before: tuple[int, ...]
    requirement: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A program that the lab starts, and what it is installed from."""

    name: str
    """Its package, and the name of its command."""
    title: str
    lock: Path
    """Every package of its environment, with hashes; what it was made of stands beside it."""
    left_out: tuple[LeftOut, ...] = ()
    """The newest first."""
    held_back: tuple[HeldBack, ...] = ()

    @property
    def version(self) -> str:
        """The version that the lock file pins."""
        return self.pinned(self.lock)

    def pinned(self, lock: Path) -> str:
        """The version that this lock file of the program's pins."""
        pin = re.search(rf"^{self.name}==(\S+)", lock.read_text("utf-8"), re.MULTILINE)
        if pin is None:
            raise ValueError(f"{lock} pins no {self.name}: make it anew with 'make lock'")
        return pin[1]

    def requirements(self, which: str) -> str:
        """What is asked of the index for other versions: `which` is `==0.7.2`, or `<0.7.2`."""
        text = self.lock.with_suffix(".in").read_text("utf-8")
        refused = "".join(f",!={version}" for version in MALICIOUS.get(self.name, ()))
        pin = re.compile(rf"^({re.escape(self.name)}[^=\s]*)==\S+", re.MULTILINE)
        held = (
            f"{each.requirement}\n"
            for each in self.held_back
            if each.since <= _minor(which) < each.before
        )
        return "".join([pin.sub(rf"\g<1>{which}{refused}", text), *held])

    def excludes(self, version: str) -> Path | None:
        """The file of the packages that are left out of this version's environment."""
        wanted = _minor(version)
        return next((each.file for each in self.left_out if each.since <= wanted), None)


def _minor(version: str) -> tuple[int, ...]:
    """The first two numbers of a version, or of what is asked of the index."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


LITELLM = Program(
    name="litellm",
    title="LiteLLM",
    lock=_LOCKS / "litellm.txt",
    # 1.97.0 imports fastapi.dependencies.utils.get_flat_dependant, which 0.165.0 has no more;
    # 1.93.2 does not, and 1.100.5 does without it
    held_back=(HeldBack(since=(1, 94), before=(1, 100), requirement="fastapi<0.137"),),
)
OPEN_WEBUI = Program(
    name="open-webui",
    title="Open WebUI",
    lock=_LOCKS / "open-webui.txt",
    left_out=(
        LeftOut(since=(0, 12), file=_LOCKS / "open-webui.excludes"),
        LeftOut(since=(0,), file=_LOCKS / "open-webui-before-0.12.excludes"),
    ),
)
PROGRAMS = (LITELLM, OPEN_WEBUI)


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """An installed program, ready to be started."""

    program: Program
    python: Path
    """Interpreter that imports it; its commands are beside it."""
    version: str
    lock: str = ""
    """SHA-256 of its lock file, which has the hash of every package."""


def uv_program() -> Path:
    """The uv that came along.

    Raises:
        SetupError: none did.
    """
    require_extra("The lab")
    from uv import find_uv_bin  # noqa: PLC0415  # of the extra

    try:
        return Path(find_uv_bin())
    except FileNotFoundError as error:
        raise SetupError(
            explain(
                "The lab cannot install its programs.",
                expected="uv's program beside its package",
                found=" ".join(str(error).split()),
                where=sys.prefix,
                fix="install uv anew: pip install --force-reinstall uv",
            )
        ) from error


def ensure(
    program: Program,
    *,
    version: str = "",
    cache: Path,
    say: Callable[[str], None],
    uv: Path | None = None,
    named_by: str = "",
) -> Environment:
    """The program's environment in the cache folder: reused, or built now.

    Programs can be built at the same time, by threads of one run or by several runs.

    Args:
        program: what is installed.
        version: which one, `0.7.2`, or `0.7` for the newest of these; empty: the committed lock's.
        cache: the folder for what is built once.
        say: shows progress.
        uv: resolves and installs; None: the one that came along.
        named_by: who names the version, for whoever has to name another; empty: its option.

    Raises:
        SetupError: it cannot be built: no such version, no network, full disk, unwritable cache,
            wrong hash; or nobody should run it.
    """
    named_by = named_by or f"--{program.name}"
    refuse_malicious(program.title, version or program.version, named_by=named_by)
    uv = uv or uv_program()
    own = version in ("", program.version)
    lock = program.lock
    if not own:
        lock = _resolved(program, version, named_by, cache=cache, say=say, uv=uv)
    text = lock.read_text(encoding="utf-8")
    version = program.pinned(lock)
    recipe = f"{text}\n{sys.version}\n{sysconfig.get_platform()}"
    digest = hashlib.sha256(recipe.encode()).hexdigest()
    installation = Installation(
        name=f"{program.title} {version}",
        folder=cache / f"{program.name}-{digest[:12]}",
        recipe=digest,
        entry="bin/python",
    )
    python = installation.folder / installation.entry
    packages = len(re.findall(r"^\S+==", text, re.MULTILINE))

    def build(installer: Installer) -> None:
        installer.run(
            "making an empty environment",
            [uv, "venv", "--no-project", "--allow-existing", "--python", sys.executable, "."],
        )
        # "sync" installs exactly the lock file: Open WebUI's own requirements name packages that
        # its slim mode leaves out. Compiling once (8 s) saves 4 to 6 s of each start.
        installer.run(
            f"fetching and installing {packages} packages",
            [
                *(uv, "pip", "sync", "--require-hashes", "--compile-bytecode"),
                *("--python", python, lock),
            ],
        )

    installation.ensure(build, say)
    lock_digest = hashlib.sha256(text.encode()).hexdigest()
    return Environment(program=program, python=python, version=version, lock=lock_digest)


def ensure_all(
    requirements: Iterable[str] = (LITELLM.name, OPEN_WEBUI.name),
    *,
    cache: Path,
    say: Callable[[str], None],
    named_by: Mapping[str, str] = MappingProxyType({}),
) -> Mapping[str, Environment]:
    """Environments by what they are made for, built side by side; raises like `ensure`.

    Args:
        requirements: `litellm` for the version of the committed lock, or `litellm==1.83.14`.
        cache: the folder for what is built once.
        say: shows progress.
        named_by: who names a requirement.
    """
    wanted = tuple(dict.fromkeys(requirements))
    uv = uv_program()  # once: in two threads, what it asks Python 3.11 for can be half there

    def built(requirement: str) -> Environment:
        name, _, version = requirement.partition("==")
        return ensure(
            _program(name),
            version=version,
            cache=cache,
            say=say,
            uv=uv,
            named_by=named_by.get(requirement, ""),
        )

    with ThreadPoolExecutor() as pool:
        return dict(zip(wanted, pool.map(built, wanted), strict=True))


def cost_table(cache: Path) -> Mapping[str, Any]:
    """LiteLLM's own table of prices, as the newest one that is installed brings it; may be empty.

    `model_prices_and_context_window_backup.json` beside its code, 1.80.17 to 1.108.7.
    """
    name = "lib/python*/site-packages/litellm/model_prices_and_context_window_backup.json"
    found = sorted(cache.glob(f"{LITELLM.name}-*/{name}"), key=lambda path: path.stat().st_mtime)
    return json_values.mapping(json.loads(found[-1].read_text("utf-8"))) if found else {}


def requirement(name: str, version: str) -> str:
    """What the environment of a program's version is made for; empty: of the committed lock's."""
    own = version in ("", _program(name).version)
    return name if own else f"{name}=={version}"


def add_version_options(parser: ArgumentParser) -> None:
    """Let a command be told of other versions: `--open-webui=0.11.4`, `--litellm=1.100.5`."""
    for program in PROGRAMS:
        parser.add_argument(
            f"--{program.name}",
            default="",
            metavar="VERSION",
            help=f"version of {program.title} [{program.version}]",
        )


def versions_in(options: Namespace) -> Mapping[str, str]:
    """The versions that a command was told of, by program name."""
    told = {program.name: program.name.replace("-", "_") for program in PROGRAMS}
    given = {name: getattr(options, field).removeprefix("v") for name, field in told.items()}
    return {name: version for name, version in given.items() if version}


def _program(name: str) -> Program:
    return next(each for each in PROGRAMS if each.name == name)


def _resolved(
    program: Program,
    version: str,
    named_by: str,
    *,
    cache: Path,
    say: Callable[[str], None],
    uv: Path,
) -> Path:
    """The lock file of another version: reused, or made now."""
    if not _VERSION.fullmatch(version):
        raise SetupError(_no_version(program, version, named_by))
    which = f"=={version}" if version.count(".") > 1 else f"=={version}.*"
    excludes = program.excludes(version)
    left_out = excludes.read_text(encoding="utf-8") if excludes else ""
    asked = program.requirements(which)
    recipe = f"{asked}\n{left_out}\n{sys.version}\n{sysconfig.get_platform()}"
    digest = hashlib.sha256(recipe.encode()).hexdigest()
    installation = Installation(
        name=f"the lock of {program.title} {version}",
        folder=cache / "locks" / f"{program.name}-{version}-{digest[:12]}",
        recipe=digest,
        entry="lock.txt",
    )

    def resolve(installer: Installer, which: str, output: str, *options: str) -> None:
        # beside it, since uv names the folder of its input in what it prints
        wanted = installation.folder / "wanted.in"
        wanted.write_text(program.requirements(which), encoding="utf-8")
        installer.run(
            f"resolving {program.name}{which}",
            [
                *(uv, "pip", "compile", "--quiet", "--generate-hashes", "--no-header"),
                *("--no-annotate", "--python", sys.executable),
                *(("--excludes", excludes) if excludes else ()),
                *("--output-file", output, *options, wanted.name),
            ],
        )

    def build(installer: Installer) -> None:
        try:
            resolve(installer, which, installation.entry)
        except CommandFailedError as failure:
            if _UNSOLVABLE not in failure.output:
                raise
            nearest = []
            for side, options in (("<", ()), (">", ("--resolution", "lowest-direct"))):
                with suppress(CommandFailedError):
                    resolve(installer, f"{side}{version}", "nearest.txt", *options)
                    nearest.append(program.pinned(installation.folder / "nearest.txt"))
            told = _not_to_be_had(program, version, named_by, failure.output, nearest)
            raise SetupError(told) from failure

    if not installation.is_complete():
        installation.ensure(build, say)
    return installation.folder / installation.entry


def _no_version(program: Program, found: str, named_by: str) -> str:
    return explain(
        f"{program.title} cannot be started in this version.",
        expected=f"a version as the package index writes it, like {program.version}",
        found=repr(found),
        where=named_by,
        fix="name a released version, or leave it out",
    )


def _not_to_be_had(
    program: Program, version: str, named_by: str, output: str, nearest: list[str]
) -> str:
    because = output.partition("cause: ")[2].partition("we can conclude")[0] or output
    offered = " or ".join(f"--{program.name}={each}" for each in nearest)
    return explain(
        f"{program.title} {version} cannot be had here.",
        expected="a version that the package index has, with every package that it needs, for "
        f"Python {sys.version_info.major}.{sys.version_info.minor}",
        found=excerpt(" ".join(because.split()).rstrip(", "), 300),
        where=f"{named_by}; asked of the package index that uv asks",
        fix="if there is no such release, correct its name; "
        f"{offered or 'no other version'} is the nearest that can be judged here",
    )
