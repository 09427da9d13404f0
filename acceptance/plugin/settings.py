"""The settings of a run, read once: options over environment over pyproject.toml.

The only reader of the environment. `--help`, the README's table and the errors come from the same
fields. Secrets come from the environment alone: options show in the process list, and
pyproject.toml is shared.
"""

import ctypes
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pytest

from acceptance import shipped
from acceptance.contract.values import NOWHERE
from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.report.announcement import KINDS, NONE
from acceptance.resources import ServiceName
from acceptance.secret import Secret

TARGETS = ("embedded", "kind", "live", "url")
HANDS = ("auto", "api", "browser", "both")
_NO_SECRET = Secret("")
_SETTINGS = pytest.StashKey["Settings"]()
_TABLE = pytest.StashKey[Mapping[str, Any]]()
_MOST_BYTES = 10_000_000
"""Of standard input: twice what the lab reads of one file, so that it says so."""
_PREFIX = "ACCEPTANCE_"
_NUMBER = re.compile(r"[0-9]{1,12}")
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _setting(
    meaning: str,
    *,
    default: str | bool | int | Secret | ServiceName = "",
    choices: tuple[str, ...] = (),
    several: bool = False,
) -> Any:  # noqa: ANN401  # dataclasses.field is typed so as well
    return field(
        default=default, metadata={"meaning": meaning, "choices": choices, "several": several}
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What to judge, and as whom."""

    target: str = _setting(
        "what is judged: `embedded` runs the manifests as local processes, `kind` on a cluster of "
        "its own, `live` judges your cluster as it stands, `url` what two addresses can show",
        default="embedded",
        choices=TARGETS,
    )
    contract: str = _setting(
        "folder of feature files and a profile: what is asked; `declared`: what the manifests "
        "themselves declare, written down for this run; empty: the story's, features/"
    )
    manifests: str = _setting(
        "folder or file for `embedded` and `kind`: Kubernetes objects, kustomizations, Compose; "
        "`-`: standard input; several by commas, or by the option again; empty: fixtures/manifests",
        several=True,
    )
    allow_code: bool = _setting(
        "on `embedded`, run code that the manifests bring for LiteLLM to import (callbacks, custom "
        "authentication): it runs as you, with your files and your network",
        default=False,
    )
    open_webui: str = _setting(
        "version of Open WebUI that `embedded` runs, `0.11.4`; empty: the one that its image's tag "
        "names"
    )
    litellm: str = _setting("version of LiteLLM, likewise")
    reuse: bool = _setting(f"judge the lab that `{shipped.told_as('lab')}` left up", default=False)
    lab: str = _setting("with `reuse`, folder of the lab to judge; empty: the newest that is up")
    open_webui_service: ServiceName = _setting(
        "Service of Open WebUI, `namespace/name`; empty: the contract's", default=NOWHERE
    )
    gateway_service: ServiceName = _setting(
        "Service of the gateway (LiteLLM), `namespace/name`; empty: the contract's",
        default=NOWHERE,
    )
    open_webui_container: str = _setting(
        "on `live`, Open WebUI's container in its pod; empty: told by image, command and port"
    )
    gateway_container: str = _setting("likewise, the gateway's container")
    kubeconfig: str = _setting("kubeconfig of `live`; empty: as kubectl finds it, or the pod's own")
    context: str = _setting("context of `live`; may be left out only where there is one")
    drill: str = _setting(
        "on `live`, take local backends away for a while, and give them back: the name of the "
        "context, once more; `ask`: you are asked for it; empty: nothing is changed"
    )
    keep: bool = _setting("leave the cluster that `kind` made", default=False)
    open_webui_url: str = _setting(
        "address of Open WebUI for `url`; on `live` instead of a port-forward"
    )
    gateway_url: str = _setting(
        "address of the gateway for the target `url`; on `live` the one that it has outside of "
        "the cluster, where Open WebUI uses that, or where LiteLLM runs there"
    )
    account_email: str = _setting("e-mail of the account that judges; embedded: its administrator")
    account_password: Secret = _setting("its password", default=_NO_SECRET)
    account_token: Secret = _setting(
        "its session token or API key instead, where people sign in elsewhere (single sign-on)",
        default=_NO_SECRET,
    )
    trusted_header: str = _setting(
        "header by which a proxy tells Open WebUI who asks (its WEBUI_AUTH_TRUSTED_EMAIL_HEADER): "
        "the e-mails are sent in it, to an address behind the proxy; no password is needed"
    )
    user_email: str = _setting("e-mail of an ordinary user; embedded: the suite makes one")
    user_password: Secret = _setting("its password", default=_NO_SECRET)
    user_token: Secret = _setting("its session token or API key instead", default=_NO_SECRET)
    gateway_key: Secret = _setting(
        "a key that may read LiteLLM's settings; embedded: its master key", default=_NO_SECRET
    )
    budget: int = _setting(
        "tokens that questions to models and their answers may take, together; what they would "
        "exceed is not asked, and not proven; 0: as many as it takes",
        default=0,
    )
    quick: bool = _setting(
        "a look between two whole runs, and no sign-off: no drill, one question to each model that "
        "runs in the cluster, none to others, no browser",
        default=False,
    )
    docs: str = _setting(
        "the application's README, which must document models and chain; embedded: README.md "
        "beside the manifests"
    )
    waivers: str = _setting("file of waivers: docs/waivers.md says what may be accepted, and how")
    ran_by: str = _setting("who runs this, for the record")
    reports: str = _setting("folder that the reports are put in; empty: reports/")
    mask_hosts: bool = _setting(
        "mask internal host names and addresses, for a report shared outside your organisation",
        default=False,
    )
    announce: str = _setting(
        "tell a webhook of a changed verdict: `ntfy`, what takes the messages of `slack`, or any "
        "that takes `json`; its address is a variable",
        default=NONE,
        choices=KINDS,
    )
    announce_url: Secret = _setting(
        "address of that webhook: whoever knows it may write there, or read", default=_NO_SECRET
    )
    announce_token: Secret = _setting("its token, where it wants one", default=_NO_SECRET)
    hands: str = _setting(
        "who plays the user: `api`; `browser` for all that a user does; `both`; `auto`: the API, "
        "and what a user does once more in a browser where there is one",
        default="auto",
        choices=HANDS,
    )
    ahead: bool = _setting(
        "hold the conversations beside the first answers: quicker where models are slow; what "
        "mixes up questions that are asked at once turns them red, too",
        default=False,
    )
    lanes: str = _setting(
        "how many questions one provider is asked at a time; `1` is kind to a single GPU",
        default="1",
        choices=("1", "2", "4", "8"),
    )
    browser_path: str = _setting(
        "a Chromium; empty: one on PATH, Playwright's own, or the one that came along"
    )
    headed: bool = _setting("show the browser's window", default=False)
    slow: bool = _setting("show it, and let a person follow", default=False)
    stop_at_first_red: bool = _setting(
        "end with the first scenario that fails and is required; what asks no model comes first",
        default=False,
    )
    profile_run: bool = _setting(
        "tell where the time of the run went: each wait, and the critical path; in the terminal, "
        "in the report, and as figures in profile.json",
        default=False,
    )
    cache: str = _setting("folder for what is built once; empty: the user's cache folder")


def option(setting: Field[Any]) -> str:
    """The option of a setting; empty for a secret."""
    return "" if isinstance(setting.default, Secret) else f"--{setting.name.replace('_', '-')}"


def variable(setting: Field[Any]) -> str:
    """The environment variable of a setting."""
    return f"{_PREFIX}{setting.name.upper()}"


def shown_default(setting: Field[Any]) -> str:
    """The default as a person would write it."""
    match setting.default:
        case ServiceName():
            return ""
        case bool() as switch:
            return str(switch).lower()
        case int() as number:
            return str(number)
        case Secret():
            return ""
        case text:
            return str(text)


def add_options(parser: pytest.Parser) -> None:
    """Offer every setting that is no secret as an option."""
    # pytest takes the path in `--manifests DIR` for one to collect, before it knows the option
    group = parser.getgroup("acceptance", "what is judged (write --name=value, or the variable)")
    for each in filter(option, fields(Settings)):
        meaning = f"{each.metadata['meaning']} (variable {variable(each)})"
        if isinstance(each.default, bool):
            group.addoption(option(each), action="store_true", default=None, help=meaning)
        else:
            # what may be chosen is checked in one place, for all three sources
            choices = "|".join(each.metadata["choices"]) or each.name.rpartition("_")[2].upper()
            meaning = f"{meaning} [{shown_default(each) or '-'}]"
            action = "append" if each.metadata["several"] else "store"
            group.addoption(
                option(each), action=action, default=None, metavar=choices, help=meaning
            )


def read(config: pytest.Config, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings as they are given.

    Raises:
        SetupError: an unknown `ACCEPTANCE_` variable or table entry, or a value of no use.
    """
    table = _table(config)
    _refuse_unknown(environ, table)
    chosen = {each: next(_given(each, config, environ, table), None) for each in fields(Settings)}
    typed = {each.name: _typed(each, *given) for each, given in chosen.items() if given}
    return _without_contradiction(Settings(**typed))


def from_variables(
    given: Mapping[str, str | None], environ: Mapping[str, str] = os.environ
) -> Settings:
    """The settings of a command that runs no scenarios: its options, over the variables.

    Raises:
        SetupError: an unknown `ACCEPTANCE_` variable, or a value of no use.
    """
    _refuse_unknown(environ, {})
    typed = {}
    for each in fields(Settings):
        if given.get(each.name):
            typed[each.name] = _typed(each, given[each.name], option(each))
        elif variable(each) in environ:
            typed[each.name] = _typed(each, environ[variable(each)], variable(each))
    return _without_contradiction(Settings(**typed))


def settings_of(config: pytest.Config) -> Settings:
    """The settings of this run, which are read once.

    Raises:
        SetupError: see `read`.
    """
    if _SETTINGS not in config.stash:
        config.stash[_SETTINGS] = read(config)
    return config.stash[_SETTINGS]


def take(config: pytest.Config) -> None:
    """Take the settings for a run that begins; no process that is started from now on has them.

    What is judged may be a stranger's, and must not find a password in its environment, nor in the
    one with which this process was started (`/proc/PID/environ`). Those who started it, a shell
    or make, keep their own: see docs/manifests.md.

    Raises:
        SetupError: see `read`.
    """
    config.stash[_SETTINGS] = _with_standard_input(config, settings_of(config))
    for each in fields(Settings):
        if isinstance(each.default, Secret) and os.environ.get(variable(each)):
            _wipe(variable(each))
            del os.environ[variable(each)]


def _with_standard_input(config: pytest.Config, settings: Settings) -> Settings:
    """The settings; where manifests come from standard input, a file of this run holds them."""
    places = settings.manifests.split(",")
    if "-" not in places:
        return settings
    folder = tempfile.TemporaryDirectory(prefix="standard-input-")  # nothing else stands in it
    config.add_cleanup(folder.cleanup)
    kept = Path(folder.name) / "standard-input.yaml"
    capture = config.pluginmanager.get_plugin("capturemanager")
    if capture:
        capture.suspend(in_=True)  # pytest has put /dev/null there
    try:
        kept.write_bytes(sys.stdin.buffer.read(_MOST_BYTES) if sys.stdin else b"")  # closed: empty
    finally:
        if capture:
            capture.resume()
    places[places.index("-")] = str(kept)
    return replace(settings, manifests=",".join(places))


def _wipe(name: str) -> None:
    """Overwrite the value where the C library has it: there, the kernel shows it to others."""
    library = ctypes.CDLL(None)
    library.getenv.restype = ctypes.c_void_p
    if place := library.getenv(os.fsencode(name)):
        ctypes.memset(place, 0, len(os.fsencode(os.environ[name])))


def one(config: pytest.Config, name: str) -> str:
    """One setting as text, while the others may still be wrong."""
    setting = next(each for each in fields(Settings) if each.name == name)
    given = next(_given(setting, config, os.environ, _table(config)), None)
    return str(_typed(setting, *given)) if given else str(setting.default)


def _without_contradiction(settings: Settings) -> Settings:
    if settings.docs and Path(settings.docs).resolve() == shipped.README.resolve():
        raise SetupError(
            explain(
                "That README is the suite's own, and says nothing of what is judged.",
                expected="the README of the application, which names its models and their chain",
                found=str(shipped.README),
                where=f"--docs={settings.docs}, ACCEPTANCE_DOCS or pyproject.toml",
                fix="give its whole path, as in --docs=/home/me/home-lab/README.md",
            )
        )
    if settings.drill and settings.target != "live":
        raise SetupError(
            explain(
                f"A drill is not for the target {settings.target}.",
                expected="--target=live",
                found=f"--target={settings.target} --drill={settings.drill}",
                where="options, ACCEPTANCE_… variables or pyproject.toml",
                fix="leave --drill out: the lab's own backends need no leave, and `url` shows none",
            )
        )
    if versions := chosen_versions(settings):
        asked = " ".join(f"--{name}={version}" for name, version in versions.items())
        if settings.target != "embedded" or settings.reuse:
            raise SetupError(
                explain(
                    "A version can be chosen only of what the suite starts itself.",
                    expected="--target=embedded, without --reuse",
                    found=f"--target={settings.target}{' --reuse' * settings.reuse} {asked}",
                    where="options, ACCEPTANCE_… variables or pyproject.toml",
                    fix=f"leave {asked} out: what is up already has its own version, and tells it",
                )
            )
    return _limited(settings) if settings.quick or settings.budget else settings


def _limited(settings: Settings) -> Settings:
    """Of a run that may not ask all that it would: the page asks more than it is told to."""
    asked = "--quick" if settings.quick else f"--budget={settings.budget}"
    also = {
        "hands": settings.hands in ("browser", "both"),
        "drill": settings.quick and settings.drill,
    }
    for name in filter(also.get, also):
        other = f"--{name}={getattr(settings, name)}"
        raise SetupError(
            explain(
                f"{asked} and {other} exclude each other.",
                expected=f"one of {asked} and {other}",
                found="both",
                where="options, ACCEPTANCE_… variables or pyproject.toml",
                fix="leave one out: a quick run takes nothing away, and Open WebUI's page asks "
                "more than it is told to, for a title or tags",
            )
        )
    return replace(settings, hands="api")


def chosen_versions(settings: Settings) -> Mapping[str, str]:
    """The versions that were asked for, by program."""
    asked = {"open-webui": settings.open_webui, "litellm": settings.litellm}
    return {name: version.removeprefix("v") for name, version in asked.items() if version}


def _given(
    setting: Field[Any], config: pytest.Config, environ: Mapping[str, str], table: Mapping[str, Any]
) -> Iterator[tuple[Any, str]]:
    """The values of a setting with their places, the strongest first."""
    if option(setting) and (value := config.getoption(setting.name, default=None)) is not None:
        yield ",".join(value) if isinstance(value, list) else value, option(setting)
    if variable(setting) in environ:
        yield environ[variable(setting)], f"the environment variable {variable(setting)}"
    if setting.name in table:
        yield table[setting.name], f"[tool.acceptance] {setting.name} in pyproject.toml"


def _table(config: pytest.Config) -> Mapping[str, Any]:
    """`[tool.acceptance]`, read once."""
    if _TABLE not in config.stash:
        config.stash[_TABLE] = _read_table(config)
    return config.stash[_TABLE]


def _read_table(config: pytest.Config) -> Mapping[str, Any]:
    import tomllib  # noqa: PLC0415  # only when a run starts: listing scenarios stays fast

    given = config.inipath
    file = given if given and given.suffix == ".toml" else config.rootpath / "pyproject.toml"
    if not file.is_file():
        return {}
    tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    table: object = tool.get("acceptance", {})
    if not isinstance(table, dict):
        raise SetupError(
            explain(
                "The settings cannot be read.",
                expected="a table of names and values",
                found=f"a {type(table).__name__}",
                where=f"[tool.acceptance], {file}",
                fix="write `[tool.acceptance]`, and `name = value` below it",
            )
        )
    return table


def _refuse_unknown(environ: Mapping[str, str], table: Mapping[str, Any]) -> None:
    variables = {variable(each) for each in fields(Settings)}
    entries = {each.name for each in fields(Settings) if option(each)}
    unknown = sorted({name for name in environ if name.startswith(_PREFIX)} - variables)
    refused = sorted(set(table) - entries)
    if unknown or refused:
        raise SetupError(
            explain(
                f"{', '.join([*unknown, *refused])}: no such setting here.",
                expected=" or ".join(_closest(unknown, variables) or _closest(refused, entries)),
                found=", ".join([*unknown, *refused]),
                where="environment variables" if unknown else "[tool.acceptance], pyproject.toml",
                fix=f"correct the name; `{shipped.OPTIONS}` lists all; secrets are variables only",
            )
        )


def _closest(names: list[str], known: set[str]) -> list[str]:
    """The known names that the first one was meant to be; all of them where it is like none."""
    return names and (get_close_matches(names[0], known, cutoff=0.8) or sorted(known))


def _typed(setting: Field[Any], value: Any, place: str) -> Any:  # noqa: ANN401
    """The value as its field's type; TOML may give any type, the other sources text."""
    choices: tuple[str, ...] = setting.metadata["choices"]
    typed: object = None
    match setting.default:
        case bool():
            typed, expected = _BOOLEANS.get(str(value).lower()), "true or false"
        case int():
            digits = str(value) if _NUMBER.fullmatch(str(value)) else None
            typed, expected = digits and int(digits), "a whole number, as 20000"
        case Secret():
            return Secret(value)
        case ServiceName():
            typed, expected = ServiceName.read(str(value)), "namespace/name, or namespace/name:port"
        case _:
            readable = isinstance(value, str) and "\0" not in value
            typed = value if readable and value in (choices or (value,)) else None
            expected = " or ".join(choices) or "text without NUL"
    if typed is None:
        raise SetupError(
            explain(
                f"The setting {setting.name} cannot be used.",
                expected=expected,
                found=repr(value),
                where=place,
                fix=f"correct it: {setting.metadata['meaning']}",
            )
        )
    return typed
