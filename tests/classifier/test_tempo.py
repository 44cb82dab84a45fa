"""The tempo of tracks that were made at a tempo, and none where nothing beats."""

from collections.abc import Callable

import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ
from classifier.mel import MelArray, extract_mel
from classifier.tempo import estimate_tempo
from tests.support.audio import clicks, dance_track, noise, pad_track
from training.data.loops import BEATS, dance_loop

SECONDS = 36.0


def mels(samples: FloatArray) -> list[MelArray]:
    return [extract_mel(part) for part in samples.reshape(-1, 3 * SAMPLE_RATE_HZ)]


@pytest.mark.parametrize("bpm", [90.0, 105.0, 128.0, 138.0, 150.0, 162.0, 174.0, 180.0, 190.0])
def test_a_dance_track_has_its_tempo(bpm: float) -> None:
    found = estimate_tempo(mels(dance_track(SECONDS, rate_hz=SAMPLE_RATE_HZ, bpm=bpm)))
    assert found is not None
    assert found.bpm == pytest.approx(bpm, rel=0.005)


@pytest.mark.parametrize("bpm", [90.0, 125.0, 187.0])
def test_a_metronome_has_its_tempo(bpm: float) -> None:
    found = estimate_tempo(mels(clicks(SECONDS, period_s=60.0 / bpm)))
    assert found is not None
    assert found.bpm == pytest.approx(bpm, rel=0.005)


@pytest.mark.parametrize(
    "make",
    [
        lambda: noise(SECONDS),
        lambda: pad_track(SECONDS, rate_hz=SAMPLE_RATE_HZ),
        lambda: np.zeros(round(SECONDS) * SAMPLE_RATE_HZ, np.float32),
    ],
    ids=["noise", "pad", "silence"],
)
def test_where_nothing_beats_there_is_no_tempo(make: Callable[[], FloatArray]) -> None:
    assert estimate_tempo(mels(make())) is None


def test_no_windows_have_no_tempo() -> None:
    assert estimate_tempo([]) is None


def test_the_genre_says_which_of_two_tempos_people_count() -> None:
    heard = mels(clicks(SECONDS, period_s=60.0 / 172.0) + 2 * clicks(SECONDS, period_s=60.0 / 86.0))
    fast, slow, either = (estimate_tempo(heard, genres) for genres in ({"dnb": 0.9}, {"lofi": 0.9}, {}))
    assert fast is not None
    assert slow is not None
    assert either is not None
    assert (fast.bpm, slow.bpm) == (pytest.approx(172.0, rel=0.005), pytest.approx(86.0, rel=0.005))
    assert fast.confidence > either.confidence
    assert fast.is_sure


@pytest.mark.parametrize("beat", list(BEATS))
def test_loops_of_a_known_tempo(beat: str) -> None:
    loop = dance_loop(list(BEATS).index(beat) + 96, seconds=18.0)
    assert loop.beat == beat
    genre = BEATS[beat].genre
    found = estimate_tempo(mels(loop.samples), {genre: 0.6} if genre else {})
    assert found is not None
    assert found.bpm == pytest.approx(loop.bpm, rel=0.02)
    assert found.is_sure
