"""The tempo of tracks that were made at a tempo, and none where nothing beats."""

import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ
from classifier.mel import MelArray, extract_mel
from classifier.tempo import estimate_tempo
from tests.support.audio import clicks, dance_track, noise, pad_track

SECONDS = 36.0


def mels(samples: FloatArray) -> list[MelArray]:
    return [extract_mel(part) for part in samples.reshape(-1, 3 * SAMPLE_RATE_HZ)]


@pytest.mark.parametrize("bpm", [90.0, 105.0, 128.0, 138.0, 150.0, 162.0, 174.0, 180.0, 190.0])
def test_a_dance_track_has_its_tempo(bpm: float) -> None:
    found = estimate_tempo(mels(dance_track(SECONDS, rate_hz=SAMPLE_RATE_HZ, bpm=bpm)))
    assert found == pytest.approx(bpm, rel=0.005)


@pytest.mark.parametrize("bpm", [90.0, 125.0, 187.0])
def test_a_metronome_has_its_tempo(bpm: float) -> None:
    assert estimate_tempo(mels(clicks(SECONDS, period_s=60.0 / bpm))) == pytest.approx(bpm, rel=0.005)


@pytest.mark.parametrize(
    "samples",
    [noise(SECONDS), pad_track(SECONDS, rate_hz=SAMPLE_RATE_HZ), np.zeros(round(SECONDS) * SAMPLE_RATE_HZ, np.float32)],
    ids=["noise", "pad", "silence"],
)
def test_where_nothing_beats_there_is_no_tempo(samples: FloatArray) -> None:
    assert estimate_tempo(mels(samples)) is None


def test_no_windows_have_no_tempo() -> None:
    assert estimate_tempo([]) is None
