"""Tempo and key on loops of known ones: what is counted as right, and that most are."""

import pytest

from classifier.keys import Key
from classifier.results import KeyEstimate, Tempo
from training.cli.main import main
from training.evaluate.music import key_outcome, measure_music, tempo_outcome


@pytest.mark.parametrize(
    ("bpm", "outcome"),
    [
        (120.0, "right"),
        (121.5, "right"),
        (240.0, "twice"),
        (60.5, "half"),
        (180.0, "3 : 2"),
        (80.0, "2 : 3"),
        (100.0, "other"),
    ],
)
def test_which_error_a_tempo_is(bpm: float, outcome: str) -> None:
    assert tempo_outcome(Tempo(bpm, 0.9), 120.0) == outcome
    assert tempo_outcome(Tempo(bpm, 0.3), 120.0) is None
    assert tempo_outcome(Tempo(bpm, 0.9), None) == "other"


def test_which_error_a_key_is() -> None:
    c_major = Key(0, is_minor=False)
    for key, outcome in (
        (c_major, "right"),
        (Key(9, is_minor=True), "relative"),
        (Key(0, is_minor=True), "parallel"),
        (Key(7, is_minor=False), "fifth"),
        (Key(5, is_minor=False), "fifth"),
        (Key(1, is_minor=False), "other"),
    ):
        assert key_outcome(KeyEstimate(key, 0.9), c_major) == outcome
    assert key_outcome(None, c_major) is None
    assert key_outcome(KeyEstimate(c_major, 0.9), None) == "other"


def test_most_loops_are_heard_right() -> None:
    said: list[str] = []
    figures = measure_music(16, say=said.append)
    assert figures.tempo_of_genre.said_share > 0.85
    assert figures.tempo_of_genre.right_share > 0.95
    assert figures.key.said_share > 0.6
    assert figures.key.right_share > 0.8
    assert figures.key_without_notes.said_share < 0.2
    assert figures.tempo_without_beat.said_share < 0.2


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tempo-and-key", "--loops", "4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith(("| tempo", "| key")) for line in lines) == 5


def test_the_command_tells_how_alike_songs_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["similarity"]) == 0
    quantiles, apart, alike, halves = (
        [float(value) for value in line.partition(": ")[2].split(", ")] for line in capsys.readouterr().out.splitlines()
    )
    middle = quantiles.index(0.5)
    assert apart[middle] < alike[middle] < halves[middle]
    from classifier.similarity import _WITH_BACKBONES

    assert apart == pytest.approx(_WITH_BACKBONES, abs=0.002)  # what the classifier knows is what was measured
