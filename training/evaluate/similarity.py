"""How alike pairs of tracks are: what the cosine between two of them has to be compared with."""

import numpy as np

from classifier.arrays import FloatArray
from classifier.model import GenreModel
from classifier.similarity import QUANTILES_AT, track_embedding
from training.data.tables import FeatureTable

_SOURCE = "songs"


def cosine_quantiles(model: GenreModel, table: FeatureTable) -> tuple[list[float], list[float], list[float]]:
    """Cosines at `QUANTILES_AT`: of all pairs of songs from different collections, of those of one genre, and of the
    halves of one song."""
    chosen = table.with_columns(model.columns)
    chosen = chosen.where(chosen.is_plain & (chosen.sources == _SOURCE))
    tracks = sorted(set(chosen.tracks.tolist()))
    means, halves, labels, origins = [], [], [], []
    for track in tracks:
        own = np.flatnonzero(chosen.tracks == track)
        rows = chosen.features[own]
        means.append(track_embedding(model, rows))
        if len(own) > 1:
            halves.append((track_embedding(model, rows[::2]), track_embedding(model, rows[1::2])))
        labels.append(int(chosen.labels[own[0]]))
        origins.append(str(chosen.origins[own[0]]))
    unit = _unit(np.stack(means))
    cosines = unit @ unit.T
    first, second = np.triu_indices(len(tracks), 1)
    apart = np.array([origins[a] != origins[b] for a, b in zip(first, second, strict=True)])
    alike = apart & np.array([labels[a] == labels[b] for a, b in zip(first, second, strict=True)])
    pairs = np.asarray(cosines[first, second], np.float32)
    of_one = np.array([float(_unit(a[np.newaxis])[0] @ _unit(b[np.newaxis])[0]) for a, b in halves], np.float32)
    return _quantiles(pairs[apart]), _quantiles(pairs[alike]), _quantiles(of_one)


def _unit(rows: FloatArray) -> FloatArray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _quantiles(values: FloatArray) -> list[float]:
    return [round(float(value), 3) for value in np.quantile(values, QUANTILES_AT)]
