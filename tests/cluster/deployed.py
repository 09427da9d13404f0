"""`deploy/` on a node of the lab, as a person puts it there: with kubectl, and an image."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from acceptance.lab.cluster.base import base_of
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.environments import CACHE, ensure_all
from acceptance.report.html import ensure_allure
from acceptance.waiting import eventually
from dev.node.layout import Layout
from dev.node.store import ensure_imported
from tests import overlays
from tests.cluster.account import DRILLS
from tests.cluster.suite_image import suite_image
from tests.overlays import DEPLOY

_CONTAINER = "/spec/jobTemplate/spec/template/spec/containers/0"
_USER = 65532
_NIGHT_SECONDS = 240.0
_ACCOUNTS = {
    "account-email": ("Secret", "apps", "open-webui-administrator", "WEBUI_ADMIN_EMAIL"),
    "account-password": ("Secret", "apps", "open-webui-administrator", "WEBUI_ADMIN_PASSWORD"),
    "gateway-key": ("Secret", "ml", "litellm-secrets", "LITELLM_MASTER_KEY"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Night:
    """A job of the CronJob, and its pod."""

    name: str
    deployed: "Deployed"

    def log(self) -> str:
        """What it has printed so far; empty while its pod is being made."""
        command = ["logs", "--ignore-errors", f"job/{self.name}"]
        return self.deployed.kubectl(*command, check=False)

    def code(self) -> int:
        """The exit code, once it has ended."""
        words = ("get", "pods", f"--selector=job-name={self.name}", "--output=json")

        def ended() -> int:
            pods = json.loads(self.deployed.kubectl(*words))["items"]
            states = [
                status["state"]
                for pod in pods
                for status in pod["status"].get("containerStatuses", ())
            ]
            codes = [each["terminated"]["exitCode"] for each in states if "terminated" in each]
            assert codes, states
            return int(codes[0])

        return eventually(ended, what=f"the night {self.name} to end", timeout=_NIGHT_SECONDS)

    def outcome(self) -> str:
        """What Kubernetes says of the job, once it has made up its mind: Complete or Failed."""

        def decided() -> str:
            job = json.loads(self.deployed.kubectl("get", "job", self.name, "--output=json"))
            conditions = job["status"].get("conditions", [])
            kinds = {each["type"] for each in conditions if each["status"] == "True"}
            found = kinds & {"Complete", "Failed"}
            assert found, conditions
            return str(found.pop())

        return eventually(decided, what=f"the job {self.name} to be counted", timeout=60)

    def wait_for(self, text: str) -> None:
        """Return once it has printed this."""

        def printed() -> None:
            assert text in self.log(), "not yet"

        eventually(printed, what=f"the night to say {text!r}", timeout=_NIGHT_SECONDS, interval=0.2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployed:
    """The CronJob, its namespace and its volume."""

    layout: Layout
    accounts: Mapping[str, str]
    """What its Secret is made of."""
    _count: list[int] = field(default_factory=list)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Passwords and keys that it was given."""
        return tuple(value for name, value in self.accounts.items() if "email" not in name)

    def kubectl(self, *words: str, namespace: str = "acceptance", check: bool = True) -> str:
        """What kubectl says."""
        done = self.call("kubectl", f"--namespace={namespace}", *words)
        assert not check or done.returncode == 0, f"{words}\n{done.stderr}"
        return done.stdout

    def call(self, *command: str | Path) -> "subprocess.CompletedProcess[str]":
        """What a program says that finds the node."""
        return subprocess.run(
            command,
            env={**os.environ, "KUBECONFIG": str(self.layout.kubeconfig)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def give_accounts(self) -> None:
        """Make the Secret, as the README says."""
        literals = [f"--from-literal={name}={value}" for name, value in self.accounts.items()]
        self.kubectl("create", "secret", "generic", "acceptance-accounts", *literals)

    def start(self) -> Night:
        """A night, now."""
        self._count.append(len(self._count))
        name = f"night-{len(self._count)}"
        self.kubectl("create", "job", "--from=cronjob/acceptance", name)
        return Night(name=name, deployed=self)

    @property
    def volume(self) -> Path:
        """The reports, as this machine sees them."""
        claim = json.loads(self.kubectl("get", "pvc", "acceptance-reports", "--output=json"))
        name = claim["spec"]["volumeName"]
        volume = json.loads(self.kubectl("get", "pv", name, "--output=json"))
        pid = self.layout.pid.read_text(encoding="utf-8").strip()
        return Path(f"/proc/{pid}/root{volume['spec']['hostPath']['path']}")

    def own_the_volume(self) -> None:
        """What `fsGroup` brings about on volumes that know it; a folder of the node does not."""

        def bound() -> Path:
            assert "Bound" in self.kubectl("get", "pvc"), "not yet"
            return self.volume

        volume = eventually(bound, what="the volume to be there", timeout=60)
        (volume / "drills").mkdir()
        for place in (volume, volume / "drills"):
            os.chown(place, _USER, _USER)


def rendered(component: str, folder: Path, *, drill: str) -> str:
    """An overlay with this component on one that sets, or does not set, the leave for drills."""
    leave = {"name": "ACCEPTANCE_DRILL", "value": drill}
    patch = [{"op": "add", "path": f"{_CONTAINER}/env/-", "value": leave}]
    target = {"kind": "CronJob", "name": "acceptance"}
    return overlays.rendered(
        component, folder, patches=[{"target": target, "patch": json.dumps(patch)}]
    )


def prepared(layout: Layout, manifests: Manifests) -> Deployed:
    """The image on the node, and the accounts of these manifests; nothing is applied yet."""
    environments = ensure_all(cache=CACHE, say=print)
    ensure_allure(CACHE, print)
    image = suite_image(base_of(environments.values()))
    ensure_imported([image], layout=layout, say=print)
    accounts = {name: _value(manifests, *place) for name, place in _ACCOUNTS.items()}
    return Deployed(layout=layout, accounts=accounts)


@contextmanager
def deployed(layout: Layout, manifests: Manifests) -> Iterator[Deployed]:
    """Everything of `deploy/`, drills included, beside the story of these manifests."""
    found = prepared(layout, manifests)
    files = (f"--kustomize={DEPLOY}", f"--filename={DRILLS}")
    try:
        for each in files:
            found.kubectl("apply", each, namespace="")
        found.give_accounts()
        found.own_the_volume()
        yield found
    finally:
        for each in reversed(files):
            found.kubectl("delete", "--wait", each, namespace="", check=False)


def _value(manifests: Manifests, kind: str, namespace: str, name: str, key: str) -> str:
    return str((manifests.data(kind, namespace, name) or {})[key])
