"""GitHub's issues, played on a real socket, as far as the announcement needs them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers import listening

TOKEN = "ghs_canary0123456789"


@dataclass(kw_only=True, slots=True)
class PlayedGitHub:
    """What it holds, and how it answers."""

    api: str
    refuses: int = 0
    """Status with which it refuses everything; 0 for an ordinary day."""
    issues: list[dict[str, Any]] = field(default_factory=list)
    comments: list[tuple[int, str]] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)

    def answer(self, method: str, path: str, sent: dict[str, Any]) -> tuple[int, Any]:
        """The status and the content for one request."""
        url = urlsplit(path)
        place = url.path.removeprefix("/repos/ada/suite/").split("/")
        if self.refuses:
            return self.refuses, {"message": "Resource not accessible by integration"}
        if method == "GET" and place == ["issues"]:
            wanted = set(parse_qs(url.query)["labels"])
            found = [each for each in self.issues if wanted <= set(each["labels"])]
            return 200, found[::-1]
        return self._written(method, place, sent)

    def _written(self, method: str, place: list[str], sent: dict[str, Any]) -> tuple[int, Any]:
        match method, place:
            case "POST", ["labels"]:
                known = sent["name"] in self.labels
                self.labels.add(sent["name"])
                return (422, {"message": "Validation Failed"}) if known else (201, sent)
            case "POST", ["issues"]:
                assert set(sent["labels"]) <= self.labels
                return 201, self.add(sent)
            case "POST", ["issues", number, "comments"]:
                self.comments.append((int(number), sent["body"]))
                return 201, sent
            case "PATCH", ["issues", number]:
                self.issues[int(number) - 1] |= sent
                return 200, self.issues[int(number) - 1]
        return 404, {"message": "Not Found"}

    def add(self, content: dict[str, Any]) -> dict[str, Any]:
        """Open an issue."""
        number = len(self.issues) + 1
        address = f"https://github.example/ada/suite/issues/{number}"
        issue = {"number": number, "state": "open", "html_url": address, **content}
        self.issues.append(issue)
        return issue


@contextmanager
def played_github() -> Iterator[PlayedGitHub]:
    """It listens on a port of its own until the end of the `with`."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            sent = json.loads(self.rfile.read(length) or b"{}")
            assert self.headers["Authorization"] == f"Bearer {TOKEN}"
            status, content = played.answer(self.command, self.path, sent)
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815  # names of http.server

        def log_message(self, *_args: object) -> None:
            """Nothing: the tests look at what it holds."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    played = PlayedGitHub(api=f"http://127.0.0.1:{server.server_port}")
    with listening(server):
        yield played
