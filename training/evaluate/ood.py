"""How well what is no electronic dance music is refused, and what that costs in tracks that are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from classifier.arrays import FloatArray
from training.data.tables import TextArray

EDM_SHARES = (0.01, 0.02, 0.05, 0.1)
"""Shares of EDM tracks refused at which the trade-off is shown."""


@dataclass(frozen=True, slots=True, eq=False)
class OodScores:
    """Log-odds (n,) that each window is none of the genres, with its track and kind (speech, noise …)."""

    values: FloatArray
    tracks: TextArray
    kinds: TextArray


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
    """What the threshold `ood_threshold` refuses, and what other thresholds would."""

    ood_threshold: float
    edm: KindRejection
    kinds: tuple[KindRejection, ...]
    trade_offs: tuple[TradeOff, ...]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """From `dataclasses.asdict`, as a bundle's metadata keeps it."""
        return cls(
            ood_threshold=values["ood_threshold"],
            edm=KindRejection(**values["edm"]),
            kinds=tuple(KindRejection(**kind) for kind in values["kinds"]),
            trade_offs=tuple(TradeOff(**trade_off) for trade_off in values["trade_offs"]),
        )


def measure_rejection(
    edm: OodScores,
    others: OodScores,
    *,
    ood_threshold: float,
    track_ood_threshold: float | None = None,
    edm_shares: Sequence[float] = EDM_SHARES,
) -> Rejection:
    """Refuse everything whose score is at least `ood_threshold`, and count; a track may have a threshold of its own."""
    track_from = ood_threshold if track_ood_threshold is None else track_ood_threshold
    kinds = np.unique(others.kinds).tolist()
    edm_tracks, other_tracks = track_means(edm.values, edm.tracks), track_means(others.values, others.tracks)
    trade_offs = []
    for share in edm_shares:
        threshold = float(np.quantile(edm_tracks, 1.0 - share))
        refused = float((edm_tracks >= threshold).mean())
        trade_offs.append(TradeOff(threshold, refused, float((other_tracks >= threshold).mean())))
    return Rejection(
        ood_threshold=ood_threshold,
        edm=_kind("EDM", edm.values, edm.tracks, ood_threshold, track_from),
        kinds=tuple(
            _kind(
                kind,
                others.values[others.kinds == kind],
                others.tracks[others.kinds == kind],
                ood_threshold,
                track_from,
            )
            for kind in kinds
        ),
        trade_offs=tuple(trade_offs),
    )


def _kind(
    kind: str, values: FloatArray, tracks: TextArray, ood_threshold: float, track_ood_threshold: float
) -> KindRejection:
    means = track_means(values, tracks)
    return KindRejection(
        kind=kind,
        windows=len(values),
        tracks=len(means),
        refused_windows=float((values >= ood_threshold).mean()),
        refused_tracks=float((means >= track_ood_threshold).mean()),
    )


def track_means(values: FloatArray, tracks: TextArray) -> FloatArray:
    """Mean ood_score (t,) of the windows of each track, in the order of the tracks' names."""
    _, index = np.unique(tracks, return_inverse=True)
    return np.asarray(np.bincount(index, values) / np.bincount(index), np.float32)
