"""One GET from inside a pod, with the pod's own names, routes, proxies, certificates and key.

Both cluster adapters hand this file's text to the program's own Python (`python -c`), so it uses
the standard library only and is never imported. Argument: a JSON object with `url`, `timeout` and
`bearer_variable`; standard output: one JSON line, see `domain.cluster.InsideResponse`. Keys are
told apart by fingerprints, computed here: their values do not leave the pod.
"""

import hashlib
import json
import os
import sys
import urllib.error
import urllib.request
from typing import IO, Any

LONGEST_BODY = 1_000_000


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Open WebUI 0.12 follows no redirects (AIOHTTP_CLIENT_ALLOW_REDIRECTS is off)."""

    def redirect_request(self, *_arguments: object) -> None:
        """Follow nothing."""


def _probe(question: dict[str, Any]) -> dict[str, Any]:
    key = os.environ.get(question.get("bearer_variable") or "", "").strip()
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        request = urllib.request.Request(question["url"])  # noqa: S310  # as the pod would
        if key:
            request.add_header("Authorization", "Bearer " + key)
        with opener.open(request, timeout=question["timeout"]) as answer:
            return {"status": answer.status, "body": _text(answer)}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": _text(error)}
    except Exception as error:  # noqa: BLE001  # whatever the pod meets is the answer
        reason = getattr(error, "reason", error)
        return {"status": None, "error": f"{type(reason).__name__}: {reason}"}


def _text(answer: IO[bytes]) -> str:
    return answer.read(LONGEST_BODY).decode("utf-8", "replace")


def _fingerprints() -> dict[str, str]:
    return {
        name: hashlib.sha256(value.strip().encode()).hexdigest()[:8]
        for name, value in os.environ.items()
        if "KEY" in name and value.strip()
    }


if __name__ == "__main__":
    print(json.dumps({**_probe(json.loads(sys.argv[1])), "fingerprints": _fingerprints()}))  # noqa: T201
