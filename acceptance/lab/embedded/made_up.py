"""Values for variables that are named and stand nowhere: in a form that a program can read."""

import re

MARK = "made-up-"
"""Stands in each value that could be anything."""
_PLAIN = re.compile(r"[^a-z0-9]+")
_FORMS = (
    (r"DATABASE_URL|DIRECT_URL", "postgresql://{}.example/db"),
    (r"REDIS_URL", "redis://{}.example"),
    (r"TZ|.*TIME_?ZONE", "Etc/UTC"),
    (r".*EMAIL", "administrator@lab.example"),
    (r".*API_VERSION", "2024-10-21"),
    (r"ENABLE_OPENAI_API", "true"),
    (r".*(URLS?|URI|API_BASE|ENDPOINT|ORIGIN|_BASE)", "https://{}.example"),
    (r".*(TIMEOUT|TOP_K|_SIZE|OVERLAP|INTERVAL|SECONDS|WORKERS|RETRIES|_LIMIT|_COUNT)", "60"),
)
"""What a variable of such a name has to hold; others hold anything."""


def made_up(name: str, told: str) -> str:
    """A value for a variable of this name.

    Args:
        name: of the variable.
        told: what tells the value apart from others that are made up.
    """
    text = f"{MARK}{_PLAIN.sub('-', told.lower()).strip('-')}"
    for pattern, form in _FORMS:
        if re.fullmatch(pattern, name.upper()):
            return form.format(text)
    return text
