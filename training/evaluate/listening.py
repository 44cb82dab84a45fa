"""Listening on, on the windows of a table: what is answered where three seconds are not enough.

The bot does the same with audio, see `classifier.pipeline`: the asked window and a few more, spread evenly over the
track, whose log-probabilities are averaged; the more a window says, the more it counts.
"""

from dataclasses import dataclass

import numpy as np

from classifier.arrays import FloatArray
from classifier.probabilities import log_probabilities, softmax, window_weights
from training.data.tables import IntArray
from training.evaluate.predictions import Predictions


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """For each of n windows, as if it had been asked for: the weighted mean log-probabilities (n, 16) of what was heard
    of its track, and of how many windows (n,)."""

    log_probabilities: FloatArray
    counts: IntArray

    def probabilities(self, temperatures: tuple[float, ...]) -> FloatArray:
        """Calibrated (n, 16); `temperatures` are for one window, two, and so on."""
        divisors = np.asarray(temperatures)[self.counts - 1]
        return softmax(self.log_probabilities / divisors[:, np.newaxis])


def listen_on(windows: Predictions, *, places: int) -> Heard:
    """Hear up to `places` more windows of each row's track."""
    logs = log_probabilities(windows.probabilities)
    _, recording = windows.recordings()
    heard = heard_rows(recording, windows.windows, places=places)
    weights = window_weights(windows.probabilities)
    means = np.stack([np.average(logs[rows], axis=0, weights=weights[rows]) for rows in heard])
    return Heard(means.astype(np.float32), np.array([len(rows) for rows in heard]))


def heard_rows(recording: IntArray, windows: IntArray, *, places: int) -> list[IntArray]:
    """For each row (n) the rows that are heard if it is asked for, itself first.

    `recording` (n,) numbers the tracks, `windows` (n,) the windows in each, by time. The places are the middles of as
    many equal parts of the track's windows; the asked window is not heard twice, and a short track gives what there is.
    """
    heard: list[IntArray] = [np.zeros(0, np.int64)] * len(recording)
    order = np.lexsort((windows, recording))
    for rows in np.split(order, np.flatnonzero(np.diff(recording[order])) + 1):
        spread = np.unique(((np.arange(places) + 0.5) / places * len(rows)).astype(np.int64))
        for place, row in enumerate(rows):
            heard[row] = rows[np.append(place, spread[spread != place])]
    return heard
