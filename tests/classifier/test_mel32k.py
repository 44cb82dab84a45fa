"""The log-mel spectrogram at 32 kHz: signals whose spectrogram is known, and what the published code makes of some."""

import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.decoding import WINDOW_S
from classifier.mel32k import MEL32K, SILENCE, extract_mel32k
from tests.support.audio import clicks, noise, sine
from tests.support.mn04 import published

TOP_BAND = 116
"""The first band that lies above 11,025 Hz altogether."""


def band_of(frequency_hz: float) -> int:
    """The band whose centre is nearest, by Kaldi's formula."""
    return round(1127.0 * np.log(1.0 + frequency_hz / 700.0) * 129 / (1127.0 * np.log(1.0 + 15_000.0 / 700.0))) - 1


def test_shape_and_type(window: FloatArray) -> None:
    mel = extract_mel32k(window)
    assert (mel.shape, mel.dtype) == ((300, 128), np.float32)
    assert (MEL32K.frames, MEL32K.n_mels) == mel.shape


def test_it_is_the_published_spectrogram() -> None:
    expected = published()
    found = np.stack([extract_mel32k(samples) for samples in expected.samples])[:, ::3]
    assert np.ptp(expected.mel) > 4.0  # from silence to loud
    np.testing.assert_allclose(found[:3], expected.mel[:3], atol=2e-4)
    np.testing.assert_allclose(found[3], expected.mel[3], atol=6e-4)


@pytest.mark.parametrize("frequency_hz", [500.0, 1000.0, 5000.0, 10_000.0])
def test_a_sine_is_loudest_in_its_band(frequency_hz: float) -> None:
    inner = extract_mel32k(sine(WINDOW_S, frequency_hz))[5:-5]  # the first and the last hear the sine begin and end
    assert (inner.argmax(axis=1) == band_of(frequency_hz)).all()


def test_ten_times_the_amplitude_adds_the_logarithm_of_a_hundred() -> None:
    quiet, loud = (extract_mel32k(sine(WINDOW_S, 1000.0, amplitude=amplitude)) for amplitude in (0.05, 0.5))
    band = band_of(1000.0)
    np.testing.assert_allclose(loud[5:-5, band] - quiet[5:-5, band], np.log(100.0) / 5.0, atol=1e-4)


@pytest.mark.parametrize("frequency_hz", [500.0, 2000.0, 8000.0])
def test_the_bands_share_out_the_power_of_a_sine(frequency_hz: float) -> None:
    """Overlapping triangles add up to 1, so all bands together hold the windowed sine's power after pre-emphasis."""
    amplitude = 0.5
    values = extract_mel32k(sine(WINDOW_S, frequency_hz, amplitude=amplitude))[150].astype(np.float64)
    power = (np.exp(values * 5.0 - 4.5) - 1e-5).sum()
    gain = abs(1.0 - 0.97 * np.exp(-2j * np.pi * frequency_hz / 32_000))
    assert power == pytest.approx(1024 / 4 * np.square(np.hanning(800)).sum() * (amplitude * gain) ** 2, rel=2e-3)


def test_silence_is_the_least() -> None:
    np.testing.assert_allclose(extract_mel32k(np.zeros(66_150, np.float32)), SILENCE, rtol=1e-6)
    assert extract_mel32k(noise(WINDOW_S)).min() >= SILENCE - 1e-6


def test_nothing_is_above_what_was_sampled() -> None:
    mel = extract_mel32k(noise(WINDOW_S))
    assert mel[:, TOP_BAND - 10].min() > 0.5
    assert mel[5:-5, TOP_BAND + 1 :].max() < SILENCE + 0.2


def test_frames_are_ten_milliseconds_apart_and_centred() -> None:
    """A click every 0.5 s is heard by every 50th frame: 16,000 of its samples by 320."""
    loudness = extract_mel32k(clicks(WINDOW_S, period_s=0.5)).mean(axis=1)
    for number in (1, 2, 3, 4):
        assert abs(int(loudness[50 * number - 25 : 50 * number + 25].argmax()) - 25) <= 1


@pytest.mark.parametrize("shape", [(0,), (66_149,), (66_151,), (1, 66_150), (66_150, 2)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected 3 s of samples \(66150,\), got"):
        extract_mel32k(np.zeros(shape, np.float32))
