"""A browser's trace is masked in what it tells, stays JSON where it was, and keeps its pictures."""

import io
import json
import zipfile

from acceptance.clients.browser.evidence import masked_trace
from acceptance.masking import Redactor
from acceptance.secret import MASK, Secret

_PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def test_a_trace_is_masked_and_stays_what_it_is() -> None:
    event = {
        "type": "before",
        "time": 123456.5,
        "params": {"value": "123456 hunter22", "before": 1},
    }
    trace = io.BytesIO()
    with zipfile.ZipFile(trace, "w") as files:
        files.writestr("trace.trace", f"{json.dumps(event)}\n{json.dumps(event)}\n")
        files.writestr("resources/a.png", _PICTURE)
        files.writestr("resources/b.html", "<p>hunter22</p>")

    redact = Redactor(map(Secret, ["hunter22", "123456", "params"]))
    clean = zipfile.ZipFile(io.BytesIO(masked_trace(trace.getvalue(), redact)))

    assert clean.read("resources/a.png") == _PICTURE
    assert clean.read("resources/b.html").decode() == f"<p>{MASK}</p>"
    for line in clean.read("trace.trace").decode().splitlines():
        masked = {"value": f"{MASK} {MASK}", "before": 1}
        assert json.loads(line) == {**event, "params": masked}
