"""What a model answered on windows whose genre is known, window by window or by vote over each track."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from classifier.arrays import FloatArray
from classifier.genres import SLUGS
from classifier.probabilities import log_probabilities, softmax
from training.data.tables import BoolArray, FeatureTable, IntArray, TextArray


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Probabilities (n, 16) beside the true genres (n,) as indices into `SLUGS`, and where each row comes from.

    `windows` are the rows' numbers in their tracks, by time. `track_temperature` is applied to the vote over a track,
    see `classifier.model.track_scores`.
    """

    probabilities: FloatArray
    labels: IntArray
    tracks: TextArray
    windows: IntArray
    sources: TextArray
    track_temperature: float = 1.0

    @classmethod
    def of(cls, probabilities: FloatArray, table: FeatureTable, *, track_temperature: float = 1.0) -> Self:
        """The answers to the rows of a table, in its order."""
        return cls(probabilities, table.labels, table.tracks, table.windows, table.sources, track_temperature)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """One after the other; the votes over tracks take the first one's temperature."""
        return cls(
            np.concatenate([part.probabilities for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.tracks for part in parts]),
            np.concatenate([part.windows for part in parts]),
            np.concatenate([part.sources for part in parts]),
            parts[0].track_temperature,
        )

    def __len__(self) -> int:
        return len(self.labels)

    def with_probabilities(self, probabilities: FloatArray) -> Self:
        """Other answers (n, 16) to the same rows."""
        return replace(self, probabilities=probabilities)

    def where(self, chosen: BoolArray | IntArray) -> Self:
        """The chosen rows, by mask or by index."""
        return replace(
            self,
            probabilities=self.probabilities[chosen],
            labels=self.labels[chosen],
            tracks=self.tracks[chosen],
            windows=self.windows[chosen],
            sources=self.sources[chosen],
        )

    @property
    def predicted(self) -> IntArray:
        """The genre that was answered (n,): the one with the highest probability."""
        return self.probabilities.argmax(axis=1).astype(np.int64)

    @property
    def confidence(self) -> FloatArray:
        return self.probabilities.max(axis=1)

    @property
    def right(self) -> BoolArray:
        return self.predicted == self.labels

    @property
    def among_three(self) -> BoolArray:
        """Whether the true genre is among the three highest probabilities (n,)."""
        best = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :3]
        return (best == self.labels[:, np.newaxis]).any(axis=1)

    @property
    def macro_recall(self) -> float:
        """Mean recall over the genres that occur."""
        return float(np.mean([self.right[self.labels == label].mean() for label in np.unique(self.labels)]))

    def recordings(self) -> tuple[IntArray, IntArray]:
        """First row of each track (t,), and for every row the number of its track (n,).

        Windows under one track name but with different genres count as different tracks.
        """
        _, names = np.unique(self.tracks, return_inverse=True)
        _, first, index = np.unique(names * len(SLUGS) + self.labels, return_index=True, return_inverse=True)
        return first.astype(np.int64), index.astype(np.int64)

    def by_track(self) -> Self:
        """The vote: each track's mean of its windows' log-probabilities, tempered and normalised to probabilities."""
        first, index = self.recordings()
        sums = np.zeros((len(first), len(SLUGS)))
        np.add.at(sums, index, log_probabilities(self.probabilities))
        means = sums / np.bincount(index)[:, np.newaxis]
        voted = softmax(means / self.track_temperature)
        return replace(self.where(first), probabilities=voted, track_temperature=1.0)


def by_fold(answers: Sequence[FloatArray], fold_of: IntArray) -> FloatArray:
    """From each member's answers to all rows (m arrays of n rows): for every row those of its own fold's member."""
    return np.stack(answers)[fold_of, np.arange(len(fold_of))]
