"""A bundle that does not fit the code is refused, and the message names the difference."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from classifier.bundle import DEFAULT_BUNDLE, KERAS_FILE, LITERT_FILE, METADATA_FILE, load_metadata
from classifier.errors import ClassifierError, ErrorKind
from classifier.genres import SLUGS
from classifier.model import GenreModel

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle"))


def refusal(bundle: Path) -> str:
    with pytest.raises(ClassifierError) as caught:
        GenreModel.load(bundle)
    assert caught.value.kind == ErrorKind.MODEL_UNUSABLE
    return str(caught.value)


def swap(names: list[str]) -> None:
    names[0], names[1] = names[1], names[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: swap(m["labels"]), "label 1 is 'big_room_house' in the bundle and 'ambient' in the code"),
        (lambda m: m["labels"].pop(), "the bundle has 15 × label, the code 16"),
        (lambda m: swap(m["feature_names"]), "feature 1 is 'spectral_centroid_std' in the bundle"),
        (lambda m: m["feature_names"].append("tempo"), "the bundle has 123 × feature, the code 122"),
        (lambda m: m["feature_spec"].update(hop_length=256), "feature_spec.hop_length is 256 in the bundle and 512"),
        (lambda m: m["feature_spec"].update(extra=1), "feature_spec.extra is 1 in the bundle and None"),
        (lambda m: m["scaler"]["mean"].pop(), "number of scaler values"),
        (lambda m: m.update(temperature=0), "temperature"),
        (lambda m: m.pop("labels"), "labels"),
    ],
)
def test_each_difference_is_named(bundle: Path, change: Change, message: str) -> None:
    path = bundle / METADATA_FILE
    metadata = json.loads(path.read_text())
    change(metadata)
    path.write_text(json.dumps(metadata))
    assert message in refusal(bundle)


@pytest.mark.parametrize("name", [METADATA_FILE, LITERT_FILE])
def test_a_missing_file_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    assert "no such file" in refusal(bundle).lower()


@pytest.mark.parametrize("name", [METADATA_FILE, LITERT_FILE])
def test_a_broken_file_is_refused(bundle: Path, name: str) -> None:
    (bundle / name).write_bytes(b"not what it should be")
    assert "bundle" in refusal(bundle)


def test_the_shipped_bundle_is_complete_and_small() -> None:
    metadata = load_metadata(DEFAULT_BUNDLE)
    assert metadata.labels == SLUGS
    assert metadata.model_version.startswith("reference-")
    assert metadata.data["test"]["tracks"] > 100
    files = {path.relative_to(DEFAULT_BUNDLE).as_posix(): path.stat().st_size for path in DEFAULT_BUNDLE.rglob("*.*")}
    assert {KERAS_FILE, LITERT_FILE, METADATA_FILE, "MODEL_CARD.md", "report/confusion.png"} <= files.keys()
    assert sum(files.values()) < 5_000_000


def test_no_pickle_is_in_the_bundle() -> None:
    """A Keras file is a zip of JSON and HDF5; nothing in the bundle may be a pickle or a joblib dump."""
    for path in DEFAULT_BUNDLE.rglob("*.*"):
        assert path.suffix in {".keras", ".tflite", ".json", ".md", ".png"}
        assert not path.read_bytes().startswith(b"\x80")
