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
TAGS = tuple(row.tag for row in STORY.rows)
