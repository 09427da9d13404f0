"""The folder of a draft: written whole or not at all, and read back before it is believed."""

import shutil
from pathlib import Path

from acceptance.contract.reading import read_contract
from acceptance.contract.values import Contract
from acceptance.draft.found import Found
from acceptance.draft.writing import files_of
from acceptance.errors import SetupError
from acceptance.files import PREFIX
from acceptance.message import explain


def write_draft(found: Found, folder: Path) -> Contract:
    """Write what was found as a contract into a new folder; the contract as it reads.

    Raises:
        SetupError: the folder is there, cannot be made, or the draft could not be judged by.
    """
    if folder.exists() or folder.is_symlink():
        raise SetupError(
            _refused(folder, "something is there already", "name a folder that is not")
        )
    aside = folder.with_name(f"{PREFIX}{folder.name}")
    try:
        aside.mkdir(parents=True)
        try:
            for name, text in files_of(found).items():
                (aside / name).write_text(text, encoding="utf-8")
            read_contract(aside)
            aside.rename(folder)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        fix = "name a folder in one that you may write to"
        raise SetupError(_refused(folder, reason, fix)) from error
    return read_contract(folder)


def _refused(folder: Path, found: str, fix: str) -> str:
    return explain(
        "The draft is not written.",
        expected="a new folder",
        found=found,
        where=str(folder),
        fix=fix,
    )
