"""The command line as a script and as a person use it."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from classifier.bundle import BUNDLES, load_metadata
from classifier.cli import main
from classifier.cli.wording import sentence
from classifier.decoding import DEFAULT_OFFSET_S, AudioWindow, decode_window
from classifier.genres import GENRE_BY_SLUG
from classifier.readers.source import Source
from classifier.results import Classification, GenreScore, Note, Segment, TrackClassification, Window, WindowAnswer
from config import Settings
from tests.support.bundles import copied_bundle


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
    assert (answers[0]["window"]["start_s"], answers[0]["window"]["end_s"]) == (5.0, 8.0)
    assert answers[0]["heard"][0] == {"start_s": 5.0, "end_s": 8.0}
    assert list(answers[0]) == [
        "file", "genre", "confidence", "certain", "familiar", "tempo", "key", "scores", "window", "heard", "notes",
        "model_version",
    ]  # fmt: skip
    assert len(answers[0]["scores"]) == 16
    errors = captured.err.splitlines()
    assert "not audio" in errors[0]
    assert "cannot be opened" in errors[1]
    assert re.fullmatch(r"4 files: .*, 2 without an answer\.", errors[2])


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
    asked = [str(folder / "album"), "--whole-track", "--model", "reference"]
    assert main([*asked, "--segments", "--timeline", str(folder / "t.png")]) == 0
    words = capsys.readouterr().out
    assert "13 windows" in words
    assert "0:00–" in words
    assert ", 128 BPM" in words
    assert sorted(path.name for path in folder.glob("*.png")) == ["t-1-one.png", "t-2-two.png"]
    assert main([*asked, "--json"]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [len(answer["segments"]) > 0 for answer in answers] == [True, True]
    assert [answer["tempo"]["bpm"] for answer in answers] == pytest.approx([128.0, 128.0], abs=1.0)
    assert main([*asked, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["genre"] for row in rows] == [answer["genre"]["slug"] for answer in answers]
    assert [float(row["confidence"]) for row in rows] == [answer["confidence"] for answer in answers]
    assert rows[0]["start_s"] == "0.000"
    assert float(rows[0]["tempo_bpm"]) == pytest.approx(128.0, abs=1.0)
    assert {row["familiar"] for row in rows} <= {"true", "false"}
    assert {row["heard"] for row in rows} == {"13"}
    assert main([*asked, "--csv", "--segments"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == sum(len(answer["segments"]) for answer in answers)
    assert rows[0]["segment"] == answers[0]["segments"][0]["slug"]


def test_windows_as_csv(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder / "album"), str(folder / "bad.mp3"), "--csv", "--offset", "5"]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["start_s"], row["end_s"]) for row in rows] == [("5.000", "8.000")] * 2
    assert [float(row["tempo_bpm"]) for row in rows] == pytest.approx([128.0, 128.0], abs=1.0)


@pytest.fixture
def hesitating(tmp_path: Path) -> str:
    """A bundle that is never certain of one window."""
    return str(copied_bundle(tmp_path / "hesitating", window={"temperature": 1.0, "certain_from": {}}))


def test_it_listens_on_unless_it_is_told_not_to(
    folder: Path, hesitating: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [str(folder / "album" / "two.MP3"), "--offset", "5", "--bundle", hesitating]
    assert main([*asked, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["window"]["certain"] is False
    assert len(answer["heard"]) >= 3
    assert main([*asked, "--csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["start_s"], row["end_s"], row["heard"]) == ("5.000", "8.000", str(len(answer["heard"])))
    assert (row["genre"], float(row["confidence"])) == (answer["genre"]["slug"], answer["confidence"])
    assert main(asked) == 0
    assert "over the track: " in capsys.readouterr().out

    assert main([*asked, "--json", "--no-listen-on"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert alone["heard"] == [{"start_s": 5.0, "end_s": 8.0}]
    assert alone["confidence"] == alone["window"]["confidence"] == answer["window"]["confidence"]
    assert main([*asked, "--csv", "--no-listen-on"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["certain"], row["heard"]) == ("false", "1")


TECHNO, TRANCE, DUBSTEP, TRAP = (GENRE_BY_SLUG[slug] for slug in ("techno", "trance", "dubstep", "trap"))
SCORES = tuple(map(GenreScore, (TECHNO, TRANCE, DUBSTEP, TRAP), (0.4, 0.3, 0.2, 0.1)))


@pytest.mark.parametrize(
    ("certain", "familiar", "notes", "line"),
    [
        (True, True, (), f"{TECHNO.emoji} Techno 40% (then {TRANCE.emoji} Trance 30%, {DUBSTEP.emoji} Dubstep 20%"),
        (
            False,
            True,
            (Note.NOT_SURE,),
            f"not sure, perhaps {TECHNO.emoji} Techno 40% or {TRANCE.emoji} Trance 30%"
            f" (then {DUBSTEP.emoji} Dubstep 20%, {TRAP.emoji} Trap 10%",
        ),
        (
            False,
            False,
            (Note.UNFAMILIAR,),
            f"like none of the 16 genres (closest: {TECHNO.emoji} Techno and {TRANCE.emoji} Trance",
        ),
    ],
)
def test_a_line_says_how_much_is_known(certain: bool, familiar: bool, notes: tuple[Note, ...], line: str) -> None:
    clip = Classification(
        window=Window(30.0, 3.0),
        scores=SCORES,
        certain=certain,
        familiar=familiar,
        notes=(*notes, Note.MOVED_BACK),
        model_version="m-1",
        heard=(Window(30.0, 3.0),),
    )
    assert sentence(Path("a.mp3"), clip) == f"a.mp3: {line}; 30.0–33.0 s)\n    {Note.MOVED_BACK.sentence}"
    for alone_is_familiar, alone in (
        (True, f"not sure, {DUBSTEP.label} or {TRAP.label}"),
        (False, "like none of the 16 genres"),
    ):
        listened = replace(
            clip,
            heard=tuple(Window(start_s, 3.0) for start_s in (30.0, 50.0, 70.0)),
            alone=WindowAnswer(SCORES[2:], certain=False, familiar=alone_is_familiar),
        )
        assert sentence(Path("a.mp3"), listened).splitlines() == [
            f"a.mp3: over the track: {line}; 30.0–33.0 s and 2 more windows)",
            f"    30.0–33.0 s alone: {alone}",
            f"    {Note.MOVED_BACK.sentence}",
        ]


def test_a_track_like_none_of_the_genres_has_no_segments_and_perhaps_no_tempo() -> None:
    track = TrackClassification(
        scores=SCORES,
        parts=(Segment(Window(0.0, 3.0), TECHNO, 0.5),),
        shares=SCORES,
        certain=False,
        familiar=False,
        tempo=None,
        key=None,
        model_version="m-1",
    )
    closest = f"closest: {TECHNO.emoji} Techno and {TRANCE.emoji} Trance"
    assert sentence(Path("a.mp3"), track) == f"a.mp3: like none of the 16 genres ({closest}; 1 window)"


@pytest.mark.parametrize("name", ["default", "reference"])
def test_a_shipped_model_is_chosen_by_its_name(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main([str(folder / "album" / "two.MP3"), "--json", "--model", name]) == 0
    version = load_metadata(BUNDLES / name).model_version
    assert json.loads(capsys.readouterr().out)["model_version"] == version


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
        ["x.mp3", "--model", "best"],
        ["x.mp3", "--model", "reference", "--bundle", "elsewhere"],
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


def test_every_way_in_starts_at_the_same_second() -> None:
    assert Settings(_env_file=None).default_offset_s == DEFAULT_OFFSET_S


PROGRAM = f'"{sys.executable}" -m classifier --model reference'


def started(*arguments: str | Path, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The command line as a process of its own, with the model that answers sooner."""
    return subprocess.run(
        [sys.executable, "-m", "classifier", "--model", "reference", *arguments],
        input=stdin, capture_output=True, check=False, env=os.environ | environment, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PATH": "/nonexistent"},
    ],
    ids=str,
)
def test_output_that_a_parser_reads_on_any_terminal(folder: Path, environment: dict[str, str]) -> None:
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9\n\xe2\x80\xae.mp3"))
    (folder / "album" / "two.MP3").rename(odd)
    as_json = started("--json", odd, **environment)
    assert (as_json.returncode, as_json.stderr) == (0, b"")
    answer = json.loads(as_json.stdout.decode("latin-1" if "latin-1" in environment.values() else "utf-8"))
    assert Path(answer["file"]).name == "caf\\xe9\n\u202e.mp3"
    as_text = started(odd, **environment)
    assert (as_text.returncode, as_text.stderr) == (0, b"")
    assert as_text.stdout.partition(b": ")[0].rpartition(b"/")[2] in (
        b"caf\\xe9\\n\\u202e.mp3",
        b"caf\\xe9\\n\\xe2\\x80\\xae.mp3",  # where names are ASCII
    )


@pytest.mark.parametrize(
    ("redirected", "code", "lines"),
    [(">&-", 1, 1), ("> /dev/full", 1, 1), ("2>&- > /dev/null", 0, 0), ("< /dev/null | head -c 1", 0, 0)],
)
def test_an_output_that_takes_nothing(folder: Path, redirected: str, code: int, lines: int) -> None:
    command = f'{PROGRAM} --json "{folder / "album"}" {redirected}'
    run = subprocess.run(["bash", "-c", command], capture_output=True, check=False, timeout=60)
    assert (run.returncode, len(run.stderr.splitlines())) == (code, lines)


@pytest.mark.slow
def test_pipes_are_read_once(folder: Path, track_mp3: bytes) -> None:
    expected = json.loads(started("--json", folder / "album" / "two.MP3").stdout)
    os.mkfifo(folder / "pipe.mp3")
    for command in (
        f'cat "{folder}/album/two.MP3" | {PROGRAM} --json /dev/stdin',
        f'cat "{folder}/album/two.MP3" | {PROGRAM} --json -',
        f'{PROGRAM} --json <(cat "{folder}/album/two.MP3")',
        f'cd "{folder}"; cat album/two.MP3 > pipe.mp3 & {PROGRAM} --json pipe.mp3',
    ):
        run = subprocess.run(["bash", "-c", command], capture_output=True, check=False, timeout=60)
        assert (run.returncode, run.stderr) == (0, b"")
        assert json.loads(run.stdout)["scores"] == expected["scores"]


@pytest.mark.parametrize("name", ["n" * 300 + ".mp3", "a\0b.mp3", "/dev/null"])
def test_what_is_no_file_is_one_clear_line(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, str(folder / "album" / "two.MP3")]) == 1
    captured = capsys.readouterr()
    _, summary = captured.err.splitlines()
    assert summary == "2 files: 0 sure, 1 not sure, 1 without an answer."
    assert "two.MP3: " in captured.out


def test_pictures_of_long_names_are_written(folder: Path) -> None:
    long = folder / ("é" * 125 + ".mp3")
    (folder / "album" / "two.MP3").rename(long)
    assert main(["--spectrogram", str(folder / "picture.png"), str(long), str(folder / "album")]) == 0
    names = [path.name for path in folder.glob("picture-*.png")]
    assert len(names) == 2
    assert all(len(os.fsencode(name)) <= 255 for name in names)


def test_no_exception_of_a_library_ends_a_batch(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = decode_window

    def fails(source: Source, **more: float) -> AudioWindow:
        if "one" in str(source):
            raise IndexError("list index out of range")
        return real(source, **more)

    monkeypatch.setattr("classifier.batch.decode_window", fails)
    assert main([str(folder / "album")]) == 1
    captured = capsys.readouterr()
    line = captured.err.splitlines()[0]
    assert "one.mp3: the audio is damaged (IndexError: list index out of range)" in line
    assert "two.MP3: " in captured.out
