"""Scale back workloads that an aborted drill left at zero, and judge nothing."""

from acceptance.command.arguments import Arguments
from acceptance.command.judging import judge


def main(arguments: list[str]) -> int:
    """Exit code: 0 when nothing is away any more."""
    parser = Arguments("restore", __doc__, usage="[--context=NAME] [OPTION …]")
    parser.add_argument("--context", help="of the kubeconfig; may be left out where there is one")
    parser.add_argument("--kubeconfig", help="as kubectl finds it, where none is given")
    parser.add_argument("--contract", help="the folder by which the drill was run")
    parser.add_argument("--cache", help="the folder in which it was noted")
    given, rest = parser.parse_known_args(arguments)
    if rest and not rest[0].startswith("-"):
        parser.error(f"{rest[0]}: it takes options only")
    options = [f"--{name}={value}" for name, value in vars(given).items() if value]
    return judge(["--restore", *options, *rest])
