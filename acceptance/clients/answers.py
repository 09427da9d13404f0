"""Questions to models: each asked once a run, several providers at a time, one a provider."""

import secrets
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from threading import Semaphore
from typing import Any

from acceptance.checks.answering import limit_of_the_key
from acceptance.checks.proof import Answer
from acceptance.checks.refusals import refusal
from acceptance.clients.hands import Hands
from acceptance.clients.streaming import Question
from acceptance.contract.values import Contract
from acceptance.errors import Blocked, NotProven, Subject
from acceptance.message import excerpt, explain
from acceptance.waiting import Progress, eventually, waiting_for, within

_WORDS = """
acorn anchor apron attic bacon badge bagel banjo barrel basket bench biscuit blanket blender
bottle bowl bracket brick broom bucket butter button cabin cable camera candle canoe canvas carpet
carrot ceiling cellar chair cheese cherry chimney coat coffee comb compass cookie copper cotton
cradle crayon cupboard curtain cushion desk diary dish drawer drum dustpan easel elbow engine
envelope eraser fabric feather fence ferry fiddle flask flute fork fountain freezer funnel garage
garlic gasket glove goggles grapes gravel guitar hammer hammock handle harbor harp hatch hinge
honey hook jacket jar jigsaw kettle keyboard kitchen kite knapsack ladder ladle lamp lantern
laundry lemon lever locker magnet mailbox marble mattress melon mirror mitten mop mortar muffin
mug mustard napkin needle noodle notebook oven paddle padlock pancake parcel pebble pencil pepper
piano pickle pillow pliers plywood pocket popcorn porridge potato pretzel puddle pulley pumpkin
puzzle quilt radish raisin ribbon rubber rudder sandal saucer scarf shelf shovel sleeve slipper
soap socket sofa spatula spinach sponge spoon stapler suitcase sweater syrup table teapot thimble
thread ticket toaster tomato towel tractor trumpet tunnel turnip umbrella vase velvet violin
waffle wagon walnut wardrobe whistle window wrench zipper
"""
"""Things of a household: no guardrail takes one for a name, a place, a number or a secret."""
_LENGTH = 4
"""Words: one of a thousand million nonces, so that none comes twice in a ledger."""
_PATIENCE = 150.0
"""Seconds for a question that the key's limits refuse; they are told by the minute."""
_LOOK = 20.0
"""Seconds after which an answer is late enough to look whether the gateway still lives."""
_LONGEST = 900.0
"""Seconds: more than any hands wait for an answer, who say better what did not come."""
_PAUSE = 10.0
"""Seconds between two looks, where whoever refused named none."""


def nonce() -> str:
    """Words that no earlier question held, and that no filter has a reason to mask."""
    return " ".join(secrets.SystemRandom().sample(_WORDS.split(), _LENGTH))


def unique() -> str:
    """A name that nobody and nothing else has."""
    return f"K{uuid.uuid4().hex[:10].upper()}"


def as_the_page() -> Mapping[str, Any]:
    """What makes a question one of the page's: within a session, tools go with it.

    Open WebUI adds its built-in tools to the questions of a session, and to no others (from 0.10,
    seen in 0.12.4, `utils/middleware.py`). Without a chat the answer is streamed to who asked.
    """
    return {"session_id": f"acceptance-{unique()}"}


INVENTED = f"invented-{unique()}"
"""A model that nobody serves."""


class Answers:
    """Answers to a user's questions, shared by all scenarios that disturb nothing."""

    def __init__(  # noqa: PLR0913  # whom it asks for whom, and what it must not do
        self,
        hands: Hands,
        contract: Contract,
        *,
        wanted: Callable[[], Iterable[str]],
        ordinary: Callable[[str], Hands | None] = lambda _model: None,
        lively: Callable[[], None] = lambda: None,
        beside: Callable[["Answers"], Collection[Future[Any]]] = lambda _answers: (),
        lanes: int = 1,
        nobody: Collection[str] = (),
        say: Progress,
    ) -> None:
        """Ask nothing yet.

        Args:
            hands: the account that judges.
            contract: knows which models have one provider, who is asked one thing at a time.
            wanted: the models that the selected scenarios will ask for.
            ordinary: an ordinary user, where there is one who is offered this model.
            lively: raises Blocked where the gateway hangs, so that no answer will come.
            beside: begins what may be asked beside the first answers; each is done when it ends.
            lanes: how many questions one provider is asked at a time.
            nobody: models whose providers are not emulated, so that nobody would answer.
            say: shows progress.
        """
        self._hands = hands
        self._contract = contract
        self._wanted = wanted
        self._ordinary = ordinary
        self._lively = lively
        self._nobody = nobody
        self._beside = beside
        self._begun: Collection[Future[Any]] = ()
        self._lanes = defaultdict[str, Semaphore](partial(Semaphore, lanes))
        self._lanes_each = lanes
        self._hung_by = ""
        """The model that is told of as the one with which the gateway began to hang."""
        self._say = say
        self._answers: dict[str, Future[Answer]] = {}
        self._users: dict[str, Hands] = {}
        """Who asks a model instead of the account that judges."""
        self._amiss: dict[str, Answer] = {}
        """What ordinary users were told that is not the model's own answer."""
        self._lane = threading.Lock()
        self._one_lane = False
        """Whether the key was refused for asking too much, so that one question is asked a time."""

    def of(self, model: str) -> Answer:
        """The model's answer; the first call asks all wanted models, each provider in its turn.

        Raises:
            UnexpectedAnswerError: Open WebUI did not answer.
            AssertionError: the gateway hangs since models are asked.
            Blocked: likewise, and it was told of another model.
            NotProven: its provider is not emulated.
            Exception: what asking raised else.
        """
        self.require_somebody(model)
        if not self._answers:
            self._ask_all([each for each in self._wanted() if each not in self._nobody])
        if model not in self._answers:
            self._ask_all([model])
        try:
            return self._answers[model].result()
        except _HangsError as error:
            self._hung_by = self._hung_by or model
            if self._hung_by != model:  # one fault, one red line
                raise Blocked(Subject.GATEWAY, error.found) from error
            raise AssertionError(
                explain(
                    "LiteLLM hangs as soon as models are asked.",
                    expected=f"an answer of {model}",
                    found=error.found,
                    where="GET /health/liveliness of LiteLLM, twice while the answer was awaited; "
                    "before the first question it answered",
                    fix="look at the last lines of LiteLLM's log, and whether it is busy or "
                    "waits (kubectl top, docker stats); litellm_settings.model_fallbacks makes it "
                    "call itself without end (1.106.2); restart it when its configuration is right",
                )
            ) from error

    def require_somebody(self, model: str) -> None:
        """Return if somebody may answer for a model.

        Raises:
            NotProven: its provider is not emulated.
        """
        if model in self._nobody:
            raise NotProven(
                f"the provider of {model} is not emulated: whether it answers, only `live` shows"
            )

    def _ask_all(self, models: list[str]) -> None:
        first = not self._answers
        lanes: dict[str, list[str]] = {}
        for model in models:
            if model in self._asked_by_users() and (user := self._ordinary(model)):
                self._users[model] = user
            lanes.setdefault(self._provider(model), []).append(model)
            self._answers[model] = Future()
        several = self._lanes_each
        turns = [each[lane::several] for each in lanes.values() for lane in range(several)]
        if first:
            self._begun = self._beside(self)
        with ThreadPoolExecutor(max_workers=max(1, len(turns))) as pool:
            list(pool.map(self._ask_in_turn, turns))
        self._tell_of_users()

    def lane(self, model: str) -> Semaphore:
        """Held while a question to a model is under way, so that its provider can cope."""
        return self._lanes[self._provider(model)]

    def ask(self, question: Question) -> Answer:
        """The answer to a question that is one scenario's own, in its provider's lane."""
        with self.lane(question.model):
            return self._hands.ask(question)

    def allow_more(self, model: str) -> bool:
        """Whether a model may be asked once more by now: its shared answer is its own."""
        asked = self._answers.get(model)
        well = asked is not None and not asked.exception() and _its_own(asked.result())
        return well and not self._one_lane

    def settle(self) -> None:
        """Return once all is over that was begun beside the first answers."""
        wait(self._begun)

    def _asked_by_users(self) -> Collection[str]:
        """The models that an ordinary user asks: a chain's first two, and one from outside."""
        chain = self._contract.chains[0][:2] if self._contract.chains else ()
        outside = [
            name
            for name in self._contract.parallel
            if self._contract.models[name].provider.service is None
        ]
        return (*chain, *outside[:1])

    def _tell_of_users(self) -> None:
        """Note it at the first model that answers the account that judges, and no ordinary user.

        Once: what treats users otherwise is one fault, however many models it concerns. What rests
        on the model goes on with the answer that is its own.
        """
        for model in self._asked_by_users():
            told = self._amiss.get(model)
            if told and not self._answers[model].exception():
                answer = self._answers[model].result()
                if _its_own(answer):
                    told = replace(told, only_to_a_user=True)
                    self._answers[model] = Future()
                    self._answers[model].set_result(replace(answer, to_a_user=told))
                self._amiss.clear()
                return

    def _ask_in_turn(self, models: list[str]) -> None:
        for model in models:
            try:
                self._answers[model].set_result(self._fairly(model))
            except Exception as error:  # noqa: BLE001  # raised where the answer is asked for
                self._answers[model].set_exception(error)

    def _fairly(self, model: str) -> Answer:
        """One answer; a second question where the first failed in a way that passes by itself.

        A rate limit is not asked again. Both questions are counted in the evidence. A model that
        asks for a tool of the page's instead of answering is asked without them. Where an ordinary
        user asks, the account that judges does so only after an answer that is not the model's own.
        """
        if user := self._users.get(model):
            answer = replace(self._when_allowed(model, as_the_page(), user), by_a_user=True)
            if _its_own(answer):
                return answer
            self._amiss[model] = answer
        answer = self.fresh(model)
        earlier = self._amiss.get(model)
        if earlier and earlier.error and refusal(answer.error, answer.status).resting:
            return earlier  # LiteLLM rests after that one, and tells its reason to nobody else
        passing = (
            refusal(answer.error, answer.status).passing if answer.error else not answer.returned
        )
        if not passing or limit_of_the_key(answer.error):
            return answer
        told = (
            excerpt(answer.error) or f"its code did not come back in {excerpt(answer.text, 80)!r}"
        )
        if answer.tools:
            told = f"it asked for the tool {answer.tools[0]}"
        self._say(f"{model} is asked a second time: {told}")
        return replace(self.fresh(model, as_page=not answer.tools), attempts=2)

    def fresh(self, model: str, *, as_page: bool = True) -> Answer:
        """An answer to a new question, asked once, or again while the key's limits refuse it.

        Args:
            model: who is asked.
            as_page: ask as a session of the page does.

        Raises:
            UnexpectedAnswerError: Open WebUI did not answer.
            NotProven: its provider is not emulated.
        """
        self.require_somebody(model)
        return self._when_allowed(model, as_the_page() if as_page else {}, self._hands)

    def _when_allowed(self, model: str, options: Mapping[str, Any], hands: Hands) -> Answer:
        """The answer once the key's limits let a question pass, or the last refusal."""
        with self._lane if self._one_lane else nullcontext():
            last = refused = self._ask(model, options, hands)
        if not limit_of_the_key(refused.error):
            return refused
        self._one_lane = True
        self._say(f"one question at a time from now on: {limit_of_the_key(refused.error)}")

        def allowed() -> Answer:
            nonlocal last
            last = self._ask(model, options, hands)
            assert not limit_of_the_key(last.error), limit_of_the_key(last.error)
            return last

        try:
            with self._lane:
                return eventually(
                    allowed,
                    what=f"leave to ask {model}",
                    timeout=_PATIENCE,
                    interval=min(refused.retry_after or _PAUSE, _PATIENCE / 2),
                    say=self._say,
                )
        except AssertionError:
            return last  # the limit is what is told of it

    def _ask(self, model: str, options: Mapping[str, Any], hands: Hands) -> Answer:
        with self.lane(model), waiting_for(f"the answer of {model}", self._say):
            question = Question(model=model, nonce=nonce(), options=options)
            asking = partial(hands.ask, question)
            return within(_LONGEST, asking, look=self._look, every=_LOOK)

    def _look(self) -> None:
        """Return if the gateway answers, be it late: a busy machine is no hang."""
        try:
            self._lively()
        except Blocked:
            try:
                self._lively()
            except Blocked as error:
                raise _HangsError(error.reason) from error

    def _provider(self, model: str) -> str:
        """Whose lane a model is asked in; one that is not the contract's stands alone."""
        known = self._contract.models.get(model)
        return known.provider.name if known else model


class _HangsError(Exception):
    """The gateway hangs while an answer of its is awaited."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


def _its_own(answer: Answer) -> bool:
    """Whether nothing speaks against the model itself having given this answer."""
    group = answer.provenance.group if answer.provenance else ""
    return answer.returned and not answer.error and group in (answer.model, "")
