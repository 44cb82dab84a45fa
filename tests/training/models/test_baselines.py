"""What is cross-validated answers with 16 probabilities, whatever it has seen."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.genres import SLUGS
from tests.support.tables import frame, hand_made
from training.data.sampling import Sampling
from training.data.tables import FeatureTable, read_tables
from training.fit.network_learner import NetworkLearner
from training.models.baselines import BASELINES, Logistic, Majority, Trees
from training.models.learner import Learner
from training.models.recipes import Recipe


def table_of(data: pd.DataFrame, folder: Path, name: str) -> FeatureTable:
    data.to_parquet(folder / f"{name}.parquet")
    return read_tables([folder / f"{name}.parquet"])


@pytest.mark.parametrize(
    ("learner", "least"),
    [
        (Majority(), 0.0),
        (Logistic(), 0.9),
        (Trees(trees=50), 0.9),
        (NetworkLearner(Recipe(max_epochs=25), Sampling()), 0.6),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_each_learns_the_clouds_it_can(learner: Learner, least: float, tmp_path: Path) -> None:
    train, test = table_of(frame(), tmp_path, "train"), table_of(frame(seed=1), tmp_path, "test")
    probabilities = learner.fit(train, seed=1).predict(test)
    assert probabilities.shape == (len(test), 16)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert (probabilities.argmax(axis=1) == test.labels).mean() >= least


@pytest.mark.parametrize("learner", BASELINES, ids=lambda learner: learner.name)
def test_a_genre_that_was_never_seen_is_never_answered(learner: Learner, tmp_path: Path) -> None:
    data = frame()
    train = table_of(data[data["label"] != "house"], tmp_path, "train")
    house = SLUGS.index("house")
    probabilities = learner.fit(train, seed=1).predict(table_of(data, tmp_path, "all"))
    assert (probabilities[:, house] == 0.0).all()
    assert (probabilities.argmax(axis=1) != house).all()


@pytest.mark.parametrize("learner", BASELINES, ids=lambda learner: learner.name)
def test_baselines_learn_from_windows_as_they_were_recorded(learner: Learner, tmp_path: Path) -> None:
    """Altered copies under a wrong name change nothing."""
    wrong = frame(seed=2).assign(variant="lowpass", label="house")
    both = table_of(pd.concat([frame(), wrong]), tmp_path, "both")
    alone, test = table_of(frame(), tmp_path, "alone"), table_of(frame(seed=1), tmp_path, "test")
    expected = learner.fit(alone, seed=1).predict(test)
    np.testing.assert_allclose(learner.fit(both, seed=1).predict(test), expected, atol=1e-6)


def test_the_majority_counts_windows() -> None:
    table = hand_made(["house", "trap", "trap", "trap"], list("abcd"))
    assert Majority().fit(table, seed=1).predict(table)[0, 15] == 0.75
