"""Folders as strangers have them: other kinds, other names, other ways to say the same."""

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.errors import SetupError
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.network import Network, at_localhost, behind, named_by
from acceptance.lab.embedded.placeholders import completed
from acceptance.lab.embedded.plan import PodPlan, plan_pods
from acceptance.lab.embedded.programs import LITELLM, OPEN_WEBUI
from acceptance.lab.embedded.target import master_key_behind
from acceptance.lab.embedded.unsupported import unsupported
from acceptance.lab.embedded.upstreams import offers_of
from acceptance.lab.providers.catalogue import host_and_port
from acceptance.resources import ServiceName, text_of

CONFIGURATION = """model_list:
  - {model_name: gpt, litellm_params: {model: openai/gpt-4o-mini}}
  - model_name: local
    litellm_params: {model: ollama_chat/qwen3, api_base: "http://ollama:11434"}
"""
SECRET = {"secretKeyRef": {"name": "keys", "key": "master"}}
Objects = list[dict[str, Any]]


def workload(name: str, image: str, **container: Any) -> dict[str, Any]:  # noqa: ANN401  # any YAML
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": name, "image": image, **container}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "ai"},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template},
    }


def service(name: str, port: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "ai"},
        "spec": {"selector": {"app": name}, "ports": [{"port": port}]},
    }


def objects() -> Objects:
    """A folder that everybody has; each is changed by the tests."""
    gateway = workload(
        "litellm",
        "ghcr.io/berriai/litellm:main",
        args=["--config", "/app/config.yaml"],
        env=[{"name": "LITELLM_MASTER_KEY", "valueFrom": SECRET}],
        volumeMounts=[{"name": "c", "mountPath": "/app/config.yaml", "subPath": "config.yaml"}],
    )
    pod_of(gateway)["volumes"] = [{"name": "c", "configMap": {"name": "c"}}]
    env = [
        {"name": "OPENAI_API_BASE_URL", "value": "http://litellm:4000/v1"},
        {"name": "OPENAI_API_KEY", "valueFrom": SECRET},
    ]
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c", "namespace": "ai"},
            "data": {"config.yaml": CONFIGURATION},
        },
        gateway,
        service("litellm", 4000),
        workload("open-webui", "ghcr.io/open-webui/open-webui:main", env=env),
        service("open-webui", 8080),
    ]


def pod_of(item: Mapping[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = item["spec"]["template"]["spec"]
    return spec


def named(items: Objects, kind: str, name: str) -> dict[str, Any]:
    return next(each for each in items if (each["kind"], each["metadata"]["name"]) == (kind, name))


def told(items: Objects, **variables: object) -> Objects:
    """The objects, in which Open WebUI is told something else."""
    container = pod_of(named(items, "Deployment", "open-webui"))["containers"][0]
    kept = [each for each in container["env"] if each["name"] not in variables]
    given = [
        {"name": name, **(value if isinstance(value, dict) else {"value": value})}
        for name, value in variables.items()
    ]
    container["env"] = [*kept, *given]
    return items


class Read:
    """What the lab makes of a folder."""

    def __init__(self, folder: Path) -> None:
        self.manifests = completed(Manifests.load(folder))
        self.plans = plan_pods(self.manifests)
        self.said = "\n".join(unsupported(self.manifests))

    def pod(self, program: object) -> PodPlan:
        """The first pod of a program."""
        return next(each for each in self.plans if each.program is program)

    @property
    def leads(self) -> list[str]:
        """The programs to which Open WebUI is led."""
        chat = self.pod(OPEN_WEBUI)
        url = text_of(chat.environment, "OPENAI_API_BASE_URL")
        found = named_by(url, self.manifests, seen_from=chat.namespace)
        pods = (
            behind(found, host_and_port(url)[2], self.plans)
            if found
            else at_localhost(url, self.plans, seen_from=chat.namespace)
        )
        return [each.program.title for each in pods]  # type: ignore[union-attr]  # all are programs

    def routed(self, folder: Path) -> bool:
        """Whether the lab's own network leads there, too."""
        chat, gateway = self.pod(OPEN_WEBUI), self.pod(LITELLM)
        ports = {gateway.key: {4000: 1234}}
        table = folder / "table"
        Network(self.manifests, {}).write(table, self.plans, ports, silent=1)
        content = json.loads(table.read_text())
        host, port = host_and_port(text_of(chat.environment, "OPENAI_API_BASE_URL"))[1:]
        view = content["pods"][chat.key]
        if host in ("localhost", "127.0.0.1"):
            return bool(view["beside"].get(str(port)) == 1234)
        names = {**content["names"], **view["names"]}
        address = next(
            (
                names[each]
                for each in (host, *(f"{host}.{end}" for end in view["search"]))
                if each in names
            ),
            host,
        )
        return bool(content["routes"].get(f"{address}:{port}") == [1234])


def written(folder: Path, items: Iterable[object], **files: str) -> Path:
    given = folder / "given"
    given.mkdir()
    (given / "all.yaml").write_text(yaml.safe_dump_all(list(items)))
    for name, text in files.items():
        (given / name).write_text(text)
    return given


# Files


JSON = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects()}, indent="\t")
DOCUMENTS = yaml.safe_dump_all(objects())
AS_FILES: Mapping[str, tuple[str, bytes]] = {
    "JSON with tabs": ("a.json", JSON.encode()),
    "JSON, one after the other": (
        "a.json",
        "\n".join(json.dumps(each, indent=2) for each in objects()).encode(),
    ),
    "JSON in one line each": (
        "a.json",
        "".join(json.dumps(each) for each in objects()).encode(),
    ),
    "Windows": ("a.yaml", b"\xef\xbb\xbf" + DOCUMENTS.replace("\n", "\r\n").encode()),
    "marks of files put together": (
        "a.yaml",
        DOCUMENTS.replace("---\n", "---\n\N{ZERO WIDTH NO-BREAK SPACE}").encode(),
    ),
    "a list in a list": (
        "a.yaml",
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "List",
                "items": [{"apiVersion": "v1", "kind": "List", "items": objects()}],
            }
        ).encode(),
    ),
}


@pytest.mark.parametrize(("name", "data"), AS_FILES.values(), ids=AS_FILES)
def test_a_file_is_read_as_kubectl_reads_it(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert Read(tmp_path).leads == ["LiteLLM"]


def test_a_line_of_json_is_the_line_of_the_file(tmp_path: Path) -> None:
    first, *rest = objects()
    rest[1]["spec"]["ports"][0]["port"] = "odd"
    text = json.dumps(first, indent="\t") + json.dumps(rest[1], indent="\t")
    line = 1 + text[: text.index('"odd"')].count("\n")
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(SetupError, match=rf"a\.json, line {line + 1}"):  # }{ becomes two lines
        Manifests.load(tmp_path)


BESIDE = {
    "a kubeconfig": "apiVersion: v1\nkind: Config\nclusters: []\n",
    "kind's": "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\nnodes: [{role: worker}]\n",
    "a pipeline": "kind: pipeline\ntype: docker\nsteps: []\n",
    "a name that is made": "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: a-}\n",
    "a template": "apiVersion: v2\nkind: Foo\nmetadata: {name: a, namespace: '${NS}'}\n",
    "Knative's": "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: tts}\n"
    "spec: {template: {spec: {containers: [{image: a}]}}}\n",
    "Kruise's": "apiVersion: apps.kruise.io/v1\nkind: ConfigMap\nmetadata: {name: a}\nspec: {}\n",
    "a Service of another group": "apiVersion: a.example/v1\nkind: Service\n"
    "metadata: {name: litellm, namespace: ai}\nspec: {anything: 1}\n",
}


@pytest.mark.parametrize("text", BESIDE.values(), ids=BESIDE)
def test_what_is_nobody_s_business_stops_nothing(tmp_path: Path, text: str) -> None:
    read = Read(written(tmp_path, objects(), **{"odd.yaml": text}))
    assert read.leads == ["LiteLLM"]
    assert any(
        each in read.said for each in ("odd.yaml", "Service.a.example", "ConfigMap.apps.kruise.io")
    )


def test_a_slip_of_a_version_is_still_refused(tmp_path: Path) -> None:
    items = objects()
    named(items, "Deployment", "litellm")["apiVersion"] = "app/v1"
    with pytest.raises(SetupError, match='no matches for kind "Deployment" in version "app/v1"'):
        Manifests.load(written(tmp_path, items))


def test_a_template_is_told_as_one(tmp_path: Path) -> None:
    items = objects()
    named(items, "Deployment", "litellm")["metadata"]["namespace"] = "${NAMESPACE}"
    with pytest.raises(SetupError, match="it is a template: put its values in") as caught:
        Manifests.load(written(tmp_path, items))
    assert "metadata.namespace" in str(caught.value)


# Kinds


def as_kind(kind: str, version: str) -> Objects:
    """The workloads of another kind."""
    items = objects()
    for each in items:
        if each["kind"] == "Deployment":
            each |= {"kind": kind, "apiVersion": version}
            if kind in ("DeploymentConfig", "ReplicationController"):
                each["spec"]["selector"] = each["spec"]["selector"]["matchLabels"]
    return items


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        ("DaemonSet", "apps/v1"),
        ("ReplicaSet", "apps/v1"),
        ("ReplicationController", "v1"),
        ("Rollout", "argoproj.io/v1alpha1"),
        ("DeploymentConfig", "apps.openshift.io/v1"),
        ("CloneSet", "apps.kruise.io/v1alpha1"),
        ("StatefulSet", "apps.kruise.io/v1beta1"),
    ],
)
def test_whatever_starts_the_pods_they_are_run(tmp_path: Path, kind: str, version: str) -> None:
    read = Read(written(tmp_path, as_kind(kind, version)))
    assert read.leads == ["LiteLLM"]
    assert f"a {kind} of {version} is run as a Deployment: {kind} litellm" in read.said


def test_a_service_of_knative_is_a_workload_and_its_address(tmp_path: Path) -> None:
    items = [each for each in objects() if each["kind"] != "Service"]
    for each in told(items, OPENAI_API_BASE_URL="http://litellm.ai.svc.cluster.local/v1"):
        if each["kind"] == "Deployment":
            each |= {"kind": "Service", "apiVersion": "serving.knative.dev/v1"}
            container = pod_of(each)["containers"][0]
            if container.pop("name") == "litellm":
                container["ports"] = [{"containerPort": 4000}]
            del each["spec"]["selector"], each["spec"]["template"]["metadata"]
    read = Read(written(tmp_path, items))
    assert read.leads == ["LiteLLM"]
    assert read.routed(tmp_path)


def test_a_backend_by_node_answers(tmp_path: Path) -> None:
    backend = workload("ollama", "registry.example/mirror/ollama:0.9")
    backend["kind"] = "DaemonSet"
    read = Read(written(tmp_path, [*objects(), backend, service("ollama", 11434)]))
    [offer] = [each for each in offers_of(read.manifests, read.plans) if each.name == "ollama"]
    assert "qwen3" in offer.models


@pytest.mark.parametrize(
    ("chat", "gateway"),
    [
        ("ghcr.io/acme/my-open-webui:1", "ghcr.io/acme/acme-litellm:1"),
        ("${IMAGE_OPENWEBUI}", "$LITELLM_IMAGE"),
        ("registry.example/openwebui/app:v1", "registry.example/litellm/proxy@sha256:0"),
    ],
)
def test_a_program_is_known_by_its_image_or_its_container(
    tmp_path: Path, chat: str, gateway: str
) -> None:
    items = objects()
    pod_of(named(items, "Deployment", "open-webui"))["containers"][0]["image"] = chat
    pod_of(named(items, "Deployment", "litellm"))["containers"][0]["image"] = gateway
    read = Read(written(tmp_path, items))
    assert read.leads == ["LiteLLM"]
    if "app" in chat:
        assert f"taken for Open WebUI by its name: its image, {chat}, tells nothing" in read.said


def test_the_database_beside_a_program_is_not_taken_for_it(tmp_path: Path) -> None:
    items = [*objects(), workload("litellm-db", "example/database:1")]
    assert len(Read(written(tmp_path, items)).plans) == 2


def beside_it(items: Objects) -> tuple[Objects, dict[str, Any], dict[str, Any]]:
    """LiteLLM's container taken out, to be put into Open WebUI's pod."""
    gateway = pod_of(named(items, "Deployment", "litellm"))
    chat = pod_of(named(items, "Deployment", "open-webui"))
    chat["volumes"] = gateway["volumes"]
    kept = [each for each in items if each["metadata"]["name"] != "litellm"]
    return kept, chat, gateway["containers"][0]


@pytest.mark.parametrize("url", ["http://localhost:4000/v1", "http://127.0.0.1:4000"])
@pytest.mark.parametrize("native", [False, True])
def test_two_programs_of_one_pod_are_each_other_s_localhost(
    tmp_path: Path,
    url: str,
    *,
    native: bool,
) -> None:
    items, pod, container = beside_it(told(objects(), OPENAI_API_BASE_URL=url))
    if native:
        pod["initContainers"] = [{**container, "restartPolicy": "Always"}]
    else:
        pod["containers"].append(container)
    read = Read(written(tmp_path, items))
    assert read.leads == ["LiteLLM"]
    assert read.routed(tmp_path)
    assert read.manifests.get("Service", "ai", "open-webui-litellm")
    assert "both programs are in one pod" in read.said


def test_a_service_of_such_a_pod_leads_to_the_program_of_its_port(tmp_path: Path) -> None:
    items, pod, container = beside_it(told(objects(), OPENAI_API_BASE_URL="http://web:4000/v1"))
    pod["containers"].insert(0, container)
    both = service("open-webui", 8080)
    both["metadata"]["name"] = "web"
    both["spec"]["ports"] = [{"name": "a", "port": 8080}, {"name": "b", "port": 4000}]
    read = Read(written(tmp_path, [*items, both]))
    assert read.routed(tmp_path)
    assert read.manifests.get("Service", "ai", "open-webui-litellm") is None


def test_another_port_of_the_pod_is_nobody_s(tmp_path: Path) -> None:
    url = "http://localhost:4001/v1"
    items, pod, container = beside_it(told(objects(), OPENAI_API_BASE_URL=url))
    pod["containers"].append(container)
    read = Read(written(tmp_path, items))
    assert read.leads == []
    assert not read.routed(tmp_path)


# Addresses


def of_the_service(**fields: object) -> Callable[[Objects], None]:
    def change(items: Objects) -> None:
        for name, value in fields.items():
            named(items, "Service", "litellm")[name] |= value

    return change


def beside(text: str) -> Callable[[Objects], None]:
    return lambda items: items.append(yaml.safe_load(text))


def as_a_set(items: Objects) -> None:
    gateway = named(items, "Deployment", "litellm")
    gateway["kind"] = "StatefulSet"
    gateway["spec"]["serviceName"] = "litellm"
    of_the_service(spec={"clusterIP": "None"})(items)


LABEL = "metadata.labels['zone']"
BALANCER = {"type": "LoadBalancer"}
ADDRESSES: Mapping[str, tuple[str, Callable[[Objects], None]]] = {
    "a balancer's address": (
        "http://192.168.1.50:4000/v1",
        of_the_service(spec={**BALANCER, "loadBalancerIP": "192.168.1.50"}),
    ),
    "a balancer's annotation": (
        "http://192.168.1.50:4000/v1",
        of_the_service(
            spec=BALANCER, metadata={"annotations": {"lbipam.cilium.io/ips": "192.168.1.50"}}
        ),
    ),
    "a name of its own": (
        "http://llm.home.example:4000/v1",
        of_the_service(
            spec=BALANCER,
            metadata={
                "annotations": {"external-dns.alpha.kubernetes.io/hostname": "llm.home.example"}
            },
        ),
    ),
    "a node's port": (
        "http://192.168.1.10:30400/v1",
        of_the_service(spec={"type": "NodePort", "ports": [{"port": 4000, "nodePort": 30400}]}),
    ),
    "another name": (
        "http://llm:4000/v1",
        beside(
            "{apiVersion: v1, kind: Service, metadata: {name: llm, namespace: ai}, "
            "spec: {type: ExternalName, externalName: litellm.ai.svc.cluster.local}}"
        ),
    ),
    "a pod of a set": ("http://litellm-0.litellm.ai.svc.cluster.local:4000/v1", as_a_set),
    "a pod of a set, short": ("http://litellm-0.litellm:4000/v1", as_a_set),
    "a headless Service": (
        "http://litellm:4000/v1",
        of_the_service(spec={"clusterIP": "None"}),
    ),
    "a route of OpenShift": (
        "http://llm.apps.example/v1",
        beside(
            "{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: a, namespace: ai}, "
            "spec: {host: llm.apps.example, to: {kind: Service, name: litellm}, "
            "port: {targetPort: 4000}}}"
        ),
    ),
    "a route of Istio": (
        "http://llm.mesh.example/v1",
        beside(
            "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, "
            "namespace: ai}, spec: {hosts: [llm.mesh.example], http: [{route: [{destination: "
            "{host: litellm.ai.svc.cluster.local, port: {number: 4000}}}]}]}}"
        ),
    ),
    "a network of Tailscale": (
        "http://llm.tail1.ts.net/v1",
        beside(
            "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, namespace: ai}, "
            "spec: {ingressClassName: tailscale, tls: [{hosts: [llm]}], defaultBackend: "
            "{service: {name: litellm, port: {number: 4000}}}}}"
        ),
    ),
}


@pytest.mark.parametrize(("url", "change"), ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_of_litellm_leads_to_it(
    tmp_path: Path, url: str, change: Callable[[Objects], None]
) -> None:
    items = told(objects(), OPENAI_API_BASE_URL=url)
    change(items)
    read = Read(written(tmp_path, items))
    assert read.leads == ["LiteLLM"]
    assert read.routed(tmp_path)


@pytest.mark.parametrize(
    "url", ["http://192.168.1.51:4000/v1", "http://192.168.1.50:4001/v1", "http://8.8.8.8:30400/v1"]
)
def test_another_address_does_not(tmp_path: Path, url: str) -> None:
    items = told(objects(), OPENAI_API_BASE_URL=url)
    ports = [{"port": 4000, "nodePort": 30400}]
    of_the_service(spec={**BALANCER, "loadBalancerIP": "192.168.1.50", "ports": ports})(items)
    assert not Read(written(tmp_path, items)).routed(tmp_path)


def test_a_headless_service_maps_no_port(tmp_path: Path) -> None:
    items = told(objects(), OPENAI_API_BASE_URL="http://litellm/v1")
    ports = [{"port": 80, "targetPort": 4000}]
    of_the_service(spec={"clusterIP": "None", "ports": ports})(items)
    assert not Read(written(tmp_path, items)).routed(tmp_path)


def test_a_label_of_the_pod_is_a_variable(tmp_path: Path) -> None:
    items = objects()
    template = named(items, "Deployment", "open-webui")["spec"]["template"]
    template["metadata"]["labels"]["zone"] = "cluster.local"
    zone = {"valueFrom": {"fieldRef": {"fieldPath": LABEL}}}
    told(items, ZONE=zone, OPENAI_API_BASE_URL="http://litellm.ai.svc.$(ZONE):4000/v1")
    assert Read(written(tmp_path, items)).leads == ["LiteLLM"]


# Secrets


TEMPLATE = {
    "apiVersion": "external-secrets.io/v1",
    "kind": "ExternalSecret",
    "metadata": {"name": "env", "namespace": "ai"},
    "spec": {
        "target": {
            "template": {
                "data": {
                    "OPENAI_API_BASE_URL": "http://litellm.ai:4000/v1",
                    "OPENAI_API_KEY": "{{ .master }}",
                }
            }
        },
        "data": [{"secretKey": "master"}],
    },
}


def from_a_secret(items: Objects, prefix: str = "") -> Objects:
    container = pod_of(named(items, "Deployment", "open-webui"))["containers"][0]
    container["env"] = []
    container["envFrom"] = [{"prefix": prefix, "secretRef": {"name": "env"}}]
    return items


def test_what_the_template_of_a_secret_tells_is_not_made_up(tmp_path: Path) -> None:
    read = Read(written(tmp_path, [*from_a_secret(objects()), TEMPLATE]))
    assert read.leads == ["LiteLLM"]
    assert "Secret ai/env is not among these manifests: made up (OPENAI_API_KEY)" in read.said
    gateway = ServiceName(namespace="ai", name="litellm", port=4000)
    sent = read.pod(OPEN_WEBUI).environment["OPENAI_API_KEY"].value
    assert sent == master_key_behind(gateway, read.manifests)


def hidden_address(template: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(template)
    data = changed["spec"]["target"]["template"]["data"]
    data["OPENAI_API_BASE_URL"] = "http://{{ .host }}:4000/v1"
    return changed


UNKNOWN: Mapping[str, Callable[[], Objects]] = {
    "a key of a Secret": lambda: told(
        objects(),
        OPENAI_API_BASE_URL={"valueFrom": {"secretKeyRef": {"name": "env", "key": "url"}}},
    ),
    "a part of it": lambda: told(
        objects(),
        HOST={"valueFrom": {"secretKeyRef": {"name": "env", "key": "host"}}},
        OPENAI_API_BASE_URL="http://$(HOST):4000/v1",
    ),
    "all of a Secret": lambda: from_a_secret(objects()),
    "a template": lambda: [*from_a_secret(objects()), hidden_address(TEMPLATE)],
}


@pytest.mark.parametrize("items", UNKNOWN.values(), ids=UNKNOWN)
def test_where_a_secret_that_is_away_leads_nobody_can_say(
    tmp_path: Path, items: Callable[[], Objects]
) -> None:
    with pytest.raises(SetupError, match="Nothing here tells where Open WebUI is led") as caught:
        Read(written(tmp_path, items()))
    assert "Secret ai/env" in str(caught.value)


def test_a_variable_that_is_away_leads_nobody_knows_where(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="Nothing here tells where Open WebUI is led"):
        Read(project(tmp_path, "http://${GATEWAY_HOST:?}:4000/v1", {}, {}))


def test_a_second_connection_that_is_away_leaves_the_first_one(tmp_path: Path) -> None:
    other = {"valueFrom": {"secretKeyRef": {"name": "env", "key": "url"}}}
    urls = "http://litellm:4000/v1;$(OTHER)"
    Read(written(tmp_path, told(objects(), OTHER=other, OPENAI_API_BASE_URLS=urls)))


def test_a_prefix_stands_before_the_keys_of_a_secret(tmp_path: Path) -> None:
    items = from_a_secret(objects(), prefix="OPENAI_API_")
    container = pod_of(named(items, "Deployment", "open-webui"))["containers"][0]
    container["env"] = [{"name": "OPENAI_API_BASE_URL", "value": "http://litellm:4000/v1"}]
    read = Read(written(tmp_path, items))
    assert "made up (KEY)" in read.said
    assert "OPENAI_API_KEY" in read.pod(OPEN_WEBUI).environment


def test_a_made_up_address_is_one(tmp_path: Path) -> None:
    items = objects()
    named(items, "ConfigMap", "c")["data"]["config.yaml"] = (
        "model_list:\n  - model_name: gpt\n    litellm_params: {model: azure/gpt-4o, "
        "api_base: os.environ/WHERE, api_version: os.environ/AZURE_API_VERSION}\n"
    )
    pod_of(named(items, "Deployment", "litellm"))["containers"][0]["envFrom"] = [
        {"secretRef": {"name": "azure"}}
    ]
    read = Read(written(tmp_path, items))
    environment = read.pod(LITELLM).environment
    assert text_of(environment, "WHERE").startswith("https://made-up-")
    assert text_of(environment, "AZURE_API_VERSION") == "2024-10-21"
    offers = offers_of(read.manifests, read.plans)
    assert [each.models for each in offers if each.dialect == "azure"] == [("gpt-4o",)]


def test_a_secret_beside_the_configuration_may_be_away(tmp_path: Path) -> None:
    items = objects()
    pod = pod_of(named(items, "Deployment", "litellm"))
    sources = [{"configMap": {"name": "c"}}, {"secret": {"name": "keys"}}]
    pod["volumes"] = [{"name": "c", "projected": {"sources": sources}}]
    pod["containers"][0]["volumeMounts"] = [{"name": "c", "mountPath": "/app"}]
    assert Read(written(tmp_path, items)).pod(LITELLM).configuration == "/app/config.yaml"


# Compose


PROXY = {
    "image": "ghcr.io/berriai/litellm:main",
    "command": ["--config", "/app/config.yaml"],
    "volumes": ["./config.yaml:/app/config.yaml"],
    "environment": {"LITELLM_MASTER_KEY": "sk-1"},
    "ports": ["4000:4000"],
}
CHAT = {"image": "ghcr.io/open-webui/open-webui:main"}


def project(
    folder: Path, url: str, proxy: Mapping[str, Any], chat: Mapping[str, Any], **more: object
) -> Path:
    """A project whose gateway is called otherwise than Open WebUI calls it."""
    environment = {"OPENAI_API_BASE_URL": url, "OPENAI_API_KEY": "sk-1"}
    vpn = {"image": "example/vpn"}
    services = {
        "vpn": vpn,
        "proxy": {**PROXY, **proxy},
        "chat": {**CHAT, "environment": environment, **chat},
    }
    return files(
        folder,
        {
            "compose.yaml": yaml.safe_dump({"services": services, **more}),
            "config.yaml": CONFIGURATION,
        },
    )


def files(folder: Path, texts: Mapping[str, str]) -> Path:
    given = folder / "given"
    for name, text in texts.items():
        (given / name).parent.mkdir(parents=True, exist_ok=True)
        (given / name).write_text(text)
    return given


NAMES: Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]] = {
    "a network of two": (
        "http://localhost:4000/v1",
        {"network_mode": "service:vpn"},
        {"network_mode": "service:vpn"},
    ),
    "the host's name": ("http://litellm:4000/v1", {"hostname": "litellm"}, {}),
    "a link": ("http://litellm:4000/v1", {}, {"links": ["proxy:litellm"]}),
    "a task of Swarm": ("http://tasks.proxy:4000/v1", {"deploy": {"replicas": 1}}, {}),
    "a line of hosts": (
        "http://llm.home.example:4000/v1",
        {},
        {"extra_hosts": ["llm.home.example:host-gateway"]},
    ),
    "a line of hosts, short": (
        "http://llm:4000/v1",
        {},
        {"extra_hosts": {"llm": "172.17.0.1"}},
    ),
    "an address of its own": (
        "http://172.28.0.10:4000/v1",
        {"networks": {"default": {"ipv4_address": "172.28.0.10"}}},
        {},
    ),
    "the machine, as Docker sees it": ("http://172.17.0.1:4000/v1", {}, {}),
    "the machine, as others see it": ("http://192.168.1.20:4000/v1", {}, {}),
}


@pytest.mark.parametrize(("url", "proxy", "chat"), NAMES.values(), ids=NAMES)
def test_a_name_that_docker_knows_leads_to_its_container(
    tmp_path: Path, url: str, proxy: Mapping[str, Any], chat: Mapping[str, Any]
) -> None:
    read = Read(project(tmp_path, url, proxy, chat))
    assert "LiteLLM" in read.leads
    assert read.routed(tmp_path)
    assert ("is taken for this machine" in read.said) is ("192.168" in url)


UNKNOWN_NAMES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "another's link": ("http://litellm:4000/v1", {}),
    "another machine's": (
        "http://llm.home.example:4000/v1",
        {"extra_hosts": ["llm.home.example:192.168.1.9"]},
    ),
    "a port that nobody publishes": ("http://192.168.1.20:4001/v1", {}),
    "the internet's": ("http://8.8.8.8:4000/v1", {}),
}


@pytest.mark.parametrize(("url", "chat"), UNKNOWN_NAMES.values(), ids=UNKNOWN_NAMES)
def test_a_name_that_it_does_not_know_does_not(
    tmp_path: Path, url: str, chat: Mapping[str, Any]
) -> None:
    given = project(tmp_path, url, {}, chat)
    compose = yaml.safe_load((given / "compose.yaml").read_text())
    compose["services"]["other"] = {"image": "example/other", "links": ["proxy:litellm"]}
    (given / "compose.yaml").write_text(yaml.safe_dump(compose))
    read = Read(given)
    assert not read.routed(tmp_path)
    assert ("where llm.home.example leads is not honoured" in read.said) is bool(chat)


def test_a_file_that_only_includes_is_one_project_with_the_variables_of_each(
    tmp_path: Path,
) -> None:
    chat = {
        **CHAT,
        "environment": {
            "OPENAI_API_BASE_URL": "http://proxy:4000/v1",
            "OPENAI_API_KEY": "${KEY}",
            "OTHER": "${OTHER}",
        },
    }
    given = files(
        tmp_path,
        {
            "compose.yaml": "include:\n- proxy/compose.yaml\n"
            "- {path: [chat/compose.yaml, chat/more.yaml], env_file: chat/own.env}\n",
            "proxy/compose.yaml": yaml.safe_dump({"services": {"proxy": PROXY}}),
            "proxy/config.yaml": CONFIGURATION,
            "proxy/.env": "OTHER=of the proxy\n",
            "chat/compose.yaml": yaml.safe_dump({"services": {"chat": chat}}),
            "chat/more.yaml": "services: {chat: {environment: {MORE: yes}}}\n",
            "chat/own.env": "KEY=sk-1\n",
        },
    )
    read = Read(given)
    assert read.leads == ["LiteLLM"]
    assert read.routed(tmp_path)
    environment = read.pod(OPEN_WEBUI).environment
    assert [text_of(environment, name) for name in ("OPENAI_API_KEY", "OTHER", "MORE")] == [
        "sk-1",
        "of the proxy",
        "true",
    ]
    assert "compose.yaml: judged as Docker Compose would start it" in read.said


DOCKERFILE = """# syntax=docker/dockerfile:1
ARG TAG=main
FROM golang:1 AS tool
RUN go build
FROM ghcr.io/berriai/litellm:${TAG} AS base
ENV LITELLM_MASTER_KEY=sk-1 \\
    # why
    LITELLM_LOG="INFO"
WORKDIR /srv
FROM base
COPY --from=tool /x /y
COPY --chown=1000:1000 conf/config.yaml conf/other.yaml ./llm/
ENTRYPOINT ["litellm"]
CMD ["--config", "llm/config.yaml"]
"""


@pytest.mark.parametrize(
    ("build", "texts"),
    [
        ("./proxy", {"proxy/Dockerfile": DOCKERFILE, "proxy/conf/config.yaml": CONFIGURATION}),
        (
            {"context": "proxy", "dockerfile": "a.Dockerfile"},
            {"proxy/a.Dockerfile": DOCKERFILE, "proxy/conf/config.yaml": CONFIGURATION},
        ),
        (
            {
                "dockerfile_inline": "FROM ghcr.io/berriai/litellm:main\n"
                "ENV LITELLM_MASTER_KEY sk-1\nCOPY conf /srv/llm\n"
                "CMD litellm --config /srv/llm/config.yaml\n"
            },
            {"conf/config.yaml": CONFIGURATION},
        ),
    ],
)
def test_what_a_dockerfile_adds_is_there(
    tmp_path: Path, build: object, texts: Mapping[str, str]
) -> None:
    environment = {"OPENAI_API_BASE_URL": "http://proxy:4000/v1"}
    services = {"proxy": {"build": build}, "chat": {**CHAT, "environment": environment}}
    compose = yaml.safe_dump({"services": services})
    read = Read(files(tmp_path, {"compose.yaml": compose, **texts}))
    gateway = read.pod(LITELLM)
    assert gateway.configuration == "/srv/llm/config.yaml"
    assert gateway.mounted["/srv/llm/config.yaml"] == CONFIGURATION
    assert text_of(gateway.environment, "LITELLM_MASTER_KEY") == "sk-1"
    assert "service proxy is built: ghcr.io/berriai/litellm:" in read.said


def test_what_compose_says_stands_over_a_dockerfile(tmp_path: Path) -> None:
    proxy = {
        "build": ".",
        "command": ["--config", "/own.yaml"],
        "volumes": ["./own.yaml:/own.yaml", "./own.yaml:/srv/llm/config.yaml"],
        "environment": {"LITELLM_MASTER_KEY": "sk-2"},
    }
    texts = {"Dockerfile": DOCKERFILE, "own.yaml": "model_list: []\n"}
    compose = yaml.safe_dump({"services": {"proxy": proxy}})
    manifests = Manifests.load(
        files(tmp_path, {"compose.yaml": compose, "conf/config.yaml": CONFIGURATION, **texts})
    )
    [gateway] = plan_pods(manifests)
    assert gateway.configuration == "/own.yaml"
    assert gateway.mounted["/srv/llm/config.yaml"] == "model_list: []\n"
    assert text_of(gateway.environment, "LITELLM_MASTER_KEY") == "sk-2"


def test_the_key_of_litellm_s_manual_is_not_taken_from_an_example(tmp_path: Path) -> None:
    proxy = {"environment": {"LITELLM_MASTER_KEY": "${LITELLM_MASTER_KEY}"}}
    given = project(tmp_path, "http://proxy:4000/v1", proxy, {})
    (given / ".env.example").write_text("LITELLM_MASTER_KEY=sk-1234\nOTHER=1\n")
    read = Read(given)
    assert text_of(read.pod(LITELLM).environment, "LITELLM_MASTER_KEY") not in ("", "sk-1234")


def test_a_secret_that_a_shell_reads_is_the_key_of_both(tmp_path: Path) -> None:
    proxy = {
        **PROXY,
        "environment": {},
        "entrypoint": ["sh", "-c"],
        "command": ["export LITELLM_MASTER_KEY=$$(cat /run/secrets/key)\nexec litellm --config /c"],
        "volumes": ["./config.yaml:/c"],
        "secrets": ["key"],
    }
    chat = {
        **CHAT,
        "environment": {"OPENAI_API_BASE_URL": "http://proxy:4000/v1"},
        "entrypoint": "bash -c 'OPENAI_API_KEY=$$(cat /run/secrets/key) exec bash start.sh'",
        "secrets": ["key"],
    }
    compose = {
        "services": {"proxy": proxy, "chat": chat},
        "secrets": {"key": {"file": "./key.txt"}},
    }
    texts = {"compose.yaml": yaml.safe_dump(compose), "config.yaml": CONFIGURATION}
    for given in (
        files(tmp_path / "away", texts),
        files(tmp_path / "there", {**texts, "key.txt": "sk-1\n"}),
    ):
        read = Read(given)
        gateway = ServiceName(namespace="compose", name="proxy", port=4000)
        key = master_key_behind(gateway, read.manifests)
        assert key
        assert key == read.pod(OPEN_WEBUI).environment["OPENAI_API_KEY"].value
