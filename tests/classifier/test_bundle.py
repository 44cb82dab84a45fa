"""A bundle that does not fit the code is refused, and the message names the difference."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest

from classifier.bundle import (
    BUNDLES,
    DEFAULT_BUNDLE,
    KERAS_FILE,
    LITERT_FILE,
    METADATA_FILE,
    REFERENCE_BUNDLE,
    Thresholds,
    columns_of,
    load_metadata,
)
from classifier.description import BACKBONES, FAMILIES, MN04_NAMES, MUSICNN_NAMES
from classifier.errors import ClassifierError, ErrorKind
from classifier.features import FEATURE_NAMES
from classifier.genres import SLUGS
from classifier.model import HEAD, GenreModel, RuntimeName
from classifier.rhythm import RHYTHM_NAMES
from tests.support.bundles import sealed, shipped_backbones
from training.bundle.litert import to_litert

Change = Callable[[dict[str, Any]], object]

ALL = len(columns_of(FAMILIES))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle"))


def refusal(bundle: Path, *, runtime: RuntimeName = RuntimeName.LITERT) -> str:
    with pytest.raises(ClassifierError) as caught:
        GenreModel.load(bundle, runtime=runtime)
    assert caught.value.kind == ErrorKind.MODEL_UNUSABLE
    return str(caught.value)


def swap(names: list[str]) -> None:
    names[0], names[1] = names[1], names[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: swap(m["labels"]), "label 1 is 'big_room_house' in the bundle and 'ambient' in the code"),
        (lambda m: m["labels"].pop(), "the bundle has 15 × label, the code 16"),
        (lambda m: m["families"].append("lyrics"), "the code knows no columns of the family 'lyrics'"),
        (lambda m: m["families"].reverse(), "family 1 is 'mn04' in the bundle and 'features' in the code"),
        (lambda m: m["families"].append("rhythm"), "the bundle has 5 × family, the code 4"),
        (lambda m: m["families"].pop(), f"the bundle has {ALL} × column, the code {ALL - len(MN04_NAMES)}"),
        (lambda m: swap(m["columns"]), "column 1 is 'spectral_centroid_std' in the bundle"),
        (lambda m: m["columns"].append("tempo"), f"the bundle has {ALL + 1} × column, the code {ALL}"),
        (lambda m: m["specs"]["features"].update(hop_length=256), "specs.features.hop_length is 256 in the bundle"),
        (lambda m: m["specs"]["rhythm"].update(rhythm_lag_step=1), "specs.rhythm.rhythm_lag_step is 1 in the bundle"),
        (
            lambda m: m["specs"]["rhythm"].update(lowest_dbfs=-20.0),
            "specs.rhythm.lowest_dbfs is -20.0 in the bundle and -17.0 in the code",
        ),
        (lambda m: m["specs"]["musicnn"].update(extra=1), "specs.musicnn.extra is 1 in the bundle and None"),
        (lambda m: m["specs"]["mn04"].pop("highest_dbfs"), "specs.mn04.highest_dbfs is None in the bundle and -9.0"),
        (lambda m: m["specs"].pop("rhythm"), "specs.rhythm.frames is None in the bundle and 187 in the code"),
        (lambda m: m["specs"].update(lyrics={"words": 9}), "specs.lyrics.words is 9 in the bundle and None"),
        (lambda m: m["scaler"]["mean"].pop(), f"the bundle has {ALL - 1} × scaler value, and {ALL} columns"),
        (lambda m: m["scaler"]["scale"].append(1.0), f"the bundle has {ALL + 1} × scaler value, and {ALL} columns"),
        (lambda m: m["window"].update(temperature=0), "window.temperature"),
        (lambda m: m["track"].update(certain_from=0.4), "track.certain_from: "),
        (lambda m: m["track"]["certain_from"].update(house=1.1), "track.certain_from.house: "),
        (lambda m: m["listening"].update(places=2, temperatures=[1.0, 0.9]), "2 places need 3 temperatures, not 2"),
        (lambda m: m["listening"].update(places=1, temperatures=[1.0, 0.0]), "listening.temperatures.1: "),
        (lambda m: m["listening"].update(places=0), "listening.places: "),
        (lambda m: m.pop("labels"), "labels"),
    ],
)
def test_each_difference_is_named(bundle: Path, change: Change, message: str) -> None:
    path = bundle / METADATA_FILE
    metadata = json.loads(path.read_text())
    change(metadata)
    path.write_text(json.dumps(metadata))
    assert message in refusal(bundle)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        (
            {},
            "its format is 1, and this code reads 3; `python -m training migrate-bundle {bundle}` brings it up to date",
        ),
        ({"format": 1}, "`python -m training migrate-bundle {bundle}`"),
        ({"format": 4}, "its format is 4, and this code reads 3; a newer version of this program wrote it"),
    ],
    ids=["not stated", "older", "newer"],
)
def test_another_format_is_refused_before_anything_else_is_read(
    bundle: Path, stated: dict[str, int], message: str
) -> None:
    (bundle / METADATA_FILE).write_text(json.dumps({**stated, "names": "of another time"}))
    assert message.format(bundle=bundle) in refusal(bundle)


@pytest.mark.parametrize("name", [METADATA_FILE, LITERT_FILE])
def test_a_missing_file_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    assert "no such file" in refusal(bundle).lower()


@pytest.mark.parametrize("name", [METADATA_FILE, LITERT_FILE])
def test_a_broken_file_is_refused(bundle: Path, name: str) -> None:
    (bundle / name).write_bytes(b"not what it should be")
    assert "bundle" in refusal(bundle)


def test_one_flipped_bit_is_noticed(bundle: Path) -> None:
    for runtime, file in ((RuntimeName.LITERT, LITERT_FILE), (RuntimeName.KERAS, KERAS_FILE)):
        content = bytearray((bundle / file).read_bytes())
        content[len(content) // 2] ^= 1
        (bundle / file).write_bytes(content)
        assert "is not what metadata.json says (SHA-256)" in refusal(bundle, runtime=runtime)


@pytest.mark.parametrize(("runtime", "file"), [(RuntimeName.LITERT, LITERT_FILE), (RuntimeName.KERAS, KERAS_FILE)])
def test_the_network_of_another_bundle_is_refused(bundle: Path, runtime: RuntimeName, file: str) -> None:
    shutil.copy(REFERENCE_BUNDLE / file, bundle / file)
    assert f"{file}: is not what metadata.json says" in refusal(bundle, runtime=runtime)
    sealed(bundle)
    assert f"{file}: its network reads 122 columns, its metadata names {ALL}" in refusal(bundle, runtime=runtime)


@pytest.mark.parametrize("there", [(), BACKBONES[:1]], ids=["head alone", "one backbone"])
def test_a_network_that_lacks_a_backbone_is_refused_by_its_name(bundle: Path, there: tuple[str, ...]) -> None:
    row = keras.Input((ALL,), name="row")
    said = keras.layers.Dense(16)(row)
    head = keras.Model(row, {"members": said[:, None, :], "ood_score": said[:, :1]}, name=HEAD)
    inputs, outputs = {"row": keras.Input((ALL,), name="row")}, {}
    outputs |= head(inputs["row"])
    for name in there:
        network = shipped_backbones()[name]
        inputs[f"mel_{name}"] = keras.Input(network.input_shape[1:], name=f"mel_{name}")
        outputs[name] = network(inputs[f"mel_{name}"])
    whole = keras.Model(inputs, outputs)
    whole.save(bundle / KERAS_FILE)
    (bundle / LITERT_FILE).write_bytes(to_litert(whole))
    sealed(bundle)
    lacking = BACKBONES[len(there)]
    for runtime, file in ((RuntimeName.LITERT, LITERT_FILE), (RuntimeName.KERAS, KERAS_FILE)):
        assert refusal(bundle, runtime=runtime).endswith(f"{file}: has no network for {lacking})")


def test_each_genre_has_its_own_threshold() -> None:
    thresholds = Thresholds(certain_from={"house": 0.6, "techno": 0.0}, ood_threshold=1.5)
    assert thresholds.is_certain("house", 0.6)
    assert not thresholds.is_certain("house", 0.5999)
    assert thresholds.is_certain("techno", 0.0)
    assert not thresholds.is_certain("trance", 1.0)  # what is not named never is
    assert thresholds.is_familiar("house", 1.4999)
    assert not thresholds.is_familiar("house", 1.5)
    assert Thresholds(certain_from={}).is_familiar("house", 1e9)
    spared = Thresholds(certain_from={}, ood_threshold=1.5, ood_by_genre={"ambient": 2.0})
    assert [spared.is_familiar(slug, 1.7) for slug in ("ambient", "house")] == [True, False]
    assert not spared.is_familiar("ambient", 2.0)


def test_columns_stand_family_by_family() -> None:
    assert columns_of(FAMILIES) == (*FEATURE_NAMES, *RHYTHM_NAMES, *MUSICNN_NAMES, *MN04_NAMES)
    assert columns_of(("features",)) == FEATURE_NAMES


@pytest.mark.parametrize(
    ("folder", "families", "parts", "files"),
    [
        (DEFAULT_BUNDLE, FAMILIES, ("all",), {"LICENCES.md"}),
        (REFERENCE_BUNDLE, ("features",), ("train", "validation", "test"), set()),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_shipped_bundle_is_complete_and_small(
    folder: Path, families: tuple[str, ...], parts: tuple[str, ...], files: set[str]
) -> None:
    metadata = load_metadata(folder)
    assert metadata.labels == SLUGS
    assert metadata.families == families
    assert metadata.columns == columns_of(families)
    assert metadata.model_version.startswith(f"{folder.name}-")
    assert set(metadata.window.certain_from) | set(metadata.track.certain_from) <= set(SLUGS)
    assert sum(metadata.data["parts"][part]["tracks"] for part in parts) > 500
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*.*")}
    assert files | {KERAS_FILE, LITERT_FILE, METADATA_FILE, "MODEL_CARD.md", "report/confusion.png"} <= sizes.keys()
    assert sum(sizes.values()) < 12_000_000


def test_the_licence_of_the_pretrained_networks_goes_with_them() -> None:
    licences = (DEFAULT_BUNDLE / "LICENCES.md").read_text()
    for named in ("MSD_musicnn", "THIS SOFTWARE", "EfficientAT", "MIT License", "Copyright (c) 2022 Florian Schmid"):
        assert named in licences


def test_no_pickle_is_in_a_bundle() -> None:
    """A Keras file is a zip of JSON and HDF5; nothing in the bundles may be a pickle or a joblib dump."""
    for path in BUNDLES.rglob("*.*"):
        assert path.suffix in {".keras", ".tflite", ".json", ".md", ".png"}
        assert not path.read_bytes().startswith(b"\x80")
