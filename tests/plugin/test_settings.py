"""The settings: which source wins, and what each wrong input is told."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acceptance.errors import SetupError
from acceptance.lab.embedded.manifests import places
from acceptance.plugin.settings import (
    Settings,
    chosen_versions,
    option,
    read,
    variable,
)
from acceptance.resources import ServiceName
from acceptance.secret import MASK, Secret
from tests.odd import PLANTED, TEXTS
from tests.prepared import run_pytest
from tests.sources import REPOSITORY

ODD_PORTS = [f"ml/litellm:{port}" for port in ("²", "٣", "0", "70000", "9" * 5000)]


@pytest.fixture
def pyproject(tmp_path: Path) -> Path:
    return tmp_path / "pyproject.toml"


def _read(
    pyproject: Path,
    variables: Mapping[str, str] | None = None,
    *,
    table: str = "",
    options: Mapping[str, object] | None = None,
) -> Settings:
    pyproject.write_text(f"[tool.acceptance]\n{table}\n")

    def getoption(name: str, *, default: object) -> object:
        return (options or {}).get(name, default)

    config = SimpleNamespace(
        inipath=pyproject, rootpath=pyproject.parent, getoption=getoption, stash=pytest.Stash()
    )
    return read(cast("pytest.Config", config), variables or {})


def test_without_any_setting_the_lab_is_judged(pyproject: Path) -> None:
    chosen = _read(pyproject)
    assert chosen == Settings()
    assert chosen.target == "embedded"
    assert chosen.gateway_service.name == "", "the contract's"


def test_an_option_beats_a_variable_and_that_the_file(pyproject: Path) -> None:
    table = 'docs = "file"\nmanifests = "file"\ncache = "file"'
    variables = {"ACCEPTANCE_DOCS": "variable", "ACCEPTANCE_MANIFESTS": "variable"}
    chosen = _read(pyproject, variables, table=table, options={"docs": "option"})
    assert (chosen.docs, chosen.manifests, chosen.cache) == ("option", "variable", "file")


def test_a_weaker_source_can_be_switched_off(pyproject: Path) -> None:
    assert _read(pyproject, table="reuse = true").reuse
    assert not _read(pyproject, {"ACCEPTANCE_REUSE": "no"}, table="reuse = true").reuse
    assert _read(pyproject, {"ACCEPTANCE_DOCS": ""}, table='docs = "file"').docs == ""


def test_a_budget_is_a_whole_number(pyproject: Path) -> None:
    assert _read(pyproject, table="budget = 20000").budget == 20_000
    assert _read(pyproject, {"ACCEPTANCE_BUDGET": "0"}).budget == 0
    for wrong in ("-1", "1.5", "1e3", "many", "", "²", "9" * 13):
        with pytest.raises(SetupError, match="a whole number, as 20000"):
            _read(pyproject, {"ACCEPTANCE_BUDGET": wrong})


@pytest.mark.parametrize("limited", [{"quick": True}, {"budget": "20000"}])
def test_a_run_that_is_limited_asks_by_the_api(
    pyproject: Path, limited: Mapping[str, object]
) -> None:
    assert _read(pyproject, options=limited).hands == "api"
    for hands in ("browser", "both"):
        with pytest.raises(SetupError, match=f"--hands={hands} exclude each other"):
            _read(pyproject, options={**limited, "hands": hands})


def test_a_quick_run_takes_nothing_away(pyproject: Path) -> None:
    with pytest.raises(SetupError, match="--quick and --drill=home exclude each other"):
        _read(pyproject, options={"quick": True, "target": "live", "drill": "home"})


@pytest.mark.parametrize("word", ["true", "Yes", "1"])
def test_a_switch_is_a_word(pyproject: Path, word: str) -> None:
    assert _read(pyproject, {"ACCEPTANCE_REUSE": word}).reuse is True


def test_a_service_may_have_a_port(pyproject: Path) -> None:
    chosen = _read(pyproject, {"ACCEPTANCE_GATEWAY_SERVICE": "ai/proxy:80"})
    assert chosen.gateway_service == ServiceName(namespace="ai", name="proxy", port=80)


def test_a_file_that_is_not_toml_has_no_table(tmp_path: Path) -> None:
    """That of the folder is read: a command, or another file of pytest's, has its own."""
    config = SimpleNamespace(
        stash=pytest.Stash(),
        inipath=tmp_path / "pytest.ini",
        rootpath=tmp_path,
        getoption=lambda _name, default: default,
    )
    assert read(cast("pytest.Config", config), {}) == Settings()
    (tmp_path / "pyproject.toml").write_text('[tool.acceptance]\ndocs = "mine"\n')
    config.stash = pytest.Stash()  # another run's
    assert read(cast("pytest.Config", config), {}) == Settings(docs="mine")


@pytest.mark.parametrize(
    ("table", "variables", "told"),
    [
        (
            "",
            {"ACCEPTANCE_TARGT": "url"},
            ("ACCEPTANCE_TARGT: no such", "expected  ACCEPTANCE_TARGET", "environment variables"),
        ),
        ("", {"ACCEPTANCE_XYZZY": "1"}, ("ACCEPTANCE_XYZZY", "ACCEPTANCE_ACCOUNT_EMAIL or ")),
        ('gatway_url = "x"', {}, ("gatway_url: no such", "gateway_url", "[tool.acceptance]")),
        ('gateway_key = "sk-1"', {}, ("gateway_key: no such", "secrets are variables only")),
        (
            "",
            {"ACCEPTANCE_REUSE": "maybe"},
            ("true or false", "'maybe'", "the environment variable ACCEPTANCE_REUSE"),
        ),
        (
            "",
            {"ACCEPTANCE_TARGET": "moon"},
            ("embedded or kind or live or url", "'moon'", "ACCEPTANCE_TARGET"),
        ),
        (
            'target = "moon"',
            {},
            ("embedded or kind or live or url", "[tool.acceptance] target in pyproject.toml"),
        ),
        (r'docs = "a\u0000b"', {}, ("text without NUL", r"'a\x00b'")),
        ("docs = 7", {}, ("text", "found     7", "[tool.acceptance] docs in pyproject.toml")),
        ("reuse = 7", {}, ("true or false", "found     7")),
        *(
            ("", {"ACCEPTANCE_GATEWAY_SERVICE": name}, ("namespace/name", repr(name)))
            for name in (
                "litellm",
                "/litellm",
                "ml/",
                "ml/litellm:http",
                "ml/a/b",
                "ml/litellm:",
                *ODD_PORTS,
            )
        ),
        ("open_webui_service = 7", {}, ("namespace/name", "[tool.acceptance] open_webui_service")),
        *(
            ("", {"ACCEPTANCE_TARGET": name, "ACCEPTANCE_DRILL": "lab"}, (f"the target {name}.",))
            for name in ("embedded", "kind", "url")
        ),
    ],
)
def test_a_wrong_input_is_told_what_where_and_how(
    pyproject: Path, table: str, variables: dict[str, str], told: tuple[str, ...]
) -> None:
    with pytest.raises(SetupError) as caught:
        _read(pyproject, variables, table=table)
    message = str(caught.value)
    assert [words for words in told if words not in message] == []
    assert re.search(r"^  fix       \w", message, re.MULTILINE)


def test_a_wrong_option_is_named_as_the_place(pyproject: Path) -> None:
    with pytest.raises(SetupError, match=r"where     --open-webui-service\n"):
        _read(
            pyproject, {"ACCEPTANCE_OPEN_WEBUI_SERVICE": "a/b"}, options={"open_webui_service": "x"}
        )


def test_secrets_are_masked_and_come_from_variables_only(pyproject: Path) -> None:
    secrets = [each for each in fields(Settings) if isinstance(each.default, Secret)]
    assert [option(each) for each in secrets] == [""] * 7
    chosen = _read(pyproject, {variable(each): f"planted-{each.name}" for each in secrets})
    for each in secrets:
        assert getattr(chosen, each.name).reveal() == f"planted-{each.name}"
    assert "planted" not in f"{chosen!r} {chosen}"
    assert repr(chosen).count(MASK) == len(secrets)


def _pytest(*arguments: str, **variables: str) -> tuple[int, str]:
    """Exit code and output of a run of the suite itself."""
    return run_pytest(REPOSITORY, "-p", "no:cacheprovider", *arguments, COLUMNS="200", **variables)


def test_help_lists_every_setting_and_no_secret() -> None:
    _, told = _pytest("--help", ACCEPTANCE_GATEWAY_KEY="planted-key")
    for each in fields(Settings):
        name = option(each)
        assert f"{name}" in told if name else variable(each) not in told, each.name
    assert "planted-key" not in told


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        ((), {"ACCEPTANCE_TARGT": "url"}, "ACCEPTANCE_TARGT: no such setting here."),
        (("--gateway-service=litellm",), {}, "The setting gateway_service cannot be used."),
        (("--target=moon",), {}, "expected  embedded or kind or live or url"),
        (("--target=url",), {}, "open_webui_url"),
        (("--target=live", "--account-email=a@b.example"), {}, "There is no password for a@b"),
        (
            ("--target=live", "--account-email=a@b.example", "--user-email=c@d.example"),
            {"ACCEPTANCE_ACCOUNT_PASSWORD": "x"},
            "expected  ACCEPTANCE_USER_PASSWORD",
        ),
    ],
)
def test_a_wrong_setting_starts_nothing_and_ends_with_99(
    arguments: tuple[str, ...], variables: dict[str, str], told: str
) -> None:
    code, out = _pytest(*arguments, **variables)
    assert code == 99, out
    assert told in out
    assert "\n  fix       " in out
    assert not re.search(r"Traceback|INTERNALERROR|waiting for|reused", out)


def test_the_projects_own_tests_do_not_read_the_settings() -> None:
    tests = ("tests/plugin/test_settings.py", "-k", "port", "-q")
    code, out = _pytest(*tests, ACCEPTANCE_TARGT="x")
    assert code == 0, out


def test_versions_are_chosen_of_what_the_suite_starts(pyproject: Path) -> None:
    chosen = _read(pyproject, {"ACCEPTANCE_LITELLM": "v1.83.14"}, options={"open_webui": "0.8.12"})
    assert chosen_versions(chosen) == {"open-webui": "0.8.12", "litellm": "1.83.14"}
    assert chosen_versions(Settings()) == {}


@pytest.mark.parametrize("elsewhere", [{"target": "live"}, {"target": "kind"}, {"reuse": True}])
def test_no_version_is_chosen_of_what_is_up_already(
    pyproject: Path, elsewhere: Mapping[str, object]
) -> None:
    with pytest.raises(SetupError, match=r"(?s)starts itself.*leave --litellm=1.83.14 out"):
        _read(pyproject, options={"litellm": "1.83.14", **elsewhere})


def test_no_process_finds_a_password_once_the_settings_are_taken() -> None:
    script = (
        "import os, pathlib, subprocess, sys, types, pytest\n"
        "from acceptance.plugin import settings\n"
        "config = types.SimpleNamespace(inipath=None, stash=pytest.Stash())\n"
        "config.rootpath = pathlib.Path('/nowhere')\n"
        "config.getoption = lambda *_, **__: None\n"
        "settings.take(config)\n"
        "assert settings.settings_of(config).gateway_key.reveal() == 'sk-planted-4711'\n"
        "assert settings.settings_of(config) is settings.settings_of(config)\n"
        "child = subprocess.run([sys.executable, '-c', 'import os; print(os.environ)'],"
        " capture_output=True, text=True).stdout\n"
        "own = pathlib.Path('/proc/self/environ')\n"
        "print(child, own.read_text() if own.exists() else '')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "ACCEPTANCE_GATEWAY_KEY": "sk-planted-4711", "ACCEPTANCE_DOCS": "x"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "'ACCEPTANCE_DOCS': 'x'" in done.stdout
    assert "4711" not in done.stdout


@pytest.mark.parametrize(
    "path", ["README.md", "./docs/../README.md", str(REPOSITORY / "README.md")]
)
def test_the_suites_own_readme_is_not_the_applications(path: str) -> None:
    code, told = _pytest("--target=live", f"--docs={path}")
    assert code == 99
    assert "That README is the suite's own" in told
    assert "No cluster can be asked" not in told


@pytest.mark.parametrize("table", ["tool.acceptance = 5", "[[tool.acceptance]]\na = 1"])
def test_a_table_that_is_none_is_refused(pyproject: Path, table: str) -> None:
    pyproject.write_text(table)
    config = SimpleNamespace(
        stash=pytest.Stash(),
        inipath=pyproject,
        rootpath=pyproject.parent,
        getoption=lambda _name, *, default: default,
    )
    with pytest.raises(SetupError, match=r"found     a (int|list)"):
        read(cast("pytest.Config", config), {})


_NAMES = sorted(each.name for each in fields(Settings))
_TOML = st.one_of(
    st.sampled_from([*map(json.dumps, TEXTS[:-12]), "1", "true", "1e400", "[1]", "{a = 1}", "nan"]),
    st.sampled_from(["2026-01-01", "[[]]", "0x1", '"\\u0000"', "url", '"ml/a:80"', '"ml/a:²"']),
)


@settings(max_examples=150)
@given(
    table=st.dictionaries(st.sampled_from(_NAMES), _TOML, max_size=2),
    variables=st.dictionaries(
        st.sampled_from([f"ACCEPTANCE_{name.upper()}" for name in _NAMES]),
        st.sampled_from(TEXTS) | st.text(max_size=6),
        max_size=2,
    ),
)
def test_whatever_is_set_is_taken_or_refused(
    pyproject: Path, table: dict[str, str], variables: dict[str, str]
) -> None:
    secret = {name: f"{PLANTED}{value}" for name, value in variables.items() if "PASSW" in name}
    try:
        chosen = str(_read(pyproject, {**variables, **secret}, table=_lines(table)))
    except SetupError as error:
        chosen = str(error)
    except tomllib.TOMLDecodeError:  # pytest reads the same file before
        return
    assert PLANTED not in chosen


def _lines(table: Mapping[str, str]) -> str:
    return "\n".join(f"{name} = {value}" for name, value in table.items())


def test_manifests_are_several_by_commas_or_by_the_option_again(
    pyproject: Path, tmp_path: Path
) -> None:
    assert _read(pyproject, options={"manifests": ["a", "b,c"]}).manifests == "a,b,c"
    assert places("a,b,c") == (Path("a"), Path("b"), Path("c"))
    odd = tmp_path / "with, a comma"
    odd.mkdir()
    assert places(str(odd)) == (odd,)
