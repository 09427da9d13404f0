"""What the bench counts."""

from dev.bench import browser_pass

_SECONDS = {
    "steps/test_story.py::test_open": 1.0,
    "steps/test_story.py::test_open[browser]": 4.0,
    "steps/test_story.py::test_answers[vllm-qwen-vLLM]": 1.0,
    "steps/test_story.py::test_answers[browser-vllm-qwen-vLLM]": 2.0,
    "steps/test_story.py::test_declared": 50.0,
}


def test_a_browsers_pass_is_compared_with_the_same_scenarios_by_the_api() -> None:
    assert browser_pass(_SECONDS) == (6.0, 2.0)


def test_where_only_one_of_them_played_there_is_nothing_to_compare() -> None:
    assert browser_pass({"test_open": 1.0}) == (0, 0)
    assert browser_pass({"test_open[browser]": 1.0}) == (0, 0)
