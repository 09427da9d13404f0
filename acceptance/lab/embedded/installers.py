"""What installs a chart on a cluster, and the command that renders it here.

A chart is fetched from wherever a stranger's manifest says, so the lab does not do it by itself.
"""

import posixpath
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from acceptance.json_values import mapping
from acceptance.resources import Manifest

RENDERED = "rendered-"
"""Begins the name of a file in which a chart is rendered: beside its values, where what Flux does
to them is done to it, and read although no kustomization lists it."""
KINDS = ("HelmRelease", "HelmChart", "Application")


def command(item: Manifest, objects: Iterable[Manifest], file: str = "") -> str:
    """What to type in the folder, so that the chart's objects stand in it.

    Args:
        item: a HelmRelease of Flux, a HelmChart of k3s, or an Application of Argo CD.
        objects: those beside it, among which the chart's repository may be.
        file: in which the item stands; empty where that is not known.
    """
    metadata, spec = item["metadata"], mapping(item.get("spec"))
    name, namespace = str(metadata["name"]), str(metadata.get("namespace") or "default")
    beside = posixpath.join(posixpath.dirname(file), f"{RENDERED}{name}.yaml")
    rendered, file = shlex.quote(beside), shlex.quote(file or f"{name}.yaml")
    if item["kind"] == "Application":
        return f"argocd app manifests {shlex.quote(name)} > {rendered}"
    chart: tuple[str, ...]
    if item["kind"] == "HelmChart":
        chart = _chart(spec.get("chart"), spec.get("repo"), spec.get("version"))
        values = f"yq -r .spec.valuesContent {file}"
        namespace = str(spec.get("targetNamespace") or namespace)
    else:
        chart = _of_flux(spec, namespace, tuple(objects))
        values = f"yq 'select(.kind == \"HelmRelease\").spec.values' {file}"
        namespace = str(spec.get("targetNamespace") or namespace)
    words = ["helm", "template", name, *chart, "--namespace", namespace, "--values", "-"]
    placed = shlex.join(["yq", f'.metadata.namespace //= "{namespace}"'])  # charts leave it out
    return f"{values} | {shlex.join(words)} | {placed} > {rendered}"


def _of_flux(
    spec: Mapping[str, Any], namespace: str, objects: tuple[Manifest, ...]
) -> tuple[str, ...]:
    """A chart as `helm template` takes it, from a HelmRelease."""
    reference = mapping(spec.get("chartRef"))
    if reference:
        found = mapping(_spec_of(reference, namespace, objects))
        return _chart(found.get("url"), None, mapping(found.get("ref")).get("tag"))
    chart = mapping(mapping(spec.get("chart")).get("spec"))
    repository = _spec_of(mapping(chart.get("sourceRef")), namespace, objects)
    return _chart(chart.get("chart"), repository.get("url"), chart.get("version"))


def _spec_of(
    reference: Mapping[str, Any], namespace: str, objects: tuple[Manifest, ...]
) -> Mapping[str, Any]:
    """The object that a reference of Flux names: of its own namespace, else of any."""
    found = [
        each
        for each in objects
        if (each["kind"], each["metadata"]["name"])
        == (reference.get("kind"), reference.get("name"))
    ]
    wanted = reference.get("namespace") or namespace
    found.sort(key=lambda each: each["metadata"].get("namespace") != wanted)
    return mapping(found[0].get("spec")) if found else {}


def _chart(chart: object, repository: object, version: object) -> tuple[str, ...]:
    return tuple(_words(chart, repository, version))


def _words(chart: object, repository: object, version: object) -> Iterator[str]:
    url = str(repository or "")
    if url.startswith("oci://"):
        yield f"{url.rstrip('/')}/{chart}"
    else:
        yield str(chart or "CHART")
        if url:
            yield from ("--repo", url)
    if version:
        yield from ("--version", str(version))
