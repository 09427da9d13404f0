"""The record of a run: `reports/signoff.json`, and what it says for people and for machines.

Written beside the other reports and published together with them. Only a run of the whole story
replaces the record; any other leaves `signoff-partial.json`, which says what is missing.
"""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from acceptance import files
from acceptance.plugin.contract import run_of
from acceptance.plugin.metrics import metrics
from acceptance.plugin.redaction import redactor
from acceptance.plugin.reports import STAGING, STALE, folder_of
from acceptance.plugin.settings import settings_of
from acceptance.report.changes import changes
from acceptance.report.markdown import models, summary
from acceptance.report.pace import remembered
from acceptance.report.record import (
    PAGE,
    PARTIAL,
    SIGNATURE,
    WHOLE,
    Record,
    intact,
    read,
    written,
)
from acceptance.report.run import record_of
from acceptance.report.suite import suite
from acceptance.report.waterfall import FIGURES, PICTURE
from acceptance.shipped import ROOT

_NOTHING = "nothing changed since the last record"
_KEPT = pytest.StashKey[str]()
"""What is said of an earlier record that was signed and is damaged."""
RECORD = pytest.StashKey[Record]()
"""The record of this run, masked, once its last scenario has ended."""


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the record and its texts; last, so that verdicts and exit code are settled."""
    config = session.config
    run = run_of(config)
    if not run.judged or STAGING not in config.stash:
        return
    reports = folder_of(config)
    mask = redactor(config)
    # masked before it is compared, as the earlier one is
    ran_by, by = settings_of(config).ran_by, suite(ROOT)
    made = record_of(run.masked(mask), ran_by=ran_by, suite=by)
    record, _ = read(written(made, mask, mask.own))
    record = _compared(record, reports / WHOLE)
    if not record.partial and (kept := _keep_signed(reports)):
        record = replace(record, notes=(*record.notes, kept))
        config.stash[_KEPT] = kept
    text = written(record, mask, mask.own)
    masked, _ = read(text)
    config.stash[RECORD] = masked
    config.stash[STALE] = [PAGE, PICTURE, FIGURES]
    texts = {PARTIAL if record.partial else WHOLE: text, "summary.md": summary(masked)}
    if not record.partial:
        config.stash[STALE] += [PARTIAL, f"{WHOLE}{SIGNATURE}"]
        texts |= {"metrics.prom": metrics(masked), "models.md": models(masked)}
    for name, content in texts.items():
        (config.stash[STAGING] / name).write_text(content, encoding="utf-8")


def told(config: pytest.Config) -> list[str]:
    """What changed since the last record, for the terminal: also when everything is green."""
    record, kept = config.stash.get(RECORD, None), config.stash.get(_KEPT, "")
    lines = [f"remark: {kept}"] if kept else []
    if record is None or not record.previous:
        return lines
    return lines + ([f"changed: {each}" for each in record.changes] or [_NOTHING])


def _compared(record: Record, earlier: Path) -> Record:
    try:
        before, digest = read(files.content(earlier).decode("utf-8"))
    except FileNotFoundError:
        return replace(record, recent=remembered(None, record))
    except (OSError, ValueError) as error:
        return _alone(record, f"the earlier record is unreadable: {error}")
    if other := _of_another(before, record):
        return _alone(record, f"the last record is of {other}: nothing is compared with it")
    known = remembered(before, record)
    return replace(record, previous=digest, changes=changes(before, record), recent=known)


def _alone(record: Record, why: str) -> Record:
    """The record, as nothing is known before it, and why."""
    return replace(record, notes=(*record.notes, why), recent=remembered(None, record))


def _of_another(before: Record, record: Record) -> str:
    """Of what else a record is, contract or target; empty where it is of the same."""
    same = before.contract in ("", record.contract) and before.target == record.target
    return "" if same else f'"{before.contract}" on {before.target}'


def _keep_signed(reports: Path) -> str:
    """Put what somebody signed where no run replaces it, whatever has become of it.

    Returns:
        What to say of it; nothing where it is well.
    """
    record, signature = reports / WHOLE, reports / f"{WHOLE}{SIGNATURE}"
    if not signature.exists():
        return ""
    problem, name = "it is no longer there", ""
    if record.is_file():
        content = files.content(record)
        problem, name = (
            "it was changed since",
            f"damaged-{hashlib.sha256(content).hexdigest()[:12]}",
        )
        try:
            _, digest = read(content.decode())
            if intact(content.decode()):
                problem, name = "", digest.removeprefix("sha256:")[:12]
        except ValueError as error:
            problem = str(error)
    kept = reports / "signed" / (name or "damaged")
    kept.mkdir(parents=True, exist_ok=True)
    for file in (record, signature, *([] if problem else [reports / PAGE])):
        if file.is_file():
            shutil.copy2(file, kept / file.name)
        elif file.exists():
            file.rename(kept / file.name)
    where = kept.relative_to(reports.parent)
    return problem and f"{WHOLE}, which was signed, is damaged ({problem}): it is kept in {where}/"
