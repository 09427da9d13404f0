"""`make versions`: the whole story on pairs of versions, named by the tags of the images."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from acceptance.errors import SetupError
from acceptance.lab import environments
from acceptance.message import excerpt
from acceptance.verdict import ExitCode, Verdict
from dev.kill_matrix.changes import Patch
from dev.kill_matrix.compare import Row
from dev.kill_matrix.fault import Boot, Expectation, Fault
from dev.kill_matrix.judge import beyond, titles
from dev.kill_matrix.labs import run_embedded

DOCUMENT = Path(__file__).parents[1] / "docs/versions.md"
PAIRS = (
    "0.6.43+1.80.17",
    "0.7.2+1.80.17",
    "0.8.12+1.83.14",
    "0.9.6+1.88.6",
    "0.10.2+1.93.2",
    "0.11.4+1.97.0",
    "0.11.4+1.100.5",
    "0.12.4+1.108.7",
    "0.7.2+1.108.7",
    "0.12.4+1.80.17",
)
"""Open WebUI and LiteLLM: neighbours in time, and at the end the two corners, an old page on a new
gateway and a new one on an old. The pair of the committed locks is what `make accept` judges."""
_IMAGES = {
    ("StatefulSet", "apps", "open-webui"): "ghcr.io/open-webui/open-webui:{}",
    ("Deployment", "ml", "litellm"): "ghcr.io/berriai/litellm:main-v{}-stable",
}
_BEGIN, _END = "<!-- pairs -->\n", "<!-- end of pairs -->\n"


def main(arguments: list[str] | None = None) -> int:
    """Run them; 0 when on each every scenario passed."""
    parser = argparse.ArgumentParser(prog="versions", description=__doc__)
    parser.add_argument("pairs", nargs="*", default=PAIRS, help="OPEN_WEBUI+LITELLM")
    parser.add_argument("--labs", type=int, default=2, help="labs side by side [2]")
    parser.add_argument("--cache", type=Path, default=environments.CACHE)
    parser.add_argument("--document", type=Path, default=DOCUMENT, help="whose table is written")
    options = parser.parse_args(arguments)
    try:
        pairs = [pair(each) for each in options.pairs]
        # cold: whether a version can be prepared says nothing of whether it is judged rightly
        rows = run_embedded(pairs, labs=options.labs, cache=options.cache, cold=True)
    except SetupError as error:
        print(error)  # noqa: T201  # a command speaks
        return ExitCode.UNFIT
    text = options.document.read_text(encoding="utf-8")
    options.document.write_text(written(text, rows), encoding="utf-8")
    return ExitCode.ACCEPTED if all(row.right for row in rows) else ExitCode.NOT_ACCEPTED


def pair(named: str) -> Fault:
    """The healthy lab, drills included, with images of these versions.

    Raises:
        SetupError: it is not written `OPEN_WEBUI+LITELLM`.
    """
    versions = named.split("+")
    if len(versions) != len(_IMAGES):
        raise SetupError(f"{named!r} is no pair: write OPEN_WEBUI+LITELLM, as in {PAIRS[0]}")
    images = {
        owner: image.format(version)
        for (owner, image), version in zip(_IMAGES.items(), versions, strict=True)
    }
    place = "/spec/template/spec/containers/0/image"
    changes = tuple(
        Patch(
            kind=owner[0],
            namespace=owner[1],
            name=owner[2],
            json=({"op": "replace", "path": place, "value": image},),
        )
        for owner, image in images.items()
    )
    passed = Expectation(verdicts=frozenset({Verdict.PASSED}))
    told = Expectation(verdicts=frozenset(Verdict))
    return Fault(
        identity=named,
        title="the healthy lab, the whole story",
        layer="versions",
        source="",
        history=(),
        boot=Boot(at_boot=changes),
        expected={title: told if title in beyond() else passed for title in titles()},
    )


def written(text: str, rows: Iterable[Row]) -> str:
    """The document, with these rows in its table; those of other pairs stay as they are."""
    head, _, rest = text.partition(_BEGIN)
    table, _, tail = rest.partition(_END)
    first, rule, *known = table.strip().splitlines()
    lines = {each: _line(each, "not run yet") for each in PAIRS}
    lines |= {"+".join(line.split(" | ")[:2]).removeprefix("| "): line for line in known}
    lines |= {row.identity: _line(row.identity, _outcome(row)) for row in rows}
    shown = "\n".join([first, rule, *lines.values()])
    return f"{head}{_BEGIN}\n{shown}\n\n{_END}{tail}"


def _line(identity: str, outcome: str) -> str:
    return f"| {identity.replace('+', ' | ')} | {outcome} |"


def _outcome(row: Row) -> str:
    if row.right:
        others = "".join(f"; beyond the story, not shown: {each}" for each in row.noticed)
        return f"ACCEPTED, {len(row.endings)} scenarios, {row.seconds:.0f} s{others}"
    told = "; ".join(excerpt(" ".join(each.split()), 200) for each in row.misses)
    return excerpt(told, 500).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
