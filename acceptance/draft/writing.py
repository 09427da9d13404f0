"""A draft as files: the sentences that steps/ knows, in the order and the style of the story's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from acceptance.contract.profile import NAME
from acceptance.contract.values import Provider
from acceptance.draft.found import (
    ANSWERS,
    CHAINS,
    DOUBT,
    ENDPOINT,
    KEY,
    MEANT,
    SELECTOR,
    Found,
    substitute,
)
from acceptance.resources import ServiceName
from acceptance.target import Outage

_ENDPOINT, _SELECTOR, _ANSWERS, _CHAINS = (
    "endpoint_configuration",
    "model_listing",
    "model_switching",
    "fallback_chain",
)
_ROWS = {
    "endpoint": "the OpenAI API endpoint of Open WebUI is LiteLLM",
    "selector": "the models of LiteLLM are available in the model selector",
    "answers": "responses come from the selected model, and switching works",
    "fallback": "what is away is replaced as agreed, and nothing else is",
}
_HEAD = """\
# Drafted from what is {origin}.
# docs/contract.md explains each field; the sentences beside it say what was found. Lines that begin
# with `# ?` are for a person to decide.
"""
_SURE = (Outage.REFUSED, Outage.ERROR)
_FIRST_CHAIN = (Outage.REFUSED, Outage.ERROR, Outage.OTHER_MODEL, Outage.RATE_LIMITED)
"""The first chain meets every outage; the others follow the same rules of LiteLLM."""


def files_of(found: Found) -> Mapping[str, str]:
    """The text of each file of the contract, by its name."""
    writing = _Writing(found)
    files = {
        f"{_ENDPOINT}.feature": writing.endpoint(),
        f"{_SELECTOR}.feature": writing.selector(),
    }
    if found.models:
        files[f"{_ANSWERS}.feature"] = writing.answers()
    if found.chains or (found.parallel and found.parallel_stand_alone):
        files[f"{_CHAINS}.feature"] = writing.chains()
    texts = {name: "\n".join(lines) + "\n" for name, lines in files.items()}
    return {NAME: _profile(found, [*files], writing.left()), **texts}


def doubts_in(folder: Path) -> Iterator[str]:
    """What a person must decide, each with its file and line."""
    for file in sorted(folder.iterdir()):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip().startswith(f"# {DOUBT}"):
                yield f"{file.name}:{number}: {line.strip().removeprefix(f'# {DOUBT}')}"


class _Writing:
    def __init__(self, found: Found) -> None:
        self._found = found
        self._told = set[str]()

    def left(self) -> Iterator[str]:
        """Remarks on what stands in no feature."""
        for about in self._found.remarks:
            yield from self._remarks(about, "")

    def _remarks(self, about: str, indent: str) -> Iterator[str]:
        """What is to be said of this, once, above the first line that states it."""
        if about not in self._told:
            self._told.add(about)
            for text in self._found.remarks.get(about, ()):
                yield f"{indent}# {text}"

    def endpoint(self) -> list[str]:
        found = self._found
        return [
            f"# Drafted from what is {found.origin}. A line `# ?` is for a person to decide.",
            "Feature: Endpoint configuration",
            "",
            "  Open WebUI sends its model requests to LiteLLM, with the key that it is given.",
            "",
            "  @endpoint",
            "  Rule: The OpenAI API endpoint of Open WebUI points to LiteLLM",
            "",
            "    Background:",
            "      Given Open WebUI is deployed",
            "",
            *self._remarks(ENDPOINT, "    "),
            *self._address(),
            *self._remarks(KEY, "    "),
            *(self._deployed_key() if found.cluster and found.key else ()),
            *_scenario(
                "The gateway accepts the key in use",
                "Given Open WebUI is connected to the gateway",
                "When Open WebUI asks the gateway for its models",
                "Then the gateway accepts the key",
            ),
            *(self._asked_directly() if found.asked_directly else ()),
            *(self._programs() if found.cluster else ()),
            *_scenario(
                "Nothing else answers in the gateway's place",
                "Given Open WebUI is connected to the gateway",
                "When the model selector is opened",
                "Then no model of the story comes from elsewhere",
            ),
        ][:-1]

    def _address(self) -> Iterator[str]:
        found = self._found
        stated = f'"{found.endpoint}"' if found.endpoint and not found.cluster else "the gateway"
        if found.cluster:
            yield from _scenario(
                "The declared endpoint is LiteLLM",
                "When the deployed settings of Open WebUI are read",
                f'Then the declared endpoint is "{found.endpoint}"',
            )
        yield from _scenario(
            "The endpoint in use is LiteLLM",
            "When the connections in use are read",
            f"Then model requests go to {stated}",
        )
        if found.cluster:
            yield from _scenario(
                "Every replica uses LiteLLM",
                "When the connections in use are read from every replica",
                "Then each replica sends model requests to the gateway",
            )

    def _deployed_key(self) -> Iterator[str]:
        secret = self._found.key_secret
        source = [f'Then the declared key comes from the secret "{secret}"'] if secret else []
        yield from _scenario(
            "The key in use is the declared one",
            "When the deployed settings of Open WebUI are read",
            *source,
            f"{'And' if source else 'Then'} the key in use is the declared one",
        )
        yield from _scenario(
            "Open WebUI was restarted with its new settings",
            "When the running settings of Open WebUI are read",
            "Then they hold the declared key",
        )

    def _asked_directly(self) -> Iterator[str]:
        yield from _scenario(
            "The gateway refuses an invented key",
            "Given the gateway serves",
            "When somebody asks the gateway with an invented key",
            "Then the gateway refuses the key",
        )
        yield from _scenario(
            "Every replica of the gateway serves the same",
            "Given the gateway serves",
            "When models and chain are read from every replica of the gateway",
            "Then each replica tells the same",
            "And none of them runs a release that is known to be malicious",
        )

    def _programs(self) -> Iterator[str]:
        """What only a cluster shows of the programs that serve."""
        yield from _scenario(
            "The newest configuration of Open WebUI is the one that serves",
            "When the programs that serve Open WebUI are looked at",
            "Then each of them was started from the newest configuration",
            "And each of them declares the same endpoint",
        )
        yield from _scenario(
            "The newest configuration of the gateway is the one that serves",
            "When the programs that serve the gateway are looked at",
            "Then each of them was started from the newest configuration",
        )
        yield from _scenario(
            "The gateway is reached from inside Open WebUI",
            "When Open WebUI itself calls the endpoint in use",
            "Then LiteLLM answers the call",
        )

    def selector(self) -> list[str]:
        found = self._found
        asked = [name for name in found.offered if name in found.models]
        beside = [name for name in found.offered if name not in found.models]
        chained = [name for name in asked if name not in found.parallel]
        parallel = [name for name in asked if name in found.parallel]
        examples = [
            *self._models("Examples: the fallback chains", chained),
            *self._models("Examples: the parallel models", parallel),
            *self._models("Examples: offered, and not asked", beside),
        ]
        outline = [
            "    Scenario Outline: The model <model> is offered",
            "      When the model selector is opened",
            '      Then "<model>" is offered by way of the gateway',
            "",
            *examples,
        ]
        every_replica = _scenario(
            "Every replica offers the same models",
            "When the model selector is opened at every replica",
            "Then each replica offers every model of the story",
        )
        return [
            "Feature: Model listing",
            "",
            "  Every model that the gateway serves stands in the model selector of Open WebUI,",
            "  under its exact name and by way of the gateway.",
            "",
            "  @selector",
            "  Rule: All LiteLLM models are available in the model selector",
            "",
            "    Background:",
            "      Given Open WebUI is connected to the gateway",
            "",
            *self._remarks(SELECTOR, "    "),
            *(outline if found.offered else ()),
            *_scenario(
                "What the gateway serves is what is offered",
                "When the model selector is opened",
                "Then the gateway's connection offers exactly what the gateway serves",
            ),
            *(every_replica if found.cluster else ()),
            *_scenario(
                "An invented model is not offered",
                "When the model selector is opened",
                "Then an invented model is not offered",
            ),
            *_scenario(
                "An ordinary user is offered the same models",
                "When an ordinary user opens the model selector",
                "Then every model of the story is offered",
            ),
        ][:-1]

    def _models(self, title: str, names: Sequence[str]) -> Iterator[str]:
        if names:
            yield f"      {title}"
            yield from self._table(["model"], [[name] for name in names], 8)
            yield ""

    def _table(
        self, titles: Sequence[str], rows: Sequence[Sequence[str]], at: int
    ) -> Iterator[str]:
        """A table, above each row what is to be said of its model."""
        cells = [[_cell(each) for each in row] for row in (titles, *rows)]
        widths = [max(len(row[number]) for row in cells) for number in range(len(titles))]
        for row, plain in zip(cells, (titles, *rows), strict=True):
            for each in plain:
                if each in self._found.offered:
                    yield from self._remarks(each, " " * at)
            padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            yield f"{' ' * at}| {' | '.join(padded)} |"

    def answers(self) -> list[str]:
        found = self._found
        rows = [[name, model.provider.name] for name, model in found.models.items()]
        upstreams = _scenario(
            "Each model stands for an upstream of its own",
            "Given the gateway serves",
            "When the gateway's deployments are read",
            "Then each model of the story has an upstream of its own",
        )
        itself = found.asked_directly and found.refuses_unknown
        unknown = [
            "Given Open WebUI is connected to the gateway",
            "When a user asks an invented model a question",
            "Then the user is told that there is no such model",
            *(["And the gateway itself knows no such model"] if itself else []),
        ]
        return [
            "Feature: Model switching",
            "",
            "  A user who chooses a model is answered by that model, and one who changes it in the",
            "  middle of a conversation by the model chosen last.",
            "",
            "  @answers",
            "  Rule: Responses come from the selected model, and switching works seamlessly",
            "",
            *self._remarks(ANSWERS, "    "),
            "    Scenario Outline: The model <model> answers as itself",
            '      Given "<model>" is offered',
            '      When a user asks "<model>" a question',
            '      Then the answer comes from "<model>" at <provider>',
            "",
            "      Examples:",
            *self._table(["model", "provider"], rows, 8),
            "",
            *self._switching(),
            *(upstreams if found.asked_directly else ()),
            *_scenario("An invented model is refused", *unknown),
        ][:-1]

    def _switching(self) -> Iterator[str]:
        """From the first model to others, of other providers as far as there are such."""
        first, *others = self._found.models.values()
        by_provider = {each.provider.name: each.name for each in reversed(others)}
        by_provider.pop(first.provider.name, None)
        seconds = [name for name in self._found.models if name in by_provider.values()][:2]
        seconds = seconds or [each.name for each in others][:1]
        if not seconds:
            return
        yield from (
            "    Scenario Outline: A conversation goes from <first> to <second>",
            '      Given a conversation answered by "<first>"',
            '      When the user switches to "<second>" and asks again',
            '      Then the last answer comes from "<second>"',
            "      And the conversation keeps every turn with its model",
            "",
            "      Examples:",
            *self._table(["first", "second"], [[first.name, each] for each in seconds], 8),
            "",
        )
        yield from _scenario(
            "A conversation comes back to its first model",
            f'Given a conversation answered by "{first.name}"',
            f'And it went on with "{seconds[-1]}"',
            f'When the user switches to "{first.name}" and asks again',
            f'Then the last answer comes from "{first.name}"',
            "And the conversation keeps every turn with its model",
        )

    def chains(self) -> list[str]:
        found = self._found
        lines = [
            "Feature: Fallback chain",
            "",
            "  When a model of a chain is away the next one answers, the user sees no error, and",
            "  nobody mistakes the substitute for the model that was asked for.",
            "",
            *self._remarks(CHAINS, "  "),
        ]
        for chain in found.chains:
            lines += self._chain(chain, every_outage=chain == found.chains[0])
        if found.parallel and found.parallel_stand_alone:
            lines += self._parallel(found.parallel[0])
        return lines[:-1]

    def _chain(self, chain: tuple[str, ...], *, every_outage: bool) -> Iterator[str]:
        head, models = chain[0], self._found.models
        rows = [[str(number), name] for number, name in enumerate(chain, 1)]
        yield from (
            "  @fallback",
            f"  Rule: The chain of {head} is {', '.join(chain)}",
            "",
            f"    Scenario: The gateway holds the chain of {head}",
            "      Given the gateway serves",
            f'      When the chain of "{head}" is read from the gateway',
            "      Then the chain is",
            *self._table(["order", "model"], rows, 8),
            "",
        )
        if not set(chain) <= models.keys():
            left = ", ".join(dict.fromkeys(each for each in chain if each not in models))
            yield f"    # No drill: {left} is not asked, so nobody can say who answers."
            yield ""
            return
        mine = models[head].provider.name
        yield from _scenario(
            f"{head} answers without any fallback",
            "Given the gateway serves",
            f'When "{head}" is asked with fallbacks switched off',
            f'Then the answer comes from "{head}" at {mine}',
        )
        if not self._found.cluster:
            yield "    # No drill: two addresses are judged, and nothing is taken away there."
            yield ""
            return
        yield from _scenario(
            f"While {head} is well nobody else is asked",
            f'Given "{head}" is offered',
            f'And "{head}" answers by itself',
            f'When a user asks "{head}" a question',
            f"Then nobody but {mine} was asked for it",
        )
        yield from self._first_outage(chain, every_outage=every_outage)
        yield from self._later_outages(chain)
        yield from _scenario(
            f"{head} answers again when it is back",
            f'Given "{head}" is offered',
            f'And "{head}" answers by itself',
            f"And {mine} was away and is back",
            f'When a user asks "{head}" a question',
            f'Then the answer comes from "{head}" at {mine}',
            tag="@disruptive",
        )

    def _first_outage(self, chain: tuple[str, ...], *, every_outage: bool) -> Iterator[str]:
        head, models = chain[0], self._found.models
        mine = models[head].provider.name
        instead = substitute(chain, models, [mine])
        if not instead:
            return
        outages = [*(_FIRST_CHAIN if every_outage else _SURE)]
        slow = head not in self._found.hangs_are_noticed
        if every_outage and not slow:
            outages.append(Outage.HANGS)
        if every_outage and slow:
            text = f"LiteLLM waits so long for {head} that nobody replaces it when it hangs"
            yield f"    # {DOUBT}{text}{MEANT}"
        yield from (
            "    @disruptive",
            f"    Scenario Outline: {instead} answers for {head} when {mine} <outage>",
            f'      Given "{head}" is offered',
            f"      And {mine} <outage>",
            f'      When a user asks "{head}" a question',
            f'      Then the answer comes from "{instead}" at {models[instead].provider.name}',
            "      And the user sees no error",
            "",
            "      Examples:",
            *self._table(["outage"], [[str(each)] for each in outages], 8),
            "",
        )

    def _later_outages(self, chain: tuple[str, ...]) -> Iterator[str]:
        """One provider more away each time, until nobody is left."""
        head, models = chain[0], self._found.models
        away = [models[head].provider.name]
        while instead := substitute(chain, models, away):
            if len(away) > 1:
                yield from _scenario(
                    f"{instead} answers for {head} when {_and(away)} are away",
                    f'Given "{head}" is offered',
                    *_refused(away),
                    f'When a user asks "{head}" a question',
                    f'Then the answer comes from "{instead}" at {models[instead].provider.name}',
                    "And the user sees no error",
                    tag="@disruptive",
                )
            away.append(models[instead].provider.name)
        yield from _scenario(
            f"The user is told when the whole chain of {head} is away",
            f'Given "{head}" is offered',
            *_refused(away),
            f'When a user asks "{head}" a question',
            "Then the user gets an error and no answer",
            tag="@disruptive",
        )

    def _parallel(self, name: str) -> Iterator[str]:
        mine = self._found.models[name].provider.name
        yield from (
            "  @fallback",
            "  Rule: A model outside of the chains is never replaced",
            "",
        )
        yield from _scenario(
            "The parallel models are in no chain",
            "Given the gateway serves",
            "When the chains of the parallel models are read from the gateway",
            "Then each of them stands alone",
        )
        if not self._found.cluster:
            return
        yield from _scenario(
            "A parallel model is never replaced",
            f'Given "{name}" is offered',
            f'And "{name}" answers by itself',
            f"And {mine} answers with an error",
            f'When a user asks "{name}" a question',
            "Then the user gets an error and no answer",
            f"And nobody but {mine} was asked for it",
            tag="@disruptive",
        )


def _scenario(title: str, *steps: str, tag: str = "") -> list[str]:
    head = [f"    {tag}"] if tag else []
    return [*head, f"    Scenario: {title}", *(f"      {step}" for step in steps), ""]


def _refused(providers: Iterable[str]) -> Iterator[str]:
    return (f"And {each} {Outage.REFUSED}" for each in providers)


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")


def _profile(found: Found, features: Sequence[str], remarks: Iterable[str]) -> str:
    rows = {
        "endpoint": True,
        "selector": True,
        "answers": f"{_ANSWERS}.feature" in features,
        "fallback": f"{_CHAINS}.feature" in features,
    }
    providers = {each.name: _provider(each) for each in found.providers}
    upstreams = {name: each.upstream for name, each in found.models.items() if each.upstream}
    services = {"open_webui": _name(found.open_webui), "gateway": _name(found.gateway)}
    parts = [
        _HEAD.format(origin=found.origin),
        *(f"{each}\n" for each in remarks),
        _yaml({"title": found.title}),
        "\n# Services, namespace/name\n" if found.cluster else "",
        _yaml(services) if found.cluster else "",
        "\n# the files, in the order in which they are judged\n",
        _yaml({"features": [each.removesuffix(".feature") for each in features]}, flow=True),
        "\n# The rows of the verdict. A name is its tag in the feature files.\n",
        _yaml({"criteria": {name: _ROWS[name] for name, there in rows.items() if there}}),
        "\n# Who answers, by the name that the sentences use.\n" if providers else "",
        _yaml({"providers": providers}) if providers else "",
        "\n# The models' names at their providers.\n" if upstreams else "",
        _yaml({"upstreams": upstreams}) if upstreams else "",
    ]
    return "".join(parts)


def _provider(provider: Provider) -> Mapping[str, object]:
    """Its entry in a profile, where a Service brings its own host along."""
    if provider.service is None:
        return {"hosts": [*provider.hosts]}
    more = {"hosts": [*provider.hosts[1:]]} if provider.hosts[1:] else {}
    return {"service": _name(provider.service), **more}


def _name(service: ServiceName) -> str:
    return f"{service.namespace}/{service.name}"


def _yaml(value: Mapping[str, object], *, flow: bool = False) -> str:
    return yaml.safe_dump(
        value,
        sort_keys=False,
        allow_unicode=True,
        width=1000,
        default_flow_style=None if flow else False,
    )
