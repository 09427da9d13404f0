"""What a run on a cluster asks of whom: planned, limited, and looked at between two whole runs."""

import re
from collections import Counter

from acceptance.lab.cluster.lab import ClusterLab
from acceptance.lab.embedded.manifests import DEFAULT
from tests.cluster.live import Live
from tests.clusters import needs_a_cluster

pytestmark = needs_a_cluster
_DOCS = f"--docs={DEFAULT / 'README.md'}"
_BUDGET = 14_100
"""One question of the page may take 13,104; what it really takes leaves room for another."""


def test_a_plan_asks_no_model_and_knows_what_the_gateway_asks_for(
    story: ClusterLab, live: Live
) -> None:
    story.providers.clear()
    done = live.run("--plan")
    assert done.code == 0, done.out
    assert story.providers.ledger() == ()
    assert "Prices are the gateway's own (GET /model/info)." in done.out
    assert "vLLM, in the cluster" in done.out
    assert re.search(r"^\| openai-gpt4o .* \$0\.0[0-9]+ +\|$", done.out, re.MULTILINE), done.out
    assert not live.reports.exists(), "nothing was judged"


def test_a_quick_run_asks_each_local_model_once_and_nobody_else(
    story: ClusterLab, live: Live
) -> None:
    story.providers.clear()
    done = live.run("--quick", _DOCS)
    asked = Counter(call.provider for call in story.providers.ledger())
    assert asked == {"vllm": 1, "ollama": 1}, done.out
    assert done.code == 0, done.out
    assert "PARTIAL RUN on live: " in done.out, done.out[-1500:]
    assert "quick, and no sign-off" in done.out
    assert not (live.reports / "signoff.json").exists()


def test_a_budget_ends_before_it_is_exceeded_and_says_what_is_left(
    story: ClusterLab, live: Live
) -> None:
    story.providers.clear()
    done = live.run(f"--budget={_BUDGET}", "-m", "AC3", _DOCS)
    calls = story.providers.ledger()
    assert done.code == 98, done.out
    assert 0 < sum(each.prompt_tokens + each.completion_tokens for each in calls) <= _BUDGET
    assert f"the budget of {_BUDGET:,} tokens has no room for another question to" in done.out
    assert "INCOMPLETE on live" in done.out
    assert "failed" not in done.out.rpartition("=====")[0].splitlines()[-1]
