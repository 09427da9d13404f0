"""What a shell offers behind the command when the tabulator is pressed."""

from collections.abc import Iterable
from dataclasses import fields

from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.plugin.settings import Settings, option
from acceptance.shipped import COMMAND

_BASH = """\
_{name}() {{
  local words='{options}'
  [ "$COMP_CWORD" = 1 ] && words='{subcommands}'
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _{name} {name}
"""
_SCRIPTS = {
    "bash": _BASH,
    "zsh": f"autoload -Uz bashcompinit && bashcompinit\n{_BASH}",
    "fish": "complete -c {name} -n __fish_use_subcommand -f -a '{subcommands}'\n"
    "complete -c {name} -n 'not __fish_use_subcommand' -a '{options}'\n",
}
_BESIDE = (
    *("--help", "--url", "--json", "--plan", "--options", "--base", "--render"),
    *("--from", "--to", "--and-back", "--bisect", "--without-contract"),
    *("--install", "--results", "--out", "--history", "--signers", "--key"),
)
"""Options that are no settings."""
_HELP = f"""\
usage: {COMMAND} completion bash|zsh|fish

Print what lets a shell complete subcommands and options:

  bash   eval "$({COMMAND} completion bash)"     in ~/.bashrc
  zsh    eval "$({COMMAND} completion zsh)"      in ~/.zshrc
  fish   {COMMAND} completion fish | source      in ~/.config/fish/config.fish
"""


def completion(arguments: list[str], subcommands: Iterable[str]) -> str:
    """The script for a shell, or how it is used.

    Raises:
        SetupError: it is for none of those that are known.
    """
    if arguments in (["--help"], ["-h"]):
        return _HELP
    if len(arguments) != 1 or arguments[0] not in _SCRIPTS:
        raise SetupError(
            explain(
                "There is no such completion.",
                expected=" or ".join(_SCRIPTS),
                found=" ".join(arguments) or "nothing",
                where=f"{COMMAND} completion",
                fix=f"{COMMAND} completion --help",
            )
        )
    options = " ".join([*filter(None, map(option, fields(Settings))), *_BESIDE])
    return _SCRIPTS[arguments[0]].format(
        name=COMMAND, subcommands=" ".join([*subcommands, "completion"]), options=options
    )
