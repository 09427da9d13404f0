"""Verifying, signing and comparing records, with the real ssh-keygen."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from domain.record import written
from tests.domain.records import RECORD
from tools.signoff import main


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


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2}', '{"format": 1}', "\udcff"])
def test_what_is_no_record_is_told(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "signoff.json"
    file.write_bytes(text.encode(errors="surrogateescape"))

    assert main(["verify", str(file)]) == 99
    assert "This is no record." in capsys.readouterr().out
