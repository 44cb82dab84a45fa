"""Altered copies of audio: the same answer counts as kept, another one as lost, and nothing to hear is said."""

from pathlib import Path

import pytest

from classifier.bundle import DEFAULT_BUNDLE
from tests.support.audio import dance_track, mp3
from training.bundle.invariance import QUIET, measure_invariance
from training.cli.main import main
from training.data.copies import CODEC, TONE
from training.errors import TrainingError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.mp3").write_bytes(mp3(dance_track(12.0)))
    (tmp_path / "b.mp3").write_bytes(b"no music")
    return tmp_path


def test_every_alteration_is_measured(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = measure_invariance(DEFAULT_BUNDLE, folder, windows=2, seed=1)
    assert (found.tracks, found.windows) == (1, 2)
    assert found.unchanged.keys() == {QUIET, TONE, CODEC}
    assert all(share in (0.0, 0.5, 1.0) for share in found.unchanged.values())
    assert main(["invariance", "--audio", str(folder), "--windows", "2"]) == 0
    assert f"-20 dB: {found.unchanged[QUIET]:.1%}" in capsys.readouterr().out


def test_a_folder_without_music_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no music that can be read"):
        measure_invariance(DEFAULT_BUNDLE, tmp_path, windows=2, seed=1)
