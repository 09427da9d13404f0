"""Verifying, signing and comparing records, with the real ssh-keygen."""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from acceptance.report.cover.binding import bind
from acceptance.report.record import written
from acceptance.report.signoff import main
from acceptance.waiting import within
from tests.report.records import RECORD


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A record, intact."""
    path = tmp_path / "signoff.json"
    path.write_text(written(RECORD), encoding="utf-8")
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key without a passphrase."""
    path = tmp_path / "key"
    made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", str(path)]
    subprocess.run(made, check=True, stdin=subprocess.DEVNULL)
    return path


def _signers(tmp_path: Path, key: Path) -> Path:
    path = tmp_path / "signers"
    path.write_text(f"ada@example.org {Path(f'{key}.pub').read_text()}", encoding="utf-8")
    return path


def test_an_untouched_record_holds(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(file)]) == 0
    out = capsys.readouterr().out
    assert RECORD.statement in out
    assert "digest holds: sha256:" in out
    assert "not signed" in out


@pytest.mark.parametrize("field", ["verdict", "started", "previous"])
def test_a_changed_record_is_noticed(
    file: Path, field: str, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, field: f"{content[field]}!"}))

    assert main(["verify", str(file)]) == 99
    assert "changed after it was written" in capsys.readouterr().out
    assert main(["sign", str(file), "--key", "any"]) == 99
    assert "is not signed" in capsys.readouterr().out


def test_a_signature_is_verified_and_names_its_signer(
    file: Path, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sign", str(file), "--key", str(key)]) == 0
    assert main(["sign", str(file), "--key", str(key)]) == 0, "signing again replaces it"
    assert main(["verify", str(file)]) == 0
    assert "with ED25519 key SHA256:" in capsys.readouterr().out
    assert main(["verify", str(file), "--signers", str(_signers(tmp_path, key))]) == 0
    assert "for ada@example.org" in capsys.readouterr().out


def test_a_signature_of_another_record_does_not_hold(
    file: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["sign", str(file), "--key", str(key)])
    file.write_text(written(replace(RECORD, ran_by="Eve")))

    assert main(["verify", str(file)]) == 99
    assert "The signature does not hold." in capsys.readouterr().out


def test_a_strangers_signature_does_not_hold(
    file: Path, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["sign", str(file), "--key", str(key)])
    nobody = tmp_path / "nobody"
    nobody.write_text("")

    assert main(["verify", str(file), "--signers", str(nobody)]) == 99
    assert "The signature does not hold." in capsys.readouterr().out


def test_a_key_that_does_not_sign_is_told(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sign", str(file), "--key", str(tmp_path / "none")]) == 99
    assert "The record was not signed." in capsys.readouterr().out


def test_two_records_are_compared(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.json"
    other.write_text(written(replace(RECORD, target="live")))

    assert main(["diff", str(file), str(other)]) == 0
    assert "changed: the target was embedded, is live" in capsys.readouterr().out
    assert main(["diff", str(file), str(file)]) == 0
    assert "nothing changed" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"format": 2}',
        '{"format": 1}',
        "\udcff",
        "[" * 100_000,
        '{"format": 1' + "0" * 5000,
    ],
)
def test_what_is_no_record_is_told(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "signoff.json"
    file.write_bytes(text.encode(errors="surrogateescape"))

    assert main(["verify", str(file)]) == 99
    assert "This is no record." in capsys.readouterr().out


def test_named_signers_must_have_signed(
    file: Path, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signers = str(_signers(tmp_path, key))
    assert main(["sign", str(file), "--key", str(key)]) == 0
    Path(f"{file}.sig").unlink()

    assert main(["verify", str(file), "--signers", signers]) == 99
    out = capsys.readouterr().out
    assert "The record is not signed." in out
    assert f"a signature by one of those in {signers}" in out
    assert "no signoff.json.sig beside it" in out
    assert main(["verify", str(file)]) == 0, "nobody said that somebody has to sign"


def _pipe(place: Path) -> None:
    place.unlink(missing_ok=True)
    os.mkfifo(place)


def _device(place: Path) -> None:
    place.unlink(missing_ok=True)
    place.symlink_to("/dev/zero")


def _folder(place: Path) -> None:
    place.unlink(missing_ok=True)
    place.mkdir()


def _huge(place: Path) -> None:
    with place.open("wb") as opened:
        opened.truncate(1_000_000_000)


@pytest.mark.parametrize("become", [_pipe, _device, _folder, _huge])
@pytest.mark.parametrize("what", ["signoff.json", "signoff.json.sig", "signers", "acceptance.html"])
def test_what_is_no_small_file_is_told_and_never_waited_for(
    file: Path,
    key: Path,
    tmp_path: Path,
    what: str,
    become: Callable[[Path], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    signers = _signers(tmp_path, key)
    assert main(["sign", str(file), "--key", str(key)]) == 0
    capsys.readouterr()
    become(tmp_path / what)

    assert within(20, lambda: main(["verify", str(file), "--signers", str(signers)])) == 99
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 5
    assert what in out


@pytest.mark.parametrize("become", [_pipe, _device, _folder])
def test_nothing_is_signed_in_the_place_of_a_folder_or_with_no_key(
    file: Path, key: Path, become: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    _folder(Path(f"{file}.sig"))
    assert main(["sign", str(file), "--key", str(key)]) == 99
    assert "The record was not signed." in capsys.readouterr().out
    become(key)
    assert within(20, lambda: main(["sign", str(file), "--key", str(key)])) == 99
    assert "not a regular file" in capsys.readouterr().out


def test_a_signature_that_leads_nowhere_is_none(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(f"{file}.sig").symlink_to("absent")
    assert main(["verify", str(file)]) == 99
    assert "The signature does not hold." in capsys.readouterr().out


def test_one_key_may_be_several_peoples(
    file: Path, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signers = _signers(tmp_path, key)
    signers.write_text(signers.read_text().replace("ada@", "ada@example.org,bob@"))
    assert main(["sign", str(file), "--key", str(key)]) == 0

    assert main(["verify", str(file), "--signers", str(signers)]) == 0
    assert "for ada@example.org" in capsys.readouterr().out


def test_a_record_that_contradicts_itself_neither_verifies_nor_is_signed(
    file: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    statement = RECORD.statement.replace("INCOMPLETE", "ACCEPTED")
    file.write_text(written(replace(RECORD, verdict="ACCEPTED", statement=statement)))

    for command in (["verify", str(file)], ["sign", str(file), "--key", str(key)]):
        assert main(command) == 99
        out = capsys.readouterr().out
        assert "The record contradicts itself." in out
        assert "ACCEPTED, and its worst scenario is inconclusive" in out
    assert not Path(f"{file}.sig").exists()


def _page(folder: Path, record: Path) -> Path:
    page = folder / "acceptance.html"
    page.write_text("<!DOCTYPE html><html><head></head><body>Allure</body></html>")
    bind(page, record)
    return page


def test_the_page_beside_a_record_is_compared_with_it(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _page(tmp_path, file)

    assert main(["verify", str(file)]) == 0
    assert "acceptance.html shows this record" in capsys.readouterr().out


_FORGED = {
    "edited": lambda page: page.replace("INCOMPLETE", "ACCEPTED"),
    "cut off": lambda page: page[: len(page) // 2],
    "added to": lambda page: page + "<script>document.body.textContent = 'ACCEPTED'</script>",
    "of nobody": lambda page: f"<h1>ACCEPTED</h1>{page[-100:]}",
    "empty": lambda _page: "",
}


@pytest.mark.parametrize("forge", _FORGED.values(), ids=_FORGED)
def test_a_forged_page_is_noticed(
    file: Path,
    key: Path,
    tmp_path: Path,
    forge: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = _page(tmp_path, file)
    page.write_text(forge(page.read_text()))

    for command in (["verify", str(file)], ["sign", str(file), "--key", str(key)]):
        assert main(command) == 99
        out = capsys.readouterr().out
        assert "The page beside the record does not belong to it." in out
        assert f"where     {page}" in out
    page.unlink()
    assert main(["verify", str(file)]) == 0


def test_a_page_of_another_run_is_noticed(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = json.loads(file.read_text())["digest"]
    _page(tmp_path, file)
    file.write_text(written(replace(RECORD, ran_by="Eve")))

    assert main(["verify", str(file)]) == 99
    assert f"found     it shows {digest}" in capsys.readouterr().out


def test_a_page_of_the_partial_run_after_it_is_told_and_no_fault(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    partial = tmp_path / "signoff-partial.json"
    partial.write_text(written(replace(RECORD, partial="1 scenarios were left out")))
    _page(tmp_path, partial)

    assert main(["verify", str(file)]) == 0
    assert "acceptance.html shows signoff-partial.json, which is beside it" in (
        capsys.readouterr().out
    )
    assert main(["verify", str(partial)]) == 0
    assert "acceptance.html shows this record" in capsys.readouterr().out
