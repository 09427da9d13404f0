"""The story's own contract, read as a run reads it."""

import steps
from acceptance.contract.reading import read_contract
from acceptance.contract.values import Requirement
from tests.sources import REPOSITORY

steps.load()

STORY = read_contract(REPOSITORY / "features")
MODELS = STORY.models
(CHAIN,) = STORY.chains
ENDPOINT = STORY.endpoint


def _texts(rows: tuple[Requirement, ...]) -> dict[str, str]:
    return {row.name: row.text for row in rows}


CRITERIA, REQUIREMENTS, TASKS = map(_texts, (STORY.criteria, STORY.requirements, STORY.tasks))
BEYOND = {row.name for row in STORY.rows if not row.required}
"""Rows that the story does not ask for: judged and shown, and no sign-off depends on them."""
TAGS = tuple(row.tag for row in STORY.rows)
