"""What administrators do to the model selector, by the API, and how it is undone."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from acceptance.clients.open_webui import OpenWebUI


class Administrator:
    """Changes settings in force; the latest change is undone first."""

    def __init__(self, api: OpenWebUI) -> None:
        self._api = api.api
        self._undo: list[Callable[[], None]] = []

    def undo(self) -> None:
        """Put everything back."""
        while self._undo:
            self._undo.pop()()
        self._api.get("/api/models?refresh=true")

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        reply = self._api.post(path, dict(body))
        assert reply.status == 200, f"{path}: {reply.status}, {reply.error}"

    def describe(self, model: str, *, hidden: bool = False, active: bool = True) -> None:
        """Save the model's settings, as Admin Settings > Models does."""
        about: dict[str, Any] = {"id": model, "name": model, "base_model_id": None, "params": {}}
        about |= {"meta": {"hidden": hidden}, "is_active": active}
        self._post("/api/v1/models/create", about)
        self._undo.append(lambda: self._post("/api/v1/models/model/delete", {"id": model}))

    def connections(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the connections."""
        before = dict(self._api.mapping("/openai/config"))
        after = json.loads(json.dumps(before))
        change(after)
        self._post("/openai/config/update", after)
        self._undo.append(lambda: self._post("/openai/config/update", before))

    def interface(self, **values: object) -> None:
        """Change the account's own settings of the page.

        What is left out of an update stays, and `null` takes it away (Open WebUI 0.12.4).
        """
        path = "/api/v1/users/user/settings/update"
        before = (self._api.get("/api/v1/users/user/settings").json or {}).get("ui", {})
        self._post(path, {"ui": values})
        self._undo.append(
            lambda: self._post(path, {"ui": {name: before.get(name) for name in values}})
        )

    def settings(self, path: str, **values: object) -> None:
        """Change some of the settings behind a path."""
        before = dict(self._api.mapping(path))
        self._post(path, {**before, **values})
        self._undo.append(lambda: self._post(path, before))


def added(names: Sequence[str]) -> Callable[[dict[str, Any]], None]:
    """A change that adds a connection with these names typed in: Open WebUI does not ask it."""

    def change(config: dict[str, Any]) -> None:
        index = len(config["OPENAI_API_BASE_URLS"])
        config["OPENAI_API_BASE_URLS"].append("http://elsewhere.ml.svc.cluster.local/v1")
        config["OPENAI_API_KEYS"].append("not-needed")
        config["OPENAI_API_CONFIGS"][str(index)] = {"enable": True, "model_ids": [*names]}

    return change


def prefixed(prefix: str) -> Callable[[dict[str, Any]], None]:
    """A change that gives the first connection a prefix."""

    def change(config: dict[str, Any]) -> None:
        config["OPENAI_API_CONFIGS"]["0"] = {"enable": True, "prefix_id": prefix}

    return change
