"""`promote`: a bundle takes another's place only if it names more of the same tracks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.bundle import REFERENCE_BUNDLE, load_metadata
from classifier.features import FEATURE_NAMES
from classifier.genres import SLUGS
from tests.support.bundles import copied_bundle
from training.bundle.read import Bundle
from training.cli.main import main
from training.cli.promote import NOT_BETTER

ROWS = 320


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Tracks whose right genre is what the shipped reference says of them."""
    scaler = load_metadata(REFERENCE_BUNDLE).scaler
    spread = np.random.default_rng(2).normal(0.0, 1.5, (ROWS, len(FEATURE_NAMES)))
    rows = (spread * np.asarray(scaler.scale) + np.asarray(scaler.mean)).astype(np.float32)
    answers = Bundle.open(REFERENCE_BUNDLE).model.predict(rows).argmax(axis=1)
    frame = pd.DataFrame(rows, columns=list(FEATURE_NAMES))
    frame = frame.assign(label=[SLUGS[answer] for answer in answers], track=[f"t{row}" for row in range(ROWS)])
    frame.to_parquet(tmp_path / "held_out.parquet")
    return tmp_path / "held_out.parquet"


def shifted(folder: Path) -> Path:
    """A copy of the reference that takes every window for another one."""
    metadata = load_metadata(REFERENCE_BUNDLE)
    scaler = {"mean": [value + 2.0 for value in metadata.scaler.mean], "scale": metadata.scaler.scale[::-1]}
    return copied_bundle(folder, source=REFERENCE_BUNDLE, scaler=scaler)


def test_a_better_bundle_takes_the_place(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    current, new = shifted(tmp_path / "current"), copied_bundle(tmp_path / "new", source=REFERENCE_BUNDLE)
    assert main(["promote", str(current), str(new), "--table", str(table)]) == 0
    assert load_metadata(current).model_version == "new-1.0.0"
    assert load_metadata(new).model_version == "new-1.0.0"  # a copy was taken
    assert "is new-1.0.0 now, and was current-1.0.0" in capsys.readouterr().out
    assert not list(tmp_path.glob(".bundle-*"))


def test_one_that_is_no_better_does_not(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    current, same = copied_bundle(tmp_path / "current", source=REFERENCE_BUNDLE), shifted(tmp_path / "worse")
    before = (current / "metadata.json").read_bytes()
    for new in (same, copied_bundle(tmp_path / "equal", source=REFERENCE_BUNDLE)):
        assert main(["promote", str(current), str(new), "--table", str(table)]) == NOT_BETTER
        assert "is not better" in capsys.readouterr().out
    assert (current / "metadata.json").read_bytes() == before


def test_a_bundle_that_is_not_there_is_named(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    current = copied_bundle(tmp_path / "current", source=REFERENCE_BUNDLE)
    assert main(["promote", str(current), str(tmp_path / "none"), "--table", str(table)]) == 1
    assert "none" in capsys.readouterr().err
