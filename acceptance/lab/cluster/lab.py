"""The story on a cluster of the lab's own: put there, changed, and taken away again."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import yaml

from acceptance.contract.values import Provider
from acceptance.errors import SetupError
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.cluster import KubernetesCluster
from acceptance.kubernetes.rollout import settle
from acceptance.kubernetes.target import live_target
from acceptance.lab.cluster.names import give_names
from acceptance.lab.cluster.objects import WORKLOADS, Objects
from acceptance.lab.embedded.administrator import SIGNED_UP, administrator_in, sign_up_first
from acceptance.lab.embedded.backends import EmulatedOutages, ProvidersLedger
from acceptance.lab.embedded.manifests import Manifests, namespace_of
from acceptance.lab.embedded.network import Disturbance
from acceptance.lab.embedded.target import master_key_behind
from acceptance.lab.providers.client import Providers
from acceptance.lab.providers.handover import Handover
from acceptance.resources import ServiceName
from acceptance.secret import Secret
from acceptance.target import Target
from acceptance.waiting import Progress, quiet

_PROVIDERS = ServiceName(namespace="lab-providers", name="providers", port=9000)
"""The emulated providers' control API; see providers.yaml."""
_MANIFESTS = Path(__file__).with_name("providers.yaml")


@contextmanager
def cluster_lab(api: Api, *, say: Progress = quiet) -> Iterator["ClusterLab"]:
    """One cluster that belongs to the lab: what an earlier lab put there goes first.

    It may do everything there: never hand it somebody's own cluster. What runs at the end goes on
    running.
    """
    objects = Objects(api, say=say)
    objects.remove_namespaces(keep=_PROVIDERS.namespace)
    emulated = list(yaml.safe_load_all(_MANIFESTS.read_text(encoding="utf-8")))
    objects.apply(emulated)
    give_names(api, objects, emulated, say)
    settle(api, _PROVIDERS, say)
    with closing(KubernetesCluster(api, _PROVIDERS)) as cluster:
        control = Handover(pid=0, control=cluster.address(_PROVIDERS), providers={})
        with (
            Providers(control) as providers,
            closing(ClusterLab(api, objects, providers, say)) as lab,
        ):
            yield lab


class ClusterLab:
    """What runs on a cluster that belongs to the lab; see `cluster_lab`."""

    def __init__(self, api: Api, objects: Objects, providers: Providers, say: Progress) -> None:
        self.api = api
        self.providers = providers
        self.manifests = Manifests([])
        self._objects = objects
        self._say = say
        self._target = ExitStack()

    def close(self) -> None:
        """Close the addresses of the target that was given out last."""
        self._target.close()

    def apply(self, manifests: Manifests) -> None:
        """Make the cluster as these manifests say: every pod of them is started anew.

        Volume claims keep what they hold.
        """
        self.close()
        spaces = _namespaces(manifests, self.manifests)
        there = list(self._objects.ours(*WORKLOADS, namespaces=spaces))
        self._objects.remove(there)
        self._objects.end_pods(spaces)
        self.edit(manifests)

    def edit(self, manifests: Manifests) -> None:
        """Change the objects, and let the cluster do what it does then."""
        wanted = {_key(item) for item in manifests}
        self._objects.remove([item for item in self.manifests if _key(item) not in wanted])
        self._objects.apply(manifests)
        self.manifests = manifests

    def reset(self) -> None:
        """End every pod and forget what the volumes hold: `apply` begins from nothing."""
        self.close()
        spaces = _namespaces(self.manifests)
        self._objects.remove(list(self._objects.ours(*WORKLOADS, namespaces=spaces)))
        self._objects.end_pods(spaces)
        self._objects.forget_volumes(spaces)
        self._objects.remove([item for item in self.manifests if item["kind"] != "Namespace"])
        self.manifests = Manifests([])

    def stop(self, key: str) -> None:
        """End the pods whose `namespace/name` begins so; whoever owns them makes others."""
        namespace, _, name = key.partition("/")
        self._objects.end_pods_named(namespace, name)

    def disturb(self, *disturbances: Disturbance) -> None:
        """Nothing disturbed is well again.

        Raises:
            SetupError: the network of a real cluster is not the lab's to disturb.
        """
        if disturbances:
            raise SetupError("A fault disturbs the network: that is tried in the embedded lab.")

    def target(
        self,
        name: str,
        *,
        open_webui: ServiceName,
        gateway: ServiceName,
        names: Mapping[str, Provider] = MappingProxyType({}),
    ) -> Target:
        """The cluster as a target; credentials are those that the manifests give.

        Raises:
            SetupError: there is no Open WebUI to judge.
        """
        self.close()
        settle(self.api, open_webui, self._say)
        cluster = KubernetesCluster(self.api, open_webui, gateway)
        frontend = cluster.workload(open_webui).environment
        target = live_target(
            self.api,
            name=name,
            open_webui=open_webui,
            gateway=gateway,
            administrator=administrator_in(frontend),
            user=None,
            gateway_key=self._master_key(gateway),
            outages=EmulatedOutages(self.providers, names),
            witness=ProvidersLedger(self.providers, names),
            say=self._say,
            closing=self._target,
        )
        if target.open_webui and sign_up_first(target.open_webui, target.administrator):
            target = replace(target, notes=(*target.notes, SIGNED_UP))
        return replace(target, may_make_user=True, docs=self.manifests.readme)

    def _master_key(self, gateway: ServiceName) -> Secret | None:
        """LiteLLM's, where its manifest tells; a real cluster runs commands that the lab cannot."""
        try:
            return master_key_behind(gateway, self.manifests)
        except SetupError:
            return None


def _namespaces(*manifests: Manifests) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            namespace_of(item) for each in manifests for item in each if item["kind"] != "Namespace"
        )
    )


def _key(manifest: Mapping[str, object]) -> tuple[object, str, str]:
    metadata = manifest["metadata"]
    assert isinstance(metadata, Mapping)
    return manifest["kind"], namespace_of(manifest), str(metadata["name"])
