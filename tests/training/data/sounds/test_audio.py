"""Samples survive being written and read; files follow each other with pauses; headerless speech is read."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.data.sounds.audio import RATE_HZ, Audio, join, read_audio, repeated, stable_number, write_audio
from training.errors import TrainingError


def sine(seconds: float, rate_hz: int = RATE_HZ, level: float = 0.5) -> Audio:
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return Audio((level * np.sin(2 * np.pi * 500 * time)).astype(np.float32), rate_hz)


def test_the_three_formats_are_all_used_and_keep_the_sound(tmp_path: Path) -> None:
    endings = set()
    for name in ("a", "b", "c", "d", "e", "f"):
        path = write_audio(sine(4.0, 22_050), tmp_path / name)
        endings.add(path.suffix)
        back = read_audio(path)
        assert back.rate_hz == RATE_HZ
        assert back.length_s == pytest.approx(4.0, abs=0.06)
        assert np.std(back.samples) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)
    assert endings == {".mp3", ".ogg", ".flac"}


def test_what_is_too_loud_is_turned_down(tmp_path: Path) -> None:
    back = read_audio(write_audio(sine(4.0, level=3.0), tmp_path / "loud"))
    assert np.abs(back.samples).max() < 1.0


def test_two_minutes_of_vorbis_can_be_written(tmp_path: Path) -> None:
    path = next(
        path for path in (write_audio(sine(120.0), tmp_path / name) for name in "abcdef") if path.suffix == ".ogg"
    )
    assert read_audio(path, most_s=200).length_s == pytest.approx(120.0, abs=0.1)


def test_only_the_beginning_is_read(tmp_path: Path) -> None:
    assert read_audio(write_audio(sine(6.0), tmp_path / "a"), most_s=2.0).length_s == 2.0


def test_telephone_prompts_without_a_header_are_read(tmp_path: Path) -> None:
    path = tmp_path / "prompt.gsm"
    soundfile.write(path, sine(2.0, 8_000).samples, 8_000, format="RAW", subtype="GSM610")
    audio = read_audio(path)
    assert audio.rate_hz == 8_000
    assert audio.length_s == pytest.approx(2.0, abs=0.05)


def test_no_audio_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.ogg").write_bytes(b"no music")
    with pytest.raises(TrainingError, match=r"a\.ogg"):
        read_audio(tmp_path / "a.ogg")


def test_joined_parts_have_silence_between_them() -> None:
    joined = join([sine(1.0), sine(1.0, 8_000)], seed=1, gaps_s=(0.5, 0.5))
    assert joined.length_s == pytest.approx(2.5, abs=0.01)
    assert not joined.samples[round(1.1 * RATE_HZ) : round(1.4 * RATE_HZ)].any()


def test_a_loop_is_repeated() -> None:
    loop = Audio(np.arange(10, dtype=np.float32))
    assert repeated(loop, 25 / RATE_HZ).samples[20:].tolist() == [0, 1, 2, 3, 4]


def test_numbers_of_names_are_those_of_sha256() -> None:
    assert stable_number("abc") == 0xBA7816BF8F01  # the first six bytes of FIPS 180-2's example
