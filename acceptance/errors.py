"""The reasons for which a scenario ends without being proven.

```
Exception
├── AssertionError          tested, and wrong: the verdict is "failed"
└── AcceptanceError
    ├── SetupError          the environment is not fit to judge: the run ends with exit code 99
    └── Unproven            neither right nor wrong was shown
        ├── Blocked         something failed that this rests on, so it cannot be judged
        ├── Inconclusive    the outside world refused (quota, provider down, name not resolved)
        └── NotProven       this target, or these rights, cannot show it
            └── OverBudget  what would show it was not asked, since it may cost too much
```
"""

from enum import StrEnum


class Subject(StrEnum):
    """What other scenarios rest on; a contract says by which criterion each is proven."""

    CONNECTION = "the connection to the gateway"
    GATEWAY = "the gateway"
    SELECTOR = "the model selector"
    ANSWERS = "the models' own answers"


class AcceptanceError(Exception):
    """Base of everything that the suite raises on purpose, except a failed assertion."""


class SetupError(AcceptanceError):
    """Nothing could be judged: bad settings, unreachable target, missing rights."""


class Unproven(AcceptanceError):  # noqa: N818  # it is a verdict, not a mistake
    """Neither right nor wrong was shown."""


class Blocked(Unproven):
    """Something failed that this rests on, so it cannot be judged.

    Args:
        subject: what failed.
        reason: what is wrong with it.
    """

    def __init__(self, subject: Subject, reason: str) -> None:
        super().__init__(f"blocked by {subject}: {reason}")
        self.subject = subject
        self.reason = reason


class Inconclusive(Unproven):
    """The outside world refused to take part; says who and why."""


class NotProven(Unproven):
    """This target or these rights cannot show it; says what would.

    Args:
        reason: what is missing, and what would show it.
        required: False where the story does not ask for it, so that the sign-off can do without.
    """

    def __init__(self, reason: str, *, required: bool = True) -> None:
        super().__init__(reason)
        self.required = required


class OverBudget(NotProven):
    """A question was not asked: it has no room in the budget, or a quick run may not ask it."""
