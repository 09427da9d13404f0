"""A canary of each kind of secret, a text that tells them all, and the search for them."""

import base64
from pathlib import Path

MASTER = "sk-canary-master-0a1b2c3d4e5f6a7b"
VIRTUAL = "sk-canary-virtual-9988776655"
PROVIDER = "0c4n4ry9provider8key7without6shape5"
PASSWORD, QUERY = "c4n4ry-pa55", "c4n4ry-query"
_JWT = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6ImNhbmFyeSJ9.c2lnbmF0dXJlLWNhbmFyeQ"
_BASIC = base64.b64encode(f"user:{MASTER}".encode()).decode()
CANARIES = {
    "master key": MASTER,
    "virtual key, which nobody told the suite": VIRTUAL,
    "session token": _JWT,
    "provider key": PROVIDER,
    "password in a URL": PASSWORD,
    "key in a query string": QUERY,
    "first half of a key in a log": PROVIDER[:17],
    "second half of a key in a log": PROVIDER[17:],
    "base64 of a key": base64.b64encode(MASTER.encode()).decode(),
    "base64 of a user and a key": _BASIC[8:40],
}
SAID = f"""
the master key {MASTER}, a virtual key {VIRTUAL}, Bearer {_JWT}
provider said: 401 invalid key {PROVIDER} at https://user:{PASSWORD}@proxy.example/v1
GET https://host.example/v1beta/models?alt=sse&key={QUERY}
10:00:00 INFO {PROVIDER[:17]}
10:00:01 INFO {PROVIDER[17:]} end
{CANARIES["base64 of a key"]}
Authorization: Basic {_BASIC}
"""
MASKED = "provider said: 401 invalid key ••• at"
"""What shows that the text was told, and masked."""


def texts(folder: Path) -> dict[str, str]:
    """Every file below the folder, and once more with what is encoded in it."""
    files = {str(path): path for path in sorted(folder.rglob("*")) if path.is_file()}
    read = {name: path.read_bytes().decode(errors="replace") for name, path in files.items()}
    return read | {f"{name}, unescaped": unescaped(text) for name, text in read.items()}


def found(folder: Path, terminal: str) -> list[str]:
    """Where a canary is, in the files below the folder or in what was printed."""
    return [
        f"{kind} in {name}"
        for name, text in {"the terminal": terminal, **texts(folder)}.items()
        for kind, canary in CANARIES.items()
        if canary in text
    ]


def unescaped(text: str) -> str:
    """Attachments and results lie in the HTML file as base64."""
    parts = [part for part in text.split('"') if len(part) > 40]
    decoded = []
    for part in parts:
        try:
            decoded.append(base64.b64decode(part, validate=True).decode())
        except ValueError:
            continue
    return "\n".join(decoded)
