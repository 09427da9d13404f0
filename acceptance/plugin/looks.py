"""How each verdict class looks, in a scenario's line and in the table alike."""

from dataclasses import dataclass

from acceptance.verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """A sign and a colour; the colours are those that pytest and rich both know."""

    glyph: str
    colour: str


LOOKS = {
    Verdict.NOT_REQUIRED: Look(glyph="?", colour="cyan"),
    Verdict.PASSED: Look(glyph="✓", colour="green"),
    Verdict.WAIVED: Look(glyph="~", colour="green"),
    Verdict.NOT_PROVEN: Look(glyph="?", colour="cyan"),
    Verdict.INCONCLUSIVE: Look(glyph="!", colour="yellow"),
    Verdict.BLOCKED: Look(glyph="-", colour="blue"),
    Verdict.FAILED: Look(glyph="✗", colour="red"),
}
