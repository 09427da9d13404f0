"""How each verdict class looks, in a scenario's line and in the table alike."""

from dataclasses import dataclass

from acceptance.verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class VerdictStyle:
    """A sign and a colour; the colours are those that pytest and rich both know."""

    glyph: str
    colour: str


VERDICT_STYLES = {
    Verdict.NOT_REQUIRED: VerdictStyle(glyph="?", colour="cyan"),
    Verdict.PASSED: VerdictStyle(glyph="✓", colour="green"),
    Verdict.WAIVED: VerdictStyle(glyph="~", colour="green"),
    Verdict.NOT_PROVEN: VerdictStyle(glyph="?", colour="cyan"),
    Verdict.INCONCLUSIVE: VerdictStyle(glyph="!", colour="yellow"),
    Verdict.BLOCKED: VerdictStyle(glyph="-", colour="blue"),
    Verdict.FAILED: VerdictStyle(glyph="✗", colour="red"),
}
