"""The container images that the lab can run, and what each stands for here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

OPEN_WEBUI_DATA = "/app/backend/data"


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """An image that runs as the real program, in a local process."""

    name: str
    """Name of its environment: `requirements/<name>.txt`."""
    title: str
    image: re.Pattern[str]
    command: tuple[str, ...]
    """What the image's own entry point comes down to."""
    arguments: tuple[str, ...] = ()
    """Used when the manifest gives none."""
    scripts: frozenset[str] = frozenset()
    """Other commands of its images that come down to the same."""
    application: str
    """What a server of its own is told to serve: `uvicorn APPLICATION`."""
    folder: str
    """The image's working directory."""
    port: int
    ready: str
    """Path that answers 200 once the program serves."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """As set by the image, and what a machine without network needs."""
    modules: tuple[str, ...] = ()
    """Its own modules that can be imported before a pod's settings are known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Emulated:
    """An image whose place is taken by an emulated provider."""

    provider: str
    """The lab's name for it."""
    dialect: str
    image: re.Pattern[str]
    port: int


def _image(name: str, *, of_others: bool = False) -> re.Pattern[str]:
    """An image of this name, by whatever registry, with words of its own behind it or without.

    Args:
        name: as a pattern.
        of_others: whether words may stand before it, as forks have them.
    """
    helpers = (
        "exporter|operator|metrics|migrat|backup|init|sync|web-?ui|helper|controller|pipeline"
        "|wait|prometheus"
    )
    before = rf"((?!{helpers})[a-z0-9]+[-_.])*" if of_others else ""
    return re.compile(rf"(^|/){before}{name}([-_.](?!{helpers})[a-z0-9]*)*(:|@|$)")


_OFFLINE = {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "true", "SCARF_NO_ANALYTICS": "true"}

LITELLM = Program(
    name="litellm",
    title="LiteLLM",
    image=_image("litellm", of_others=True),
    command=("litellm",),
    scripts=frozenset({"prod_entrypoint.sh", "entrypoint.sh"}),
    application="litellm.proxy.proxy_server:app",
    folder="/app",
    port=4000,
    ready="/health/readiness",
    environment={
        **_OFFLINE,
        # The two defaults of LiteLLM that ask the internet at start (1.106.2).
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MODE": "PRODUCTION",
    },
    modules=("litellm.proxy.proxy_server", "litellm.proxy.proxy_cli"),
)
OPEN_WEBUI = Program(
    name="open-webui",
    title="Open WebUI",
    image=_image("open-?webui", of_others=True),
    command=("open-webui", "serve"),
    scripts=frozenset({"start.sh"}),
    application="open_webui.main:app",
    folder="/app/backend",
    arguments=("--host", "0.0.0.0", "--port", "$(PORT)"),  # noqa: S104  # the pod's own network
    port=8080,
    ready="/health",
    environment={
        **_OFFLINE,
        # The switch of the image's own :slim variant, and where that image keeps its data.
        "USE_SLIM_DOCKER": "true",
        "DATA_DIR": OPEN_WEBUI_DATA,
        "PORT": "8080",
        "OFFLINE_MODE": "true",
        "RAG_EMBEDDING_ENGINE": "openai",
        "ENABLE_VERSION_UPDATE_CHECK": "false",
        # An administrator for manifests that bring none; it opens nothing outside of the lab.
        "WEBUI_ADMIN_EMAIL": "administrator@lab.example",
        "WEBUI_ADMIN_PASSWORD": "lab-administrator",
        # Before 0.7.0 it has to sign up, and may not where manifests close what is in use.
        "ENABLE_INITIAL_ADMIN_SIGNUP": "true",
    },
)
PROGRAMS = (LITELLM, OPEN_WEBUI)
EMULATED = (
    Emulated(provider="vllm", dialect="vllm", image=_image("vllm"), port=8000),
    Emulated(provider="ollama", dialect="ollama", image=_image("ollama"), port=11434),
)


_PLACEHOLDER = re.compile(r"\$\{?(\w+)[^}]*\}?")
"""An image that somebody puts in later: `${IMAGE_LITELLM}`."""
_OWN_NAMES = {
    **dict.fromkeys(("litellm", "litellm-proxy"), LITELLM),
    **dict.fromkeys(("open-webui", "openwebui"), OPEN_WEBUI),
}


def program_for(image: str) -> Program | Emulated | None:
    """What the lab runs for an image; None when it does not know it."""
    placeholder = _PLACEHOLDER.fullmatch(image)
    name = placeholder[1].lower() if placeholder else image
    return next((known for known in (*PROGRAMS, *EMULATED) if known.image.search(name)), None)


def program_named(container: str) -> Program | None:
    """The program after which people call a container, whatever its image is called."""
    return _OWN_NAMES.get(container)


_TAG = re.compile(
    r"(?:main-)?v?(?P<version>\d+\.\d+(?:\.\d+)?)"
    r"(?:-(?:slim|ollama|cuda\d*|stable|nightly))*(?P<more>.*)"
)
"""A tag that names a version: `0.11.4`, `v0.11.4-cuda126`, `main-v1.90.7-stable`."""


def version_named(image: str) -> str:
    """The version that an image's tag names; empty for a tag that moves, a digest, or no tag."""
    tag = _TAG.fullmatch(_tag(image))
    return tag["version"] if tag else ""


def other_than_named(image: str, ran: str) -> str:
    """What is to be said where the version that ran is not exactly what the image is."""
    tag, title = _TAG.fullmatch(_tag(image)), getattr(program_for(image), "title", "")
    if tag is None:
        moves = _tag(image) and "@" not in image
        how = "names no version, and may move" if moves else "names no version"
        return f"{image} {how}: {title} {ran} ran"
    if tag["version"] != ran:
        return f"{image} is {title} {tag['version']}: {ran} ran"
    return f"{image} is a build of its own: {title} {ran} of the package index ran" * bool(
        tag["more"]
    )


def _tag(image: str) -> str:
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]
