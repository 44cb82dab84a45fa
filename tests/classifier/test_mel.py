"""The log-mel spectrogram on signals whose spectrogram is known, and beside librosa's own."""

import librosa
import numpy as np
import pytest
import soxr

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ, WINDOW_S
from classifier.mel import MEL, decoded, extract_mel
from tests.support.audio import sine


def test_shape_and_type(window: FloatArray) -> None:
    mel = extract_mel(window)
    assert (mel.shape, mel.dtype) == ((187, 96), np.uint8)
    assert decoded(mel).dtype == np.float32
    assert MEL.frames_per_s == 62.5


@pytest.mark.parametrize("frequency_hz", [110.0, 1000.0, 5000.0])
def test_a_sine_is_loudest_in_its_band(frequency_hz: float) -> None:
    mel = extract_mel(sine(WINDOW_S, frequency_hz))
    centres = librosa.mel_frequencies(MEL.n_mels + 2, fmin=0.0, fmax=8000.0)[1:-1]
    inner = mel[5:-5]  # the first and the last frame hear the sine begin and end
    assert (inner.argmax(axis=1) == np.abs(centres - frequency_hz).argmin()).all()


def test_ten_times_the_amplitude_adds_two_to_the_logarithms() -> None:
    quiet, loud = (decoded(extract_mel(sine(WINDOW_S, 1000.0, amplitude=a))) for a in (0.05, 0.5))
    band = loud[90].argmax()
    np.testing.assert_allclose(loud[5:-5, band] - quiet[5:-5, band], 2.0, atol=1.01 / MEL.steps_per_unit)


def test_silence_is_zero() -> None:
    assert not extract_mel(np.zeros(round(WINDOW_S * SAMPLE_RATE_HZ), np.float32)).any()


def test_it_is_librosas_mel_spectrogram_in_steps(window: FloatArray) -> None:
    resampled = soxr.resample(window, SAMPLE_RATE_HZ, 16_000, quality="HQ")
    power = librosa.feature.melspectrogram(y=resampled, sr=16_000, n_fft=512, hop_length=256, n_mels=96)
    expected = np.log10(1.0 + 10_000.0 * power.T[:187])
    assert expected.max() > 4.0  # loud enough to say something
    np.testing.assert_allclose(decoded(extract_mel(window)), expected, atol=0.5 / 40 + 1e-5)


def test_what_is_too_loud_stays_in_a_byte() -> None:
    assert extract_mel(sine(WINDOW_S, 1000.0, amplitude=50.0)).max() == 255


@pytest.mark.parametrize("length", [0, 66_149, 66_151])
def test_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"got {length}"):
        extract_mel(np.zeros(length, np.float32))
