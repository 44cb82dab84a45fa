"""Importance falls on the family that carries the genre, and features only travel between tracks."""

from dataclasses import dataclass

import numpy as np
import pytest

from classifier.bundle import columns_of
from classifier.description import FAMILIES
from classifier.genres import SLUGS
from tests.support.tables import hand_made
from training.data.tables import FeatureTable
from training.evaluate.importance import donor_rows, family_of, permutation_importance

COLUMNS = ("mfcc1_mean", "mfcc1_std", "chroma1_mean", "rhythm12", "embedding37")


@pytest.mark.parametrize(
    ("column", "family"),
    [
        ("mfcc12_std", "mfcc"),
        ("spectral_centroid_mean", "spectral_centroid"),
        ("zero_crossing_rate_std", "zero_crossing_rate"),
        ("rolloff_mean", "rolloff"),
        ("rhythm12", "rhythm"),
        ("embedding37", "embedding"),
        ("embedding_37", "embedding"),
    ],
)
def test_families_by_name(column: str, family: str) -> None:
    assert family_of(column) == family


def test_the_families_of_our_columns() -> None:
    families = {family_of(name) for name in columns_of(FAMILIES)}
    of_features = {"spectral_centroid", "rolloff", "zero_crossing_rate", "mfcc", "chroma", "tonnetz"}
    assert families == of_features | {"fluctuation", "periodicity", "embedding", "mn04"}


@dataclass(frozen=True)
class Reader:
    """Reads the genre from the two MFCC columns: their sum is the label. It breaks if they come apart."""

    def predict(self, table: FeatureTable) -> np.ndarray:
        label = np.clip(np.rint(table.features[:, 0] + table.features[:, 1]), 0, 15).astype(int)
        return np.eye(16, dtype=np.float32)[label]


def two_genres(tracks: int = 8, windows: int = 2) -> FeatureTable:
    """House (7) and techno (13), with offsets in both columns that cancel out."""
    labels = np.repeat([7, 13], tracks * windows)
    offsets = np.random.default_rng(1).normal(0, 3, len(labels))
    features = np.stack([labels + offsets, -offsets, *np.random.default_rng(2).normal(size=(3, len(labels)))], axis=1)
    names = [f"t{row // windows}" for row in range(len(labels))]
    return hand_made([SLUGS[label] for label in labels], names, features=features, columns=COLUMNS)


def test_only_the_family_that_is_read_matters() -> None:
    first, *others = permutation_importance(Reader(), two_genres(), repeats=20, seed=1)
    # The two columns travel together, so about half of the windows get the sum of the other genre.
    assert (first.family, first.columns) == ("mfcc", 2)
    assert first.drop == pytest.approx(0.5, abs=0.15)
    assert first.spread > 0
    assert {(other.family, other.columns, other.drop) for other in others} == {
        ("chroma", 1, 0.0),
        ("rhythm", 1, 0.0),
        ("embedding", 1, 0.0),
    }


def test_no_track_gives_to_itself() -> None:
    table = two_genres(tracks=3)
    for seed in range(20):
        rows = donor_rows(table, np.random.default_rng(seed))
        assert (table.tracks[rows] != table.tracks).all()


def test_one_track_has_nothing_to_swap() -> None:
    assert permutation_importance(Reader(), two_genres().where(np.array([0, 1])), seed=1) == ()
