"""The time line of a drill: what happened, and how long after its beginning."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """Something that happened."""

    seconds: float
    """After the beginning of the drill."""
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """Moments, earliest first; none where nothing was taken away."""

    moments: tuple[Moment, ...] = ()

    def __str__(self) -> str:
        return "\n".join(f"{each.seconds:7.2f} s  {each.what}" for each in self.moments)
