"""The whole run on a small package: laid out for `extract`, resumable, and what is missing is passed over."""

import shutil
from pathlib import Path

import pytest

from tests.training.data.sounds.debs import build_deb, tone
from training.data import other_sounds
from training.data.other_sounds import make_other_sounds
from training.data.sounds.signals import SIGNALS
from training.data.sounds.sources import Kind, Package, effects, music
from training.errors import TrainingError

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs Debian's dpkg-deb")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """One package that is there, one that is not, one generator, and no programs."""
    monkeypatch.setattr(other_sounds, "SOUNDFONTS", ())
    monkeypatch.setattr(other_sounds, "MUSIC", (Package("a-game", "CC0", (music(Kind.CLASSICAL, "*/music/*.wav"),)),))
    monkeypatch.setattr(
        other_sounds,
        "RECORDED",
        (
            Package("a-game", "CC0", (effects("*/sfx/*.wav", most=1, join_s=4.0),)),
            Package("no-package-has-this-name", "CC0", (effects("*"),)),
        ),
    )
    monkeypatch.setattr(other_sounds, "SIGNALS", SIGNALS[:1])
    for name in ("TUNES", "GROOVES"):
        monkeypatch.setattr(other_sounds, name, ())
    monkeypatch.setattr(other_sounds, "readings", lambda: ())


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "packages"
    folder.mkdir()
    build_deb(
        folder,
        "a-game",
        {"usr/share/a/music/one.wav": tone(5.0)} | {f"usr/share/a/sfx/{n}.wav": tone(1.0) for n in range(6)},
    )
    return folder


@pytest.mark.usefixtures("small")
def test_sounds_are_laid_out_by_kind_and_origin(tmp_path: Path, packages: Path) -> None:
    lines: list[str] = []
    made = make_other_sounds(tmp_path / "out", packages=packages, report=lines.append)
    assert made.recordings == {Kind.CLASSICAL: 1, Kind.SFX: 1, Kind.NOISE: 4}
    assert made.origins == {Kind.CLASSICAL: 1, Kind.SFX: 1, Kind.NOISE: 1}
    assert len(list((tmp_path / "out" / "non_edm" / "classical" / "a-game").iterdir())) == 1
    assert (tmp_path / "out" / "licences" / "a-game.txt").read_text() == "License: CC0-1.0\n"
    assert [line for line in made.passed_over if line.startswith("no-package-has-this-name: ")]
    assert "a-game 1.0: 2 recordings" in lines
    assert not (packages / "a-game_1.0_all.deb").exists()


@pytest.mark.usefixtures("small")
def test_a_second_run_makes_nothing_again(tmp_path: Path, packages: Path) -> None:
    first = make_other_sounds(tmp_path / "out", packages=packages, keep_packages=True, report=lambda _: None)
    (packages / "a-game_1.0_all.deb").unlink()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.*")}
    assert make_other_sounds(tmp_path / "out", packages=packages, report=lambda _: None).recordings == first.recordings
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.*")} == before


@pytest.mark.usefixtures("small")
def test_nothing_at_all_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(other_sounds, "SIGNALS", ())
    with pytest.raises(TrainingError, match="no source could be used"):
        make_other_sounds(tmp_path / "out", report=lambda _: None)
