"""The feature files as pytest-bdd reads them, and the step functions that it registered."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pytest_bdd.feature import get_features
from pytest_bdd.parser import Feature, Rule, Scenario, ScenarioTemplate, Step
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from tests.sources import REPOSITORY

FOLDER = REPOSITORY / "features"


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A scenario or an outline as it is written."""

    feature: Feature
    template: ScenarioTemplate

    @property
    def own_steps(self) -> list[Step]:
        """Its steps, without a Background's."""
        return self.template.steps[len(self.template.all_background_steps) :]

    @property
    def runs(self) -> list[Scenario]:
        """What is run: the scenario itself, or one for each row."""
        rows = [row for table in self.template.examples for row in table.as_contexts()]
        return [self.template.render(row) for row in rows or [{}]]

    @property
    def tags(self) -> frozenset[str]:
        """Every tag that reaches it, its rows' included."""
        rule = self.template.rule
        of_rows = (table.tags for table in self.template.examples)
        return frozenset(self.feature.tags).union(
            rule.tags if rule else (), self.template.tags, *of_rows
        )

    def __str__(self) -> str:
        return f"{self.feature.rel_filename}:{self.template.line_number} {self.template.name}"


@cache
def features() -> tuple[Feature, ...]:
    """Every feature of the project."""
    return tuple(get_features([str(FOLDER)]))


def written() -> list[Written]:
    """Every scenario of the project."""
    return [
        Written(feature=feature, template=template)
        for feature in features()
        for template in feature.scenarios.values()
    ]


def rules() -> list[Rule]:
    """Every rule of the project, once."""
    found = (each.template.rule for each in written())
    return list({id(rule): rule for rule in found if rule}.values())


def sentences() -> list[StepFunctionContext]:
    """Every step function of the project; the root conftest.py has imported them."""
    known = step_function_context_registry.values()
    return [each for each in known if each.step_func.__module__.startswith("steps.")]


def matching(step: Step) -> list[StepFunctionContext]:
    """The step functions that would take a step as it is run."""
    return [
        each
        for each in sentences()
        if each.type in (None, step.type) and each.parser.is_matching(step.name)
    ]


def lines() -> Iterator[tuple[str, str]]:
    """Every line of the feature files with its place, comments left out."""
    for path in sorted(FOLDER.glob("*.feature")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip() and not line.lstrip().startswith("#"):
                yield f"{path.name}:{number}", line.strip()
