"""The command line as a script and as a person use it."""

import csv
import io
import json
from pathlib import Path

import pytest
from PIL import Image

from classifier.cli import DEFAULT_OFFSET_S, main
from config import Settings


@pytest.fixture
def folder(tmp_path: Path, track_mp3: bytes) -> Path:
    (tmp_path / "album" / "disc 1").mkdir(parents=True)
    (tmp_path / "album" / "disc 1" / "one.mp3").write_bytes(track_mp3)
    (tmp_path / "album" / "two.MP3").write_bytes(track_mp3)
    (tmp_path / "album" / "cover.png").write_bytes(b"\x89PNG")
    (tmp_path / "bad.mp3").write_bytes(b"this is text")
    return tmp_path


def test_json_is_one_line_a_file_and_nothing_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--json", "--offset", "5", str(folder / "album"), str(folder / "bad.mp3"), str(folder / "gone.mp3")])
    captured = capsys.readouterr()
    answers = [json.loads(line) for line in captured.out.splitlines()]
    assert code == 1
    assert [Path(answer["file"]).name for answer in answers] == ["one.mp3", "two.MP3"]
    assert answers[0]["window"] == {"start_s": 5.0, "end_s": 8.0}
    assert list(answers[0]) == ["file", "genre", "confidence", "scores", "window", "notes", "model_version"]
    assert len(answers[0]["scores"]) == 16
    errors = captured.err.splitlines()
    assert len(errors) == 2
    assert "not audio" in errors[0]
    assert "cannot be opened" in errors[1]


def test_all_well_is_exit_code_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder / "album" / "two.MP3")]) == 0
    line = capsys.readouterr().out
    assert "%" in line
    assert "30.0–33.0 s" in line


def test_a_picture_is_written(folder: Path) -> None:
    out = folder / "picture.png"
    assert main([str(folder / "album" / "two.MP3"), "--spectrogram", str(out)]) == 0
    assert Image.open(io.BytesIO(out.read_bytes())).format == "PNG"


def test_several_files_get_a_picture_each(folder: Path) -> None:
    assert main([str(folder / "album"), "--spectrogram", str(folder / "p.png")]) == 0
    assert sorted(path.name for path in folder.glob("*.png")) == ["p-1-one.png", "p-2-two.png"]


def test_a_whole_track_in_words_json_and_csv(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    album = str(folder / "album")
    assert main([album, "--whole-track", "--timeline", str(folder / "t.png")]) == 0
    words = capsys.readouterr().out
    assert "13 windows" in words
    assert "0:00–" in words
    assert sorted(path.name for path in folder.glob("*.png")) == ["t-1-one.png", "t-2-two.png"]
    assert main([album, "--whole-track", "--json"]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [len(answer["segments"]) > 0 for answer in answers] == [True, True]
    assert main([album, "--whole-track", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == sum(len(answer["segments"]) for answer in answers)
    assert rows[0]["start_s"] == "0.000"


def test_windows_as_csv(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder / "album"), str(folder / "bad.mp3"), "--csv", "--offset", "5"]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["start_s"], row["end_s"]) for row in rows] == [("5.000", "8.000")] * 2


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["x.mp3", "--offset", "-3"],
        ["x.mp3", "--offset", "nan"],
        ["x.mp3", "--spectrogram", "no/folder/p.png"],
        ["x.mp3", "--timeline", "t.png"],
        ["x.mp3", "--whole-track", "--spectrogram", "p.png"],
        ["x.mp3", "--json", "--csv"],
    ],
)
def test_a_wrong_call_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_an_empty_folder_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert "no audio files" in capsys.readouterr().err


def test_an_unusable_bundle_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder / "album"), "--bundle", str(folder)]) == 1
    assert "model bundle cannot be used" in capsys.readouterr().err


def test_warming_up_needs_no_track() -> None:
    assert main(["--warm-up"]) == 0


def test_every_way_in_starts_at_the_same_second() -> None:
    assert Settings(_env_file=None).default_offset_s == DEFAULT_OFFSET_S
