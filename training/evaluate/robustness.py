"""Does the same music get the same answer? Windows beside their altered copies, genre for genre."""

import numpy as np

from classifier.arrays import FloatArray
from training.data.tables import PLAIN, BoolArray, FeatureTable


def unchanged_answers(probabilities: FloatArray, table: FeatureTable, counted: BoolArray) -> dict[str, float]:
    """For each kind of copy the share of windows that get the same genre as their copy.

    `probabilities` (n, 16) are the answers to the rows of `table`, `counted` (n,) its plain rows that are asked for.
    """
    answers = probabilities.argmax(axis=1)
    keys = list(zip(table.tracks.tolist(), table.windows.tolist(), strict=True))
    plain = {keys[row]: answers[row] for row in np.flatnonzero(counted & table.is_plain)}
    shares = {}
    for variant in sorted(set(table.variants.tolist()) - {PLAIN}):
        rows = [row for row in np.flatnonzero(table.variants == variant) if keys[row] in plain]
        if rows:
            shares[variant] = float(np.mean([answers[row] == plain[keys[row]] for row in rows]))
    return shares
