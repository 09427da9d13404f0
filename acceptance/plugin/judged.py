"""What was judged: the target, its versions, and what was seen of each criterion."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from acceptance.checks.findings import Findings
from acceptance.plugin.redaction import redactor
from acceptance.report.record import Compared
from acceptance.shown import line


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What the verdict is about; the target's fixture puts it into `config.stash[JUDGED]`."""

    target: str
    """`embedded`, `kind`, `live` or `url`."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Version by program."""
    compared: tuple[Compared, ...] = ()
    notes: tuple[str, ...] = ()
    """Remarks worth a reader's attention, which change no verdict."""
    findings: Findings = field(default_factory=Findings)


JUDGED = pytest.StashKey[Judged]()


def judged(config: pytest.Config) -> Judged | None:
    """What this run judged, masked before it is laid out; None while no target was reached."""
    about, mask = config.stash.get(JUDGED, None), redactor(config)
    if about is None:
        return None
    compared = (
        Compared(
            criterion=each.criterion,
            declared=mask(each.declared),
            effective=mask(each.effective),
            observed=mask(each.observed),
        )
        for each in about.compared
    )
    return replace(
        about,
        versions={name: line(mask(version)) for name, version in about.versions.items()},
        compared=tuple(compared),
        notes=tuple(map(mask, about.notes)),
    )
