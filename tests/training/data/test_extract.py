"""Audio folders become tables: resumable, in worker processes, bad files reported and passed over."""

import multiprocessing
import multiprocessing.context
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.arrays import FloatArray
from classifier.decoding import iter_windows
from classifier.features import FEATURE_NAMES, extract_features
from classifier.model import GenreModel
from tests.support.audio import dance_track, encode, mp3, noise
from training.cli.main import main
from training.data.extract import extract_table
from training.data.tables import read_other_tables, read_tables
from training.errors import TrainingError


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    folder = tmp_path / "audio"
    for genre, seconds in (("house", 7.0), ("trance", 3.5)):
        (folder / genre / "mixes").mkdir(parents=True)
        (folder / genre / "mixes" / "a.mp3").write_bytes(mp3(dance_track(seconds)))
    (folder / "house" / "b.wav").write_bytes(encode(dance_track(3.0), "WAV"))
    (folder / "house" / "bad.mp3").write_bytes(b"no music")
    (folder / "house" / "notes.txt").write_text("not audio by its name: not even looked at")
    return folder


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_every_window_of_every_file_is_a_row(audio: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"table{ending}"
    result = extract_table(audio, out, workers=2, quiet=True)
    assert result.windows == 4
    assert len(result.refused) == 1
    assert "bad.mp3" in result.refused[0]
    table = read_tables([out])
    assert table.has_tracks
    assert sorted(set(table.tracks)) == ["house/b.wav", "house/mixes/a.mp3", "trance/mixes/a.mp3"]
    model = GenreModel.load()
    assert table.columns == model.columns  # all families
    expected = [model.describe(w.samples) for w in iter_windows(audio / "house" / "mixes" / "a.mp3")]
    np.testing.assert_allclose(table.features[table.tracks == "house/mixes/a.mp3"], expected, rtol=1e-5, atol=1e-5)
    mixes = table.tracks == "house/mixes/a.mp3"
    assert table.windows[mixes].tolist() == [0, 1]
    assert set(table.origins[mixes]) == {"mixes"}  # the folder below that of the genre
    assert table.origins[table.tracks == "house/b.wav"].tolist() == ["house/b.wav"]
    assert table.is_plain.all()
    assert not out.with_name(out.name + ".parts").exists()


def test_an_interrupted_run_goes_on_where_it_was(audio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "table.parquet"

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("training.data.extract.write_table", interrupted)
        with pytest.raises(KeyboardInterrupt):
            extract_table(audio, out, workers=1, quiet=True)
    parts = sorted((tmp_path / "table.parquet.parts").glob("*.parquet"))
    assert len(parts) == 3
    marked = pd.read_parquet(parts[0]).assign(source="from the first run")
    marked.to_parquet(parts[0], index=False)
    extract_table(audio, out, workers=1, quiet=True)
    assert "from the first run" in set(pd.read_parquet(out)["source"])


def test_folders_that_are_no_genres_are_refused(tmp_path: Path) -> None:
    (tmp_path / "audio" / "polka").mkdir(parents=True)
    with pytest.raises(TrainingError, match="polka"):
        extract_table(tmp_path / "audio", tmp_path / "t.csv", workers=1, quiet=True)
    with pytest.raises(TrainingError, match="no such folder"):
        extract_table(tmp_path / "nowhere", tmp_path / "t.csv", workers=1, quiet=True)


def test_of_a_long_file_a_few_spread_windows_are_enough(tmp_path: Path) -> None:
    (tmp_path / "audio" / "house").mkdir(parents=True)
    (tmp_path / "audio" / "house" / "a.mp3").write_bytes(mp3(dance_track(30.0)))
    call = ["extract", "--audio", str(tmp_path / "audio"), "--out", str(tmp_path / "t.parquet"), "--workers", "1"]
    assert main([*call, "--windows", "3"]) == 0
    windows = pd.read_parquet(tmp_path / "t.parquet")["window"].tolist()
    assert len(windows) == 3
    assert windows[0] < 3 < windows[1] < 7 < windows[2]


def test_copies_stand_beside_their_windows(tmp_path: Path) -> None:
    (tmp_path / "audio" / "house").mkdir(parents=True)
    (tmp_path / "audio" / "house" / "a.wav").write_bytes(encode(dance_track(7.0), "WAV"))
    out = tmp_path / "t.parquet"
    call = ["extract", "--audio", str(tmp_path / "audio"), "--out", str(out), "--workers", "1", "--origin", "me"]
    assert main([*call, "--copies", "tone", "codec48"]) == 0
    table = read_tables([out])
    assert set(table.origins) == {"me"}
    for variant in ("plain", "tone", "codec48"):
        assert table.windows[table.variants == variant].tolist() == [0, 1]
    plain = table.features[table.is_plain]
    for variant in ("tone", "codec48"):
        copy = table.features[table.variants == variant]
        own, other = np.linalg.norm(copy - plain, axis=1), np.linalg.norm(copy - plain[::-1], axis=1)
        assert (own > 0.0).all()
        assert np.isfinite(other).all()


def test_other_sounds_have_folders_of_their_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "audio" / "hiss").mkdir(parents=True)
    (tmp_path / "audio" / "hiss" / "a.wav").write_bytes(encode(noise(6.0), "WAV", rate_hz=22_050))
    out = tmp_path / "others.parquet"
    call = ["extract", "--audio", str(tmp_path / "audio"), "--out", str(out), "--workers", "1"]
    assert main(call) == 1
    assert "hiss: not the name of a genre" in capsys.readouterr().err
    assert main([*call, "--non-edm"]) == 0
    table = read_other_tables([out])
    assert len(table) == 2
    assert set(table.sources) == {"hiss"}


def test_mixes_are_sliced_into_clips(audio: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mix = audio / "house" / "mixes" / "a.mp3"
    clips = tmp_path / "clips"
    assert main(["slice", "--mix", str(mix), str(audio / "house" / "bad.mp3"), "--out", str(clips)]) == 1
    captured = capsys.readouterr()
    assert "2 clips" in captured.out
    assert "bad.mp3" in captured.err
    assert sorted(path.name for path in clips.iterdir()) == ["a-00000.wav", "a-00003.wav"]
    (clip,) = iter_windows(clips / "a-00003.wav")
    expected = list(iter_windows(mix))[1]
    np.testing.assert_allclose(clip.samples, expected.samples, atol=1e-4)
    assert extract_features(clip.samples).shape == (len(FEATURE_NAMES),)


def test_what_systems_put_beside_music_is_passed_over(audio: Path, tmp_path: Path) -> None:
    for name in ("._b.wav", ".hidden.mp3", ".Trash/c.mp3", "__MACOSX/b.wav", "@eaDir/b.wav"):
        (audio / "house" / name).parent.mkdir(exist_ok=True)
        (audio / "house" / name).write_bytes(b"\x00\x05\x16\x07")
    (audio / "@eaDir").mkdir()
    (audio / ".ipynb_checkpoints").mkdir()
    result = extract_table(audio, tmp_path / "table.csv", workers=1, quiet=True)
    assert [Path(line.partition(":")[0]).name for line in result.refused] == ["bad.mp3"]


def test_a_name_may_be_any_bytes(audio: Path, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(audio / "house") + b"/caf\xe9\n.wav"))
    odd.write_bytes(encode(dance_track(3.0), "WAV"))
    (audio / "house" / "b.wav").unlink()
    extract_table(audio, tmp_path / "table.parquet", workers=1, quiet=True)
    assert "house/caf\\xe9\n.wav" in set(read_tables([tmp_path / "table.parquet"]).tracks)


def fails(samples: object) -> None:
    raise IndexError("of some library")


def ends(samples: object) -> None:
    os._exit(7)


@pytest.mark.parametrize(("what", "why"), [(fails, "IndexError: of some library"), (ends, "ends the process")])
def test_no_file_ends_the_work_on_the_others(
    audio: Path, tmp_path: Path, what: Callable[[object], None], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a library does to one file: an exception of its own, or the end of the process."""
    monkeypatch.setattr("multiprocessing.get_context", lambda _: multiprocessing.context.ForkContext())
    real = GenreModel.describe

    def describe(model: GenreModel, samples: FloatArray) -> FloatArray:
        if len(samples) and samples.std() > 0.9:
            what(samples)
        return real(model, samples)

    monkeypatch.setattr(GenreModel, "describe", describe)
    loud = np.sign(dance_track(3.0)).astype(np.float32)
    (audio / "house" / "loud.wav").write_bytes(encode(loud, "WAV", subtype="FLOAT"))
    result = extract_table(audio, tmp_path / "table.csv", workers=2, quiet=True)
    assert result.windows == 4
    (line,) = [line for line in result.refused if "loud" in line]
    assert why in line


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_it_at_once_and_it_can_go_on(audio: Path, tmp_path: Path, number: int, code: int) -> None:
    out = tmp_path / "table.csv"
    minute = mp3(dance_track(60.0))
    for copy in range(30):
        (audio / "house" / f"copy{copy}.mp3").write_bytes(minute)
    command = [sys.executable, "-m", "training", "extract", "--audio", audio, "--out", out, "--workers", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True) as process:
        parts = out.with_name(out.name + ".parts")
        for _ in range(600):
            if parts.is_dir() and any(parts.iterdir()):
                break
            time.sleep(0.1)
        sent = time.monotonic()
        os.killpg(process.pid, number)
        _, said = process.communicate(timeout=10)
    assert time.monotonic() - sent < 2.5
    assert process.returncode == code
    assert said.decode().splitlines()[-1].endswith("interrupted")
    assert b"Traceback" not in said
    assert any(parts.iterdir())
