"""A bundle of the first format becomes one of today's: other names, the same numbers, whole or not at all."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier.bundle import (
    KERAS_FILE,
    LITERT_FILE,
    METADATA_FILE,
    REFERENCE_BUNDLE,
    Calibration,
    checksums,
    load_metadata,
)
from classifier.errors import ClassifierError
from classifier.genres import SLUGS
from classifier.model import GenreModel, KerasRuntime, RuntimeName
from training.bundle.migrate import migrate_bundle
from training.bundle.record import FitRecord
from training.errors import TrainingError

REJECTION = {"refuse_from": 0.5, "edm": {"refused_windows": 0.03}, "trade_offs": [{"refuse_from": 0.25}]}
DOUBTED = ("dubstep", "lofi")
NEW_FIELDS = (
    "refit",
    "listening_places",
    "ood_source_weights",
    "ood_genre_weights",
    "ood_unlabelled_share",
    "ood_penalty",
)
"""Of the recipe: format 1 did not know them."""


def old_metadata() -> dict[str, Any]:
    """The shipped reference's metadata as they stood in format 1, with thresholds everywhere they may stand."""
    metadata = json.loads((REFERENCE_BUNDLE / METADATA_FILE).read_text())
    del metadata["format"], metadata["listening"]
    for place, threshold in (("window", 0.5), ("track", -0.25)):
        old = {"doubted": DOUBTED, "certain_from": 0.625, "refuse_from": threshold}
        metadata[place] = {"temperature": metadata[place]["temperature"], **old}
    metadata["metrics"]["rejection"] = REJECTION
    record = metadata["data"]
    del record["sampling"]["source_weights"]
    metadata["data"] = {
        **record.pop("parts"), "recipe": record["recipe"], "sampling": record["sampling"], "seed": record["seed"],
        "near_kept_for": record["near_genres"],
    }  # fmt: skip
    for name in NEW_FIELDS:
        metadata["data"]["recipe"].pop(name, None)
    return metadata


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A bundle of format 1: the shipped reference under its old names; its LiteRT export is good for nothing."""
    folder = tmp_path / "bundles" / "old"
    shutil.copytree(REFERENCE_BUNDLE, folder)
    (folder / METADATA_FILE).write_text(json.dumps(old_metadata()))
    with zipfile.ZipFile(REFERENCE_BUNDLE / KERAS_FILE) as shipped, zipfile.ZipFile(folder / KERAS_FILE, "w") as out:
        for name in shipped.namelist():
            out.writestr(name, shipped.read(name).replace(b'"ood_score"', b'"strangeness"'))
    (folder / LITERT_FILE).write_bytes(b"to be written anew")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_numbers_are_the_same_under_their_new_names(old: Path) -> None:
    with pytest.raises(ClassifierError, match="its format is 1"):
        load_metadata(old)
    before = contents(old)

    assert migrate_bundle(old)

    shipped, migrated = load_metadata(REFERENCE_BUNDLE), load_metadata(old)
    certain_from = {slug: 0.625 for slug in SLUGS if slug not in DOUBTED}
    for found, temperature, threshold in (
        (migrated.window, shipped.window.temperature, 0.5),
        (migrated.track, shipped.track.temperature, -0.25),
    ):
        assert found == Calibration(temperature=temperature, certain_from=certain_from, ood_threshold=threshold)
        assert not found.is_certain("lofi", 0.99)
        assert found.is_certain("house", 0.625)
    assert migrated.listening is None  # it never listened on
    assert migrated.metrics.pop("rejection") == {
        "ood_threshold": 0.5, "edm": {"refused_windows": 0.03}, "trade_offs": [{"ood_threshold": 0.25}],
    }  # fmt: skip
    assert FitRecord.read(migrated) == FitRecord.read(shipped)
    assert migrated.sha256 == checksums(old)
    rest = {"window", "track", "listening", "data", "sha256"}
    assert migrated.model_dump(exclude=rest) == shipped.model_dump(exclude=rest)

    changed = {KERAS_FILE, LITERT_FILE, METADATA_FILE}
    after = contents(old)
    assert {name: after[name] for name in after.keys() - changed} == {
        name: before[name] for name in before.keys() - changed
    }
    assert [path.name for path in old.parent.iterdir()] == ["old"]
    weights, expected = (KerasRuntime(folder / KERAS_FILE).model.get_weights() for folder in (old, REFERENCE_BUNDLE))
    assert len(weights) == len(expected)
    for ours, theirs in zip(weights, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("runtime", list(RuntimeName))
def test_the_answers_are_the_same(old: Path, runtime: RuntimeName) -> None:
    migrate_bundle(old)
    ours, shipped = (GenreModel.load(folder, runtime=runtime) for folder in (old, REFERENCE_BUNDLE))
    scaler = shipped.metadata.scaler
    spread = np.random.default_rng(3).normal(0.0, 1.5, (200, len(shipped.columns)))
    rows = (spread * scaler.scale + scaler.mean).astype(np.float32)
    np.testing.assert_array_equal(ours.infer(rows).members, shipped.infer(rows).members)
    np.testing.assert_array_equal(ours.infer(rows).ood_score, shipped.infer(rows).ood_score)
    assert shipped.infer(rows).members.std() > 0.01


def test_weights_of_sources_are_recorded_where_a_detector_was_fitted(old: Path) -> None:
    path = old / METADATA_FILE
    metadata = json.loads(path.read_text())
    metadata["data"] |= {"all": metadata["data"]["train"], "non_edm": metadata["data"]["test"], "folds": 5}
    path.write_text(json.dumps(metadata))
    migrate_bundle(old)
    record = FitRecord.read(load_metadata(old))
    assert record.recipe.ood_source_weights == (("songs", 3.0),)
    assert record.folds == 5
    assert {"all", "non_edm", "test"} <= record.parts.keys()


def test_a_model_that_reads_more_has_to_be_fitted_anew(old: Path) -> None:
    path = old / METADATA_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | {"families": ["features", "rhythm", "embedding"]}))
    before = contents(old)
    with pytest.raises(TrainingError, match="reads more than the 122 features, which changed: fit it anew"):
        migrate_bundle(old)
    assert contents(old) == before


def test_a_bundle_of_today_is_left_alone(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(REFERENCE_BUNDLE, tmp_path / "bundle"))
    assert not migrate_bundle(folder)
    assert contents(folder) == contents(REFERENCE_BUNDLE)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (METADATA_FILE, b'{"format": 4}', "its format is 4, and this code writes 3"),
        (METADATA_FILE, b"[]", "is not that of a bundle"),
        (METADATA_FILE, b"{", "cannot be read"),
        (METADATA_FILE, b'{"name": "half"}', "Field required"),
        (KERAS_FILE, b"no network", "cannot be read as a Keras model"),
    ],
)
def test_what_cannot_be_migrated_stays_as_it_is(old: Path, name: str, content: bytes, message: str) -> None:
    (old / name).write_bytes(content)
    before = contents(old)
    with pytest.raises(TrainingError, match=message):
        migrate_bundle(old)
    assert contents(old) == before
    assert [path.name for path in old.parent.iterdir()] == ["old"]


def test_a_folder_without_a_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"metadata\.json cannot be read"):
        migrate_bundle(tmp_path)


def test_a_bundle_of_format_2_gets_its_checksums(tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(REFERENCE_BUNDLE, tmp_path / "bundle"))
    path = bundle / METADATA_FILE
    whole = json.loads(path.read_text())
    path.write_text(json.dumps({name: value for name, value in whole.items() if name != "sha256"} | {"format": 2}))
    assert migrate_bundle(bundle)
    assert json.loads(path.read_text()) == whole
    assert not migrate_bundle(bundle)
