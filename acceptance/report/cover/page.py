"""The cover as HTML: verdict, what changed, the story row by row, versions, how to check it."""

import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from acceptance.report.record import Record
from acceptance.shipped import told_as
from acceptance.shown import visible, whole
from acceptance.verdict import Verdict

_FOLDER = Path(__file__).parent
_LOOKS = {
    "ACCEPTED": "✓ good",
    "NOT ACCEPTED": "✗ bad",
    Verdict.PASSED: "✓ good",
    Verdict.WAIVED: "~ good",
    Verdict.FAILED: "✗ bad",
    Verdict.BLOCKED: "- held",
}
_OPEN = "? open"


def cover(record: Record, digest: str, waterfall: str = "") -> str:
    """The cover of this record, ready to stand at the beginning of a page's body.

    Args:
        record: of a run.
        digest: of the record.
        waterfall: SVG of where its time went; empty where nobody asked for it.
    """
    style = (_FOLDER / "cover.css").read_text(encoding="utf-8")
    script = (_FOLDER / "cover.js").read_text(encoding="utf-8")
    parts = [
        f"<h1>{_html(record.contract)}</h1>",
        f'<p class="verdict">{_marked(record.verdict)}</p>',
        f"<p>{_html(record.statement.removeprefix(record.verdict).strip())}</p>",
        _partial(record),
        _facts(_what(record)),
        '<button id="cover-on" type="button">Every scenario, with its evidence</button>',
        _changes(record),
        "<h2>The story, row by row</h2>",
        _requirements(record),
        _section("Declared, in effect, observed", _compared(record)),
        _section("Models", _models(record)),
        _section("While providers were away", _failovers(record)),
        _section("Given back after a drill", _recoveries(record)),
        _section("What was judged, and by what", _facts(_versions(record))),
        _section("Remarks", _bullets(record.notes)),
        _section("Waived", _bullets(record.waivers)),
        _section("Where the time went", waterfall),
        _how_to_check(digest),
    ]
    return (
        f"<style>{style}</style>"
        f'<div id="cover" tabindex="-1"><main>{"".join(parts)}</main></div>'
        '<button id="cover-back" type="button" hidden>Sign-off</button>'
        f"<script>{script}</script>"
    )


def _html(text: str) -> str:
    """The text as HTML that shows it."""
    return html.escape(visible(whole(text)))


def _how_to_check(digest: str) -> str:
    return (
        f'<p class="soft">Record <code>signoff.json</code>, digest <code>{_html(digest)}</code>; '
        f"<code>{told_as('verify FILE', 'verify-signoff FILE=…')}</code> says whether it holds, "
        "and the signature beside it.</p>"
    )


def _marked(verdict: str) -> str:
    glyph, colour = _LOOKS.get(verdict, _OPEN).split()
    return f'<span class="{colour}">{glyph} {_html(verdict)}</span>'


def _partial(record: Record) -> str:
    if not record.partial:
        return ""
    why = _html(record.partial[0].upper() + record.partial[1:])
    return f'<p class="partial"><strong>A partial report.</strong> {why}.</p>'


def _what(record: Record) -> Mapping[str, str]:
    return {
        "target": record.target,
        **record.versions,
        "started": record.started.replace("T", " ").replace("+00:00", " UTC"),
        "took": f"{record.seconds:.0f} s",
        "run by": record.ran_by,
    }


def _versions(record: Record) -> Mapping[str, str]:
    suite, found = record.suite, record.findings
    changed = ", with uncommitted changes" if suite.clean is False else ""
    commit = f", commit {suite.commit[:12]}{changed}" if suite.commit else ""
    prints = found.fingerprints.items()
    return {
        "suite": f"{suite.version}{commit}",
        "endpoint in use": found.endpoint,
        **{f"image of {name}": image for name, image in found.images.items()},
        **{f"settings of {name}": f"fingerprint {text}" for name, text in prints},
    }


def _facts(facts: Mapping[str, str]) -> str:
    shown = [
        f"<div><dt>{_html(name)}</dt><dd>{_html(text)}</dd></div>"
        for name, text in facts.items()
        if text
    ]
    return f"<dl>{''.join(shown)}</dl>"


def _changes(record: Record) -> str:
    if record.changes:
        return _section("Changed since the last record", _bullets(record.changes))
    if record.previous:
        return '<p class="soft">Nothing changed since the last record.</p>'
    return '<p class="soft">The first record: there is nothing to compare it with.</p>'


def _section(title: str, content: str) -> str:
    return f"<h2>{_html(title)}</h2>{content}" if content else ""


def _bullets(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{_html(line)}</li>' for line in lines)}</ul>" if lines else ""


def _requirements(record: Record) -> str:
    rows = []
    for each in record.requirements:
        why = "".join(f'<div class="soft">{_html(reason)}</div>' for reason in each.reasons)
        count = f"{each.accepted} of {each.total}" if each.total else ""
        rows.append(
            f'<tr id="story-{_html(each.name)}"><td>{_html(each.name)}</td>'
            f"<td>{_html(each.text)}{why}</td>"
            f'<td class="verdict-of">{_marked(each.verdict)}</td>'
            f'<td data-title="scenarios passed">{count}</td></tr>'
        )
    titles = "<th></th><th>what</th><th>verdict</th><th>scenarios passed</th>"
    body = "".join(rows)
    return f'<table class="story"><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>'


def _compared(record: Record) -> str:
    rows = [
        (each.criterion, each.declared, each.effective, each.observed) for each in record.compared
    ]
    return _table(("", "declared", "in effect", "observed"), rows)


def _models(record: Record) -> str:
    rows = [
        (
            model.name,
            model.upstream,
            model.host,
            "" if model.first_seconds is None else f"{model.first_seconds:.1f} s",
        )
        for model in record.findings.models
    ]
    return _table(("model", "behind it", "answered from", "first word after"), rows)


def _failovers(record: Record) -> str:
    rows = [
        (each.asked, " and ".join(each.away), each.answered or "an error", f"{each.seconds:.1f} s")
        for each in record.findings.failovers
    ]
    return _table(("asked", "while", "answered by", "after"), rows)


def _recoveries(record: Record) -> str:
    rows = [
        (each.model, each.certificate, f"{each.seconds:.1f} s")
        for each in record.findings.recoveries
    ]
    return _table(("model", "compared with the time before", "answers again after"), rows)


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join(
        "<tr>"
        + "".join(
            f'<td data-title="{_html(title)}">{_html(cell)}</td>'
            if title
            else f"<td>{_html(cell)}</td>"
            for title, cell in zip(titles, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    head = "".join(f"<th>{_html(title)}</th>" for title in titles)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else ""
