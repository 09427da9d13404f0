"""What an error says to people: the same words in the terminal, in JUnit and in Allure."""

import textwrap

import pytest

from acceptance.contract.values import Contract
from acceptance.errors import Blocked, SetupError, Unproven
from acceptance.verdict import Verdict, verdict_of


def verdict_for(error: BaseException) -> Verdict:
    """The verdict class; a skip comes from elsewhere and says nothing, so it proves nothing."""
    skipped = isinstance(error, pytest.skip.Exception)
    return Verdict.NOT_PROVEN if skipped else verdict_of(error)


def wording(error: BaseException, contract: Contract) -> str:
    """The message, beginning with its verdict class where it is not a plain failure.

    Allure's categories are told apart by these beginnings.

    Args:
        error: with which a scenario ended.
        contract: knows the criterion by which it is proven what others rest on.
    """
    match error:
        case Blocked():
            criterion = contract.proven_by.get(error.subject)
            blocker = f"{criterion}, {error.subject}" if criterion else error.subject
            return f"blocked by {blocker}: {error.reason}"
        case Unproven() | pytest.skip.Exception():
            return f"{verdict_for(error)}: {error}"
        case SetupError():
            return f"setup problem: {error}"
        case AssertionError() if str(error):
            return _own_words(str(error))
        case _:
            return f"{type(error).__name__}: {error}".removesuffix(": ")


def explained(error: BaseException) -> bool:
    """Whether the message alone is enough, so that a traceback would only be in the way."""
    message = isinstance(error, AssertionError) and "\n  expected " in _own_words(str(error))
    return message or isinstance(error, SetupError)


def _own_words(message: str) -> str:
    """The message of an assertion without what pytest adds: its own view, and an indent."""
    title, _, rest = message.split("\nassert ", maxsplit=1)[0].partition("\n")
    return f"{title}\n{textwrap.indent(textwrap.dedent(rest), '  ')}" if rest else title
