"""How each target is made of the settings."""

import os
import shlex
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from acceptance.budget import Price
from acceptance.contract.values import Contract
from acceptance.errors import SetupError
from acceptance.masking import Redactor
from acceptance.message import explain
from acceptance.plugin.settings import Settings, chosen_versions
from acceptance.resources import ServiceName
from acceptance.shipped import COMMAND, IN_CHECKOUT, JUDGE, require_extra, told_as
from acceptance.target import Account, Outages, Target
from acceptance.waiting import Progress

if TYPE_CHECKING:
    from acceptance.kubernetes.api import Api
    from acceptance.lab.embedded.manifests import Manifests

ASK = "ask"
_LAB = "lab ARGS='--manifests DIR'"
_TERMINAL = Path(os.ctermid())
"""Of the person who runs this; pytest has taken its standard input away."""


def _embedded(
    settings: Settings, contract: Contract, say: Progress, mask: Redactor, closing: ExitStack
) -> Target:
    """The manifests, as local processes."""
    require_extra("The lab")
    # Only the target that is used costs its imports.
    from acceptance.lab.embedded.lab import EmbeddedLab, programs_for  # noqa: PLC0415
    from acceptance.lab.embedded.running import RunningLab  # noqa: PLC0415, TC001  # only here
    from acceptance.lab.embedded.running_labs import attached, attached_to  # noqa: PLC0415
    from acceptance.lab.embedded.target import embedded_target  # noqa: PLC0415
    from acceptance.lab.embedded.upstreams import configured  # noqa: PLC0415

    cache = cache_folder(settings)
    if settings.reuse:
        if settings.manifests:
            raise SetupError(_two_labs(settings.manifests))
        found = attached_to(Path(settings.lab)) if settings.lab else attached(cache, say)
        lab: RunningLab = closing.enter_context(found)
    else:
        manifests = _brought(settings, mask)
        manifests = manifests.with_notes(of_others(configured(manifests), contract))
        versions = chosen_versions(settings)
        programs = programs_for(manifests, versions=versions, cache=cache, say=say)
        lab = closing.enter_context(EmbeddedLab(manifests, programs, say=say))
    for secret in lab.manifests.secrets():
        mask.add(secret)
    open_webui, gateway = services(settings, contract)
    target = embedded_target(
        lab,
        open_webui=open_webui,
        gateway=gateway,
        gateway_key=settings.gateway_key or None,
        names=contract.providers,
    )
    if target.gateway_key:
        mask.add(target.gateway_key)  # it may stand in LiteLLM's configuration, and in no Secret
    return target


def prices_in_lab(settings: Settings, mask: Redactor) -> Mapping[str, Price]:
    """What the models of the manifests cost, by LiteLLM's own table; nothing is started."""
    require_extra("The lab")
    from acceptance.lab.embedded.upstreams import prices_in  # noqa: PLC0415  # as above
    from acceptance.lab.environments import cost_table  # noqa: PLC0415  # likewise

    return prices_in(_brought(settings, mask), cost_table(cache_folder(settings)))


def _brought(settings: Settings, mask: Redactor) -> "Manifests":
    """The manifests to start, what is kept out of git made up, and their secrets masked."""
    from acceptance.lab.embedded.manifests import Manifests, places  # noqa: PLC0415  # as above
    from acceptance.lab.embedded.placeholders import completed  # noqa: PLC0415  # likewise

    manifests = Manifests.load(*places(settings.manifests))
    manifests = completed(manifests.trusted() if settings.allow_code else manifests)
    for secret in manifests.secrets():
        mask.add(secret)
    return manifests


def of_others(served: Collection[str], contract: Contract) -> tuple[str, ...]:
    """A remark where none of the contract's models is served: it is somebody else's."""
    if not served or not contract.offered or {*served} & {*contract.offered}:
        return ()
    said = "LiteLLM's configuration has none of the models that the contract asks for"
    return (f"{said}: to judge manifests by what they declare, add --contract=declared",)


def _two_labs(manifests: str) -> str:
    return explain(
        "It is not clear which lab to judge.",
        expected="either the lab that is up, or manifests to start one from",
        found=f"reuse, and manifests {manifests}",
        where="options, ACCEPTANCE_… variables or pyproject.toml",
        fix=f"leave one out; `{told_as('lab --manifests DIR', _LAB)}` starts a lab that stays up",
    )


def services(settings: Settings, contract: Contract) -> tuple[ServiceName, ServiceName]:
    """The Services of Open WebUI and of the gateway: the contract's, unless a setting names one."""
    return (
        settings.open_webui_service if settings.open_webui_service.name else contract.open_webui,
        settings.gateway_service if settings.gateway_service.name else contract.gateway,
    )


def named_services(settings: Settings, contract: Contract) -> tuple[ServiceName, ServiceName]:
    """The Services of both, on a cluster.

    Raises:
        SetupError: neither the contract nor a setting names them.
    """
    both = services(settings, contract)
    programs = ("Open WebUI", "LiteLLM")
    missing = [name for name, each in zip(programs, both, strict=True) if not each.name]
    if missing:
        raise SetupError(
            explain(
                "Which Services of the cluster are meant is not said.",
                expected="the Services of Open WebUI and of LiteLLM, each as namespace/name",
                found=f"neither a setting nor a contract names that of {' and '.join(missing)}",
                where="options, ACCEPTANCE_… variables or pyproject.toml; the contract's profile",
                fix="--open-webui-service=NAMESPACE/NAME --gateway-service=NAMESPACE/NAME",
            )
        )
    return both


def _url(
    settings: Settings, contract: Contract, _say: Progress, _mask: Redactor, _closing: ExitStack
) -> Target:
    """What two addresses can show."""
    if not settings.open_webui_url:
        raise SetupError(
            explain(
                "The target url has no address to judge.",
                expected="open_webui_url, and gateway_url where LiteLLM can be asked directly",
                found="no open_webui_url",
                where="--open-webui-url, ACCEPTANCE_OPEN_WEBUI_URL or pyproject.toml",
                fix=f"{JUDGE} --target url --open-webui-url http://… --gateway-url http://…",
            )
        )
    open_webui, gateway = services(settings, contract)
    return Target(
        name="url",
        open_webui=settings.open_webui_url,
        gateway=settings.gateway_url or None,
        administrator=_administrator(settings),
        user=_user(settings),
        gateway_key=settings.gateway_key or None,
        open_webui_service=open_webui,
        gateway_service=gateway,
    )


def _kind(
    settings: Settings, contract: Contract, say: Progress, mask: Redactor, closing: ExitStack
) -> Target:
    """The manifests, on a kind cluster of their own."""
    require_extra("The lab")
    from acceptance.kubernetes.connection import connect  # noqa: PLC0415  # only here
    from acceptance.lab.cluster.kind import kind_cluster  # noqa: PLC0415  # likewise
    from acceptance.lab.cluster.lab import cluster_lab  # noqa: PLC0415  # likewise

    open_webui, gateway = named_services(settings, contract)
    manifests = _brought(settings, mask)
    kubeconfig = closing.enter_context(
        kind_cluster(cache=cache_folder(settings), keep=settings.keep, say=say)
    )
    api = connect(kubeconfig=str(kubeconfig), context="", say=say)
    closing.callback(api.close)
    lab = closing.enter_context(cluster_lab(api, say=say))
    lab.apply(manifests)
    return lab.target("kind", open_webui=open_webui, gateway=gateway, names=contract.providers)


def _live(
    settings: Settings, contract: Contract, say: Progress, _mask: Redactor, closing: ExitStack
) -> Target:
    """Somebody's cluster: who judges, which it is, what may be taken away, and what is there."""
    from acceptance.kubernetes.connection import connect  # noqa: PLC0415  # only here
    from acceptance.kubernetes.target import live_target  # noqa: PLC0415  # likewise

    open_webui, gateway = named_services(settings, contract)
    administrator, user = _administrator(settings), _user(settings)
    api = connect(kubeconfig=settings.kubeconfig, context=settings.context, say=say)
    closing.callback(api.close)
    outages = _allowed_drills(api, settings, contract, say, closing)
    return live_target(
        api,
        name="live",
        open_webui=open_webui,
        gateway=gateway,
        administrator=administrator,
        user=user,
        gateway_key=settings.gateway_key or None,
        open_webui_container=settings.open_webui_container,
        gateway_container=settings.gateway_container,
        open_webui_url=settings.open_webui_url,
        gateway_url=settings.gateway_url,
        outages=outages,
        say=say,
        closing=closing,
    )


def _allowed_drills(
    api: "Api", settings: Settings, contract: Contract, say: Progress, closing: ExitStack
) -> Outages | None:
    """What may be taken away, by consent; None where nothing may."""
    from acceptance.kubernetes.drills import about, drills, name_for_drill  # noqa: PLC0415  # likewise

    allowed_on = settings.drill
    if allowed_on == ASK:
        allowed_on = consent(ASK, name_for_drill(api), about(api))
    return drills(
        api,
        contract.backends,
        allowed_on=allowed_on,
        notes=drill_notes(settings),
        restore_by=restore_command(settings, api.context),
        say=say,
        closing=closing,
    )


def consent(drill: str, name: str, about: str = "") -> str:
    """The setting `drill`, asked for on the terminal where it says so.

    Args:
        drill: the setting.
        name: what is to be typed: the context's, and more where many clusters are called so.
        about: what the cluster is; empty: its name.

    Raises:
        SetupError: it is to be asked for, and nobody is there, or the answer is another.
    """
    if drill != ASK:
        return drill
    question = f"\nA drill takes backends of {about or name} away. Its name, to allow that: "
    try:
        with (
            _TERMINAL.open("w", encoding="utf-8") as out,
            _TERMINAL.open(encoding="utf-8") as typed,
        ):
            out.write(question)
            out.flush()
            answer = typed.readline().strip()
    except OSError as error:
        raise SetupError(_not_allowed(name, f"no terminal to ask on: {error}")) from error
    if answer != name:
        raise SetupError(_not_allowed(name, f"typed: {answer or 'nothing'}"))
    return answer


def _not_allowed(name: str, found: str) -> str:
    return explain(
        "The drill was not allowed.",
        expected=f"the name of the context, {name}",
        found=found,
        where=f"--drill={ASK}",
        fix=f"--drill={name}, or leave --drill out to change nothing",
    )


def restore_command(settings: Settings, context: str) -> str:
    """What gives back what a run with these settings left away, typed anywhere, at any time."""
    from acceptance.kubernetes.connection import IN_CLUSTER, location_of  # noqa: PLC0415  # only here

    options = {
        "contract": settings.contract and str(Path(settings.contract).resolve()),
        "cache": settings.cache and str(Path(settings.cache).resolve()),
    }
    if context != IN_CLUSTER:
        files = [Path(each).expanduser() for each in location_of(settings.kubeconfig).split(":")]
        options["kubeconfig"] = ":".join(str(each.absolute()) for each in files)
    given = shlex.join(f"--{name}={value}" for name, value in options.items() if value)
    if not IN_CHECKOUT:
        return f"{COMMAND} restore {shlex.join([f'--context={context}'])} {given}".rstrip()
    arguments = f" ARGS={_for_make(given)}" if given else ""
    return f"make restore CONTEXT={_for_make(context)}{arguments}"


def _for_make(text: str) -> str:
    return shlex.quote(text.replace("$", "$$"))


def drill_notes(settings: Settings) -> Path:
    """The folder in which drills write down what is away."""
    return cache_folder(settings) / "drills"


def cache_folder(settings: Settings) -> Path:
    """Where things are kept between runs."""
    from acceptance.lab import environments  # noqa: PLC0415  # listing scenarios needs no folder

    return Path(settings.cache) if settings.cache else environments.CACHE


def _administrator(settings: Settings) -> Account:
    return _account(
        "account",
        Account(
            email=settings.account_email,
            password=settings.account_password,
            token=settings.account_token,
            header=settings.trusted_header,
        ),
    )


def _user(settings: Settings) -> Account | None:
    user = _account(
        "user",
        Account(
            email=settings.user_email,
            password=settings.user_password,
            token=settings.user_token,
            header=settings.trusted_header,
        ),
    )
    return user if user.named else None


def _account(which: str, given: Account) -> Account:
    """One without e-mail signs in nowhere (`WEBUI_AUTH=false`); any other has a secret."""
    if given.email and not (given.password.reveal() or given.token.reveal() or given.header):
        raise SetupError(
            explain(
                f"There is no password for {given.email}.",
                expected=f"ACCEPTANCE_{which.upper()}_PASSWORD or ..._TOKEN",
                found="nothing",
                where="environment variables",
                fix=f"export ACCEPTANCE_{which.upper()}_PASSWORD; a password is never an option",
            )
        )
    return given


TARGETS: Mapping[str, Callable[[Settings, Contract, Progress, Redactor, ExitStack], Target]] = {
    "embedded": _embedded,
    "kind": _kind,
    "live": _live,
    "url": _url,
}
"""By the name that the settings give."""
