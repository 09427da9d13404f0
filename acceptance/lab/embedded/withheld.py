"""What of the manifests is kept from the programs, because it would reach beyond the lab.

A manifest is a stranger's. It decides what the two programs are told, and nothing else: no code of
its own runs (unless the person who judges allows it), no loader is told where to look, and no
database or cache outside of the lab is asked. Each thing that is left out is said.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from acceptance.errors import SetupError
from acceptance.json_values import sequence
from acceptance.lab.embedded.documents import MOST_VALUES, Loader, values_in
from acceptance.lab.embedded.programs import LITELLM, OPEN_WEBUI, Program
from acceptance.message import explain
from acceptance.resources import Environment
from acceptance.secret import Secret

REFERENCE = "os.environ/"
"""How LiteLLM's configuration names a variable."""
_ALLOW = "--allow-code runs it, as you"
_HARMLESS = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED"}
_LOADERS = re.compile(
    r"(LD|DYLD)_.*|PYTHON.*|GLIBC_TUNABLES|GCONV_PATH|LOCPATH|NLSPATH|OPENSSL_.*|BASH_ENV|ENV|PATH"
    r"|GUNICORN_CMD_ARGS|NODE_OPTIONS|PERL5.*|GIT_.*|LAB_.*|LITELLM_ENABLE_MCP_STDIO"
    r"|LITELLM_WORKER_STARTUP_HOOKS|GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"
    r"|AWS_CONFIG_FILE|AWS_SHARED_CREDENTIALS_FILE|BROWSER|EDITOR|PAGER"
)
"""Variables that say which code runs: of loaders, interpreters and what programs start."""
_AUTHORITIES = {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}
_IMAGE_FOLDERS = {"FRONTEND_BUILD_DIR", "STATIC_DIR"}
"""Folders of Open WebUI's image that its package brings along by itself."""
_C_ARES = "AIOHTTP_CLIENT_ASYNC_DNS_RESOLVER"
"""Lets Open WebUI (0.11.1 to 0.12.4) resolve names in C, past the lab's table of names."""
_NO_PASSWORD = {"ENABLE_PASSWORD_AUTH": False, "ENABLE_MFA": True}
"""Switches of Open WebUI 0.12.4, as they stand where a password alone lets nobody in."""
_MADE_WHERE_EMPTY = {"WEBUI_SECRET_KEY"}
"""What the script of Open WebUI's image makes up where it is empty; its command, where absent."""
_REDIS_URLS = {"REDIS_URL", "WEBSOCKET_REDIS_URL"}
_BY_REDIS = {"WEBSOCKET_MANAGER"}
"""What Open WebUI (0.12.4) does by Redis alone: without an address it never serves."""
_WORKERS = {"NUM_WORKERS", "UVICORN_WORKERS", "WEB_CONCURRENCY"}
_SERVER = re.compile(
    r"(?P<database>postgres(?:ql)?|mysql|mariadb|mssql|oracle|mongodb|sqlite\+libsql)(?:\+\w+)?://"
    r"|(?P<Redis>rediss?|valkeys?)(?:\+\w+)?://",
    re.IGNORECASE,
)
"""Addresses whose clients reach the network by C, or by a child: the lab would not see it."""
_HOSTS = {
    **dict.fromkeys(("DATABASE_HOST", "PGHOST"), "database"),
    **dict.fromkeys(("REDIS_HOST", "REDIS_CLUSTER_NODES"), "Redis"),
    **dict.fromkeys(("REDIS_SENTINEL_HOSTS", "REDIS_SENTINEL_NODES"), "Redis"),
    "OTEL_EXPORTER_OTLP_ENDPOINT": "collector of traces",
    "OTEL_ENDPOINT": "collector of traces",
}
_INSTEAD = {
    (LITELLM.name, "database"): "what LiteLLM keeps in its database is not judged, such as keys "
    "and models that were added in its page",
    (OPEN_WEBUI.name, "database"): "SQLite stands in its place",
}
_CODE_FILE = re.compile(r".*\.(py|pyc|pyo|pyd|pth|so|dylib|sh|js|mjs|jar)", re.IGNORECASE)
_CALLS_PROGRAMS = re.compile(r"^\s*credential_process\s*=|\"executable\"\s*:", re.MULTILINE)
_NAMES_CODE = re.compile(
    r"(success_|failure_|input_|service_|audit_log_)?callbacks?|post_call_rules|pre_call_rules"
    r"|guardrail|handler|target|.*plugins?|custom_.*|.*_hooks?"
)
"""Settings of LiteLLM (1.106.2) by which it imports what they name: `module.object`."""
_IMPORTABLE = re.compile(r"(s3|gcs)://.*|(?!\w+://).*\..*", re.DOTALL)
"""A module and a name in it, or a path to one, absolute or upward; no address, and no name that
LiteLLM has by itself (`prometheus`)."""
_DATABASE_SETTING = re.compile(r"database_url|coordination_redis.*|redis_.*")
_CACHES = {"local", "disk"}
"""Kinds of cache that LiteLLM has by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What a pod's program is given of what its manifest says."""

    variables: frozenset[str]
    """Names of the variables."""
    files: Mapping[str, str]
    """Text of each file that is mounted, by its path in the pod."""
    left_out: tuple[str, ...]
    """What it is not given, for people."""


def given(
    program: Program,
    environment: Environment,
    files: Mapping[str, str],
    *,
    allow_code: bool,
) -> Given:
    """What of these variables and files the program is given.

    Args:
        program: the one that is started.
        environment: as Kubernetes would give it.
        files: the mounted files.
        allow_code: whether code that the manifests bring may run.
    """
    reasons = {
        name: why
        for name, variable in environment.items()
        if (why := _kept_from(program, name, variable.value.reveal()))
    }
    if program is OPEN_WEBUI and _REDIS_URLS & set(reasons):
        reasons |= dict.fromkeys(_BY_REDIS & set(environment), "no Redis is reached from the lab")
    left_out = [f"{name} is left out: {why}" for name, why in reasons.items()]
    texts: dict[str, str] = {}
    for path, text in files.items():
        if not allow_code and (_CODE_FILE.fullmatch(path) or _CALLS_PROGRAMS.search(text)):
            left_out.append(f"the file {path} is code, and is left out: {_ALLOW}")
            continue
        texts[path] = text
        if program is LITELLM and (configuration := parsed(text)):
            reader = _Configuration(allow_code=allow_code)
            changed = reader.cleaned(configuration)
            if reader.left_out:
                texts[path] = yaml.safe_dump(changed, sort_keys=False, allow_unicode=True)
                left_out += [f"{path}: {line}" for line in dict.fromkeys(reader.left_out)]
    made = {
        name
        for name in _MADE_WHERE_EMPTY & set(environment)
        if program is OPEN_WEBUI and not environment[name].value.reveal()
    }
    return Given(
        variables=frozenset(set(environment) - set(reasons) - made),
        files=texts,
        left_out=tuple(left_out),
    )


def _kept_from(program: Program, name: str, value: str) -> str:
    """Why a program is not given a variable; empty where it is."""
    if name in _HARMLESS:
        return ""
    if _LOADERS.fullmatch(name):
        return "it says which code is run"
    if name in _AUTHORITIES:
        return "the lab's own authority is trusted instead"
    if name in _WORKERS and value not in ("", "1"):
        return "one worker runs in the lab"
    of_its_own = _from_open_webui(name, value) if program is OPEN_WEBUI else ""
    return of_its_own or _outside(program, name, value)


def _from_open_webui(name: str, value: str) -> str:
    if name in _IMAGE_FOLDERS:
        return "the installed program has its own"
    if name == _C_ARES and value.lower() == "true":
        return "names are resolved by Python in the lab"
    if _NO_PASSWORD.get(name) is (value.lower() == "true"):
        return "the lab's accounts sign in with a password alone"
    return ""


def _outside(program: Program, name: str, value: str) -> str:
    address = _SERVER.match(value.strip())
    what = address.lastgroup if address else _HOSTS.get(name) if value else None
    if program is LITELLM and name in ("DATABASE_URL", "DIRECT_URL") and value:
        what = "database"
    return _INSTEAD.get((program.name, what), f"no {what} is reached from the lab") if what else ""


def parsed(text: str) -> dict[str, Any] | None:
    """The mapping that a file of LiteLLM holds; None where it holds none, or is no YAML.

    Raises:
        SetupError: it is so large or so deep that nobody can say what it holds.
    """
    try:
        content = Loader(text).get_single_data()
        count = values_in(content)
    except (yaml.MarkedYAMLError, yaml.reader.ReaderError, ValueError):
        return None  # LiteLLM reads it by the same parser
    except (yaml.YAMLError, RecursionError):
        count = MOST_VALUES + 1
    if count > MOST_VALUES:
        raise SetupError(
            explain(
                "A file that LiteLLM mounts cannot be read.",
                expected=f"YAML of at most {MOST_VALUES} values, aliases and merge keys followed",
                found="more, or one that holds itself",
                where="a ConfigMap or Secret that LiteLLM mounts",
                fix="write it without anchors",
            )
        )
    return content if isinstance(content, dict) else None


def whole_configuration(files: Mapping[str, str], path: str) -> dict[str, Any]:
    """LiteLLM's configuration with the files that it includes: lists grow, the rest is replaced.

    Source: `config_includes.py`, LiteLLM 1.106.2.

    Args:
        files: the files that LiteLLM mounts.
        path: of its configuration.
    """
    merged: dict[str, Any] = {}
    pending, seen = [path], set[str]()
    while pending:
        file = pending.pop(0)
        if file in seen:
            continue
        seen.add(file)
        included = parsed(files.get(file, "")) or {}
        beside = posixpath.dirname(file)
        pending += [
            posixpath.normpath(posixpath.join(beside, str(each)))
            for each in sequence(included.get("include"))
        ]
        for key, value in included.items():
            both = isinstance(value, list) and isinstance(merged.get(key), list)
            merged[key] = [*merged[key], *value] if both else value
    return merged


class _Configuration:
    """Takes what is kept from LiteLLM out of its configuration."""

    def __init__(self, *, allow_code: bool) -> None:
        self._allow_code = allow_code
        self._code_left_out = 0
        self.left_out: list[str] = []

    def cleaned(self, content: dict[str, Any]) -> dict[str, Any]:
        """The configuration without it; `left_out` says what that was."""
        return dict(self._kept(content, ""))

    def _kept(self, section: dict[str, Any], above: str) -> Iterator[tuple[str, Any]]:
        without_cache = self._caches_outside(section)
        if without_cache:
            self.left_out.append(f"{above}cache is left out: no cache is reached from the lab")
        for key, item in section.items():
            if without_cache and key in ("cache", "cache_params"):
                continue
            name = f"{above}{key}"
            if why := self._why_not(str(key), item, above):
                self.left_out.append(f"{name} is left out: {why}")
            elif isinstance(item, dict):
                yield key, dict(self._kept(item, f"{name}."))
            elif isinstance(item, list):
                yield key, list(self._each(str(key), item, name))
            else:
                yield key, item

    def _each(self, key: str, items: list[Any], name: str) -> Iterator[Any]:
        for number, item in enumerate(items):
            if why := self._code(key, item):
                self.left_out.append(f"{name} {item} is left out: {why}")
            elif isinstance(item, dict):
                before = self._code_left_out
                inner = dict(self._kept(item, f"{name}[{number}]."))
                if key == "model_list" or self._code_left_out == before:
                    yield inner  # an entry is nothing without the code that it names
            else:
                yield item

    @staticmethod
    def _caches_outside(section: dict[str, Any]) -> bool:
        parameters = section.get("cache_params")
        kind = parameters.get("type", "redis") if isinstance(parameters, dict) else "redis"
        return bool(parameters or section.get("cache") is True) and kind not in _CACHES

    def _why_not(self, key: str, item: Any, above: str) -> str:  # noqa: ANN401  # any YAML
        if above == "environment_variables.":
            return _kept_from(LITELLM, key, item if isinstance(item, str) else "")
        if _DATABASE_SETTING.fullmatch(key) and item:
            what = "database" if key == "database_url" else "Redis"
            return _INSTEAD.get((LITELLM.name, what), f"no {what} is reached from the lab")
        if above == "mcp_servers." and isinstance(item, dict) and "command" in item:
            return "" if self._allow_code else f"it starts a program; {_ALLOW}"
        return self._code(key, item)

    def _code(self, key: str, item: Any) -> str:  # noqa: ANN401  # likewise
        named = isinstance(item, str) and _NAMES_CODE.fullmatch(key) and _IMPORTABLE.fullmatch(item)
        if self._allow_code or not named:
            return ""
        self._code_left_out += 1
        return f"it is code that LiteLLM would import; {_ALLOW}"


def master_key(files: Mapping[str, str], path: str, environment: Environment) -> Secret | None:
    """LiteLLM's master key, by its configuration and its environment, as LiteLLM reads them.

    Source: `ProxyConfig.load_config` of LiteLLM 1.106.2: `general_settings.master_key` wins, also
    where it is empty; `os.environ/NAME` is looked up; LITELLM_MASTER_KEY stands in its absence.

    Args:
        files: the files that LiteLLM mounts.
        path: of its configuration.
        environment: its variables.
    """
    configuration = whole_configuration(files, path)
    own = configuration.get("environment_variables") or {}
    general = configuration.get("general_settings") or {}
    value = general.get("master_key", f"{REFERENCE}LITELLM_MASTER_KEY")
    for _ in range(2):  # a variable of the configuration may name one of the container
        if not isinstance(value, str) or not value.startswith(REFERENCE):
            break
        name = value.removeprefix(REFERENCE)
        value = own.get(name) or (environment[name].value.reveal() if name in environment else None)
    return Secret(value) if isinstance(value, str) and value else None
