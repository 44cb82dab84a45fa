"""How well what is no electronic dance music is refused, and what that costs in tracks that are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from classifier.arrays import FloatArray
from classifier.bundle import Thresholds
from classifier.genres import SLUGS
from classifier.probabilities import log_probabilities, softmax, window_weights
from training.data.tables import BoolArray, FeatureTable, IntArray, TextArray
from training.evaluate.listening import heard_rows

EDM_SHARES = (0.01, 0.02, 0.05, 0.1)
"""Shares of EDM tracks refused at which the trade-off is shown."""


@dataclass(frozen=True, slots=True, eq=False)
class OodScores:
    """Log-odds (n,) that each window is none of the genres, with what was answered (n, 16), its genre (an index, if it
    has one), its track, its number in the track, and its kind (speech, noise …)."""

    values: FloatArray
    answers: FloatArray
    labels: IntArray
    tracks: TextArray
    windows: IntArray
    kinds: TextArray

    @classmethod
    def of(cls, values: FloatArray, answers: FloatArray, table: FeatureTable) -> Self:
        """Scores of the rows of a table, in its order."""
        return cls(values, answers, table.labels, table.tracks, table.windows, table.sources)

    def where(self, chosen: BoolArray | IntArray) -> Self:
        """The chosen rows, by mask or by index."""
        return type(self)(
            self.values[chosen],
            self.answers[chosen],
            self.labels[chosen],
            self.tracks[chosen],
            self.windows[chosen],
            self.kinds[chosen],
        )

    def refused(self, thresholds: Thresholds) -> BoolArray:
        """Which rows (n,) are called none of the genres."""
        base = np.inf if thresholds.ood_threshold is None else thresholds.ood_threshold
        limits = np.array([thresholds.ood_by_genre.get(slug, base) for slug in SLUGS])
        return np.asarray(self.values >= limits[self.answers.argmax(axis=1)])

    def by_track(self) -> Self:
        """Each track by the means over its windows, in the order of the tracks' names."""
        _, first, index = np.unique(self.tracks, return_index=True, return_inverse=True)
        counts = np.bincount(index)
        means = np.asarray(np.bincount(index, self.values) / counts, np.float32)
        logs = np.zeros((len(first), len(SLUGS)))
        np.add.at(logs, index, log_probabilities(self.answers))
        return replace(self.where(first), values=means, answers=softmax(logs / counts[:, np.newaxis]))

    def listened(self, places: int) -> Self:
        """For each row the means over what is heard of its track if it is asked for."""
        _, recording = np.unique(self.tracks, return_inverse=True)
        heard = heard_rows(recording, self.windows, places=places)
        logs, weights = log_probabilities(self.answers), window_weights(self.answers)
        return replace(
            self,
            values=np.array([self.values[rows].mean() for rows in heard], np.float32),
            answers=softmax(np.stack([np.average(logs[rows], axis=0, weights=weights[rows]) for rows in heard])),
        )


@dataclass(frozen=True, slots=True)
class KindRejection:
    """Shares of one kind's windows and tracks that are refused; a track by the mean over its windows."""

    kind: str
    windows: int
    tracks: int
    refused_windows: float
    refused_tracks: float


@dataclass(frozen=True, slots=True)
class TradeOff:
    """With the threshold that refuses a share of EDM tracks: the share of the other tracks that is refused."""

    ood_threshold: float
    edm_refused: float
    others_refused: float


@dataclass(frozen=True, slots=True)
class Rejection:
    """What a model's thresholds refuse, and what one threshold for all genres would."""

    edm: KindRejection
    genres: tuple[KindRejection, ...]
    kinds: tuple[KindRejection, ...]
    trade_offs: tuple[TradeOff, ...]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """From `dataclasses.asdict`, as a bundle's metadata keeps it."""
        return cls(
            edm=KindRejection(**values["edm"]),
            genres=tuple(KindRejection(**genre) for genre in values["genres"]),
            kinds=tuple(KindRejection(**kind) for kind in values["kinds"]),
            trade_offs=tuple(TradeOff(**trade_off) for trade_off in values["trade_offs"]),
        )


def measure_rejection(
    edm: OodScores,
    others: OodScores,
    *,
    window: Thresholds,
    track: Thresholds,
    edm_shares: Sequence[float] = EDM_SHARES,
) -> Rejection:
    """Refuse windows and tracks, and count."""
    kinds = [others.where(others.kinds == kind) for kind in np.unique(others.kinds)]
    genres = [edm.where(edm.labels == label) for label in np.unique(edm.labels)]
    edm_tracks, other_tracks = edm.by_track().values, others.by_track().values
    trade_offs = []
    for share in edm_shares:
        threshold = float(np.quantile(edm_tracks, 1.0 - share))
        refused = float((edm_tracks >= threshold).mean())
        trade_offs.append(TradeOff(threshold, refused, float((other_tracks >= threshold).mean())))
    return Rejection(
        edm=_kind("EDM", edm, window, track),
        genres=tuple(_kind(SLUGS[rows.labels[0]], rows, window, track) for rows in genres),
        kinds=tuple(_kind(str(rows.kinds[0]), rows, window, track) for rows in kinds),
        trade_offs=tuple(trade_offs),
    )


def _kind(kind: str, scores: OodScores, window: Thresholds, track: Thresholds) -> KindRejection:
    tracks = scores.by_track()
    return KindRejection(
        kind=kind,
        windows=len(scores.values),
        tracks=len(tracks.values),
        refused_windows=float(scores.refused(window).mean()),
        refused_tracks=float(tracks.refused(track).mean()),
    )
