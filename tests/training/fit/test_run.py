"""`fit` and `evaluate` as one runs them: a bundle comes out that serves, and the same seed gives the same figures."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from classifier.bundle import load_metadata
from classifier.model import GenreModel, RuntimeName
from tests.support.tables import frame, write_public_shape
from training.cli.main import main
from training.data.tables import read_tables


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `train_data_final.csv` and `test_data_final.csv` in the public data set's shape."""
    folder = tmp_path_factory.mktemp("public")
    write_public_shape(folder / "train_data_final.csv", seed=0, rows_per_genre=60)
    write_public_shape(folder / "test_data_final.csv", seed=1)
    return folder


@pytest.fixture(scope="module")
def bundle(public: Path) -> Path:
    out = public / "bundles" / "public"
    train, test = public / "train_data_final.csv", public / "test_data_final.csv"
    call = ["fit", "--model", "reference", "--table", str(train), "--test", str(test), "--out", str(out)]
    with contextlib.redirect_stdout(io.StringIO()) as figures, contextlib.redirect_stderr(io.StringIO()) as lines:
        assert main([*call, "--max-epochs", "16", "--version", "3.2.1"]) == 0
    for what in ("accuracy", "precision", "recall", "| Drum and Bass |"):
        assert what in figures.getvalue()
    assert "may lie on both sides" in lines.getvalue()
    said = lines.getvalue().splitlines()
    epochs = [
        line for line in said if re.match(r"epoch \d+ of at most 16: loss \d\.\d{3}, validation loss .* s left", line)
    ]
    assert 1 < len(epochs) <= 16
    assert len(said) == len(epochs) + 3  # the note about tracks, and at the end:
    assert said[-2].startswith(f"bundle: {out}")
    assert f"next: python -m classifier --bundle {out} TRACK" in said[-1]
    return out


@pytest.mark.slow
def test_the_public_data_set_trains_a_bundle_that_works(bundle: Path, public: Path) -> None:
    metadata = load_metadata(bundle)
    assert metadata.model_version == "public-3.2.1"
    assert metadata.metrics["macro_recall"] > 0.9  # the clouds are easy: less means that something is broken
    table = read_tables([public / "test_data_final.csv"])
    answers = GenreModel.load(bundle).predict(table.features).argmax(axis=1)
    assert (answers == table.labels).mean() == pytest.approx(metadata.metrics["accuracy"], abs=1e-4)


def test_both_formats_of_the_network_agree(bundle: Path) -> None:
    rows = np.random.default_rng(0).normal(0.0, 1.0, (64, 122)).astype(np.float32)
    litert, in_keras = (GenreModel.load(bundle, runtime=runtime) for runtime in RuntimeName)
    np.testing.assert_allclose(litert.predict(rows), in_keras.predict(rows), atol=1e-5)


def test_the_report_and_the_card_are_there(bundle: Path) -> None:
    card = (bundle / "MODEL_CARD.md").read_text()
    assert "public-3.2.1" in card
    assert "| Psytrance |" in card
    for picture in ("confusion.png", "curves.png"):
        assert (bundle / "report" / picture).read_bytes().startswith(b"\x89PNG")
        assert f"report/{picture}" in card
    assert not list(bundle.parent.glob(".bundle-*"))


@pytest.mark.usefixtures("blank_pictures")
def test_evaluate_repeats_the_figures_of_the_fit(
    bundle: Path, public: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = public / "test_data_final.csv", tmp_path / "report"
    assert main(["evaluate", "--bundle", str(bundle), "--table", str(table), "--out", str(out)]) == 0
    assert f"accuracy {load_metadata(bundle).metrics['accuracy']:.3f}" in capsys.readouterr().out


@pytest.mark.slow
def test_two_runs_with_one_seed_give_the_same_figures(tmp_path: Path) -> None:
    """One after others in this process, and one in a fresh one."""
    frame(spread=4.0).to_parquet(tmp_path / "t.parquet")
    call = ["fit", "--model", "reference", "--table", str(tmp_path / "t.parquet"), "--max-epochs", "4", "--out"]
    assert main([*call, str(tmp_path / "a")]) == 0
    elsewhere = os.environ | {"PYTHONHASHSEED": "7"}
    run = subprocess.run(
        [sys.executable, "-m", "training", *call, str(tmp_path / "b")],
        capture_output=True,
        text=True,
        check=False,
        env=elsewhere,
    )
    assert run.returncode == 0, run.stderr
    figures = []
    for name in ("a", "b"):
        metadata = json.loads((tmp_path / name / "metadata.json").read_text())
        figures.append((metadata["metrics"], metadata["window"], metadata["track"], metadata["data"]))
    assert figures[0] == figures[1]
    assert 0.0 < figures[0][0]["accuracy"] < 0.9  # hard enough that chance would show


def test_a_wrong_table_is_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame().drop(columns="mfcc1_mean").to_csv(tmp_path / "bad.csv")
    assert main(["fit", "--table", str(tmp_path / "bad.csv"), "--out", str(tmp_path / "b")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "b").exists()


def test_a_folder_that_is_no_bundle_is_never_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"dear")
    assert main(["fit", "--table", "whatever.csv", "--out", str(tmp_path)]) == 1
    assert "is no bundle" in capsys.readouterr().err
    assert (tmp_path / "holiday.jpg").read_bytes() == b"dear"
