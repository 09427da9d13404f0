"""A record with something in every field."""

from acceptance.checks.findings import Failover, Findings, Recovery, Served
from acceptance.report.record import Compared, Outcome, Record, Requirement, Suite

RECORD = Record(
    verdict="INCOMPLETE",
    statement="INCOMPLETE on embedded: of 2 scenarios: 1 inconclusive",
    target="embedded",
    started="2026-11-24T08:05:42+00:00",
    seconds=107.5,
    ran_by="Ada",
    suite=Suite(version="0.1.0", commit="9" * 40, clean=True),
    versions={"Open WebUI": "0.12.4", "LiteLLM": "1.106.2"},
    requirements=(
        Requirement(name="AC1", text="the endpoint", verdict="passed", accepted=1, total=1),
        Requirement(
            name="AC3",
            text="the answers",
            verdict="inconclusive",
            accepted=0,
            total=1,
            reasons=("inconclusive: Groq refused | quota",),
        ),
        Requirement(name="1.1", text="the variable", verdict="not run", accepted=0, total=0),
    ),
    scenarios=(
        Outcome(feature="Endpoint", title="The endpoint", verdict="passed", seconds=1.5),
        Outcome(
            feature="Answers",
            title="Groq answers",
            verdict="inconclusive",
            seconds=2.0,
            reason="inconclusive: Groq refused | quota",
        ),
    ),
    waivers=("A waived one: until spring",),
    compared=(Compared(criterion="AC1", declared="<d>", effective="e", observed="o"),),
    notes=("defined twice",),
    findings=Findings(
        endpoint="connection #0 http://litellm:4000/v1",
        models=(
            Served(name="vllm-qwen", upstream="openai/qwen", host="vllm", first_seconds=0.5),
            Served(name="extra"),
        ),
        chain=("vllm-qwen", "ollama-qwen"),
        failovers=(
            Failover(
                asked="vllm-qwen",
                away=("vLLM refuses connections",),
                answered="ollama-qwen",
                seconds=2.5,
            ),
            Failover(asked="vllm-qwen", away=("a", 'b "c"'), answered="", seconds=5.0),
        ),
        substituted={"extra": "vllm-qwen"},
        recoveries=(Recovery(model="vllm-qwen", certificate="as before", seconds=1.5),),
        images={"LiteLLM": "litellm@sha256:1"},
        locks={"LiteLLM": "ab12"},
        fingerprints={"LiteLLM": "1a2b3c4d"},
    ),
    recent={"the run": (100.0, 107.5), "the answer of vllm-qwen": (0.5,)},
    previous=f"sha256:{'0' * 64}",
    changes=("AC3 was passed, is inconclusive",),
)
