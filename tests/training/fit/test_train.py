"""Five networks for five folds: each is evaluated on what it never heard, and its refusal likewise."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.bundle import columns_of
from classifier.description import EMBEDDING, FEATURES
from tests.support.tables import frame, other_frame
from training.bundle.contents import FittedModel, Member
from training.data.sampling import Sampling
from training.data.splits import Parts, split_parts, track_folds
from training.data.tables import FeatureTable, read_other_tables, read_tables
from training.evaluate.metrics import measure_answers
from training.evaluate.ood import track_means
from training.evaluate.predictions import by_fold
from training.fit import train as fitting
from training.fit.calibration import REFUSED_SHARE
from training.fit.train import FOLDS, class_weights, fit_folds, fit_model
from training.models.ood import OodDetector, fit_ood_detector
from training.models.recipes import Recipe

RECIPE = Recipe(
    families=(FEATURES, EMBEDDING), units=(32, 16, 16), dropout=(0.1, 0.1), learning_rate=5e-3, max_epochs=12
)
COLUMNS = columns_of(RECIPE.families)
SAMPLING = Sampling(class_balance=1.0)


@dataclass
class Heard:
    """What the networks of the folds, and their refusals, were given to learn from, in turn."""

    edm: list[FeatureTable] = field(default_factory=list)
    stopping: list[FeatureTable] = field(default_factory=list)
    others: list[FeatureTable] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> FeatureTable:
    path = tmp_path_factory.mktemp("table") / "t.parquet"
    plain = frame(columns=COLUMNS, spread=2.5)
    plain.to_parquet(path)
    plain.assign(variant="lowpass7k").to_parquet(path.with_name("low.parquet"))
    return read_tables([path, path.with_name("low.parquet")])


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> FeatureTable:
    path = tmp_path_factory.mktemp("others") / "o.parquet"
    other_frame(columns=COLUMNS).to_parquet(path)
    return read_other_tables([path])


@pytest.fixture(scope="module")
def fold_fit(table: FeatureTable, others: FeatureTable) -> tuple[FittedModel, Heard]:
    """Five small networks with refusal, and what each was given."""
    heard = Heard()

    def train(parts: Parts, *rest: Any, **settings: Any) -> Member:
        heard.edm.append(parts.train)
        heard.stopping.append(parts.validation)
        return fit_member(parts, *rest, **settings)

    def learn(edm: FeatureTable, known: FeatureTable, *rest: Any, **settings: FeatureTable | None) -> OodDetector:
        heard.others.append(known)
        return fit_ood_detector(edm, known, *rest, **settings)

    fit_member = fitting._fit_member
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "_fit_member", train)
        patch.setattr(fitting, "fit_ood_detector", learn)
        fitted = fit_folds(table, others=others, recipe=RECIPE, sampling=SAMPLING, seed=3, say=heard.said.append)
    return fitted, heard


def test_no_network_has_heard_the_tracks_of_its_fold(
    fold_fit: tuple[FittedModel, Heard], table: FeatureTable, others: FeatureTable
) -> None:
    _, heard = fold_fit
    folds, other_folds = track_folds(table, folds=FOLDS, seed=3), track_folds(others, folds=FOLDS, seed=3)
    assert [len(heard.edm), len(heard.others), len(heard.said)] == [FOLDS] * 3
    for number in range(FOLDS):
        own = set(table.tracks[folds == number].tolist())
        learned, stopped = set(heard.edm[number].tracks.tolist()), set(heard.stopping[number].tracks.tolist())
        assert not own & (learned | stopped)
        assert not learned & stopped
        assert own | learned | stopped == set(table.tracks.tolist())
        assert not set(heard.others[number].tracks.tolist()) & set(others.tracks[other_folds == number].tolist())


def test_every_track_is_measured_by_the_network_that_never_heard_it(
    fold_fit: tuple[FittedModel, Heard], table: FeatureTable
) -> None:
    fitted, _ = fold_fit
    folds = track_folds(table, folds=FOLDS, seed=3)
    raw = np.zeros((len(table), 16), np.float32)
    for number, member in enumerate(fitted.members):
        raw[folds == number] = member.predict(fitted.preprocessor.transform(table.features[folds == number]))
    evaluated = table.is_plain
    answers = fitted.calibrations.answers(raw[evaluated], table.where(evaluated))
    expected = measure_answers(
        answers,
        certain_from=fitted.calibrations.window.certain_from,
        certain_track_from=fitted.calibrations.track.certain_from,
    )
    assert fitted.metrics.windows.count == 192  # without the altered copies
    assert fitted.metrics.windows.accuracy == pytest.approx(expected.windows.accuracy)
    assert fitted.metrics.windows.log_loss == pytest.approx(expected.windows.log_loss, rel=1e-4)
    assert fitted.metrics.tracks.log_loss == pytest.approx(expected.tracks.log_loss, rel=1e-4)
    heard = np.mean(
        [member.predict(fitted.preprocessor.transform(table.features)) for member in fitted.members], axis=0
    )
    flattered = (heard.argmax(axis=1) == table.labels)[evaluated].mean()
    assert fitted.metrics.windows.accuracy < flattered  # what they say of tracks that most of them have heard


def test_refusal_costs_the_share_of_edm_that_it_may(fold_fit: tuple[FittedModel, Heard], others: FeatureTable) -> None:
    fitted, _ = fold_fit
    assert fitted.edm is not None
    assert fitted.others is not None
    window, track = fitted.calibrations.window.ood_threshold, fitted.calibrations.track.ood_threshold
    assert window is not None
    assert track is not None
    assert (fitted.edm.values >= window).mean() == pytest.approx(REFUSED_SHARE, abs=0.01)
    assert (track_means(fitted.edm.values, fitted.edm.tracks) >= track).mean() == pytest.approx(REFUSED_SHARE, abs=0.02)
    assert (fitted.others.values >= window).mean() > 0.9  # clouds far from the genres'
    assert set(fitted.others.kinds) == {"speech", "noise"}
    assert len(fitted.others.values) == len(others)


def test_without_other_sounds_nothing_is_refused(table: FeatureTable) -> None:
    quick = Recipe(families=RECIPE.families, units=(8, 8, 8), max_epochs=1)
    fitted = fit_folds(table, others=None, recipe=quick, sampling=SAMPLING, seed=3, say=lambda _: None)
    assert (fitted.calibrations.window.ood_threshold, fitted.calibrations.track.ood_threshold) == (None, None)
    assert (fitted.edm, fitted.others) == (None, None)
    assert [member.ood_detector for member in fitted.members] == [None] * FOLDS


def test_the_reference_is_one_network_measured_on_its_test_part(table: FeatureTable) -> None:
    parts = split_parts(table, seed=1)
    recipe = Recipe(families=RECIPE.families, units=(32, 16, 16), learning_rate=5e-3, max_epochs=12)
    fitted = fit_model(parts, recipe=recipe, sampling=Sampling(), seed=1, verbose=0)
    raw = fitted.members[0].predict(fitted.preprocessor.transform(parts.test.features))
    answers = fitted.calibrations.answers(raw, parts.test)
    assert fitted.metrics.windows.count == len(parts.test)
    assert fitted.metrics.windows.accuracy == pytest.approx(answers.right.mean())
    np.testing.assert_array_equal(fitted.sample, parts.test.features)
    for weight in fitted.members[0].network.get_weights():
        if weight.ndim > 1:
            np.testing.assert_array_equal(weight, weight.astype(np.float16))


def test_each_row_has_the_answer_of_its_fold() -> None:
    answers: list[FloatArray] = [np.full((4, 2), number, np.float32) for number in range(3)]
    found = by_fold(answers, np.array([2, 0, 1, 2]))
    assert found[:, 0].tolist() == [2.0, 0.0, 1.0, 2.0]


def test_class_weights_by_hand() -> None:
    labels = np.array([0, 0, 0, 5])
    assert class_weights(labels, Sampling(class_balance=0.0)) == pytest.approx({0: 4 / 6, 5: 2.0})
    assert class_weights(labels, Sampling(class_balance=1.0)) == pytest.approx({0: 1.0, 5: 1.0})
