"""What the suite uses of other libraries that they do not promise: each holds, or a test says so.

A library that moves one of these breaks what the test's message names. Whatever else is used in
this way is found by `test_each_use_is_known`.
"""

import ast
import io
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import allure_commons
import httpcore
import httpx
import pytest
from _pytest.junitxml import LogXML, xml_key
from allure_commons import model2
from allure_commons.logger import AllureFileLogger
from allure_commons.types import AttachmentType, LabelType, LinkType, Severity
from allure_pytest.listener import AllureListener
from allure_pytest.utils import format_allure_link
from pytest_bdd import given, scenario
from pytest_bdd.exceptions import GherkinParseError, StepError
from pytest_bdd.feature import get_feature
from pytest_bdd.gherkin_parser import get_gherkin_document
from pytest_bdd.scenario import scenario_wrapper_template_registry
from pytest_bdd.steps import step_function_context_registry
from pytest_bdd.utils import registry_get_safe
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from acceptance.clients.deadline import watch
from acceptance.plugin.gherkin import EXAMPLE, template_of

ROOT = Path(__file__).parents[1]
ROOMS = ("acceptance", "steps", "fixtures", "dev", "conftest.py", "tests/conftest.py")
NOT_PROMISED = (
    *(
        "_pytest",
        "allure_commons",
        "allure_pytest",
        "hypothesis.configuration",
        "kubernetes.stream",
    ),
    *("uvicorn.protocols", "uvicorn.server", "xdist."),
    *(f"pytest_bdd.{module}." for module in ("compat", "exceptions", "feature", "generation")),
    *(f"pytest_bdd.{module}." for module in ("gherkin_parser", "parser", "scenario", "steps")),
    "pytest_bdd.utils.",
)
"""Modules that no documentation of their library names as its interface."""
KNOWN = {
    *("_pytest.junitxml.LogXML", "_pytest.junitxml.xml_key"),
    *("._tw", "._file", "._setupstate"),  # of pytest's reporter, writer and session
    *("allure_commons", "allure_commons.logger.AllureFileLogger"),
    *(f"allure_commons.model2.{name}" for name in ("Label", "Link", "Parameter", "Status")),
    "allure_commons.model2.StatusDetails",
    *(f"allure_commons.types.{name}" for name in ("AttachmentType", "LabelType", "LinkType")),
    "allure_commons.types.Severity",
    *("allure_pytest.listener.AllureListener", "allure_pytest.utils.format_allure_link"),
    "hypothesis.configuration.set_hypothesis_home_dir",  # whatever uses hypothesis tries it
    *("pytest_bdd.exceptions.GherkinParseError", "pytest_bdd.exceptions.StepError"),
    *("pytest_bdd.feature.get_feature", "pytest_bdd.feature.get_features"),
    *("pytest_bdd.gherkin_parser.Scenario", "pytest_bdd.gherkin_parser.get_gherkin_document"),
    *(f"pytest_bdd.parser.{name}" for name in ("Examples", "Feature", "Scenario", "Step")),
    "pytest_bdd.parser.ScenarioTemplate",
    "pytest_bdd.scenario.scenario_wrapper_template_registry",
    "pytest_bdd.steps.StepFunctionContext",
    "pytest_bdd.steps.step_function_context_registry",
    "pytest_bdd.utils.registry_get_safe",
    *("._mounts", "._network_backend", "._pool", "._transport"),  # of httpx, and below it
    "kubernetes.stream.ws_client",
    *("uvicorn.protocols.http.h11_impl.H11Protocol", "uvicorn.server.ServerState"),
    *("xdist.scheduler.LoadScopeScheduling", "._split_scope"),
    *("._Environ", "._getframe"),  # of os and sys, tried in tests/dev/prepared
}
OWN = {"._replace", "._exit", "._api", "._setting"}
"""Of named tuples and of `os`, which are public, and of the suite itself."""
FEATURE = """@f
Feature: A feature
  @r
  Rule: A rule
    @s
    Scenario Outline: <a> is said
      Given a private sentence of <a>
        | x |
        | 1 |

      @e
      Examples:
        | a |
        | 1 |
"""


def uses(tree: ast.AST) -> Iterator[str]:
    """What a module takes that is not promised: names of modules, and attributes of others."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                pass
            case ast.Attribute(attr=name) if name.startswith("_") and not name.endswith("__"):
                yield f".{name}"
            case ast.ImportFrom(module=str(module), names=names):
                yield from (f"{module}.{each.name}" for each in names)
            case ast.Import(names=names):
                yield from (each.name for each in names)


def promised(use: str) -> bool:
    """Whether it is a library's interface, as far as is known."""
    return not use.startswith((".", *NOT_PROMISED)) or use in OWN


def test_each_use_is_known() -> None:
    paths = [
        path
        for room in ROOMS
        for path in ([ROOT / room] if room.endswith(".py") else (ROOT / room).rglob("*.py"))
    ]

    found = {use for path in paths for use in uses(ast.parse(path.read_text()))}

    assert {use for use in found if not promised(use)} == KNOWN


def test_pytest_writes_all_that_it_prints_through_one_stream(pytestconfig: pytest.Config) -> None:
    first, second = io.StringIO(), io.StringIO()
    reporter = pytest.TerminalReporter(pytestconfig, first)

    reporter._tw._file = second
    reporter.write_line("a word")

    assert (first.getvalue(), second.getvalue()) == ("", "a word\n"), (
        "acceptance/plugin/redaction.py masks the terminal, and interruption.py outlives it, by "
        "standing around this stream"
    )


def test_pytest_keeps_what_is_open_on_a_stack(request: pytest.FixtureRequest) -> None:
    state = request.session._setupstate

    assert request.node in state.stack, (
        "acceptance/plugin/interruption.py closes what is on it before the reports are written"
    )
    assert callable(state.teardown_exact)


def test_pytests_junit_file_is_made_by_a_class(tmp_path: Path) -> None:
    junit = LogXML(str(tmp_path / "junit.xml"), None, "suite", "no", "total", "xunit2", True)

    junit.pytest_sessionstart()
    junit.pytest_sessionfinish()

    assert Path(junit.logfile).read_text().startswith("<?xml"), (
        "acceptance/plugin/reports.py writes junit.xml by it, masked"
    )
    assert isinstance(xml_key, pytest.StashKey)


def test_allure_is_told_by_these_hooks(pytestconfig: pytest.Config) -> None:
    hooks = {
        *("start_step", "stop_step", "attach_data", "report_result", "report_container"),
        *("report_globals", "report_attached_data", "report_attached_file"),
    }

    missing = {name for name in hooks if not hasattr(allure_commons.plugin_manager.hook, name)}

    assert not missing, "acceptance/plugin/allure_gherkin.py and masked_files.py use these hooks"
    assert AllureListener(pytestconfig).allure_logger.get_test(None) is None
    options = ("allure_report_dir", "clean_alluredir", "allure_link_pattern")
    assert all(hasattr(pytestconfig.option, each) for each in options)


def test_allures_files_are_written_by_a_logger(tmp_path: Path) -> None:
    result = model2.TestResult(
        uuid="1", name="a", statusDetails=model2.StatusDetails(message="m", trace="t")
    )
    for name in ("titlePath", "description", "descriptionHtml", "parameters", "labels", "links"):
        assert hasattr(result, name), f"acceptance/plugin/allure_gherkin.py sets {name}"

    logger: Any = AllureFileLogger
    logger(str(tmp_path), clean=False).report_result(result)

    (file,) = tmp_path.glob("*-result.json")
    assert json.loads(file.read_text())["statusDetails"] == {"message": "m", "trace": "t"}, (
        "acceptance/plugin/masked_files.py writes Allure's results by it"
    )
    assert model2.Parameter(name="a", value="b").value == "b"


def test_allures_words_for_labels_and_links(pytestconfig: pytest.Config) -> None:
    labels = (LabelType.EPIC, LabelType.FEATURE, LabelType.STORY, LabelType.PARENT_SUITE)
    assert [str(each.value if hasattr(each, "value") else each) for each in labels] == [
        *("epic", "feature", "story", "parentSuite")
    ]
    assert Severity.CRITICAL.value == "critical"
    assert AttachmentType.TEXT.mime_type == "text/plain"
    assert format_allure_link(pytestconfig, "http://a/b", LinkType.TEST_CASE) == "http://a/b"


@pytest.fixture
def feature(tmp_path: Path) -> Path:
    """A feature file with all that the suite reads of one."""
    (tmp_path / "a.feature").write_text(FEATURE)
    return tmp_path / "a.feature"


def test_pytest_bdd_reads_a_feature_into_these_values(feature: Path) -> None:
    read: Any = get_feature(str(feature.parent), feature.name)
    (template,) = read.scenarios.values()
    (table,) = template.examples
    (row,) = table.as_contexts()

    assert (read.tags, template.rule.tags, template.tags) == ({"f"}, {"r"}, {"s"})
    assert (dict(row), table.tags, table.examples) == ({"a": "1"}, {"e"}, [["1"]])
    step = template.render(row).steps[0]
    assert (step.name, step.type, step.line_number) == ("a private sentence of 1", "given", 7)
    assert step.datatable.raw() == [["x"], ["1"]]
    assert [each.location.line for each in step.datatable.rows] == [8, 9]
    assert (read.name, template.name, template.line_number) == ("A feature", "<a> is said", 6)


def test_pytest_bdd_gives_the_document_as_well(feature: Path) -> None:
    document: Any = get_gherkin_document(str(feature))

    written = document.feature.children[0].rule.children[0].scenario
    assert written.location.line == 6
    assert [each.keyword_type for each in written.steps] == ["Context"]
    assert [each.value for each in written.examples[0].table_header.cells] == ["a"]
    assert len(written.examples[0].table_body) == 1
    assert written.steps[0].docstring is None


def test_pytest_bdd_tells_what_is_no_gherkin_with_its_line(feature: Path) -> None:
    feature.write_text("Feature: a\n  Scenario: c\n    Given d\n    nonsense\n")

    with pytest.raises(GherkinParseError) as caught:
        get_feature(str(feature.parent), feature.name)

    assert (caught.value.line, bool(caught.value.message)) == (4, True)
    assert hasattr(StepError("m", 1, "l", "f"), "message")


def test_pytest_bdd_knows_the_scenario_behind_a_function(feature: Path) -> None:
    feature.write_text(FEATURE.replace("@", "# "))  # no test has such marks

    @scenario(str(feature), "<a> is said")
    def bound() -> None:
        """Bind it."""

    template = template_of(bound)

    assert template is not None
    assert template is registry_get_safe(scenario_wrapper_template_registry, bound)
    assert template in scenario_wrapper_template_registry.values()
    marks = [mark for mark in bound.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert marks[0].args[0] == EXAMPLE, "acceptance/plugin/gherkin.py reads a row by this name"


def test_pytest_bdd_keeps_each_step_function() -> None:
    @given("a sentence that only this test knows")
    def _(datatable: object) -> None:
        """Read the table."""

    (context,) = (
        each
        for each in step_function_context_registry.values()
        if each.parser.is_matching("a sentence that only this test knows")
    )

    assert (context.type, context.parser.name) == ("given", "a sentence that only this test knows")
    assert "datatable" in context.step_func.__annotations__


class Broken(httpcore.SyncBackend):
    """Opens nothing."""

    def connect_tcp(self, *_more: object, **_named: object) -> httpcore.NetworkStream:
        """Say that it was asked."""
        raise httpcore.ConnectError("it was asked")


def test_httpx_opens_its_connections_by_a_backend_that_can_be_another() -> None:
    why = "acceptance/clients/deadline.py ends a whole request by it"
    with httpx.Client(mounts={"http://a": httpx.HTTPTransport()}) as client:
        for transport in (client._transport, *client._mounts.values()):
            assert isinstance(transport, httpx.HTTPTransport), why
            assert isinstance(transport._pool._network_backend, httpcore.NetworkBackend), why
            transport._pool._network_backend = Broken()

        for url in ("http://a/", "http://b.example/"):
            with pytest.raises(httpx.ConnectError, match="it was asked"):
                client.get(url)
        watch(client)
        assert not isinstance(client._transport._pool._network_backend, Broken)  # type: ignore[attr-defined]


def test_kubernetes_prepares_a_websocket() -> None:
    ws_client: Any = import_module("kubernetes.stream.ws_client")
    configuration = SimpleNamespace(proxy="http://proxy:3128", no_proxy=None, proxy_headers=None)

    asked = ws_client.websocket_proxycare({}, configuration, "https://a/b", {})

    why = "acceptance/kubernetes/stream.py opens exec and port-forward by these"
    assert (asked["http_proxy_host"], asked["http_proxy_port"]) == ("proxy", 3128), why
    assert ws_client.get_websocket_url("https://a/b?c=d") == "wss://a/b?c=d", why


def test_uvicorns_connections_know_each_other() -> None:
    assert ServerState().connections == set(), (
        "acceptance/lab/providers/listener.py drops the connections that are open"
    )
    assert callable(H11Protocol.connection_made)


def test_xdist_hands_tests_out_by_a_scope() -> None:
    scheduling = pytest.importorskip("xdist.scheduler").LoadScopeScheduling

    assert callable(scheduling._split_scope), "tests/conftest.py gives each group to one worker"
