"""The time line of a drill as a picture that needs nothing else: an SVG of a few lines."""

from html import escape

from acceptance.timeline import Timeline

_WIDTH = 640
_LEFT, _RIGHT = 16, 16
_ROW = 26
_AXIS = 22
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2937}"
    ".axis{stroke:#9ca3af}.mark{fill:#b45309}.lead{stroke:#d6d3d1}"
    "@media(prefers-color-scheme:dark){text{fill:#e5e7eb}.mark{fill:#fbbf24}.lead{stroke:#4b5563}"
    "rect{fill:#111827}}"
)


def chart(timeline: Timeline) -> str:
    """The moments as dots on a line of seconds, each with its words on a row of its own."""
    span = max(timeline.moments[-1].seconds, 0.1)
    height = _AXIS + _ROW * len(timeline.moments) + 10
    rows = []
    for number, moment in enumerate(timeline.moments):
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * moment.seconds / span
        y = _AXIS + _ROW * number + 18
        words = f"{moment.seconds:.1f} s  {escape(moment.what)}"
        late = moment.seconds > span / 2
        anchor, shift = ("end", -10) if late else ("start", 10)
        rows += [
            f'<line class="lead" x1="{x:.0f}" x2="{x:.0f}" y1="{_AXIS - 8}" y2="{y - 4}"/>',
            f'<circle class="mark" cx="{x:.0f}" cy="{y - 4}" r="5"/>',
            f'<text x="{x + shift:.0f}" y="{y}" text-anchor="{anchor}">{words}</text>',
        ]
    title = escape("; ".join(f"{each.seconds:.1f} s {each.what}" for each in timeline.moments))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img"><title>{title}</title>'
        f"<style>{_STYLE}</style>"
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>'
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_AXIS - 8}" '
        f'y2="{_AXIS - 8}"/>{"".join(rows)}</svg>'
    )
