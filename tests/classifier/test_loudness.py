"""One level for windows: what lies in the range of released music stays, all else is brought to its edge."""

import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.loudness import LEVEL, levelled
from tests.support.audio import noise, sine


def dbfs(samples: FloatArray) -> float:
    return float(20.0 * np.log10(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))))


def at(level_dbfs: float) -> FloatArray:
    """A sine whose RMS, its amplitude by the root of 2, is at a level."""
    return sine(3.0, 441.0, amplitude=np.sqrt(2.0) * 10.0 ** (level_dbfs / 20.0))


@pytest.mark.parametrize(
    ("before_dbfs", "after_dbfs"),
    [(-80.0, -17.0), (-37.0, -17.0), (-18.0, -17.0), (-8.0, -9.0), (0.0, -9.0), (20.0, -9.0)],
)
def test_what_is_too_quiet_or_too_loud_comes_to_the_edge(before_dbfs: float, after_dbfs: float) -> None:
    before = at(before_dbfs)
    after = levelled(before)
    assert dbfs(before) == pytest.approx(before_dbfs, abs=1e-3)
    assert dbfs(after) == pytest.approx(after_dbfs, abs=1e-3)
    assert (after.shape, after.dtype) == (before.shape, np.float32)
    gain = np.float32(10.0 ** ((after_dbfs - before_dbfs) / 20.0))
    np.testing.assert_allclose(after, before * gain, rtol=1e-4, atol=1e-7)  # one gain, and nothing is clipped


@pytest.mark.parametrize("level_dbfs", [-16.99, -13.0, -9.01])
def test_what_lies_within_the_range_is_untouched(level_dbfs: float) -> None:
    samples = at(level_dbfs)
    np.testing.assert_array_equal(levelled(samples), samples)


def test_copies_at_any_level_below_become_one() -> None:
    loud = noise(3.0, deviation=0.1)
    copies = [levelled((loud * gain).astype(np.float32)) for gain in (1.0, 0.1, 0.01)]
    assert dbfs(loud) < LEVEL.lowest_dbfs
    for copy in copies:
        np.testing.assert_allclose(copy, copies[0], rtol=1e-5, atol=1e-8)


def test_silence_stays_what_it_is() -> None:
    for level in (0.0, 1e-10):
        silence = np.full(66_150, level, np.float32)
        np.testing.assert_array_equal(levelled(silence), silence)


def test_what_was_given_is_not_changed() -> None:
    samples = at(-40.0)
    before = samples.copy()
    assert levelled(samples) is not samples
    np.testing.assert_array_equal(samples, before)
