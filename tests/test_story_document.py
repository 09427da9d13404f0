"""docs/story.md says what the contract counts."""

from pathlib import Path

from tests.story import BEYOND, CHAIN, CRITERIA, MODELS, REQUIREMENTS, TASKS

_TEXT = (Path(__file__).parents[1] / "docs/story.md").read_text("utf-8")


def test_every_row_of_the_story_stands_in_the_document_word_for_word() -> None:
    headings = [line[4:] for line in _TEXT.splitlines() if line.startswith("### ")]
    rows_of_the_story = (CRITERIA | REQUIREMENTS).items()
    assert headings == [f"{name}: {text}" for name, text in rows_of_the_story if name not in BEYOND]
    table = _TEXT.split("## Tasks")[1].split("##")[0]
    rows = [line.split(" | ")[:2] for line in table.splitlines() if line.startswith("| ")][1:]
    assert rows == [[f"| {task}", text] for task, text in TASKS.items()]


def test_every_model_and_the_chain_stand_in_it() -> None:
    for model in MODELS.values():
        assert f"| `{model.name}` |" in _TEXT
        assert f"| {model.provider.name} | `{model.upstream}` |" in _TEXT
    assert " -> ".join(f"`{name}`" for name in CHAIN) in _TEXT
