"""`--plan` and `--quick` as a person meets them, where nothing is started."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from tests.lab.sessions import Session, judge
from tests.story import CHAIN, MODELS

_URL = ("--target=url", "--open-webui-url=http://127.0.0.1:9")
_KEY = {"ACCEPTANCE_GATEWAY_KEY": "sk-plan-0123456789"}
_DEAR = 0.01
"""Dollars a token."""


@contextmanager
def _gateway(*priced: str) -> Iterator[tuple[str, list[str]]]:
    """One that knows the prices of these models; its address, and all that it is asked."""
    asked: list[str] = []
    entries = [
        {
            "model_name": name,
            "litellm_params": {"model": name},
            "model_info": {"id": name, "input_cost_per_token": _DEAR, "output_cost_per_token": 0.0}
            if name in priced
            else {"id": name},
        }
        for name in MODELS
    ]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"GET {self.path}")
            body = json.dumps({"data": entries}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            asked.append(f"POST {self.path}")
            self.send_error(500)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _plan(folder: Path, *more: str) -> Session:
    return judge(folder, "--plan", *_URL, *more, variables=_KEY)


def test_the_gateway_tells_the_prices_and_nothing_else_is_asked(tmp_path: Path) -> None:
    head = CHAIN[0]
    with _gateway(*MODELS) as (address, asked):
        session = _plan(tmp_path, f"--gateway-url={address}", "-m", "task3_1", "--hands=api")
    assert session.code == 0, session.out
    assert asked == ["GET /model/info"]
    assert f"| {head} " in session.out
    assert "1 to 4 questions; at most 52,416 tokens, $483.2000." in session.out
    assert "Prices are the gateway's own (GET /model/info)." in session.out
    assert not (tmp_path / "reports").exists()


def test_a_price_that_nobody_knows_is_named_and_no_zero(tmp_path: Path) -> None:
    last = list(MODELS)[-1]
    with _gateway() as (address, _):
        session = _plan(tmp_path, f"--gateway-url={address}", "-m", "task3_3", "--hands=api")
    assert session.code == 0, session.out
    assert "unknown" in session.out
    assert f"{last}, whose price is not known." in session.out


def test_a_quick_plan_holds_local_models_alone(tmp_path: Path) -> None:
    session = _plan(tmp_path, "--quick")
    assert session.code == 0, session.out
    named = {line.split()[1] for line in session.out.splitlines() if line.startswith("| ")}
    assert named & {*MODELS} == {*CHAIN[:2]}
    assert "2 to 8 questions" in session.out
    assert "Prices are not known: the gateway cannot be asked directly." in session.out


def test_a_plan_of_what_cannot_be_reached_says_so(tmp_path: Path) -> None:
    session = judge(tmp_path, "--plan", "--target=url")
    assert session.code == 99, session.out
    assert "The target url has no address to judge." in session.out
    assert "Traceback" not in session.out
