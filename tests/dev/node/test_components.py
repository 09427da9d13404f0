"""The components' command lines and files fit together."""

import json
from pathlib import Path

import pytest

from dev.node import outage
from dev.node.addresses import DNS_SERVICE
from dev.node.certificates import write_keys
from dev.node.components import Component, components
from dev.node.configuration import write_configuration
from dev.node.layout import Layout
from dev.node.programs import Programs


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A home with all that is written before a node starts."""
    made = Layout(home=tmp_path)
    write_configuration(made)
    write_keys(made.keys, kubeconfig=made.kubeconfig, outside_port=1)
    return made


def _components(layout: Layout) -> tuple[Component, ...]:
    return components(layout, Programs(kubernetes=Path("/k8s"), companions=Path("/companions")))


def test_every_file_that_a_component_is_told_of_is_there(layout: Layout) -> None:
    words = [word for each in _components(layout) for word in each.command]
    named = [
        Path(word.rpartition("=")[2])
        for word in words
        if str(layout.keys) in word or str(layout.config) in word
    ]

    assert len(named) > 10
    assert [file for file in named if not file.exists()] == []


def test_every_file_that_a_configuration_names_is_there(layout: Layout) -> None:
    kubelet = json.loads((layout.config / "kubelet.json").read_text())
    named = [
        kubelet["authentication"]["x509"]["clientCAFile"],
        *(kubelet["tlsCertFile"], kubelet["tlsPrivateKeyFile"]),
    ]
    containerd = (layout.config / "containerd.toml").read_text()

    assert [file for file in named if not Path(file).exists()] == []
    assert f'conf_dir = "{layout.config / "cni"}"' in containerd
    assert [file.suffix for file in (layout.config / "cni").iterdir()] == [".conflist"]


def test_each_component_can_be_taken_away_by_its_name(layout: Layout) -> None:
    assert tuple(each.name for each in _components(layout)) == outage.COMPONENTS


def test_pods_are_kept_where_they_are_removed_from(layout: Layout, tmp_path: Path) -> None:
    kubelet = json.loads((layout.config / "kubelet.json").read_text())
    other = Layout(home=tmp_path / "other")

    assert kubelet["cgroupRoot"] == f"/{layout.cgroup}"
    assert other.cgroup != layout.cgroup, "two nodes of one machine do not end each other's pods"


def test_the_kubelet_asks_before_it_lets_anybody_in(layout: Layout) -> None:
    kubelet = json.loads((layout.config / "kubelet.json").read_text())

    assert kubelet["authentication"]["anonymous"] == {"enabled": False}
    assert kubelet["authorization"] == {"mode": "Webhook"}
    assert kubelet["clusterDNS"] == [DNS_SERVICE]
