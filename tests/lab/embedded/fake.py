"""Small programs in the place of the real ones, and manifests that run them."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.environments import LITELLM, OPEN_WEBUI, Environment

SCRIPT = """#!{python}
import http.server, json, os, signal, socket, subprocess, sys, time

mode = os.environ.get("FAKE", "serve")
print("starting", sys.argv[0].rsplit("/")[-1], mode, flush=True)
if mode == "ends":
    print("the database is from another version", file=sys.stderr)
    sys.exit(3)
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "parent":
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
if mode == "silent":
    time.sleep(600)


users = []


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        greeting = getattr(sys.modules.get("greeting"), "GREETING", None)
        told = {{"pid": os.getpid(), "parent": os.getppid(), "greeting": greeting}}
        told |= {{"onboarding": mode in ("nobody", "closed") and not users, "users": users}}
        status = 503 if mode == "unready" else 200
        if self.path == "/locked" and self.headers["authorization"] != "Bearer key":
            status = 401
        self.tell({{**told, "environment": dict(os.environ)}}, status)
        if self.path == "/end":
            os._exit(4)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if mode == "closed":
            self.tell({{"detail": "You do not have permission to access this resource."}}, 403)
        else:
            users.append([self.path, body["email"], body["password"]])
            self.tell({{"role": "admin"}}, 200)

    def tell(self, told, status):
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return self.client_address[0]


http.server.HTTPServer.address_family = socket.AF_INET
http.server.HTTPServer.server_bind = lambda self: self.socket.bind(self.server_address)
http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["LISTEN"])), Answer).serve_forever()
"""
GATEWAY, WEBUI = "ml/litellm-0", "apps/open-webui-0"
Boot = Callable[..., EmbeddedLab]
PORTS = {"litellm": 4000, "open-webui": 8080}
NAMESPACES = {"litellm": "ml", "open-webui": "apps"}


def programs(folder: Path) -> Mapping[str, Environment]:
    """Environments whose commands are the small program."""
    binaries = folder / "bin"
    binaries.mkdir()
    (binaries / "python").symlink_to(os.path.realpath(sys.executable))
    for name in PORTS:
        (binaries / name).write_text(SCRIPT.format(python=binaries / "python"))
        (binaries / name).chmod(0o755)
    python = binaries / "python"
    return {
        requirement: Environment(program=program, python=python, version="1.0")
        for program in (LITELLM, OPEN_WEBUI)
        for requirement in (program.name, f"{program.name}==1.0")  # as the images' tags name it
    }


def manifests(**modes: str) -> Manifests:
    """LiteLLM and Open WebUI as small programs that behave as told: `litellm="ends"`."""
    told = {
        "litellm": modes.get("litellm", "serve"),
        "open-webui": modes.get("open_webui", "serve"),
    }
    return Manifests([item for name, mode in told.items() for item in objects(name, mode)])


def objects(name: str, mode: str, **variables: str) -> list[dict[str, Any]]:
    """A StatefulSet that keeps a volume, and its Service."""
    namespace, port = NAMESPACES[name], PORTS[name]
    environment = {"FAKE": mode, "LISTEN": str(port), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    container = {
        "name": name,
        "image": f"example/{name}:1.0",
        "args": ["--port", str(port)],
        "env": [{"name": key, "value": value} for key, value in environment.items()],
        "ports": [{"name": "http", "containerPort": port}],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    claim = {"metadata": {"name": "data"}, "spec": {}}
    metadata = {"name": name, "namespace": namespace}
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": metadata,
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": {"app": name}},
                "serviceName": name,
                "template": template,
                "volumeClaimTemplates": [claim],
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {
                "selector": {"app": name},
                "ports": [{"port": 80, "targetPort": "http"}],
            },
        },
    ]


def answer(lab: EmbeddedLab, key: str, path: str = "/") -> httpx.Response:
    """What the program of a pod answers; it tells about itself."""
    port = next(iter(lab.pods[key].ports().values()))
    return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False)


def pid(lab: EmbeddedLab, key: str) -> int:
    """The process of the program of a pod."""
    return int(answer(lab, key).json()["pid"])
