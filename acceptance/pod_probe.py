"""One GET from inside a pod, with the pod's own names, routes, proxies, certificates and key.

Both cluster adapters hand this file's text to the program's own Python (`python -c`), so it uses
the standard library only and is never imported. Argument: a JSON object with the fields of
`acceptance.cluster.PodRequest`; standard output: one JSON line, see `PodResponse`. Values are
told apart by fingerprints, computed here: they do not leave the pod.
"""

import hashlib
import json
import os
import socket
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import IO, Any

LONGEST_BODY = 1_000_000


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Open WebUI 0.12 follows no redirects (AIOHTTP_CLIENT_ALLOW_REDIRECTS is off)."""

    def redirect_request(self, *_arguments: object) -> None:
        """Follow nothing."""


def _probe(question: dict[str, Any]) -> dict[str, Any]:
    if not question["url"]:
        return {"status": None}
    addresses = _addresses(question["url"])
    return {**_answer(question), "addresses": addresses}


def _addresses(url: str) -> list[str]:
    """What the host is here; nothing where a proxy is asked to find it."""
    try:
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname or ""
        proxied = parts.scheme in urllib.request.getproxies()
        if proxied and not urllib.request.proxy_bypass(host):
            return []
        found = socket.getaddrinfo(host, parts.port or 80, type=socket.SOCK_STREAM)
        return sorted({str(each[4][0]) for each in found})
    except (OSError, ValueError):  # told by the request itself
        return []


def _answer(question: dict[str, Any]) -> dict[str, Any]:
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
    values = ((name, value.strip()) for name, value in os.environ.items())
    return {name: _fingerprint(value) for name, value in values if value}


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _files(paths: list[str]) -> dict[str, Any]:
    files: dict[str, str] = {}
    written: dict[str, float] = {}
    for path in paths:
        # the kubelet replaces this link when, and only when, the content changes (1.34)
        link = os.path.join(path, "..data")  # noqa: PTH118  # the container's Python may be any
        if os.path.islink(link):  # noqa: PTH114  # likewise
            written[path] = os.lstat(link).st_mtime
        elif os.path.isfile(path):  # noqa: PTH113  # likewise
            with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:  # noqa: PTH123
                files[path] = _fingerprint(file.read())
    return {"files": files, "written": written}


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    seen = {**_probe(asked), **_files(asked["files"]), "fingerprints": _fingerprints()}
    print(json.dumps(seen))  # noqa: T201
