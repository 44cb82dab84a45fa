"""A collection of music on the command line: tags and their backup, playlists, going on after a break, the summary."""

import csv
import json
from pathlib import Path

import pytest

from classifier.cli import main
from classifier.genres import SLUGS
from classifier.tags import read_tags
from tests.support.audio import mp3
from tests.support.bundles import copied_bundle
from training.data.loops import dance_loop

NOTHING: dict[str, list[str]] = {"genre": [], "tempo": [], "key": [], "comment": []}


@pytest.fixture(scope="module")
def loop() -> bytes:
    """Drums, bass and chords at 175 beats a minute, in D major."""
    return mp3(dance_loop(27, seconds=30.0).samples, rate_hz=22_050)


@pytest.fixture
def album(tmp_path: Path, loop: bytes) -> Path:
    album = tmp_path / "album"
    album.mkdir()
    for name in ("one.mp3", "two.mp3"):
        (album / name).write_bytes(loop)
    return album


@pytest.fixture
def sure(tmp_path: Path) -> str:
    """A bundle that is always certain."""
    return str(copied_bundle(tmp_path / "sure", window={"temperature": 1.0, "certain_from": dict.fromkeys(SLUGS, 0.0)}))


def test_tags_are_written_kept_and_restored(
    album: Path, sure: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup = tmp_path / "backup.jsonl"
    call = [str(album), "--offset", "5", "--bundle", sure, "--write-tags", "--backup", str(backup)]
    assert main([*call, "--dry-run"]) == 0
    said = capsys.readouterr().err
    assert "one.mp3: would write genre: Drum and Bass, tempo: 175, key: D, comment: EDM genre: Drum and Bass" in said
    assert not backup.exists()
    assert read_tags(album / "one.mp3") == NOTHING

    assert main(call) == 0
    assert "Tags written: 2; what they replaced is in" in capsys.readouterr().err
    written = read_tags(album / "one.mp3")
    assert (written["genre"], written["tempo"], written["key"]) == (["Drum and Bass"], ["175"], ["D"])
    rows = [json.loads(line) for line in backup.read_text().splitlines()]
    assert [Path(row["file"]).name for row in rows] == ["one.mp3", "two.mp3"]
    assert rows[0]["replaced"] == NOTHING

    assert main([*call, "--skip-existing"]) == 0
    assert "2 left out" in capsys.readouterr().err
    assert main(["--restore-tags", str(backup)]) == 0
    assert read_tags(album / "one.mp3") == read_tags(album / "two.mp3") == NOTHING
    assert main(["--restore-tags", str(album / "one.mp3")]) == 1
    assert "no backup of tags" in capsys.readouterr().err


def test_a_backup_that_cannot_be_written_leaves_the_file(
    album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (album / "one.mp3").read_bytes()
    backup = tmp_path / "gone" / "backup.jsonl"
    assert main([str(album / "one.mp3"), "--write-tags", "--backup", str(backup)]) == 1
    assert str(backup) in capsys.readouterr().err
    assert (album / "one.mp3").read_bytes() == before


def test_playlists_by_genre(album: Path, sure: str, tmp_path: Path) -> None:
    assert main([str(album), "--offset", "5", "--bundle", sure, "--playlist", str(tmp_path / "lists")]) == 0
    (playlist,) = (tmp_path / "lists").iterdir()
    assert playlist.name == "Drum and Bass.m3u8"
    lines = playlist.read_text().splitlines()
    assert lines[0] == "#EXTM3U"
    assert [(playlist.parent / line).resolve() for line in lines if not line.startswith("#")] == [
        album / "one.mp3", album / "two.mp3",
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_it_goes_on_where_it_was_broken_off(
    album: Path, tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    call = [str(album), form, "--output", str(out), "--offset", "5", "--skip-existing"]
    assert main([str(album / "one.mp3"), *call[1:]]) == 0
    assert capsys.readouterr().out == ""
    whole = out.read_bytes()
    out.write_bytes(whole + whole[-60:-20])  # the next line was cut off
    assert main(call) == 0
    assert "1 left out" in capsys.readouterr().err
    lines = out.read_text().splitlines()
    names = (
        [json.loads(line)["file"] for line in lines] if form == "--json" else [r["file"] for r in csv.DictReader(lines)]
    )
    assert names == [str(album / "one.mp3"), str(album / "two.mp3")]
    assert out.read_bytes().startswith(whole)
    out.write_text("a letter\n")
    assert main(call) == 1
    assert "no such answers to go on with" in capsys.readouterr().err
    assert out.read_text() == "a letter\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--dry-run"], "--dry-run needs --write-tags"),
        (["--segments"], "--segments needs --whole-track"),
        (["--skip-existing"], "--skip-existing needs --output or --write-tags"),
        (["--skip-existing", "--output", "x"], "with --json or --csv"),
        (["--restore-tags", "x", "--write-tags"], "one or the other"),
        (["--output", "/nonexistent/x"], "there is no folder"),
    ],
)
def test_what_does_not_go_together(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["a.mp3", *arguments])
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err
