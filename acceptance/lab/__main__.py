"""Start the lab and leave it up; take its providers away, and give them back."""

import argparse
import sys
import threading
from pathlib import Path

from acceptance.contract.profile import NAME, read_profile
from acceptance.contract.reading import STORY, contract_in
from acceptance.errors import SetupError
from acceptance.lab.embedded.backends import EmulatedOutages
from acceptance.lab.embedded.lab import EmbeddedLab, programs_for
from acceptance.lab.embedded.manifests import DEFAULT, Manifests, places
from acceptance.lab.embedded.placeholders import completed
from acceptance.lab.embedded.running_labs import attached, published
from acceptance.lab.embedded.target import embedded_target
from acceptance.lab.environments import CACHE
from acceptance.lab.terminal import say, write
from acceptance.resources import ServiceName
from acceptance.shipped import COMMAND, IN_CHECKOUT, JUDGE
from acceptance.signals import sigterm_like_ctrl_c
from acceptance.target import Outage, Target
from acceptance.verdict import ExitCode

_LAB = "python -m acceptance.lab" if IN_CHECKOUT else f"{COMMAND} lab"
_OUTAGES = {outage.name.lower(): outage for outage in Outage}
_LOOK_SECONDS = 1.0
"""Between two looks at the programs, once all is up."""


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "away":
            _take_away(options.cache, options.provider, _OUTAGES[options.outage])
        elif options.command == "back":
            _give_back(options.cache)
        else:
            with sigterm_like_ctrl_c():
                _keep_up(options)
    except SetupError as error:
        write(str(error))
        return ExitCode.UNFIT
    except KeyboardInterrupt:
        write("\nThe lab has ended; nothing of it is left.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"{COMMAND} lab", description=__doc__)
    parser.add_argument(
        "--manifests",
        type=places,
        default=(DEFAULT,),
        help="folder or file to start, or several with commas",
    )
    parser.add_argument(
        "--allow-code",
        action="store_true",
        help="run code that the manifests bring for LiteLLM to import: it runs as you",
    )
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for what is built once")
    parser.add_argument("--contract", type=Path, default=STORY, help="whose Services are shown")
    for name in ("open-webui", "gateway"):
        parser.add_argument(
            f"--{name}-service", type=_service, help="namespace/name [the contract's]"
        )
    commands = parser.add_subparsers(dest="command", metavar="away | back")
    away = commands.add_parser("away", help="take a provider away from the lab that is up")
    away.add_argument("provider", help="as the lab lists them")
    away.add_argument("outage", choices=_OUTAGES, nargs="?", default=Outage.REFUSED.name.lower())
    commands.add_parser("back", help="give back all providers that were taken away")
    return parser


def _service(text: str) -> ServiceName:
    namespace, slash, name = text.partition("/")
    if not slash:
        raise argparse.ArgumentTypeError(f"expected namespace/name, found {text!r}")
    return ServiceName(namespace=namespace, name=name, port=0)


def _keep_up(options: argparse.Namespace) -> None:
    profile = read_profile(contract_in(options.contract) / NAME)
    manifests = Manifests.load(*options.manifests)
    manifests = completed(manifests.trusted() if options.allow_code else manifests)
    programs = programs_for(manifests, cache=options.cache, say=say)
    with EmbeddedLab(manifests, programs, say=say) as lab:
        target = embedded_target(
            lab,
            open_webui=options.open_webui_service or profile.open_webui,
            gateway=options.gateway_service or profile.gateway,
        )
        with published(lab, options.cache):
            write(_described(lab, target))
            _watch(lab)


def _described(lab: EmbeddedLab, target: Target) -> str:
    account = target.administrator
    password = account.password.reveal()  # made up by the manifests for this machine only
    providers = lab.providers.endpoints
    lines = [
        "",
        "The lab is up; Ctrl-C ends it.",
        "",
        f"  Open WebUI   {target.open_webui or target.open_webui_problem}",
        f"  sign in      {account.email} / {password}",
        f"  gateway      {target.gateway or target.gateway_problem}",
        "",
        *(f"  log          {pod.log_file}" for pod in lab.pods.values()),
        *(f"  note         {note}" for note in target.notes),
        "",
        f"  judge it                  {JUDGE} --reuse",
        f"  take a provider away      {_LAB} away {next(iter(providers))} hangs",
        f"                            ({', '.join(providers)}; {', '.join(_OUTAGES)})",
        f"  give all back             {_LAB} back",
        "",
    ]
    return "\n".join(lines)


def _watch(lab: EmbeddedLab) -> None:
    """Wait for Ctrl-C; say when a program ends by itself."""
    never = threading.Event()
    told = set[str]()
    while not never.wait(_LOOK_SECONDS):
        for key, pod in lab.pods.items():
            if pod.ended_by_itself and key not in told:
                told.add(key)
                write(f"{key} has ended by itself: see {pod.log_file}")


def _take_away(cache: Path, provider: str, outage: Outage) -> None:
    with attached(cache, say) as lab:
        if provider not in lab.providers.endpoints:
            known = ", ".join(lab.providers.endpoints)
            raise SetupError(f"The lab has no provider {provider!r}; it has {known}.")
        EmulatedOutages(lab.providers, {}).take_away(provider, outage)
    write(f"{provider} {outage} until `{_LAB} back`")


def _give_back(cache: Path) -> None:
    with attached(cache, say) as lab:
        EmulatedOutages(lab.providers, {}).restore()
    write("all providers are well")


if __name__ == "__main__":
    sys.exit(main())
