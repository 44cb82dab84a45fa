"""Networks, preprocessor and refusal become one model with named inputs, in two formats that say the same."""

import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.bundle import DEFAULT_BUNDLE, KERAS_FILE, LITERT_FILE, REFERENCE_BUNDLE, columns_of
from classifier.description import FAMILIES, FEATURES, MN04, MUSICNN, RHYTHM_FAMILY
from classifier.errors import ClassifierError
from classifier.mel import decoded, extract_mel
from classifier.mel32k import extract_mel32k
from classifier.model import GenreModel, KerasRuntime, LiteRtRuntime
from tests.support.bundles import sealed, shipped_backbones
from tests.support.tables import frame
from training.bundle.assemble import assemble, build_head, load_backbones, save_small
from training.bundle.contents import FittedModel, Member
from training.bundle.litert import to_litert
from training.bundle.record import FitRecord
from training.bundle.write import BundleFacts, write_bundle
from training.data.sampling import Sampling
from training.data.tables import FeatureTable, read_tables
from training.errors import TrainingError
from training.evaluate.predictions import Predictions
from training.fit.calibration import calibrate
from training.fit.measure import measure_test
from training.models.mlp import build_network, for_serving
from training.models.ood import OodDetector
from training.models.preprocessing import Preprocessor
from training.models.recipes import Recipe


def table_of(families: tuple[str, ...], folder: Path) -> FeatureTable:
    frame(columns=columns_of(families)).to_parquet(folder / "t.parquet")
    return read_tables([folder / "t.parquet"]).with_columns(columns_of(families))


def untrained(families: tuple[str, ...], folder: Path, *, members: int = 2) -> FittedModel:
    """A fitted model whose networks have random weights: nothing here asks whether they are right."""
    table = table_of(families, folder)
    recipe = Recipe(families=families, rhythm_components=16, max_epochs=1)
    preprocessor = Preprocessor.fit(table, recipe)
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    made = []
    for number in range(members):
        network = for_serving(build_network(recipe, inputs=preprocessor.inputs))
        ood_detector = OodDetector(
            random.normal(size=len(table.columns)).astype(np.float16).astype(np.float32), number + 0.5
        )
        held_out = np.zeros((0, 16), np.float32)
        made.append(Member(network, {"loss": [1.0], "val_loss": [1.0]}, held_out, ood_detector))
    raw = Predictions.of(made[0].predict(preprocessor.transform(table.features)), table)
    calibrations = calibrate(raw, recipe)
    return FittedModel(
        recipe=recipe,
        preprocessor=preprocessor,
        members=tuple(made),
        calibrations=calibrations,
        figures=measure_test(raw, calibrations),
        sample=table.features[:50],
    )


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> FittedModel:
    """Features and rhythm, no backbone."""
    return untrained((FEATURES, RHYTHM_FAMILY), tmp_path_factory.mktemp("fitted"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> FittedModel:
    """All families, and one network."""
    return untrained(FAMILIES, tmp_path_factory.mktemp("whole"), members=1)


@pytest.fixture(scope="module")
def backbones() -> dict[str, keras.Model]:
    return dict(shipped_backbones())


def by_steps(fitted: FittedModel) -> tuple[FloatArray, FloatArray]:
    """Members (n, m, 16) and ood_score (n,) of the sample, network by network."""
    prepared = fitted.preprocessor.transform(fitted.sample)
    rows = fitted.preprocessor.scaler.transform(fitted.sample)
    members = np.stack([member.predict(prepared) for member in fitted.members], axis=1)
    ood_score = [member.ood_detector.ood_score(rows) for member in fitted.members if member.ood_detector]
    return members, np.mean(ood_score, axis=0)


def test_the_whole_model_says_what_its_parts_say(fitted: FittedModel) -> None:
    network = assemble(fitted, {})
    assert sorted(network.input) == ["features", "rhythm"]
    outputs = network({"features": fitted.sample[:, :122], "rhythm": fitted.sample[:, 122:]}, training=False)
    members, ood_score = by_steps(fitted)
    assert np.ptp(members, axis=1).max() > 0.1  # two networks of different minds
    np.testing.assert_allclose(outputs["members"], members, atol=1e-4)
    np.testing.assert_allclose(outputs["genres"], members.mean(axis=1), atol=1e-4)
    np.testing.assert_allclose(outputs["ood_score"][:, 0], ood_score, atol=0.05)  # the mean is rounded, too
    assert set(outputs) == {"genres", "members", "ood_score"}


def test_with_backbones_the_embeddings_come_from_the_spectrograms(
    whole: FittedModel, backbones: dict[str, keras.Model], window: FloatArray
) -> None:
    assert set(backbones) == {MUSICNN, MN04}
    network = assemble(whole, backbones)
    assert sorted(network.input) == ["features", "mel_mn04", "mel_musicnn", "rhythm"]
    mels = {MUSICNN: decoded(extract_mel(window))[np.newaxis], MN04: extract_mel32k(window)[np.newaxis]}
    row = whole.sample[:1].copy()
    inputs = {"features": row[:, :122], "rhythm": row[:, 122:620]}
    outputs = network(inputs | {f"mel_{name}": mel for name, mel in mels.items()}, training=False)
    row[:, 620:812] = backbones[MUSICNN](mels[MUSICNN], training=False)
    row[:, 812:] = backbones[MN04](mels[MN04], training=False)
    np.testing.assert_allclose(outputs[MUSICNN], row[:, 620:812], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(outputs[MN04], row[:, 812:], rtol=1e-4, atol=1e-4)
    expected = whole.members[0].predict(whole.preprocessor.transform(row))
    np.testing.assert_allclose(outputs["genres"], expected, atol=1e-3)


@pytest.mark.parametrize("missing", [MUSICNN, MN04])
def test_without_a_backbone_that_it_needs_nothing_is_assembled(missing: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=f"reads {missing} needs its network"):
        assemble(untrained((FEATURES, missing), tmp_path), {})


@pytest.mark.slow
def test_each_backbone_has_a_signature_of_its_own(
    whole: FittedModel, backbones: dict[str, keras.Model], tmp_path: Path, window: FloatArray
) -> None:
    network = assemble(whole, backbones)
    (tmp_path / "m.tflite").write_bytes(to_litert(network))
    save_small(network, tmp_path / "m.keras")
    litert, in_keras = LiteRtRuntime(tmp_path / "m.tflite"), KerasRuntime(tmp_path / "m.keras")
    assert litert.backbones == in_keras.backbones == {MUSICNN, MN04}
    for name, mel in ((MUSICNN, decoded(extract_mel(window))), (MN04, extract_mel32k(window))):
        found, expected = litert.embed(name, mel), in_keras.embed(name, mel)
        assert np.ptp(expected) > 0.1
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=4e-3 * np.abs(expected).max())
    rows = whole.preprocessor.scaler.transform(whole.sample)
    np.testing.assert_allclose(litert.infer(rows).members, in_keras.infer(rows).members, atol=1e-5)
    # Two bytes for each number, and little else.
    assert (tmp_path / "m.tflite").stat().st_size < 1.2 * 2 * network.count_params()


def test_a_model_comes_back_from_its_file(fitted: FittedModel, tmp_path: Path) -> None:
    network = assemble(fitted, {})
    save_small(network, tmp_path / "small.keras")
    network.save(tmp_path / "plain.keras")
    assert (tmp_path / "small.keras").stat().st_size < 0.8 * (tmp_path / "plain.keras").stat().st_size
    rows = fitted.preprocessor.scaler.transform(fitted.sample)
    before, after = (
        KerasRuntime(tmp_path / "plain.keras").infer(rows),
        KerasRuntime(tmp_path / "small.keras").infer(rows),
    )
    np.testing.assert_array_equal(after.members, before.members)
    np.testing.assert_array_equal(after.ood_score, before.ood_score)


def test_the_litert_export_says_the_same(fitted: FittedModel, tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(to_litert(assemble(fitted, {})))
    runtime = LiteRtRuntime(tmp_path / "m.tflite")
    assert (runtime.columns, runtime.backbones) == (620, frozenset())
    found = runtime.infer(fitted.preprocessor.scaler.transform(fitted.sample))
    members, ood_score = by_steps(fitted)
    np.testing.assert_allclose(found.members, members, atol=1e-5)
    np.testing.assert_allclose(found.ood_score, ood_score, atol=0.05)


def test_a_head_without_a_detector_gives_no_score(fitted: FittedModel) -> None:
    members = tuple(replace(member, ood_detector=None) for member in fitted.members)
    head = build_head(fitted.preprocessor, members)
    outputs = head(fitted.preprocessor.scaler.transform(fitted.sample), training=False)
    assert not np.asarray(outputs["ood_score"]).any()


def test_a_bundle_without_the_backbone_that_it_needs_is_refused(whole: FittedModel, tmp_path: Path) -> None:
    row = keras.Input((len(whole.preprocessor.columns),))
    network = keras.Model(row, build_head(whole.preprocessor, whole.members)(row))
    bundle = Path(shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle"))
    (bundle / LITERT_FILE).write_bytes(to_litert(network))
    sealed(bundle)
    with pytest.raises(ClassifierError, match=r"model.tflite: has no network for musicnn"):
        GenreModel.load(bundle)


@pytest.mark.parametrize("sample", ["as it is", "not a number"])
def test_a_model_whose_formats_differ_is_not_shipped(
    sample: str, fitted: FittedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = BundleFacts(name="n", version="1", record=FitRecord({}, fitted.recipe, Sampling(), seed=1))
    if sample == "not a number":
        fitted = replace(fitted, sample=np.full_like(fitted.sample, np.nan))
    else:
        other = to_litert(assemble(untrained((FEATURES, RHYTHM_FAMILY), tmp_path, members=2), {}))
        keras.utils.set_random_seed(1)
        another = for_serving(build_network(fitted.recipe, inputs=fitted.preprocessor.inputs))
        fitted = replace(fitted, members=(replace(fitted.members[0], network=another), *fitted.members[1:]))
        monkeypatch.setattr("training.bundle.write.to_litert", lambda _: other)
    with pytest.raises(TrainingError, match="differs from the Keras network"):
        write_bundle(fitted, tmp_path / "new", facts=facts, backbones={})
    assert not (tmp_path / "new").exists()


def test_a_file_without_a_backbone_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"reference.*: has no backbone"):
        load_backbones(REFERENCE_BUNDLE / KERAS_FILE)
    (tmp_path / "some.keras").write_text("no model")
    for name in ("some.keras", "missing.keras"):
        with pytest.raises(TrainingError, match=rf"{name}: cannot be read as a Keras model"):
            load_backbones(tmp_path / name)
