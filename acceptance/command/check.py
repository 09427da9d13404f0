"""Judge manifests, a cluster as it stands, or what an address shows; no path: the story's own."""

import pytest

from acceptance.command.arguments import Arguments
from acceptance.command.judging import judge
from acceptance.plugin.contract import DECLARED, OTHERWISE
from acceptance.shipped import COMMAND

_MORE = f"""\
examples:
  {COMMAND} check my-manifests                  {COMMAND} check --context=home
  kustomize build overlays/home | {COMMAND} check -
  {COMMAND} check --url=https://chat.example     (ACCEPTANCE_ACCOUNT_PASSWORD is a variable)

Manifests are judged by what they declare themselves, unless a contract is named (draft writes one).
Each option has a variable: --contract is ACCEPTANCE_CONTRACT. All others, and pytest's own:
{COMMAND} check --options. Reports are in reports/; exit codes 0 accepted, 1 not accepted,
98 incomplete, 99 not judged."""


class _ByTheirOwnWord:
    """Lets manifests be judged by what they declare, unless somebody names a contract."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Before the contract is read."""
        config.stash[OTHERWISE] = DECLARED


def main(arguments: list[str]) -> int:
    """Exit code: the verdict's."""
    path = ""
    if arguments and (arguments[0] == "-" or not arguments[0].startswith("-")):
        path, *arguments = arguments
    parser = Arguments("check", __doc__, usage="[PATH | -] [OPTION …]", more=_MORE)
    cluster = parser.add_argument_group("instead of a path")
    cluster.add_argument("--context", help="judge the cluster of this context, as it stands")
    cluster.add_argument("--url", help="judge what the Open WebUI at this address shows")
    common = parser.add_argument_group("options (others are handed to pytest)")
    common.add_argument("--contract", help="folder of feature files and a profile: what is asked")
    common.add_argument("--waivers", help="file of known flaws that are accepted for a time")
    common.add_argument("--hands", help="who plays the user: auto, api, browser or both")
    common.add_argument("--plan", action="store_true", help="say what would be asked; ask nothing")
    common.add_argument("--budget", metavar="TOKENS", help="ask no more than this takes")
    common.add_argument("--quick", action="store_true", help="local models once; no sign-off")
    common.add_argument("-m", dest="marks", metavar="MARK", help="a part of the story: -m AC2")
    common.add_argument("--json", action="store_true", help="one JSON object; words go to stderr")
    common.add_argument("--options", action="store_true", help="list every option")
    given, rest = parser.parse_known_args(arguments)
    if given.options:
        return judge(["--help"])
    if rest and not rest[0].startswith("-"):
        parser.error(f"{rest[0]}: the path comes first")
    if (path != "") + bool(given.context) + bool(given.url) > 1:
        parser.error("more than one of a path, --context and --url")
    wanted = {
        "target": "live" if given.context else "url" if given.url else "",
        "manifests": path,
        "context": given.context,
        "open-webui-url": given.url,
        "contract": given.contract,
        "waivers": given.waivers,
        "hands": given.hands,
        "budget": given.budget,
    }
    options = [f"--{name}={value}" for name, value in wanted.items() if value]
    options += [f"--{name}" for name in ("plan", "quick") if getattr(given, name)]
    marks = ["-m", given.marks] if given.marks else []
    plugins = [_ByTheirOwnWord()] if path else []
    return judge([*options, *marks, *rest], as_json=given.json, plugins=plugins)
