"""Levels: what is silence, and one level for all windows before they are described.

A quiet copy of a track gets the same answer.

The 122 features are left out: they keep the definition of the public data set.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from classifier.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class LevelSpec:
    """Where levels are brought to; part of a bundle, since it changes the values of its columns."""

    lowest_dbfs: float = -17.0
    highest_dbfs: float = -9.0
    """Root mean square of a window, full scale 1.0. In between is where most released music lies, and stays."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


LEVEL = LevelSpec()
_SMALLEST = 1e-9

SILENCE_DBFS = -60.0
"""A stretch whose RMS without its mean lies below this is silent."""


def channel_levels(samples: FloatArray) -> FloatArray:
    """The RMS around the mean of each channel of samples (n,) or (n, c), with n ≥ 1; NaN for what is no number."""
    with np.errstate(all="ignore"):
        around_means = [channel - channel.mean() for channel in np.atleast_2d(samples.T)]
        return np.sqrt([np.dot(channel, channel) / len(samples) for channel in around_means])


def is_silent(samples: FloatArray) -> bool:
    """Whether the RMS around the mean is below `SILENCE_DBFS`; a constant offset is no sound, and what is no number no
    silence."""
    return len(samples) == 0 or bool(channel_levels(samples).max() < 10 ** (SILENCE_DBFS / 20))


def levelled(samples: FloatArray) -> FloatArray:
    """The window (n,) float32 with a gain that brings its RMS into the range of `LEVEL`; silence stays what it is."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    if rms < _SMALLEST:
        return samples
    level_dbfs = 20.0 * np.log10(rms)
    gain_db = np.clip(level_dbfs, LEVEL.lowest_dbfs, LEVEL.highest_dbfs) - level_dbfs
    return samples if gain_db == 0.0 else samples * np.float32(10.0 ** (gain_db / 20.0))
