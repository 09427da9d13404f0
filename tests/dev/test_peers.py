"""What `make bench-peers` makes of what it measured."""

from pathlib import Path

from dev.peers.page import EARLY, EIGHT, FLOOR, SCRIPT, SUITE, WIDE, Figures, Timed, page

_FIGURES = Figures(
    rounds={
        "2 s": {SCRIPT: [30, 40], EIGHT: [10, 10], FLOOR: [7, 7], SUITE: [9, 12], WIDE: [12, 20]}
    },
    faults={
        "a dead model": {
            SCRIPT: Timed(whole=5, red=2),
            EARLY: Timed(whole=3, red=1),
            SUITE: Timed(whole=6, red=3),
        },
        "half of an answer": {
            SCRIPT: Timed(whole=5, red=None),
            EARLY: Timed(whole=3, red=1),
            SUITE: Timed(whole=6, red=3),
        },
    },
)


def test_ratios_are_those_within_a_round_and_a_goal_that_is_missed_is_told() -> None:
    told = page(_FIGURES)
    assert "| suite | 10.5 s | 0.30 (0.30 to 0.30) | 1.05 (0.90 to 1.20) |" in told
    assert "| answers after 2 s: at most 0.35 of the script | 0.30 (0.30 to 0.30) | yes |" in told
    assert "| the same, `--ahead --lanes=8` | 0.45 (0.40 to 0.50) | **no** |" in told
    assert "Of 2, the script notices 1, the suite 2." in told


def test_what_was_measured_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "bench" / "peers.json"
    assert Figures.read(file) == Figures()
    _FIGURES.write(file)
    assert Figures.read(file) == _FIGURES
