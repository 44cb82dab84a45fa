"""What is picked out of a folder, and what is passed over."""

import os
from pathlib import Path

import pytest

from classifier.folders import audio_files


@pytest.fixture
def album(tmp_path: Path) -> Path:
    for name in (
        "b.mp3", "a.FLAC", "disc 2/c.opus", "notes.txt", "._b.mp3", ".hidden.mp3", ".Trash/d.mp3", ".git/e.mp3",
        "__MACOSX/b.mp3", "@eaDir/b.mp3", "@EADIR/b.mp3", "#recycle/f.mp3", "$RECYCLE.BIN/g.mp3", "lost+found/h.mp3",
        ".ipynb_checkpoints/i.wav", "System Volume Information/j.wav",
    ):  # fmt: skip
        (tmp_path / "album" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "album" / name).write_bytes(b"sound")
    return tmp_path / "album"


def found(folder: Path, *, problems: int = 0) -> list[str]:
    said: list[str] = []
    names = [path.relative_to(folder).as_posix() for path in audio_files(folder, say=said.append)]
    assert len(said) == problems
    return names


def test_music_in_the_order_of_its_names_and_nothing_else(album: Path) -> None:
    assert found(album) == ["a.FLAC", "b.mp3", "disc 2/c.opus"]


def test_a_folder_that_is_named_is_looked_into_even_if_it_is_hidden(album: Path) -> None:
    assert found(album / ".Trash") == ["d.mp3"]


def test_links_are_followed_once(album: Path, tmp_path: Path) -> None:
    """A link to a folder elsewhere, a second one to the same, one upwards, one to itself, and one to nowhere."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.mp3").write_bytes(b"sound")
    for name, target in (("l1", tmp_path / "other"), ("l2", tmp_path / "other"), ("up", tmp_path), ("gone", "nowhere")):
        (album / name).symlink_to(target)
    (album / "self").symlink_to("self")
    assert found(album) == ["a.FLAC", "b.mp3", "disc 2/c.opus", "l1/x.mp3"]
    (tmp_path / "way").symlink_to(album)
    assert found(tmp_path / "way")[:2] == ["a.FLAC", "b.mp3"]


def test_a_folder_that_cannot_be_read_is_said_and_the_rest_goes_on(
    album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = os.listdir

    def closed(path: Path) -> list[str]:
        if Path(path).name == "disc 2":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "listdir", closed)
    assert found(album, problems=1) == ["a.FLAC", "b.mp3"]
