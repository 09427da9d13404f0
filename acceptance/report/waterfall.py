"""Where the time of a run went: when programs were at work, what was waited for, one row a wait.

What counts as a program's work is only the time in which a request to it was under way, or a
question that it answers later. All else is the suite's own, its pauses between two looks included.
"""

import html
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from acceptance.spans import TARGET_STARTS, Kind, Span
from acceptance.target import Call

PICTURE, FIGURES = "profile.svg", "profile.json"
"""Names of the files beside the other reports."""
_WORK = (Kind.REQUEST, Kind.QUESTION)
_WAITS = (*_WORK, Kind.INSIDE, Kind.PHASE)
"""Of which the critical path is made; what contains others is none of them."""
_SHOWN = (*_WAITS, Kind.SCENARIO, Kind.DRILL)
_AT_ONCE = 0.002
"""Seconds by which one wait may seem to begin before the one that it follows has ended."""
_BAR = 40
_ROW, _LABELS, _BARS = 15, 430, 560
"""Pixels of the picture: a row's height, and the widths of its two columns."""
_COLOURS = {
    Kind.REQUEST: "#1d4ed8",
    Kind.QUESTION: "#6d28d9",
    Kind.INSIDE: "#0f766e",
    Kind.PHASE: "#5b6675",
    Kind.SCENARIO: "#c3cad4",
    Kind.DRILL: "#a15c00",
}
Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """A run as a line of time, in Unix seconds."""

    began: float
    ended: float
    spans: tuple[Span, ...]
    """In the order in which they began."""
    questions: int = 0
    """How many reached a provider; 0 where nobody can tell."""
    tokens: int = 0

    @classmethod
    def of(
        cls,
        spans: Iterable[Span],
        calls: Sequence[Call],
        *,
        began: float,
        ended: float,
        mask: Callable[[str], str] = str,
    ) -> "Profile":
        """What was noted in a run.

        A question that is answered later ends when its provider has said the last word. Where no
        provider tells, it ends when its answer was seen.

        Args:
            spans: of the process.
            calls: that reached providers, before the run, too.
            began: when the run did.
            ended: likewise.
            mask: hides what is secret in a name.
        """
        own = [call for call in calls if call.at >= began]
        noted = sorted(
            (_until_answered(each, own) for each in spans if each.began >= began),
            key=lambda each: (each.began, -each.ended),
        )
        return cls(
            began=began,
            ended=ended,
            spans=tuple(replace(each, name=mask(each.name), words="") for each in noted),
            questions=len(own),
            tokens=sum(call.tokens for call in own),
        )

    @classmethod
    def read(cls, file: Path) -> "Profile":
        """The profile that a run has written."""
        told = json.loads(file.read_text(encoding="utf-8"))
        spans = tuple(Span(**{**each, "kind": Kind(each["kind"])}) for each in told["spans"])
        return cls(**{**told, "spans": spans})

    def written(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    def without(self, scenarios: Callable[[str], bool]) -> "Profile":
        """The same run, without the scenarios of these names and what was asked in them."""
        gone = [each for each in self.of_kind(Kind.SCENARIO) if scenarios(each.name)]
        left = tuple(
            each
            for each in self.spans
            if not any(one.began <= each.began and each.ended <= one.ended for one in gone)
        )
        return replace(self, spans=left, ended=self.ended - sum(map(_lasted, gone)))

    def of_kind(self, *kinds: Kind) -> tuple[Span, ...]:
        """What was noted of these kinds."""
        return tuple(each for each in self.spans if each.kind in kinds)

    def seconds(self, *kinds: Kind, name: str = "") -> float:
        """For how long at least one of these was under way."""
        return self._lasting(*(each for each in self.of_kind(*kinds) if each.name.startswith(name)))

    @property
    def whole(self) -> float:
        """Seconds from beginning to end."""
        return self.ended - self.began

    @property
    def busy(self) -> float:
        """Seconds in which at least one program was at work on what it was asked."""
        return self.seconds(*_WORK)

    @property
    def starting(self) -> float:
        """Seconds in which the target was started, or looked up, and nothing asked besides."""
        return self._lasting(*self._of_others()) - self.busy

    @property
    def own(self) -> float:
        """Seconds that are left: the run's own."""
        return self.whole - self.busy - self.starting

    @property
    def paused(self) -> float:
        """Seconds of them in which nothing was done but to wait for the next look."""
        others = self._of_others()
        return self._lasting(*others, *self.of_kind(Kind.PAUSE)) - self._lasting(*others)

    def _of_others(self) -> tuple[Span, ...]:
        starts = (each for each in self.of_kind(Kind.PHASE) if each.name == TARGET_STARTS)
        return (*self.of_kind(*_WORK), *starts)

    @staticmethod
    def _lasting(*spans: Span) -> float:
        return sum(end - start for start, end in merged(spans))

    def critical(self) -> frozenset[Span]:
        """The waits that, one after the other, made the run as long as it was."""
        waits = sorted(self.of_kind(*_WAITS), key=lambda each: each.ended)
        path, reached = set[Span](), self.ended
        while waits:
            last = waits.pop()
            if last.ended <= reached + _AT_ONCE:
                path.add(last)
                reached = last.began
        return frozenset(path)


def _until_answered(noted: Span, calls: Sequence[Call]) -> Span:
    if noted.kind is not Kind.QUESTION:
        return noted
    answers = [max(each.at, each.until) for each in calls if noted.words in each.question]
    return replace(noted, ended=min(noted.ended, max(answers))) if answers else noted


def _lasted(noted: Span) -> float:
    return noted.ended - noted.began


def merged(spans: Iterable[Span]) -> Iterator[Interval]:
    """The times in which at least one of these was under way."""
    start = end = 0.0
    for each in sorted(spans, key=lambda each: each.began):
        if each.began > end:
            yield start, end
            start = each.began
        end = max(end, each.ended)
    yield start, end


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    """A wait, or several of the same that followed each other."""

    spans: tuple[Span, ...]
    critical: bool

    @property
    def label(self) -> str:
        times = f" ({len(self.spans)} times)" if len(self.spans) > 1 else ""
        return f"{self.spans[0].name.rpartition('::')[2]}{times}"

    @property
    def seconds(self) -> float:
        return sum(map(_lasted, self.spans))


def _rows(profile: Profile) -> list[_Row]:
    critical, rows = profile.critical(), list[_Row]()
    for each in profile.of_kind(*_SHOWN):
        last = rows[-1].spans if rows else ()
        same = last and (last[-1].kind, last[-1].name) == (each.kind, each.name)
        before = last if same and each.kind is Kind.REQUEST else ()
        row = _Row(spans=(*before, each), critical=not critical.isdisjoint((*before, each)))
        rows[len(rows) - bool(before) :] = [row]
    return rows


def told(profile: Profile) -> Iterator[str]:
    """The waterfall in lines, its critical path marked, and what it comes to."""
    scale = _BAR / profile.whole
    for row in _rows(profile):
        begins = row.spans[0].began - profile.began
        bar = [" "] * _BAR
        for each in row.spans:
            first = int((each.began - profile.began) * scale)
            for place in range(first, max(first + 1, round((each.ended - profile.began) * scale))):
                bar[min(place, _BAR - 1)] = "█" if row.critical else "░"
        sign = "*" if row.critical else " "
        yield f"{begins:7.2f} {row.seconds:7.2f} {sign} |{''.join(bar)}| {row.label}"
    yield from summary(profile)


def summary(profile: Profile) -> Iterator[str]:
    """What the waterfall comes to."""
    yield f"{profile.whole:7.2f} s from the start of the process"
    yield f"{profile.busy:7.2f} s in which a program was at work on what it was asked"
    yield f"{profile.starting:7.2f} s in which the target was started, or looked up"
    yield (
        f"{profile.own:7.2f} s of the run's own, {profile.paused:.2f} of them only waiting to look "
        "again"
    )
    for each in profile.of_kind(Kind.PHASE):
        yield f"{_lasted(each):7.2f} s {each.name}"


def picture(profile: Profile) -> str:
    """The waterfall as SVG; what is on the critical path has a dark edge."""
    rows, scale = _rows(profile), _BARS / profile.whole
    height = _ROW * (len(rows) + 1)
    drawn = []
    for number, row in enumerate(rows, start=1):
        top = number * _ROW
        label = html.escape(f"{row.seconds:.2f} s  {row.label}")
        weight = ' font-weight="bold"' if row.critical else ""
        drawn.append(f'<text x="0" y="{top + 11}"{weight}>{label[:70]}</text>')
        for each in row.spans:
            left = _LABELS + (each.began - profile.began) * scale
            wide = max(1.0, _lasted(each) * scale)
            edge = ' stroke="#111" stroke-width="1.5"' if row.critical else ""
            drawn.append(
                f'<rect x="{left:.1f}" y="{top + 2}" width="{wide:.1f}" height="{_ROW - 4}" '
                f'fill="{_COLOURS[each.kind]}"{edge}><title>{label}</title></rect>'
            )
    title = f"{profile.whole:.1f} s; programs at work for {profile.busy:.1f} s; critical path bold"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LABELS + _BARS} {height + 5}" '
        f'font-family="sans-serif" font-size="10" fill="currentColor">'
        f'<text x="0" y="11">{html.escape(title)}</text>{"".join(drawn)}</svg>'
    )
