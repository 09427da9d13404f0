"""Which models answer as themselves while nothing is disturbed."""

from collections.abc import Callable, Collection
from dataclasses import replace

from acceptance.checks.answering import check_answer
from acceptance.checks.proof import Answer, Provenance
from acceptance.checks.refusals import refusal
from acceptance.checks.witnessing import asked, witnessed
from acceptance.clients.answers import Answers
from acceptance.contract.values import Contract, Provider
from acceptance.errors import Blocked, Subject
from acceptance.target import Call, Witness


class Baseline:
    """What the shared answers say of each model; asks no model twice."""

    def __init__(
        self,
        answers: Answers,
        contract: Contract,
        *,
        offered: Callable[[str], None],
        away: Callable[[Provider], bool],
        as_agreed: Callable[[str], bool | None] = lambda _model: None,
        witness: Witness | None = None,
        blamed: Callable[[str, str], bool] = lambda _model, _other: False,
    ) -> None:
        """Ask nothing yet.

        Args:
            answers: the answers that all scenarios share.
            contract: who must answer for each model.
            offered: raises Blocked where a model cannot be chosen.
            away: whether nobody is meant to serve a provider's models now.
            as_agreed: whether the gateway's entry of a model is as it should; None: nobody can
                tell.
            witness: who saw at the providers' side what they were asked; must agree.
            blamed: whether another scenario says that what is too long for a model is answered by
                another one: the page's questions may be, since its tools count.
        """
        self._answers = answers
        self._contract = contract
        self._offered = offered
        self.away = away
        self._as_agreed = as_agreed
        self._witness = witness
        self._blamed = blamed
        self._short: dict[str, Answer] = {}
        """Answers to plain questions, by model."""
        self._first: dict[str, str] = {}
        """What concerns the gateway and not one model, and the model of which that is told."""

    def check(self, model: str) -> None:
        """Return if the model answered by itself; raises like `check_answer`."""
        self._check(self._answers.of(model), model, self._contract.models[model].provider)

    def check_given(self, answer: Answer, model: str, provider: str) -> None:
        """Return if the model gave this answer; raises like `check`.

        A substitute that does not answer by itself has its own reason, and that is the one told.
        What an ordinary user was told counts here, and not where something rests on the model.
        """
        self._answers.require_somebody(model)
        if answer.model != model:
            self.check(model)
        self._check(answer.to_a_user or answer, model, self._contract.providers[provider])

    def too_long(self, nonce: str, model: str) -> bool:
        """Whether a question was too long for its model, and is told of where the rule stands."""
        calls = self._witness.calls() if self._witness else ()
        return self._given_away(model, witnessed(nonce, calls, self._contract))

    def _given_away(self, model: str, who: Provenance | None) -> bool:
        return who is not None and who.group not in (model, "") and self._blamed(model, who.group)

    def _check(self, answer: Answer, model: str, provider: Provider) -> None:
        if answer.model == model and self._given_away(model, answer.provenance):
            if model not in self._short:
                self._short[model] = self._answers.fresh(model, as_page=False)
            answer = self._short[model]
        if cause := _of_all(answer):
            first = self._first.setdefault(cause, model)
            if first != model:  # one fault, one red line
                raise Blocked(Subject.ANSWERS, f"{first}: {cause}")
        expected = replace(self._contract.models[model], provider=provider)
        calls = self._witness.calls() if self._witness else None
        check_answer(
            answer,
            expected,
            namespace=self._contract.gateway.namespace,
            away=self.away,
            calls=calls or (),
            beside=[
                each.upstream
                for each in self._contract.models_of(provider.name)
                if each.upstream and each.name != model
            ],
            as_agreed=self._as_agreed if _reached(provider, answer, calls) else self._at_odds,
        )

    def _at_odds(self, model: str) -> bool | None:
        """As the entries tell, which are not all that decides where LiteLLM asks."""
        return False if self._as_agreed(model) is False else None

    def require_heeded(self, answer: Answer) -> None:
        """Return if LiteLLM heeds which model is asked for, as far as this answer tells.

        Raises:
            Blocked: whoever gave it answers for another model of the contract, too.
        """
        by = answer.provenance.group if answer.provenance else ""
        others = (name for name in self._contract.parallel if name != by)
        other = next(others, "") if by in self._contract.models else ""
        who = self._answers.of(other).provenance if other else None
        if who and who.group == by:
            reason = f"{by} answers for {other} too, and for whatever is asked for"
            raise Blocked(Subject.ANSWERS, reason)

    def settle(self) -> None:
        """Return once nobody is asked any more whom this run began to ask."""
        self._answers.settle()

    def require(self, model: str) -> None:
        """Return if the model can be chosen and answered by itself.

        Raises:
            Blocked: it cannot, or did not, so what is built on it cannot be judged.
            Inconclusive: it is away for a reason that is nobody's fault.
        """
        self._offered(model)
        try:
            self.check(model)
        except AssertionError as error:
            raise Blocked(Subject.ANSWERS, f"{model} does not answer by itself") from error


def _reached(provider: Provider, answer: Answer, calls: Collection[Call] | None) -> bool:
    """Whether a question reached its provider, as far as somebody saw what was asked there.

    Where the entries of LiteLLM are as they should be, `litellm_settings.api_base` may still lead
    all of them elsewhere (1.106.2): then a refusal is not the provider's.
    """
    return calls is None or provider.name in {each.provider for each in asked(answer.nonce, calls)}


def _of_all(answer: Answer) -> str:
    """What is wrong with an answer that is the gateway's and not the model's; empty: nothing."""
    if answer.provenance and answer.provenance.foreign:
        return "it answers through another gateway"
    known = refusal(answer.error, answer.status)
    return known.reason if answer.error and not answer.text and known.of_all else ""
