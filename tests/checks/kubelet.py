"""Another reading of what the kubelet does with an environment: a scanner over lists.

Written after the API reference and `third_party/forked/golang/expansion` (Kubernetes 1.34), to be
compared with `acceptance.resources`; it shares no code and no idea with it.
"""

from typing import Any

Pairs = list[tuple[str, str]]


def kubelet(container: dict[str, Any], objects: dict[tuple[str, str], dict[str, str]]) -> Pairs:
    """The variables as (name, value), each name once, sorted."""
    seen: Pairs = []
    for source in container.get("envFrom", []):
        for kind in ("ConfigMap", "Secret"):
            reference = source.get(f"{kind[0].lower()}{kind[1:]}Ref")
            if reference is not None and (kind, reference["name"]) in objects:
                data = objects[kind, reference["name"]]
                seen.extend((source.get("prefix", "") + key, data[key]) for key in data)
    for entry in container.get("env", []):
        if "valueFrom" not in entry:
            seen.append((entry["name"], scan(entry.get("value", ""), seen)))
            continue
        [(kind, reference)] = entry["valueFrom"].items()
        held = objects.get((kind[0].upper() + kind[1:].removesuffix("KeyRef"), reference["name"]))
        if held is not None and reference["key"] in held:
            seen.append((entry["name"], held[reference["key"]]))
    return sorted((name, latest(name, seen) or "") for name in {name for name, _ in seen})


def latest(name: str, seen: Pairs) -> str | None:
    """The value that a name has now."""
    for known, value in reversed(seen):
        if known == name:
            return value
    return None


def scan(text: str, seen: Pairs) -> str:
    """The text after expansion, read character by character."""
    out, at = "", 0
    while at < len(text):
        following = text[at + 1 : at + 2]
        closing = text.find(")", at)
        if text[at] != "$" or following not in ("$", "("):
            out, at = out + text[at], at + 1
        elif following == "$":
            out, at = out + "$", at + 2
        elif closing < 0:
            out, at = out + "$(", at + 2
        else:
            value = latest(text[at + 2 : closing], seen)
            out += text[at : closing + 1] if value is None else value
            at = closing + 1
    return out
