"""What the providers were asked: the lab's own evidence of who answered."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request to a model, recorded when it arrived."""

    at: float
    """Unix seconds."""
    provider: str
    model: str
    path: str
    stream: bool
    text: str
    """The last message of the user, at most 2000 characters of it."""
    messages: int
    prompt_tokens: int
    completion_tokens: int
    """Both counts are 0 when the model was not run."""
    status: int | None
    """Status of the response, however late or broken; None when there is none."""
    lasts: float
    """Seconds that the answer takes at least, from `at` to its last word; 0 when it is not
    streamed."""
    key: str
    """Fingerprint of the API key that was sent."""


LONGEST_TEXT = 2000
"""Characters."""
