"""Figures of a small example worked out by hand."""

import numpy as np
import pytest

from classifier.features import FEATURE_NAMES
from training.evaluation import genre_table, measure, summary
from training.sampling import one_hot
from training.tables import FeatureTable


def example() -> tuple[np.ndarray, FeatureTable]:
    """Two house tracks (3 and 1 windows) and one techno track (2): 4 of 6 windows right, 2 of 3 tracks."""
    house, techno = 7, 13
    labels = np.array([house] * 4 + [techno] * 2)
    answers = np.array([house, house, techno, techno, techno, techno])
    text = np.array([""] * 6)
    table = FeatureTable(
        features=np.zeros((6, len(FEATURE_NAMES)), np.float32),
        labels=labels,
        tracks=np.array(["a", "a", "a", "b", "c", "c"]),
        sources=text,
        splits=text,
        qualities=text,
        variants=np.array(["plain"] * 6),
        columns=FEATURE_NAMES,
        has_tracks=True,
    )
    confidence = np.array([0.9, 0.9, 0.5, 0.5, 0.9, 0.9], np.float32)[:, np.newaxis]
    return one_hot(answers) * confidence + (1 - confidence) / 16, table


def test_figures_by_hand() -> None:
    metrics = measure(*example(), certain_from=0.8)
    house, techno = metrics.genres[7], metrics.genres[13]
    assert metrics.accuracy == pytest.approx(4 / 6)
    assert (house.precision, house.recall, house.windows, house.tracks) == (1.0, 0.5, 4, 2)
    assert (techno.precision, techno.recall, techno.windows, techno.tracks) == (0.5, 1.0, 2, 1)
    assert metrics.macro_recall == pytest.approx(0.75)  # over the two genres that occur
    assert metrics.macro_precision == pytest.approx(0.75)
    assert metrics.track_accuracy == pytest.approx(2 / 3)
    assert metrics.track_macro_recall == pytest.approx(0.75)
    assert metrics.certain_share == pytest.approx(4 / 6)
    assert metrics.certain_accuracy == 1.0
    assert metrics.confusion[7][13] == 2


def test_the_words_hold_the_figures() -> None:
    metrics = measure(*example(), certain_from=0.8)
    assert "accuracy 0.667" in summary(metrics)
    assert "| House | 1.00 | 0.50 | 0.67 | 4 | 2 |" in genre_table(metrics)
    assert "| Phonk | – | – | – | 0 | 0 |" in genre_table(metrics)
