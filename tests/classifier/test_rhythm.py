"""Rhythm of signals whose rhythm is known: clicks, noise, and noise that swells."""

import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ, WINDOW_S
from classifier.mel import MEL, extract_mel
from classifier.rhythm import (
    FLUCTUATION_NAMES,
    PERIODICITY_NAMES,
    RHYTHM,
    RHYTHM_NAMES,
    autocorrelation,
    extract_rhythm,
    onset_strength,
)
from tests.support.audio import clicks, dance_track, noise, sine

LAGS = np.arange(12, 95, 2)
"""In frames of 16 ms."""
RATES_HZ = np.geomspace(0.6, 16.0, 25)
"""Edges of the 24 intervals."""


def periodicity(samples: FloatArray) -> FloatArray:
    """(5 parts of the spectrum, 42 lags)."""
    return extract_rhythm(extract_mel(samples))[: len(PERIODICITY_NAMES)].reshape(5, len(LAGS))


def fluctuation(samples: FloatArray) -> FloatArray:
    """(12 bands, 24 rates)."""
    return extract_rhythm(extract_mel(samples))[len(PERIODICITY_NAMES) :].reshape(12, 24)


def test_every_value_has_a_name() -> None:
    assert (len(PERIODICITY_NAMES), len(FLUCTUATION_NAMES)) == (5 * 42, 12 * 24)
    assert len(set(RHYTHM_NAMES)) == len(RHYTHM_NAMES) == 498
    assert (RHYTHM_NAMES[0], RHYTHM_NAMES[209], RHYTHM_NAMES[210]) == ("periodicity1", "periodicity210", "fluctuation1")


@pytest.mark.parametrize("frames", [30, 40, 62])
def test_clicks_peak_at_their_period_in_every_band(frames: int) -> None:
    values = periodicity(clicks(WINDOW_S, period_s=frames / MEL.frames_per_s))
    assert LAGS[values.argmax(axis=1)].tolist() == [frames] * 5
    assert (values.max(axis=1) > 0.6).all()


def test_a_rhythm_in_the_kick_alone_is_found_there() -> None:
    """A soft low beep every 0.4 s below steady noise: the lowest bands know, the hats do not."""
    swell = np.maximum(0.0, np.sin(2 * np.pi * np.arange(66_150) / (0.4 * SAMPLE_RATE_HZ))) ** 4
    values = periodicity((sine(WINDOW_S, 80.0, amplitude=0.8) * swell).astype(np.float32) + noise(WINDOW_S) / 10)
    at_period = values[:, LAGS.tolist().index(50)]
    assert at_period.argmax() == 1  # bands 0 to 8
    assert at_period[1] > 0.4
    assert at_period[4] < 0.25


def test_steady_noise_has_no_period() -> None:
    assert np.abs(periodicity(noise(WINDOW_S))).max() < 0.3


def test_noise_that_swells_twice_a_second_fluctuates_at_2_hz() -> None:
    time = np.arange(66_150) / SAMPLE_RATE_HZ
    swelling = noise(WINDOW_S) * (0.5 + 0.5 * np.sin(2 * np.pi * 2.0 * time)).astype(np.float32)
    values = fluctuation(swelling)
    found = values.argmax(axis=1)
    assert (RATES_HZ[found] <= 2.0).all()
    assert (RATES_HZ[found + 1] > 2.0).all()
    assert (values.max(axis=1) - np.median(values, axis=1) > 2.0).all()


def test_120_beats_a_minute_are_2_hz() -> None:
    found = fluctuation(dance_track(WINDOW_S, rate_hz=SAMPLE_RATE_HZ, bpm=120.0)).argmax(axis=1)
    at_2_hz = int(np.searchsorted(RATES_HZ, 2.0)) - 1
    assert (found == at_2_hz).sum() >= 9  # the hats, twice a beat, may rule the rest


def test_a_steady_tone_fluctuates_only_as_much_as_the_floor() -> None:
    values = extract_rhythm(np.full((MEL.frames, MEL.n_mels), 100, np.uint8))
    np.testing.assert_array_equal(values[:210], 0.0)
    np.testing.assert_allclose(values[210:], np.log(RHYTHM.floor), atol=1e-3)


def test_golden_values(window: FloatArray) -> None:
    values = extract_rhythm(extract_mel(window))
    assert (values.shape, values.dtype) == ((498,), np.float32)
    expected = [-0.1077, -0.0405, 0.4049, -0.0336, -0.0539, 1.3632, 0.5617, -0.6495, 0.8346]
    np.testing.assert_allclose(values[[0, 5, 50, 100, 200, 250, 300, 400, 497]], expected, atol=0.01)


def test_autocorrelation_by_hand() -> None:
    found = autocorrelation(np.array([[1.0, 0.0, 1.0, 0.0], [3.0, 3.0, 3.0, 3.0]], np.float32))
    np.testing.assert_allclose(found, [[1.0, -0.75, 0.5, -0.25], [0.0, 0.0, 0.0, 0.0]], atol=1e-6)


def test_only_a_rise_is_an_onset() -> None:
    logarithms = np.zeros((4, 96), np.float32)
    logarithms[1:3, :8] = 2.0
    np.testing.assert_allclose(onset_strength(logarithms, (0, 8)), [2.0, 0.0, 0.0])
    np.testing.assert_allclose(onset_strength(logarithms, (0, 96)), [2.0 / 12, 0.0, 0.0])
