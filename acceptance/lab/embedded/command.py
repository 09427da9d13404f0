"""What a container's command and arguments come down to: a program's own command line, or nothing.

Nothing that a manifest says is executed but the two programs' own commands: they are read here for
what they set, as the images' entry points and a shell would read them, and started by the lab.
"""

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import dropwhile

from acceptance.lab.embedded.programs import LITELLM, Program
from acceptance.message import excerpt
from acceptance.resources import MOST_CHARACTERS, Environment, Manifest, expand

_SHELLS = {"sh", "bash", "ash", "dash", "zsh"}
_WRAPPERS = {"tini", "dumb-init", "exec", "env", "ddtrace-run", "opentelemetry-instrument"}
"""Commands that start the rest of their line."""
_PREPARATIONS = {
    *("echo", "printf", "sleep", "set", "true", ":", "ulimit", "umask", "mkdir", "chmod", "chown"),
    *("pip", "pip3", "uv", "apt-get", "apk", "prisma", "nc", "nslookup", "test", "[", "[["),
    *("until", "while", "do", "done", "wait-for-it", "wait-for-it.sh"),
}
"""Commands that may stand before a program's own and change nothing that the story asks."""
_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)", re.DOTALL)
_SHELL_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::?-(?P<default>[^}]*))?\}|(?P<plain>\w+))")
_PLAIN_VARIABLE = re.compile(r"\$(?P<plain>\w+)")
_ONE_STREAM = re.compile(r"\s[12]?>\s?(&[12]|/dev/std(out|err))(?=\s|$)")
_PUNCTUATION = "();<>|&\n"
_SEPARATES = re.compile(r"&&|[;\n]+")
_JOINED = re.compile(r"&&|[;\n]+|[^;\n&]+|&")
"""What stands in punctuation that a shell's reader takes for one word: `)` and the line's end."""
_READ_FILE = re.compile(
    r"""\$\(\s*(?:cat\s+|<\s*)["']?(?P<path>[^\s"'()$]+)["']?\s*\)"""
    r"""|`\s*cat\s+(?P<quoted>[^\s`"'$]+)\s*`"""
)
""""$(cat FILE)", by which a shell takes a mounted Secret for a variable."""
_NOT_HONOURED = {
    "--log_config": "its file may name code",
    "--run_gunicorn": "uvicorn serves in the lab",
    "--run_hypercorn": "uvicorn serves in the lab",
    "--run_granian": "uvicorn serves in the lab",
    "--use_prisma_db_push": "there is no database",
    "--enforce_prisma_migration_check": "there is no database",
    "--iam_token_db_auth": "there is no database",
    "--azure_postgresql_auth": "there is no database",
    "--reload": "files do not change",
    "--save": "nothing is saved",
}
"""Options of LiteLLM (1.106.2) that mean nothing in the lab."""
_WITH_VALUE = {"--log_config"}


class RefusedCommandError(Exception):
    """It is no command of the program; says which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandLine:
    """A program's own command line."""

    words: tuple[str, ...]
    """The program, and its arguments."""
    folder: str
    """The pod's folder in which it is started."""
    variables: Mapping[str, str]
    """What the command sets for the program."""
    left_out: tuple[str, ...] = ()
    """What of the command is not done, for people."""

    def option(self, name: str) -> str:
        """The value of an option, `--name VALUE` or `--name=VALUE`; empty where it is not given."""
        words = [part for word in self.words for part in word.split("=", 1)]
        return dict(zip(words, [*words[1:], ""], strict=True)).get(name, "")

    def path(self, text: str) -> str:
        """A path of the pod, seen from the folder in which the program is started."""
        return posixpath.normpath(posixpath.join("/", self.folder, text))


def command_line(
    program: Program,
    container: Manifest,
    environment: Environment,
    files: Mapping[str, str],
) -> CommandLine:
    """The program's command line in this container.

    Args:
        program: the one that it may start.
        container: the container of a pod spec.
        environment: its variables.
        files: text of each file that it mounts, by its path.

    Raises:
        RefusedCommandError: the container starts something else.
    """
    given = [expand(word, environment) for word in container.get("command") or ()]
    arguments = [expand(word, environment) for word in container.get("args") or ()]
    line = given + arguments
    if not given and (not arguments or arguments[0].startswith("-")):
        default = [expand(word, environment) for word in program.arguments]
        line = [*program.command, *(arguments or default)]
    known = {name: variable.value.reveal() for name, variable in environment.items()}
    reader = _Reader(program, known, files, container.get("workingDir") or program.folder)
    _check_size(line)
    try:
        return reader.read(line)
    except RecursionError:
        raise RefusedCommandError("a command that starts itself again and again") from None


def _check_size(words: list[str]) -> None:
    if sum(map(len, words)) + len(words) > MOST_CHARACTERS:
        raise RefusedCommandError(f"a command of more than {MOST_CHARACTERS} characters")


class _Reader:
    """Reads one command line, and notes what is set and left out on the way."""

    def __init__(
        self, program: Program, known: Mapping[str, str], files: Mapping[str, str], folder: str
    ) -> None:
        self._program = program
        self._known = dict(known)
        self._files = files
        self._folder = folder
        self._variables: dict[str, str] = {}
        self._left_out: list[str] = []

    def read(self, line: list[str]) -> CommandLine:
        arguments = self._arguments(line)
        if arguments is None:
            raise RefusedCommandError(excerpt(shlex.join(line)))
        arguments = list(self._honoured(arguments))
        return CommandLine(
            words=(*self._program.command, *arguments),
            folder=posixpath.normpath(posixpath.join("/", self._folder)),
            variables=self._variables,
            left_out=tuple(self._left_out),
        )

    def _arguments(self, line: list[str]) -> list[str] | None:
        """The program's arguments; None where the line starts something else."""
        line = self._assigned(line)
        if not line:
            return None
        name, rest = posixpath.basename(line[0]), line[1:]
        if name in _WRAPPERS:
            if name not in ("exec", "env"):
                self._left_out.append(f"{name} is left out")
            return self._arguments(list(dropwhile(lambda word: word.startswith("-"), rest)))
        if name == "uv" and rest[:1] == ["run"]:
            return self._arguments(list(dropwhile(lambda word: word.startswith("-"), rest[1:])))
        if name in _SHELLS:
            return self._of_shell(rest)
        if re.fullmatch(r"python(3(\.\d+)?)?", name):
            return self._of_python(rest)
        return self._of_program(name, rest)

    def _assigned(self, line: list[str]) -> list[str]:
        """The line behind `NAME=value` words and `export`, which are noted."""
        exported = line[:1] == ["export"]
        line = line[1:] if exported else line
        while line and (match := _ASSIGNMENT.fullmatch(line[0])):
            name, value = match["name"], match["value"]
            line = line[1:]
            if value.endswith("$") and line[:1] == ["("]:
                line = list(dropwhile(lambda word: word != ")", line))[1:]
            elif "$(" not in value and "`" not in value:
                self._known[name] = self._variables[name] = value
                continue
            self._left_out.append(f"{name} is not set: a command that is not run makes it")
        return [] if exported else line

    def _of_program(self, name: str, rest: list[str]) -> list[str] | None:
        own, *first = self._program.command
        if name in self._program.scripts:
            return rest or list(self._defaults())
        if name == own and rest[: len(first)] == first:
            return rest[len(first) :]
        if name == "uvicorn" and rest[:1] == [self._program.application]:
            return self._of_uvicorn(rest[1:])
        return None

    def _defaults(self) -> Iterator[str]:
        for word in self._program.arguments:
            yield re.sub(r"\$\((\w+)\)", lambda match: self._known.get(match[1], match[0]), word)

    def _of_uvicorn(self, rest: list[str]) -> list[str]:
        """Host and port, which both programs take by the same names."""
        kept: list[str] = []
        words = [part for word in rest for part in word.split("=", 1)]
        for option, value in zip(words, [*words[1:], ""], strict=True):
            if option in ("--host", "--port"):
                kept += [option, value]
            elif option.startswith("--"):
                self._left_out.append(f"{option} of uvicorn is left out")
        return kept

    def _of_python(self, rest: list[str]) -> list[str] | None:
        rest = list(dropwhile(lambda word: word in ("-u", "-B", "-O"), rest))
        if rest[:1] == ["-m"] and len(rest) > 1:
            module = rest[1]
            if module == "uvicorn":
                return self._of_program("uvicorn", rest[2:])
            own = {"litellm", "litellm.proxy.proxy_cli"} if self._program is LITELLM else set()
            return rest[2:] if module in own else None
        if rest and self._program is LITELLM and rest[0].endswith("litellm/proxy/proxy_cli.py"):
            return rest[1:]
        return None

    def _of_shell(self, rest: list[str]) -> list[str] | None:
        options = [word for word in rest if re.fullmatch(r"-[a-z]+|\+[a-z]+", word)]
        rest = rest[len(options) :]
        if not rest:
            return None
        if any(option.startswith("-") and "c" in option for option in options):
            return self._of_script(rest[0])
        return self._of_program(posixpath.basename(rest[0]), rest[1:])

    def _of_script(self, script: str) -> list[str] | None:
        """The program's arguments in a simple script; what only prepares is left out."""
        for command in _commands(_READ_FILE.sub(self._file, script)):
            words = [self._substituted(word) for word in command]
            name = posixpath.basename(words[0])
            if name == "cd" and len(words) == 2:  # noqa: PLR2004  # cd FOLDER
                self._folder = posixpath.join(self._folder, words[1])
                continue
            if (arguments := self._arguments(words)) is not None:
                own = [word for word in arguments if word in words]
                odd = (mark in word for word in own for mark in ("`", "$(", "$@"))
                joined = (set(word) <= set(_PUNCTUATION) for word in own)
                return None if any(odd) or any(joined) else arguments
            if words[0] == "export" or _ASSIGNMENT.fullmatch(words[0]):
                continue
            prepares = name in _PREPARATIONS or words[:3:2] == ["python", "pip"]
            if not prepares or any(mark in word for mark in "<>(|" for word in words[1:]):
                return None
            if name not in ("set", "true", ":"):
                self._left_out.append(f"`{' '.join(command)}` is not run")
        return None

    def _file(self, match: re.Match[str]) -> str:
        """A variable that stands for the text of a mounted file, as a shell would put it."""
        path = posixpath.normpath(
            posixpath.join("/", self._folder, match["path"] or match["quoted"])
        )
        if path not in self._files:
            return match[0]
        name = f"FILE_{re.sub('[^A-Za-z0-9]', '_', path)}"
        self._known[name] = self._files[path].rstrip("\n")
        return f"${{{name}}}"

    def _substituted(self, word: str) -> str:
        def braced(match: re.Match[str]) -> str:
            name = match["braced"] or match["plain"]
            return self._known.get(name) or match["default"] or ""

        def plain(match: re.Match[str]) -> str:
            return self._known.get(match["plain"], "")

        # behind the last `}` no brace is closed: looked for there, it would take its square
        first, closed, rest = word.rpartition("}")
        text = _SHELL_VARIABLE.sub(braced, first + closed) + _PLAIN_VARIABLE.sub(plain, rest)
        _check_size([text])
        return text

    def _honoured(self, arguments: list[str]) -> Iterator[str]:
        words = iter(arguments)
        for word in words:
            option, equals, value = word.partition("=")
            if option in _NOT_HONOURED:
                if option in _WITH_VALUE and not equals:
                    next(words, None)
                self._left_out.append(f"{option} is left out: {_NOT_HONOURED[option]}")
            elif option == "--num_workers":
                number = value if equals else next(words, "")
                if number != "1":
                    self._left_out.append(
                        f"of {number} workers one runs: each takes as much memory as the program"
                    )
            else:
                yield word


def _commands(script: str) -> Iterator[list[str]]:
    """The commands of a script, one after the other; punctuation that joins them otherwise stays.

    Raises:
        RefusedCommandError: it is no script.
    """
    script = _ONE_STREAM.sub("", script.replace("\\\n", " "))
    lexer = shlex.shlex(script, posix=True, punctuation_chars=_PUNCTUATION)
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    command: list[str] = []
    try:
        for token in (part for word in lexer for part in _parts(word)):
            if _SEPARATES.fullmatch(token):
                if command:
                    yield command
                command = []
            else:
                command.append(token)
    except ValueError as error:
        raise RefusedCommandError(f"a script that no shell reads: {error}") from error
    if command:
        yield command


def _parts(word: str) -> list[str]:
    return _JOINED.findall(word) if word and set(word) <= set(_PUNCTUATION) else [word]
