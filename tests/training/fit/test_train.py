"""A network for each fold: each is asked about what it never heard, and its refusal likewise."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from classifier.bundle import columns_of
from classifier.description import FEATURES, MUSICNN
from tests.support.tables import frame, other_frame
from training.bundle.contents import Member
from training.data.sampling import Sampling
from training.data.splits import Parts, origin_folds, split_parts
from training.data.tables import FeatureTable, IntArray, read_other_tables, read_tables
from training.evaluate.predictions import Predictions
from training.fit import train as fitting
from training.fit.train import FoldFit, OtherSounds, class_weights, fit_folds, fit_member
from training.models import mlp
from training.models.ood import OodDetector, fit_ood_detector
from training.models.preprocessing import Preprocessor
from training.models.recipes import Recipe

RECIPE = Recipe(families=(FEATURES, MUSICNN), units=(32, 16, 16), dropout=(0.1, 0.1), learning_rate=5e-3, max_epochs=12)
COLUMNS = columns_of(RECIPE.families)
SAMPLING = Sampling(class_balance=1.0)
FOLDS = 3


@dataclass
class Heard:
    """What the networks of the folds, and their refusals, were given to learn from, in turn."""

    edm: list[FeatureTable] = field(default_factory=list)
    stopping: list[FeatureTable] = field(default_factory=list)
    others: list[FeatureTable] = field(default_factory=list)
    unlabelled: list[FeatureTable | None] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Three folds are enough to tell them apart; for so few steps one at a time is quicker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "FOLDS", FOLDS)
        patch.setattr(mlp, "_STEPS_AT_ONCE", 1)
        yield


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> FeatureTable:
    """Two tracks of each origin, and an altered copy of every window."""
    path = tmp_path_factory.mktemp("table") / "t.parquet"
    plain = frame(columns=COLUMNS, spread=2.5, rows_per_genre=20, tracks_per_genre=20)
    number = plain["track"].str.rpartition("-")[2].astype(int)
    plain = plain.assign(source="songs", origin=plain["label"] + "/" + (number // 2).astype(str))
    plain.to_parquet(path)
    plain.assign(variant="tone").to_parquet(path.with_name("tone.parquet"))
    return read_tables([path, path.with_name("tone.parquet")])


@pytest.fixture(scope="module")
def fold_of(table: FeatureTable) -> IntArray:
    return origin_folds(table, folds=FOLDS, seed=3)


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> OtherSounds:
    path = tmp_path_factory.mktemp("others") / "o.parquet"
    other_frame(columns=COLUMNS).to_parquet(path)
    non_edm = read_other_tables([path])
    return OtherSounds(non_edm, origin_folds(non_edm, folds=FOLDS, seed=3), None)


@pytest.fixture(scope="module")
def fold_fit(table: FeatureTable, fold_of: IntArray, others: OtherSounds) -> tuple[FoldFit, Heard]:
    """Small networks with refusal, and what each was given."""
    heard = Heard()

    def train(parts: Parts, *rest: Any, **settings: Any) -> Member:
        heard.edm.append(parts.train)
        heard.stopping.append(parts.validation)
        return fit_member(parts, *rest, **settings)

    def learn(edm: FeatureTable, known: FeatureTable, *rest: Any, **settings: FeatureTable | None) -> OodDetector:
        heard.others.append(known)
        heard.unlabelled.append(settings["unlabelled"])
        return fit_ood_detector(edm, known, *rest, **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "fit_member", train)
        patch.setattr(fitting, "fit_ood_detector", learn)
        fitted = fit_folds(
            table, fold_of, others=others, recipe=RECIPE, sampling=SAMPLING, seed=3, say=heard.said.append
        )
    return fitted, heard


def names(values: np.ndarray) -> set[str]:
    return set(values.tolist())


@pytest.mark.slow
def test_no_network_has_heard_the_origins_of_its_fold(
    fold_fit: tuple[FoldFit, Heard], table: FeatureTable, fold_of: IntArray, others: OtherSounds
) -> None:
    _, heard = fold_fit
    assert [len(heard.edm), len(heard.others), len(heard.said)] == [FOLDS] * 3
    for number in range(FOLDS):
        own = names(table.origins[fold_of == number])
        learned, stopped = names(heard.edm[number].origins), names(heard.stopping[number].origins)
        assert not own & (learned | stopped)
        assert not learned & stopped
        assert own | learned | stopped == names(table.origins)
        known = names(heard.others[number].tracks)
        assert known
        assert not known & names(others.non_edm.tracks[others.fold_of == number])


def test_every_row_is_answered_by_the_network_that_never_heard_it(
    fold_fit: tuple[FoldFit, Heard], table: FeatureTable, fold_of: IntArray
) -> None:
    fitted, _ = fold_fit
    assert len(fitted.raw) == len(table)  # with the altered copies
    np.testing.assert_array_equal(fitted.raw.windows, table.windows)
    for number, member in enumerate(fitted.members):
        rows = fitted.preprocessor.transform(table.features[fold_of == number])
        np.testing.assert_allclose(fitted.raw.probabilities[fold_of == number], member.predict(rows), atol=1e-6)
    heard = np.mean([m.predict(fitted.preprocessor.transform(table.features)) for m in fitted.members], axis=0)
    flattered = (heard.argmax(axis=1) == table.labels).mean()
    assert 1 / 16 < fitted.raw.right.mean() < flattered  # what they say of origins that most of them have heard


def test_scores_of_refusal_are_of_rows_that_were_not_heard(
    fold_fit: tuple[FoldFit, Heard], table: FeatureTable, fold_of: IntArray, others: OtherSounds
) -> None:
    fitted, _ = fold_fit
    assert fitted.edm is not None
    assert fitted.others is not None
    for scores, rows, folds in ((fitted.edm, table, fold_of), (fitted.others, others.non_edm, others.fold_of)):
        assert scores.tracks.tolist() == rows.tracks.tolist()
        for number, member in enumerate(fitted.members):
            assert member.ood_detector is not None
            expected = member.ood_detector.ood_score(fitted.preprocessor.scaler.transform(rows.features))
            np.testing.assert_allclose(scores.values[folds == number], expected[folds == number], atol=1e-5)
    assert set(fitted.others.kinds) == {"speech", "noise"}
    assert fitted.others.values.min() > np.median(fitted.edm.values)


QUICK = Recipe(families=RECIPE.families, units=(8, 8, 8), max_epochs=1)


def test_without_other_sounds_nothing_is_refused(table: FeatureTable, fold_of: IntArray) -> None:
    fitted = fit_folds(table, fold_of, recipe=QUICK, sampling=SAMPLING, seed=3, say=lambda _: None)
    assert (fitted.edm, fitted.others) == (None, None)
    assert [member.ood_detector for member in fitted.members] == [None] * FOLDS


@pytest.fixture(scope="module")
def parts(table: FeatureTable) -> Parts:
    return split_parts(table, seed=1)


def test_what_is_served_is_what_was_measured(parts: Parts) -> None:
    """`held_out` are the answers of the network as it is kept: folded and rounded."""
    preprocessor = Preprocessor.fit(parts.train, RECIPE)
    member = fit_member(parts, preprocessor, recipe=RECIPE, sampling=Sampling(), seed=1)
    rows = preprocessor.transform(parts.validation.features)
    np.testing.assert_array_equal(member.held_out, member.predict(rows))
    assert Predictions.of(member.held_out, parts.validation).right.mean() > 2 / 16
    for weight in member.network.get_weights():
        np.testing.assert_array_equal(weight, weight.astype(np.float16))


def test_a_refit_learns_from_all_for_as_many_epochs_as_were_best(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    learned: list[tuple[int, int, bool]] = []
    train = fitting._train

    def watched(table: FeatureTable, preprocessor: Preprocessor, recipe: Recipe, *rest: Any, **settings: Any) -> Any:
        network, history = train(table, preprocessor, recipe, *rest, **settings)
        learned.append((len(table), len(history["loss"]), "val_loss" in history))
        return network, history

    monkeypatch.setattr(fitting, "_train", watched)
    preprocessor = Preprocessor.fit(parts.train, RECIPE)
    recipe = replace(RECIPE, refit=True, max_epochs=20, patience=2, learning_rate=3e-2)
    member = fit_member(parts, preprocessor, recipe=recipe, sampling=Sampling(), seed=1)
    best = int(np.argmin(member.history["val_loss"])) + 1
    assert best < len(member.history["val_loss"])  # it went on for a while
    assert learned == [(len(parts.train), len(member.history["loss"]), True), (len(parts.whole), best, False)]
    rows = preprocessor.transform(parts.validation.features)
    assert not np.allclose(
        member.held_out, member.predict(rows), atol=1e-3
    )  # those of the first, that never heard them


def test_the_same_seed_gives_the_same_network(parts: Parts) -> None:
    preprocessor = Preprocessor.fit(parts.train, QUICK)
    first, same, other = (
        fit_member(parts, preprocessor, recipe=QUICK, sampling=Sampling(), seed=seed).held_out for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_class_weights_by_hand() -> None:
    labels = np.array([0, 0, 0, 5])
    assert class_weights(labels, Sampling(class_balance=0.0)) == pytest.approx({0: 4 / 6, 5: 2.0})
    assert class_weights(labels, Sampling(class_balance=1.0)) == pytest.approx({0: 1.0, 5: 1.0})
