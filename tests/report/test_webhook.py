"""A webhook that is told of a changed verdict: on real sockets, friendly and not."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from acceptance.errors import SetupError
from acceptance.report import webhook as module
from acceptance.report.announce import main, tell
from acceptance.report.announcement import KINDS, NONE, judged, not_judged
from acceptance.report.record import WHOLE, Record, written
from acceptance.report.webhook import Webhook
from acceptance.secret import Secret
from tests.clients.hostile import Answer, dripping, head, http, raw, serving, silent
from tests.kubernetes.server import closed_port
from tests.report.played_phone import TOKEN, TOPIC, Phone, played_phone
from tests.report.test_announce import GREEN, RED, REDDER


@pytest.fixture
def phone() -> Iterator[Phone]:
    with played_phone() as up:
        yield up


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.02)


def _webhook(address: str, kind: str = "ntfy", token: str = "") -> Webhook:
    return Webhook(kind=kind, address=Secret(address), token=Secret(token))


@pytest.fixture
def night(phone: Phone, tmp_path: Path) -> Callable[[Record], str]:
    """Announces a record; what was said."""

    def announce(record: Record) -> str:
        said: list[str] = []
        tell(judged(record), _webhook(phone.address), tmp_path / "reports", said.append)
        return "\n".join(said)

    return announce


def test_only_a_changed_verdict_is_told(phone: Phone, night: Callable[[Record], str]) -> None:
    expected = ["nothing", "announced", "nothing", "announced", "announced", "nothing", "announced"]
    for record, word in zip((GREEN, RED, RED, REDDER, GREEN, GREEN, RED), expected, strict=True):
        assert night(record).startswith(word)
    assert [headers["Title"] for headers, _ in phone.took] == [
        *["Acceptance: NOT ACCEPTED on kind"] * 2,
        "Acceptance: ACCEPTED on kind",
        "Acceptance: NOT ACCEPTED on kind",
    ]


def test_a_night_without_a_verdict_is_news_and_so_is_the_next_green_one(
    phone: Phone, tmp_path: Path
) -> None:
    for told in (not_judged("NOT JUDGED on live: x", "Open WebUI is not there."), judged(GREEN)):
        tell(told, _webhook(phone.address), tmp_path, lambda _line: None)
    assert [body.splitlines()[-1] for _, body in phone.took] == [
        "Open WebUI is not there.",
        "AC1: was passed, is failed",
    ]


def test_ntfy_is_told_in_its_headers(phone: Phone) -> None:
    _webhook(phone.address, token=TOKEN).tell(judged(RED))
    ((headers, body),) = phone.took
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert (headers["Priority"], headers["Tags"]) == ("high", "x")
    assert body == "NOT ACCEPTED on kind: of 79 scenarios: so it ended\nAC1: was passed, is failed"
    _webhook(phone.address).tell(judged(replace(GREEN, statement="ACCEPTED on küche: so")))
    headers, _ = phone.took[-1]
    assert headers["Title"] == "=?utf-8?q?Acceptance=3A_ACCEPTED_on_k=C3=BCche?="
    assert headers["Priority"] == "default"
    assert "Authorization" not in headers


def test_slack_and_others_are_told_in_json(phone: Phone) -> None:
    _webhook(phone.address, "slack").tell(judged(RED))
    _webhook(phone.address, "json").tell(judged(RED))
    (_, slack), (_, other) = phone.took
    statement = "NOT ACCEPTED on kind: of 79 scenarios: so it ended\nAC1: was passed, is failed"
    assert json.loads(slack) == {"text": f"Acceptance: NOT ACCEPTED on kind\n{statement}"}
    assert json.loads(other) == {
        "title": "Acceptance: NOT ACCEPTED on kind",
        "accepted": False,
        "text": statement,
    }


@pytest.mark.parametrize("before", ["", "ü" * 9000], ids=["short", "long"])
@pytest.mark.parametrize("kind", KINDS[1:])
def test_what_a_night_holds_does_not_act_on_a_phone(phone: Phone, kind: str, before: str) -> None:
    hostile = (
        f"{before}<!channel> @everyone <http://evil.example|x>\r\nX-Evil: 1\x1b[2J\u202e \ud83d"
    )
    change = (hostile, "x" * 10_000)
    _webhook(phone.address, kind).tell(judged(replace(RED, statement=hostile, changes=change)))
    ((headers, body),) = phone.took
    assert "X-Evil" not in headers
    assert len(body.encode()) < 4096
    text = body if kind == "ntfy" else json.loads(body)["text"]
    assert not set(text) & {"\x1b", "\u202e", "\ud83d", "\r"}
    if kind == "slack":
        assert "<" not in text
        assert "@everyone" not in text


@pytest.mark.parametrize("status", [500, 503, 429])
def test_who_is_busy_is_asked_again(phone: Phone, status: int) -> None:
    phone.answers[:] = [status, status]
    _webhook(phone.address).tell(judged(RED))
    assert len(phone.took) == 3


_REFUSALS: dict[str, tuple[Answer, str]] = {
    "hangs": (silent, "Timeout"),
    "drips": (dripping(b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n"), "TimeoutError"),
    "answers 500": (http(b"boom", status="500 no"), "it answers 500"),
    "says nothing": (raw(b""), "RemoteProtocolError"),
    "is no HTTP": (raw(b"220 smtp.example ready\r\n"), "RemoteProtocolError"),
    "redirects": (raw(head("text/html", "location: /b", status="302 x")), "it answers 302"),
    "wants a token": (http(b"{}", status="401 x"), "it answers 401"),
}


@pytest.mark.parametrize("how", [*_REFUSALS, "refuses"])
def test_what_does_not_take_it_is_told_in_time_and_without_the_address(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SECONDS", 0.1)
    if how in ("hangs", "drips"):
        monkeypatch.setattr(module, "_ANSWER_SECONDS", 0.3)
    answer, found = _REFUSALS.get(how, (silent, "ConnectError"))
    said: list[str] = []
    with serving(answer) as address:
        place = address if how in _REFUSALS else closed_port()
        webhook = _webhook(f"{place}/{TOPIC}?auth=secret-of-the-query", token=TOKEN)
        with pytest.raises(SetupError) as caught:
            tell(judged(RED), webhook, tmp_path, said.append)
    text = "".join([str(caught.value), repr(webhook), *said])
    assert found in text
    assert "the verdict stands" in text
    for secret in (TOPIC, "secret-of-the-query", TOKEN):
        assert secret not in text
    assert list(tmp_path.iterdir()) == [], "the next run makes up for it"


def test_a_redirect_is_not_followed(phone: Phone) -> None:
    phone.answers[:] = [307]
    with pytest.raises(SetupError, match="it answers 307"):
        _webhook(phone.address).tell(judged(RED))
    assert len(phone.took) == 1


def test_what_was_not_taken_is_told_by_the_next_night(
    phone: Phone, night: Callable[[Record], str]
) -> None:
    phone.answers[:] = [403]
    with pytest.raises(SetupError):
        night(RED)
    assert night(RED).startswith("announced")


@pytest.mark.parametrize(
    ("kind", "address", "token"),
    [
        ("ntfy", "", ""),
        ("ntfy", "ntfy.sh/topic", ""),
        ("ntfy", "ftp://ntfy.sh/topic", ""),
        ("ntfy", "http:///topic", ""),
        ("ntfy", "http://[::1/topic", ""),
        ("ntfy", "http://host:99999/topic", ""),
        ("ntfy", "http://host/topic\n", ""),
        ("ntfy", "http://host/tøpic", ""),
        ("ntfy", "http://host/topic", "token\n"),
        (NONE, "http://host/topic", ""),
        ("email", "http://host/topic", ""),
    ],
)
def test_one_that_is_of_no_use_is_refused_before_anything(
    kind: str, address: str, token: str
) -> None:
    with pytest.raises(SetupError, match=r"expected  --announce=ntfy\|slack\|json") as caught:
        _webhook(address, kind, token)
    assert not address or address not in str(caught.value)


def test_a_memory_that_cannot_be_kept_is_said(phone: Phone, tmp_path: Path) -> None:
    (tmp_path / "announced").mkdir()
    with pytest.raises(SetupError, match="may be told again"):
        tell(judged(RED), _webhook(phone.address), tmp_path, lambda _line: None)


def test_make_announce_tells_it_in_place_of_github(
    phone: Phone, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / WHOLE).write_text(written(RED), encoding="utf-8")
    environ = {"ACCEPTANCE_ANNOUNCE": "ntfy", "ACCEPTANCE_ANNOUNCE_URL": phone.address}
    for _ in range(2):
        assert main(["--reports", str(tmp_path)], environ) == 0
    assert len(phone.took) == 1
    phone.answers[:] = [404]
    (tmp_path / WHOLE).unlink()
    assert main(["--reports", str(tmp_path)], environ) == 99
    out = capsys.readouterr().out
    assert "announced: Acceptance: NOT ACCEPTED on kind" in out
    assert "it answers 404" in out
    assert TOPIC not in out
