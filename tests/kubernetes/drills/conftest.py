"""A cluster with the story's two local backends, and drills on it."""

from pathlib import Path

import pytest

from acceptance.kubernetes.journal import Journal
from acceptance.kubernetes.outages import ScalingOutages
from tests.kubernetes.drills.played import BACKENDS, Cluster


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait for what happens at once here."""
    monkeypatch.setattr("acceptance.kubernetes.outages._PROXIES", 0.0)
    monkeypatch.setattr("acceptance.kubernetes.outages._TO_GO", 0.0)
    monkeypatch.setattr("acceptance.kubernetes.scale._BACK", 0.3)


@pytest.fixture
def cluster() -> Cluster:
    """The backends: vLLM as a Deployment of one pod, Ollama as one of three."""
    played = Cluster()
    played.backend("vllm-server", "vllm-api")
    played.backend("ollama", "ollama", replicas=3)
    return played


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """The folder of the drills' notes."""
    return tmp_path / "drills"


@pytest.fixture
def said() -> list[str]:
    """What a person is shown."""
    return []


@pytest.fixture
def outages(cluster: Cluster, notes: Path, said: list[str]) -> ScalingOutages:
    """Drills on that cluster."""
    journal = Journal(notes, "lab")
    return ScalingOutages(cluster.api(), BACKENDS, journal=journal, say=said.append)
