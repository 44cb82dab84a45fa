"""A package is unpacked without installing it, and only its sounds are."""

import shutil
from pathlib import Path

import pytest

from tests.training.data.sounds.debs import build_deb, tone, zipped
from training.data.sounds.debian import unpacked
from training.errors import TrainingError

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs Debian's dpkg-deb")


def test_sounds_and_archives_of_sounds_are_unpacked(tmp_path: Path) -> None:
    build_deb(
        tmp_path,
        "a-game",
        {
            "usr/share/games/a/jump.wav": tone(0.2),
            "usr/share/games/a/texture.png": b"picture",
            "usr/share/games/a/data.pk3": zipped({"sound/door.wav": tone(0.2), "maps/one.map": b"map"}),
            "usr/share/games/a/broken.zip": b"no archive",
        },
    )
    with unpacked("a-game", tmp_path) as package:
        names = [path.relative_to(package.folder).as_posix() for path in package.files()]
        assert "usr/share/games/a/jump.wav" in names
        assert "usr/share/games/a/data.pk3.unpacked/sound/door.wav" in names
        assert not [name for name in names if name.endswith((".png", ".map"))]
        assert package.version == "1.0"
        assert package.copyright_text() == "License: CC0-1.0\n"
    assert not package.folder.exists()


def test_an_unknown_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="apt-get"), unpacked("no-package-has-this-name", tmp_path):
        pass


def test_a_damaged_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken_1.0_all.deb").write_bytes(b"no package")
    with pytest.raises(TrainingError, match="broken"), unpacked("broken", tmp_path):
        pass
