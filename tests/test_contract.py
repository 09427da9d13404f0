"""A contract is read from a folder alone; whatever is wrong with one is told with its line."""

import os
import re
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_bdd.feature import get_feature

from acceptance.contract.reading import read_contract
from acceptance.contract.sentences import outages
from acceptance.contract.values import Contract, ContractError
from acceptance.errors import SetupError, Subject
from acceptance.target import Outage
from tests.odd import TEXTS
from tests.story import STORY

PROFILE = """\
title: "Our chat"
open_webui: chat/web
gateway: ai/proxy:80
criteria:
  AC7: what we see is what we have
  login-1: {text: people are served, required: false}
providers:
  Big box: {service: ai/llama}
  Anthropic: {hosts: [api.anthropic.com]}
upstreams:
  claude: claude-sonnet-4-5
"""
FEATURE = """\
Feature: Our models

  @AC7
  Scenario Outline: <model> is there
    Given "<model>" is offered
    When a user asks "<model>" a question
    Then the answer comes from "<model>" at <provider>

    Examples:
      | model  | provider  |
      | big    | Big box   |
      | claude | Anthropic |

  @AC7
  Scenario: Both are offered
    When the model selector is opened
    Then these models are offered
      | model  |
      | big    |
      | claude |

  @login-1
  Scenario: They replace each other
    Given the gateway serves
    When the chain of "big" is read from the gateway
    Then the chain is
      | order | model  |
      | 1     | big    |
      | 2     | claude |
      | 3     | big    |

  @AC7 @disruptive
  Scenario: Claude helps out
    Given "big" is offered
    And Big box refuses connections
    When a user asks "big" a question
    Then the answer comes from "claude" at Anthropic
"""


def written(folder: Path, *, profile: str = PROFILE, feature: str | bytes = FEATURE) -> Contract:
    """The contract of these two files."""
    (folder / "profile.yaml").write_text(profile)
    content = feature if isinstance(feature, bytes) else feature.encode()
    (folder / "ours.feature").write_bytes(content)
    return read_contract(folder)


def test_one_of_other_models_criteria_and_services(tmp_path: Path) -> None:
    contract = written(tmp_path)

    assert contract.title == "Our chat"
    assert contract.offered == ("big", "claude")
    assert {name: str(model) for name, model in contract.models.items()} == {
        "big": "big at Big box",
        "claude": "claude-sonnet-4-5 at Anthropic",
    }
    assert contract.chains == (("big", "claude", "big"),)
    assert contract.notes == ("the chain big -> claude -> big leads back to big, as agreed",)
    assert contract.parallel == ()
    assert str(contract.gateway) == "proxy.ai:80"
    assert [*contract.backends] == ["Big box"]
    assert contract.criteria_in({"AC7", "login-1"}) == ("AC7", "login-1")
    assert contract.requires({"AC7"})
    assert not contract.requires({"login-1"})
    assert contract.proven_by == {Subject.SELECTOR: "AC7", Subject.ANSWERS: "AC7"}


def test_a_folder_that_holds_features_is_taken_for_them(tmp_path: Path) -> None:
    (tmp_path / "features").mkdir()
    written(tmp_path / "features")
    assert read_contract(tmp_path).folder == tmp_path / "features"


def test_a_provider_is_known_by_each_spelling_of_its_service(tmp_path: Path) -> None:
    provider = written(tmp_path).providers["Big box"]
    for host in ("llama", "llama.ai", "llama.ai.svc", "LLAMA.ai.svc.cluster.local."):
        assert provider.serves_at(host, namespace="ai"), host
    for host in ("llama.ml", "llama", "api.anthropic.com", ""):
        assert not provider.serves_at(host, namespace="ml"), host


def test_many_models_are_no_trouble(tmp_path: Path) -> None:
    rows = "".join(f"      | big-{number} | Big box |\n" for number in range(300))
    listed = "".join(f"      | big-{number} |\n" for number in range(300))
    last = "      | claude | Anthropic |\n"
    feature = FEATURE.replace(last, last + rows).replace(
        "      | claude |\n\n", f"      | claude |\n{listed}\n"
    )
    assert len(written(tmp_path, feature=feature).models) == 302


def test_what_a_drill_takes_away_is_what_its_sentences_say() -> None:
    by_title: dict[str, tuple[tuple[str, Outage], ...]] = {}
    for file in STORY.files:
        for template in get_feature(str(file.parent), file.name).scenarios.values():
            rows = [row for table in template.examples for row in table.as_contexts()] or [{}]
            by_title |= {
                template.render(row).name: tuple(outages(template.render(row).steps))
                for row in rows
            }
    assert by_title["The third model answers when the first two are away"] == (
        ("vLLM", Outage.REFUSED),
        ("Ollama", Outage.REFUSED),
    )
    assert by_title["The second model answers when the primary limits the rate"] == (
        ("vLLM", Outage.RATE_LIMITED),
    )
    assert by_title["The primary answers again when it is back"] == (("vLLM", Outage.REFUSED),)
    assert by_title["The declared endpoint is LiteLLM"] == ()


def _profile(old: str, new: str) -> dict[str, str]:
    assert old in PROFILE
    return {"profile": PROFILE.replace(old, new)}


def _feature(old: str, new: str) -> dict[str, str | bytes]:
    assert old in FEATURE
    return {"feature": FEATURE.replace(old, new, 1)}


def _more(title: str, *lines: str) -> dict[str, str | bytes]:
    """One more scenario: its title stands in line 40."""
    body = "".join(f"    {line}\n" for line in lines)
    return {"feature": f"{FEATURE}\n  @AC7\n  Scenario Outline: {title}\n{body}"}


BAD = {
    "no scenario proves a criterion": (
        _profile("providers:", "  AC8: another\nproviders:"),
        "profile.yaml:7",
        "nothing would prove it",
    ),
    "a tag that nobody names": (_feature("@AC7 @disr", "@AC9 @disr"), "ours.feature:32", "@AC9"),
    "a model that no sentence lists": (
        _feature('asks "big"', 'asks "bigger"'),
        "ours.feature:36",
        "'bigger'",
    ),
    "nobody must answer": (
        {
            "feature": FEATURE.replace("      | claude | Anthropic |\n", "")
            .replace('comes from "claude" at Anthropic', 'comes from "big" at Big box')
            .replace('asks "big"', 'asks "claude"')
        },
        "ours.feature",
        "no sentence says who must answer",
    ),
    "two providers for a model": (
        _feature('"claude" at Anthropic', '"claude" at Big box'),
        "ours.feature:37",
        "claude at Big box",
    ),
    "an unknown provider": (
        _feature("| claude | Anthropic |", "| claude | Antropic  |"),
        "ours.feature:12",
        "'Antropic'",
    ),
    "a provider without hosts": (
        _profile("{hosts: [api.anthropic.com]}", "{}"),
        "profile.yaml:9",
        "neither",
    ),
    "a host that is a URL": (
        _profile("api.anthropic.com", "https://api.anthropic.com"),
        "profile.yaml:9",
        "https://",
    ),
    "a chain of one": (
        _feature("      | 2     | claude |\n      | 3     | big    |\n", ""),
        "ours.feature:26",
        "a chain of two",
    ),
    "another chain than the one that is read": (
        _feature('chain of "big"', 'chain of "claude"'),
        "ours.feature:26",
        "the table begins with 'big'",
    ),
    "a name twice in a chain": (
        _feature(
            "| 2     | claude |\n      | 3     | big    |",
            "| 2     | big    |\n      | 3     | claude |",
        ),
        "ours.feature:26",
        "more than once",
    ),
    "rows of a chain that are misnumbered": (
        _feature("| 2     | claude |", "| 9     | claude |"),
        "ours.feature:29",
        "9",
    ),
    "a column that nobody reads": (
        _feature("| order | model  |", "| tier  | model  |"),
        "ours.feature:27",
        "tier, model",
    ),
    "two spellings of a model": (
        _feature("      | big    |\n", "      | Big    |\n"),
        "ours.feature",
        "one spelling of a model",
    ),
    "an unknown field": (_profile("title:", "titel: x\ntitle:"), "profile.yaml:1", "'titel'"),
    "a tab": (_profile("  AC7:", "\tAC7:"), "profile.yaml:5", "cannot start any token"),
    "a field twice": (_profile("gateway:", "title: x\ngateway:"), "profile.yaml:3", "'title' once"),
    "no criteria": (
        _profile(
            "criteria:\n  AC7: what we see is what we have\n"
            "  login-1: {text: people are served, required: false}\n",
            "",
        ),
        "profile.yaml:1",
        "an entry criteria",
    ),
    "an upstream of no model": (_profile("  claude:", "  clod:"), "profile.yaml:11", "'clod'"),
    "a Service without its namespace": (_profile("chat/web", "web"), "profile.yaml:2", "'web'"),
    "an answer that is neither": (
        _profile("required: false", "required: perhaps"),
        "profile.yaml:6",
        "'perhaps'",
    ),
    "not UTF-8": ({"feature": FEATURE.encode().replace(b"Both", b"B\xf6th")}, ":15", "UTF-8"),
    "not Gherkin": (_feature("Scenario: Both", "Szenario: Both"), "ours.feature:15", "Gherkin"),
    **{
        f"a port {port[:9]}": (
            _profile("proxy:80", f"proxy:{port}"),
            "profile.yaml:3",
            "namespace/name, or namespace/name:port",
        )
        for port in ("²", "0", "70000", "9" * 5000)
    },
    "no feature": ({"feature": "# later\n"}, "ours.feature:1", "an empty file"),
    "no table": (
        _feature(
            "      | model  |\n      | big    |\n      | claude |\n",
            "",
        ),
        "ours.feature:17",
        "a table below: Then these models are offered",
    ),
    "two scenarios of one title": (
        _more("Claude helps out", "Then it shows at least one model"),
        "ours.feature:40",
        "in line 33, too",
    ),
    "a scenario that cannot fail": (
        _more("Nothing", "When the model selector is opened"),
        "ours.feature:40",
        "it could not fail",
    ),
    "a sentence that nobody knows": (
        _more("Odd", "When the model selektor is opened", "Then it shows at least one model"),
        "ours.feature:41",
        "selektor",
    ),
    "a sentence in another part": (
        _feature('When a user asks "big"', 'Given a user asks "big"'),
        "ours.feature:36",
        "Given a user asks",
    ),
    "a Background that nobody knows": (
        _feature("Our models\n", "Our models\n\n  Background:\n    Given bananas\n"),
        "ours.feature:4",
        "Given bananas",
    ),
    "a table that nobody reads": (
        _more("Odd", "Then it shows at least one model", "  | model |"),
        "ours.feature:41",
        "a table that nobody reads",
    ),
    "an outline without rows": (
        _more("Odd", 'Then "<model>" is offered by way of the gateway'),
        "ours.feature:41",
        "<model>, and no rows",
    ),
    "an outline with an empty table": (
        _more(
            "Odd", 'Then "<model>" is offered by way of the gateway', "", "Examples:", "| model |"
        ),
        "ours.feature:43",
        "none",
    ),
    "a column that no sentence holds": (
        {
            "feature": FEATURE.replace("| provider  |", "| provider  | tier |")
            .replace("| Big box   |", "| Big box   | 1 |")
            .replace("| claude | Anthropic |", "| claude | Anthropic | 2 |")
        },
        "ours.feature:10",
        "tier, which no sentence holds",
    ),
    "a row twice": (
        _feature("      | claude | Anthropic |\n", "      | claude | Anthropic |\n" * 2),
        "ours.feature:12",
        "claude | Anthropic more than once",
    ),
    "an unknown tag on rows": (
        _feature("    Examples:", "    @AC9\n    Examples:"),
        "ours.feature:9",
        "@AC9",
    ),
    "a byte order mark": ({"feature": "\ufeff" + FEATURE}, "ours.feature:1", "byte order mark"),
    "a letter that looks like another": (
        _feature("      | big    |\n", "      | b\u0456g    |\n"),
        "ours.feature:11",
        "b\\u0456g",
    ),
    "a sign that nobody sees": (
        _feature("      | big    |\n", "      | b\u200big  |\n"),
        "ours.feature:19",
        "b\\u200big",
    ),
    "two endpoints": (
        _more(
            "Two",
            *('Then the declared endpoint is "http://proxy.ai/v1"',),
            *('And the declared endpoint is "http://proxy.ai:80/v1"',),
        ),
        "ours.feature:42",
        "ours.feature:41 says http://proxy.ai/v1",
    ),
    "two chains of one model": (
        _more(
            "Another chain",
            *("Given the gateway serves",),
            *('When the chain of "big" is read from the gateway',),
            *("Then the chain is",),
            *("  | order | model  |", "  | 1     | big    |", "  | 2     | claude |"),
        ),
        "ours.feature:43",
        "big -> claude; ",
    ),
    "a model twice in a table": (
        _feature("      | claude |\n\n", "      | claude |\n      | big    |\n\n"),
        "ours.feature:21",
        "ours.feature:19 has, too",
    ),
    "an endpoint that is no address": (
        _more("Odd", 'Then the declared endpoint is "proxy.ai/v1"'),
        "ours.feature:41",
        "proxy.ai/v1",
    ),
    "a language that nobody knows": (
        {"feature": "# language: xx\n" + FEATURE},
        "ours.feature:1",
        "Language not supported",
    ),
    "one of pytest's own tags": (
        _profile("AC7:", "xfail:"),
        "profile.yaml:5",
        "'xfail'",
    ),
    "one tag for two rows": (
        _profile("providers:", "requirements:\n  AC7: again\nproviders:"),
        "profile.yaml:8",
        "criteria/AC7",
    ),
    "one host of two providers": (
        _profile("upstreams:", "  Other: {hosts: [api.anthropic.com]}\nupstreams:"),
        "profile.yaml:10",
        "Anthropic's",
    ),
    "a pattern for hosts": (
        _profile("[api.anthropic.com]", "['*.anthropic.com']"),
        "profile.yaml:9",
        "*.anthropic.com",
    ),
    "a file twice in the list": (
        _profile("criteria:", "features: [ours, ours]\ncriteria:"),
        "profile.yaml:4",
        "more than once",
    ),
    "an empty profile": ({"profile": ""}, "profile.yaml:1", "empty file"),
    "a list of files that lacks one": (
        _profile("criteria:", "features: [theirs]\ncriteria:"),
        "profile.yaml:4",
        "theirs.feature",
    ),
}


@pytest.mark.parametrize(("change", "place", "found"), BAD.values(), ids=BAD.keys())
def test_a_bad_one_is_told_with_its_line(
    tmp_path: Path, change: dict[str, str], place: str, found: str
) -> None:
    with pytest.raises(SetupError) as caught:
        written(tmp_path, **change)
    message = str(caught.value)
    assert message.startswith("The contract cannot be used.\n  expected  "), message
    where = message.split("  where     ")[1].partition("\n")[0]
    assert place in where, message
    assert found in message
    assert "\n  fix       " in message


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    written(tmp_path)
    os.mkfifo(tmp_path / "pipe.feature")
    with pytest.raises(
        SetupError, match=r"found     none that can be read.*\n  where     .*pipe.feature"
    ):
        read_contract(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "nearest"),
    [
        ('asks "big" a', "aks big a", 'When a user asks "{model}" a question'),
        ("refuses conn", "refused conn", "Given {provider} refuses connections"),
    ],
)
def test_the_nearest_sentence_is_told(tmp_path: Path, old: str, new: str, nearest: str) -> None:
    with pytest.raises(SetupError, match=f"nearest one is: {nearest}"):
        written(tmp_path, feature=FEATURE.replace(old, new))


def test_what_is_written_otherwise_is_the_same(tmp_path: Path) -> None:
    contract = written(tmp_path)
    for name, text in {
        "lines of Windows": FEATURE.replace("\n", "\r\n"),
        "tags on rows": FEATURE.replace("    Examples:", "    @login-1\n    Examples:"),
        "stars": FEATURE.replace("And Big box", "* Big box"),
        "a Rule": FEATURE.replace("Our models\n", "Our models\n\n  @AC7\n  Rule: All\n"),
    }.items():
        (tmp_path / name).mkdir()
        other = written(tmp_path / name, feature=text)
        assert (other.models, other.chains) == (contract.models, contract.chains), name


def test_another_language_has_other_keywords(tmp_path: Path) -> None:
    german = {
        "Feature:": "Funktionalität:",
        "Scenario Outline:": "Szenariogrundriss:",
        "Scenario:": "Szenario:",
        "Examples:": "Beispiele:",
        "    Given ": "    Angenommen ",
        "    When ": "    Wenn ",
        "    Then ": "    Dann ",
        "    And ": "    Und ",
    }
    text = FEATURE
    for english, word in german.items():
        text = text.replace(english, word)
    assert written(tmp_path, feature=f"# language: de\n{text}").offered == ("big", "claude")


def test_a_feature_in_a_folder_below_is_not_passed_over(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "x.feature").write_text(FEATURE)
    with pytest.raises(SetupError, match=f"where     {tmp_path}/more/x.feature"):
        read_contract(tmp_path)


def test_a_profile_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").mkdir()
    with pytest.raises(SetupError, match="found     a folder, or no regular file"):
        read_contract(tmp_path)


@pytest.mark.parametrize("present", [(), ("profile.yaml",), ("ours.feature",)])
def test_a_folder_that_lacks_something(tmp_path: Path, present: tuple[str, ...]) -> None:
    for name in present:
        (tmp_path / name).write_text(PROFILE if name == "profile.yaml" else FEATURE)
    with pytest.raises(SetupError, match=f"where     {tmp_path}"):
        read_contract(tmp_path)
    with pytest.raises(SetupError, match="a folder"):
        read_contract(tmp_path / "nowhere")


_SIGNS = (
    *("@", "@AC7", "Feature: ", "Scenario: ", "Scenario Outline: a", "Examples:", "Rule: a", "|"),
    *("Background:", "Given ", "Then ", "* ", "| a |", '"""', "<model>", "# language: de", "\t"),
    *("? a", "---\n", "...\n", "!!python/object:a", "<<: *a", "~", ": ", "ai/b:²", "ai/b:0"),
    *("ai/b:" + "9" * 5000, "[a, [b]]", "{a: {b: c}}"),
)


@settings(max_examples=150)
@given(
    file=st.sampled_from(["profile.yaml", "ours.feature"]),
    place=st.integers(0, 200),
    put=st.one_of(st.sampled_from(_SIGNS), st.sampled_from(TEXTS), st.text(max_size=6)),
    instead=st.booleans(),
)
def test_a_damaged_contract_is_read_or_refused(
    file: str, place: int, put: str, *, instead: bool
) -> None:
    texts = {"profile.yaml": PROFILE, "ours.feature": FEATURE}
    words = [*re.finditer(r"\S+", texts[file])]
    word = words[place % len(words)]
    texts[file] = (
        texts[file][: word.start()] + put + texts[file][word.end() if instead else word.start() :]
    )
    # each in a folder of its own: pytest-bdd keeps what it has read of a path
    with TemporaryDirectory() as folder, suppress(ContractError):
        for name, text in texts.items():
            (Path(folder) / name).write_bytes(text.encode(errors="surrogatepass"))
        read_contract(Path(folder))
