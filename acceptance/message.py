"""Messages for people: expected, found, where, what to do."""

_LONGEST_BODY = 300


def explain(title: str, *, expected: str, found: str, where: str, fix: str) -> str:
    """A failure in five lines, the last of which says what to do."""
    rows = {"expected": expected, "found": found, "where": where, "fix": fix}
    return "\n".join([title, *(f"  {name:<9} {text}" for name, text in rows.items())])


def quoted(name: str) -> str:
    """A name as it is; in quotes where spaces or what cannot be seen would make it look right."""
    odd = not name.isprintable() or name != " ".join(name.split())
    return repr(name) if odd or not name else name


def found_in(message: str) -> str:
    """What a failure in five lines found; its first line where it is none."""
    rows = [line for line in message.splitlines() if line.startswith("  found ")]
    return rows[0].removeprefix("  found ").strip() if rows else message.partition("\n")[0]


def excerpt(body: str, longest: int = _LONGEST_BODY) -> str:
    """The beginning of a body, on one line."""
    line = " ".join(body.split())
    return line if len(line) <= longest else f"{line[:longest]}… ({len(line)} characters)"
