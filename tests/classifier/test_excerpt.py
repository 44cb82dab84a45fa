import io

import numpy as np
import soundfile

from classifier.arrays import FloatArray
from classifier.excerpt import export_excerpt
from tests.support.audio import sine


def test_the_excerpt_is_the_window_as_wav(window: FloatArray) -> None:
    samples, rate_hz = soundfile.read(io.BytesIO(export_excerpt(window)), dtype="float32")
    assert rate_hz == 22_050
    assert samples.shape == window.shape
    np.testing.assert_allclose(samples[1000:-1000], window[1000:-1000], atol=2 / 32_768)


def test_its_edges_are_soft_and_loud_values_are_clipped() -> None:
    samples, _ = soundfile.read(io.BytesIO(export_excerpt(sine(3.0, 1000.0, amplitude=1.7))), dtype="float32")
    assert np.abs(samples[:5]).max() < 0.05
    assert np.abs(samples[-5:]).max() < 0.05
    assert samples.max() > 0.99
