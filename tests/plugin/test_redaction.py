"""A planted secret is searched for in everything that a run writes."""

import base64
from pathlib import Path
from urllib.parse import quote

import pytest

from acceptance.plugin.redaction import RunRedactor
from acceptance.secret import Secret
from tests.plugin.project import STEPS, run, write

_SECRET = "sk-pl4nted/s3cret+value=="
_FORMS = (
    _SECRET,
    base64.b64encode(_SECRET.encode()).decode(),
    quote(_SECRET, safe=""),
)
_LEAKS = f"""
import base64
import logging
from urllib.parse import quote

import allure

SECRET = {_SECRET!r}
FORMS = " ".join([SECRET, base64.b64encode(SECRET.encode()).decode(), quote(SECRET, safe="")])


@pytest.fixture(autouse=True)
def learn(pytestconfig, record_property):
    redactor(pytestconfig).add(Secret(SECRET))
    record_property("key", FORMS)
    yield
    print("torn down", FORMS)


@given(parsers.parse('a key "{{key}}"'))
def _(key):
    print(FORMS)
    logging.getLogger("leak").warning("key %s", FORMS)
    allure.attach(FORMS, "text", allure.attachment_type.TEXT)
    allure.attach(b"\\xff\\x00" + FORMS.encode(), "bytes")
    allure.dynamic.parameter("key", FORMS)


@then("it leaks in a message")
def _():
    assert not FORMS, explain(
        f"wrong key {{FORMS}}", expected=FORMS, found=FORMS, where=FORMS, fix=FORMS
    )


@then("it leaks in a chain")
def _():
    try:
        raise KeyError(FORMS)
    except KeyError as error:
        raise RuntimeError(f"sent {{FORMS}}") from error


@then("it leaks in a refusal")
def _():
    raise Inconclusive(f"refused {{FORMS}}")


@then("it leaks in a set-up")
def _():
    raise SetupError(f"no rights with {{FORMS}}")
"""
_FEATURE = "Feature: Leaks\n" + "".join(
    f'\n  @AC1\n  Scenario: {way}\n    Given a key "{_SECRET}"\n    Then it leaks in a {way}\n'
    for way in ("message", "chain", "refusal", "set-up")
)


@pytest.mark.parametrize("options", [(), ("--full-trace", "-v", "-rA"), ("--alluredir=reports/x",)])
def test_no_form_of_a_secret_is_written_anywhere(tmp_path: Path, options: tuple[str, ...]) -> None:
    write(tmp_path, leaks=_FEATURE, steps=STEPS + _LEAKS)
    done = run(tmp_path, "-o", "junit_logging=all", "-o", "junit_family=xunit1", *options)
    assert done.code == 99, done.out
    files = [path for path in done.reports.rglob("*") if path.is_file()]
    written = {str(path): path.read_bytes().decode(errors="replace") for path in files}
    assert len(written) > 10
    for place, text in {"terminal": done.out, **written}.items():
        assert not [form for form in _FORMS if form in text], f"{place}: {text}"
    assert "wrong key •••" in done.out
    assert "•••" in (done.reports / "junit.xml").read_text()


def test_colours_are_shown_and_secrets_are_not() -> None:
    mask = RunRedactor()
    mask.add(Secret("passed"))
    mask.add(Secret("hunter2-hunter2"))
    line = "\x1b[32m54 passed\x1b[0m, \x1b[1m3 failed\x1b[0m: passed hunter2-hunter2 \x1b]0;x\x07"
    shown = mask.coloured(line)
    assert shown.startswith("\x1b[32m54 passed\x1b[0m, \x1b[1m3 failed\x1b[0m: ••• •••")
    assert "\x1b]0" not in shown


def test_tables_are_shown_in_colours(tmp_path: Path) -> None:
    write(tmp_path, tiny="Feature: F\n  @AC1\n  Scenario: S\n    Given all is well\n")
    done = run(tmp_path, "--color=yes")
    assert "\x1b[" in done.out
    assert r"\x1b" not in done.out
