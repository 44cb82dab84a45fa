"""`fit --model default` as one runs it: five networks, a backbone and a refusal become a bundle."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.arrays import FloatArray
from classifier.bundle import KERAS_FILE, LITERT_FILE, REFERENCE_BUNDLE, columns_of, load_metadata
from classifier.description import FAMILIES
from classifier.model import GenreModel, RuntimeName
from classifier.pipeline import GenreClassifier
from tests.support.bundles import copied_bundle, recorded_bundle
from tests.support.tables import frame, other_frame
from training.bundle.read import Bundle
from training.bundle.record import FitRecord
from training.cli.main import main
from training.data.splits import origin_folds, split_parts
from training.data.tables import read_tables
from training.errors import TrainingError
from training.models.baselines import Majority

pytestmark = pytest.mark.slow

COLUMNS = columns_of(FAMILIES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of music and of other sounds, with all families."""
    folder = tmp_path_factory.mktemp("default")
    music = frame(columns=COLUMNS)
    pd.concat([music, music.assign(variant="tone")]).to_parquet(folder / "music.parquet")
    other_frame(columns=COLUMNS).to_parquet(folder / "others.parquet")
    return folder


@pytest.fixture(scope="module")
def bundle(folder: Path) -> Path:
    (folder / "notes.md").write_text("## Where it fails\n\nOn polka.")
    call = ["fit", "--model", "default", "--table", str(folder / "music.parquet"), "--max-epochs", "3"]
    call += ["--without-track-folds", "--non-edm", str(folder / "others.parquet"), "--notes", str(folder / "notes.md")]
    assert main([*call, "--version", "3.2.1", "--out", str(folder / "mine")]) == 0
    return folder / "mine"


def test_its_metadata_says_how_it_was_made(bundle: Path) -> None:
    metadata = load_metadata(bundle)
    assert metadata.model_version == "mine-3.2.1"
    assert metadata.families == FAMILIES
    record = FitRecord.read(metadata)
    assert record.folds == 5
    assert (record.parts["all"].windows, record.parts["all"].altered_copies) == (192, 192)
    assert record.parts["non_edm"].windows_by_source == {"noise": 24, "speech": 24}
    assert metadata.metrics["windows"] == 192
    assert metadata.metrics["accuracy"] > 0.2  # chance gives 0.06
    assert metadata.metrics["answer"]["count"] == 192
    assert "folds_by_track" not in metadata.metrics  # left out, as was asked
    assert metadata.metrics["unchanged"] == {"tone": 1.0}  # the copies have the very same numbers
    assert metadata.listening is not None
    assert metadata.listening.ood_threshold is not None
    assert metadata.window.ood_threshold is not None
    assert metadata.track.ood_threshold is not None
    kinds = {kind["kind"]: kind["refused_windows"] for kind in metadata.metrics["rejection"]["kinds"]}
    assert kinds.keys() == {"noise", "speech"}
    assert min(kinds.values()) > 0.9


def test_card_licence_and_pictures_are_there(bundle: Path) -> None:
    card = (bundle / "MODEL_CARD.md").read_text()
    for text in ("mine-3.2.1", "dealt into 5 folds", "| speech | ", "| non_edm | 48 |", "On polka."):
        assert text in card
    for network in ("musicnn", "mn04"):
        notice = files("training").joinpath("notes", f"{network}-licence.md").read_text(encoding="utf-8")
        assert notice in (bundle / "LICENCES.md").read_text()
    for picture in ("confusion.png", "curves.png"):
        assert (bundle / "report" / picture).read_bytes().startswith(b"\x89PNG")
    assert {KERAS_FILE, LITERT_FILE} <= {path.name for path in bundle.iterdir()}
    assert not list(bundle.parent.glob(".bundle-*"))


def test_it_serves_in_both_runtimes(bundle: Path, window: FloatArray, track_mp3: bytes) -> None:
    litert, keras = (GenreModel.load(bundle, runtime=runtime) for runtime in RuntimeName)
    row = litert.describe(window)
    np.testing.assert_allclose(litert.predict(row), keras.predict(row), atol=1e-4)
    shipped = GenreModel.load()
    np.testing.assert_allclose(row, shipped.describe(window), rtol=1e-3, atol=1e-2)  # both backbones were taken over
    assert litert.infer(row).members.shape == (1, 5, 16)
    assert GenreClassifier(bundle).classify(track_mp3).model_version == "mine-3.2.1"


def test_a_row_of_its_own_tables_is_answered_by_the_network_of_its_fold(bundle: Path, folder: Path) -> None:
    table = read_tables([folder / "music.parquet"])
    own = Bundle.open(bundle).own_folds(table)
    folds = origin_folds(table, folds=5, seed=1)
    np.testing.assert_array_equal(own.fold_of, folds[table.is_plain])
    assert own.evaluated.is_plain.all()
    model = GenreModel.load(bundle)
    for row in (0, 50, 191):
        members = model.infer(own.evaluated.features[row]).members[0]
        expected = model.calibrated(members[own.fold_of[row]][np.newaxis])[0]
        np.testing.assert_allclose(own.predict(own.evaluated)[row], expected, atol=1e-6)
    # Another temperature does not change which genre is named.
    assert own.answers().right.mean() == pytest.approx(load_metadata(bundle).metrics["accuracy"], abs=1e-4)


@pytest.mark.usefixtures("blank_pictures")
def test_evaluate_part_test_repeats_the_figures_of_the_fit(
    bundle: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.models.baselines.BASELINES", (Majority(),))
    call = ["evaluate", "--bundle", str(bundle), "--table", str(folder / "music.parquet"), "--out", str(tmp_path / "r")]
    assert main([*call, "--part", "test"]) == 0
    said = capsys.readouterr()
    assert "measured on 192 windows of 96 tracks" in said.out
    stated = float(said.out.partition("accuracy ")[2].split()[0])
    assert stated == pytest.approx(load_metadata(bundle).metrics["accuracy"], abs=6e-4)
    assert "too good" not in said.err
    assert "Majority: fold 5 of 5" in said.err
    report = (tmp_path / "r" / "report.md").read_text()
    assert "a network for each of five folds" in report
    assert "speech" in report
    assert main(call) == 0
    assert "all 192 windows are of tracks that networks of mine-3.2.1 were fitted to" in capsys.readouterr().err


@pytest.mark.usefixtures("blank_pictures")
def test_other_tables_have_no_test_part(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame(columns=COLUMNS, seed=1).to_parquet(tmp_path / "new.parquet")
    call = ["evaluate", "--bundle", str(bundle), "--table", str(tmp_path / "new.parquet"), "--out", str(tmp_path / "r")]
    assert main([*call, "--part", "test"]) == 1
    assert "these are not the tables it was fitted on" in capsys.readouterr().err
    assert main(call) == 0
    assert "too good" not in capsys.readouterr().err


def test_bundles_in_folds_are_compared_on_what_neither_heard(
    bundle: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = str(folder / "music.parquet")
    other = copied_bundle(
        tmp_path / "other", source=bundle, window={"temperature": 3.0, "certain_from": {"house": 0.5}}
    )
    assert main(["compare", str(bundle), str(other), "--table", table, "--part", "test"]) == 0
    assert "# mine-3.2.1 (A) against other-1.0.0 (B)" in capsys.readouterr().out
    data = load_metadata(bundle).data | {"seed": 2}
    elsewhere = copied_bundle(tmp_path / "elsewhere", source=bundle, data=data)
    assert main(["compare", str(bundle), str(elsewhere), "--table", table, "--part", "test"]) == 1
    assert "were fitted in different folds" in capsys.readouterr().err


def test_a_bundle_that_held_tracks_out_has_no_folds(bundle: Path, folder: Path, tmp_path: Path) -> None:
    table = read_tables([folder / "music.parquet"])
    reference = Bundle.open(recorded_bundle(tmp_path / "reference", split_parts(table, seed=1)))
    with pytest.raises(TrainingError, match="was not fitted in folds"):
        reference.own_folds(table)


def test_a_backbone_that_is_none_is_refused_before_the_training(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["fit", "--model", "default", "--table", str(folder / "music.parquet"), "--out", str(tmp_path / "b")]
    assert main([*call, "--backbone", str(REFERENCE_BUNDLE / KERAS_FILE)]) == 1
    assert "has no backbone" in capsys.readouterr().err


def test_tables_without_all_families_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame().to_parquet(tmp_path / "narrow.parquet")
    call = ["fit", "--model", "default", "--table", str(tmp_path / "narrow.parquet"), "--out", str(tmp_path / "b")]
    assert main(call) == 1
    assert "the tables lack" in capsys.readouterr().err
