"""`evaluate` and `compare` as one runs them."""

from pathlib import Path

import pandas as pd
import pytest

from classifier.bundle import REFERENCE_BUNDLE
from tests.support.bundles import recorded_bundle
from tests.support.tables import frame, write_public_shape
from training.cli.main import main
from training.data.splits import split_parts
from training.data.tables import read_tables
from training.errors import TrainingError
from training.models.learner import Learner


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.parquet"
    near = frame(seed=7).assign(quality="near")
    near["track"] = "near-" + near["track"]
    pd.concat([frame(spread=2.0).assign(quality="core"), near]).to_parquet(path)
    return path


@pytest.fixture
def bundle(table: Path, tmp_path: Path) -> Path:
    return recorded_bundle(tmp_path / "own", split_parts(read_tables([table]), seed=1))


@pytest.mark.usefixtures("blank_pictures")
def test_tables_the_bundle_learned_from_are_warned_of(
    bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report"
    assert main(["evaluate", "--bundle", str(bundle), "--table", str(table), "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "measured on 192 windows of 96 tracks" in said.out  # without the near labels
    assert "are too good" in said.err
    assert "are too good" in (out / "report.md").read_text()
    assert "Beside simpler models" not in (out / "report.md").read_text()


@pytest.mark.usefixtures("blank_pictures")
def test_the_test_part_alone_with_baselines(
    bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report"
    call = ["evaluate", "--bundle", str(bundle), "--table", str(table), "--part", "test", "--out", str(out)]
    assert main(call) == 0
    tracks = len(set(split_parts(read_tables([table]), seed=1).test.tracks))
    said = capsys.readouterr()
    assert f"of {tracks} tracks" in said.out
    assert "too good" not in said.err
    assert "| ExtraTrees |" in (out / "report.md").read_text()


def test_a_test_part_that_is_not_the_bundles_is_refused(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["evaluate", "--bundle", str(REFERENCE_BUNDLE), "--table", str(table), "--part", "test"]
    assert main([*call, "--out", str(tmp_path / "report")]) == 1
    assert "do not give its test part" in capsys.readouterr().err
    assert not (tmp_path / "report").exists()


@pytest.mark.usefixtures("blank_pictures")
def test_the_report_goes_to_a_folder_named_after_the_bundle(
    bundle: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", "--bundle", str(bundle), "--table", str(table)]) == 0
    assert (tmp_path / "reports" / "own-1.0.0" / "report.html").is_file()


@pytest.mark.slow
def test_cross_validation_tells_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, out = tmp_path / "small.parquet", tmp_path / "report"
    frame(rows_per_genre=12, tracks_per_genre=12).to_parquet(table)
    bundle = recorded_bundle(tmp_path / "own", split_parts(read_tables([table]), seed=1))
    call = ["evaluate", "--bundle", str(bundle), "--table", str(table), "--cross-validate", "--out", str(out)]
    assert main([*call, "--goal", "0.9"]) == 0
    said = capsys.readouterr()
    assert "Network: fold 5 of 5" in said.err
    assert "ExtraTrees: fold 5 of 5" in said.err
    assert "measured on 192 windows of 192 tracks" in said.out
    report = (out / "report.md").read_text()
    for name in ("Network", "Majority", "Logistic regression", "ExtraTrees"):
        assert f"\n| {name} | " in report
    assert "| songs: Phonk | 6 |" in report
    assert "## What more tracks would do" in report


def test_what_cross_validation_is_asked_for(
    bundle: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[frozenset[str], str | None]] = []

    def study(*_: object, keep_near: frozenset[str], curve_learner: Learner | None, **__: object) -> None:
        asked.append((keep_near, curve_learner and curve_learner.name))
        raise TrainingError("enough")

    monkeypatch.setattr("training.evaluate.study.study_recipe", study)
    call = ["evaluate", "--bundle", str(bundle), "--table", str(table), "--cross-validate"]
    assert main(call) == 1
    assert main([*call, "--keep-near", "phonk", "--learning-curve", "network"]) == 1
    assert main([*call, "--learning-curve", "none"]) == 1
    assert asked == [
        (frozenset(), "Logistic regression"),
        (frozenset({"phonk"}), "Network"),
        (frozenset(), None),
    ]


def test_cross_validation_measures_every_track(bundle: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["evaluate", "--bundle", str(bundle), "--table", str(table), "--cross-validate", "--part", "test"]
    assert main(call) == 1
    assert "leave --part test out" in capsys.readouterr().err


def test_only_altered_copies_cannot_be_measured(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame().assign(variant="lowpass").to_parquet(tmp_path / "low.parquet")
    assert main(["evaluate", "--bundle", str(bundle), "--table", str(tmp_path / "low.parquet")]) == 1
    assert "nothing to measure" in capsys.readouterr().err


@pytest.mark.usefixtures("blank_pictures")
def test_a_table_without_tracks_is_said_to_flatter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, out = write_public_shape(tmp_path / "test_data_final.csv", seed=1), tmp_path / "report"
    assert main(["evaluate", "--bundle", str(REFERENCE_BUNDLE), "--table", str(table), "--out", str(out)]) == 0
    assert "The tables name no tracks" in capsys.readouterr().err
    assert "The tables name no tracks" in (out / "report.html").read_text()


def test_two_bundles_are_compared(
    bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = recorded_bundle(
        tmp_path / "other",
        split_parts(read_tables([table]), seed=2),
        seed=2,
        window={"temperature": 3.0, "certain_from": {"house": 0.5}},
    )
    assert main(["compare", str(bundle), str(other), "--table", str(table), "--out", str(tmp_path / "c")]) == 0
    said = capsys.readouterr().out
    assert "# own-1.0.0 (A) against other-1.0.0 (B)" in said
    assert "that own-1.0.0 was fitted to" in said
    assert "that other-1.0.0 was fitted to" in said
    assert "| macro recall | 192 |" in said
    assert (tmp_path / "c" / "report.html").is_file()


def test_bundles_that_held_out_different_tracks_have_no_test_part_in_common(
    bundle: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = recorded_bundle(tmp_path / "other", split_parts(read_tables([table]), seed=2), seed=2)
    assert main(["compare", str(bundle), str(other), "--table", str(table), "--part", "test"]) == 1
    assert "held out different test parts" in capsys.readouterr().err
    assert main(["compare", str(bundle), str(bundle), "--table", str(table), "--part", "test"]) == 0
    assert "own-1.0.0 (A) against own-1.0.0 (B)" in capsys.readouterr().out
