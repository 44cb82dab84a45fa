"""Where the window lies, to the sample; every format; every kind of refusal."""

import contextlib
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ, decode_window, iter_windows, spread_windows, windows_beside
from classifier.errors import ClassifierError, ErrorKind
from classifier.results import Note, Window
from tests.support.audio import (
    dance_track,
    encode,
    encode_with_ffmpeg,
    mp3,
    sine,
    with_id3_picture,
    without_first_frame,
)

Encoder = Callable[[FloatArray], bytes]

FORMATS: dict[str, Encoder] = {
    "wav": lambda s: encode(s, "WAV"),
    "wav 8 bit": lambda s: encode(s, "WAV", subtype="PCM_U8"),
    "wav float": lambda s: encode(s, "WAV", subtype="FLOAT"),
    "aiff": lambda s: encode(s, "AIFF"),
    "flac": lambda s: encode(s, "FLAC"),
    "ogg vorbis": lambda s: encode(s, "OGG", subtype="VORBIS"),
    "ogg opus": lambda s: encode(soxr.resample(s, 44_100, 48_000), "OGG", subtype="OPUS", rate_hz=48_000),
    "mp3 cbr": mp3,
    "mp3 vbr": lambda s: mp3(s, bitrate_mode="VARIABLE"),
    "mp3 vbr without xing": lambda s: without_first_frame(mp3(s, bitrate_mode="VARIABLE")),
    "mp3 48 kHz": lambda s: mp3(soxr.resample(s, 44_100, 48_000), rate_hz=48_000),
    "mp3 22 kHz": lambda s: mp3(soxr.resample(s, 44_100, 22_050), rate_hz=22_050),
    "mp3 stereo": lambda s: mp3(np.column_stack([s, s])),
    "mp3 with art": lambda s: with_id3_picture(mp3(s)),
    "m4a": lambda s: encode_with_ffmpeg(s, "mp4", "aac", rate_hz=44_100),
    "aac": lambda s: encode_with_ffmpeg(s, "adts", "aac", rate_hz=44_100),
    "wma": lambda s: encode_with_ffmpeg(s, "asf", "wmav2", rate_hz=44_100),
    "webm": lambda s: encode_with_ffmpeg(soxr.resample(s, 44_100, 48_000), "webm", "libopus", rate_hz=48_000),
    "video note": lambda s: encode_with_ffmpeg(s, "mp4", "aac", rate_hz=44_100, video=True),
}

LATE_BY_FORMAT = {"aac": 1_050, "wma": 1_050, "mp3 vbr without xing": 1_050, "webm": 22}
"""By how many samples (at 22,050 Hz) a window may be off where the container does not say where the sound begins.

Raw AAC, WMA and MP3 without a Xing header do not tell the encoder's delay; WebM keeps time in milliseconds.
"""


@pytest.fixture(scope="module", params=FORMATS)
def encoded(request: pytest.FixtureRequest, track: FloatArray) -> tuple[str, bytes]:
    return request.param, FORMATS[request.param](track)


def lag_and_likeness(found: FloatArray, expected: FloatArray) -> tuple[int, float]:
    """By how many samples `found` comes late, and the correlation there."""
    size = 2 * len(found)
    product = np.fft.irfft(np.fft.rfft(found, size) * np.conj(np.fft.rfft(expected, size)), size)
    lag = int(product.argmax())
    energy = float(np.linalg.norm(found) * np.linalg.norm(expected))
    return (lag if lag < len(found) else lag - size), float(product.max()) / energy


@pytest.mark.parametrize("offset_s", [0.0, 1.234, 30.0])
def test_every_format_gives_the_asked_three_seconds(
    encoded: tuple[str, bytes], track: FloatArray, offset_s: float
) -> None:
    name, content = encoded
    audio = decode_window(content, offset_s=offset_s)
    start = round(offset_s * 44_100)
    lag, likeness = lag_and_likeness(
        audio.samples, soxr.resample(track[start : start + 3 * 44_100], 44_100, SAMPLE_RATE_HZ)
    )
    assert abs(lag) <= LATE_BY_FORMAT.get(name, 2)
    assert likeness > 0.93
    assert audio.samples.shape == (66_150,)
    assert audio.samples.dtype == np.float32
    assert audio.window.start_s == pytest.approx(offset_s)
    assert audio.window.end_s == pytest.approx(offset_s + 3)
    assert audio.notes == ()


def test_a_track_that_ends_before_the_offset_gives_its_last_three_seconds(encoded: tuple[str, bytes]) -> None:
    audio = decode_window(encoded[1], offset_s=300.0)
    assert audio.notes == (Note.MOVED_BACK,)
    assert audio.window.end_s == pytest.approx(40.0, abs=0.1)
    assert audio.samples.std() > 0.01


def test_stereo_is_the_mean_of_its_channels() -> None:
    left, right = sine(4.0, 440.0), sine(4.0, 440.0, amplitude=0.1)
    stereo = np.column_stack([left, right])
    for content in (
        encode(stereo, "WAV", rate_hz=22_050),
        encode(stereo, "FLAC", rate_hz=22_050),
    ):
        samples = decode_window(content).samples
        assert np.abs(samples).max() == pytest.approx(0.3, abs=0.01)


def test_a_mono_track_is_as_loud_in_every_format() -> None:
    """FFmpeg's own downmix would be 3 dB louder."""
    tone = sine(5.0, 440.0, rate_hz=44_100, amplitude=0.4)
    level = decode_window(encode(tone, "WAV")).samples.std()
    m4a = decode_window(encode_with_ffmpeg(tone, "mp4", "aac", rate_hz=44_100), offset_s=1.0).samples.std()
    assert m4a == pytest.approx(level, rel=0.02)


def test_bytes_and_path_give_the_same(tmp_path: Path, track_mp3: bytes) -> None:
    path = tmp_path / "track.mp3"
    path.write_bytes(track_mp3)
    by_path, by_bytes = decode_window(path, offset_s=7.5), decode_window(track_mp3, offset_s=7.5)
    assert np.array_equal(by_path.samples, by_bytes.samples)


def test_reading_at_native_rate_changes_nothing() -> None:
    tone = sine(3.0, 1000.0)
    samples = decode_window(encode(tone, "WAV", rate_hz=22_050, subtype="FLOAT")).samples
    assert np.array_equal(samples, tone)


def test_exactly_three_seconds_are_enough() -> None:
    audio = decode_window(mp3(dance_track(3.0)), offset_s=30.0)
    assert audio.window.start_s == pytest.approx(0.0, abs=0.05)
    assert audio.notes == (Note.MOVED_BACK,)
    assert decode_window(mp3(dance_track(3.0))).notes == ()


@pytest.mark.parametrize("container", ["MP3", "WAV"])
def test_less_than_three_seconds_are_too_short(container: str) -> None:
    assert refusal(encode(dance_track(2.5), container)) == ErrorKind.TOO_SHORT


def test_silence_is_skipped_forward(track: FloatArray) -> None:
    content = encode(np.concatenate([np.zeros(20 * 44_100, np.float32), track]), "FLAC")
    audio = decode_window(content, offset_s=5.0)
    assert audio.window.start_s == pytest.approx(20.0, abs=0.5)
    assert audio.notes == (Note.SKIPPED_SILENCE,)
    assert audio.samples.std() > 0.05


def test_silence_at_the_end_falls_back_to_the_first_sound(track: FloatArray) -> None:
    content = encode(np.concatenate([track[: 10 * 44_100], np.zeros(20 * 44_100, np.float32)]), "FLAC")
    audio = decode_window(content, offset_s=15.0)
    assert audio.window.start_s == 0.0
    assert audio.notes == (Note.SKIPPED_SILENCE,)


def test_sound_that_starts_in_the_last_seconds_is_found(track: FloatArray) -> None:
    content = encode(np.concatenate([np.zeros(10 * 44_100, np.float32), track[: 2 * 44_100]]), "FLAC")
    audio = decode_window(content, offset_s=0.0)
    assert audio.window.start_s == pytest.approx(9.0)
    assert audio.notes == (Note.SKIPPED_SILENCE,)


@pytest.mark.parametrize(
    ("container", "level"), [("FLAC", 0.0), ("MP3", 0.0), ("FLAC", 0.25)], ids=["flac", "mp3", "constant"]
)
def test_only_silence_is_refused(container: str, level: float) -> None:
    assert refusal(encode(np.full(10 * 44_100, level, np.float32), container)) == ErrorKind.SILENT


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", ErrorKind.EMPTY),
        (b"hello, this is text" * 50, ErrorKind.NOT_AUDIO),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), ErrorKind.NOT_AUDIO),
        (b"%PDF-1.7\n" + bytes(500), ErrorKind.NOT_AUDIO),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x00\x60" + bytes(300), ErrorKind.NOT_AUDIO),
        (b"ID3\x03\x00\x00\x00\x00\x0f\x76" + bytes(3000), ErrorKind.DAMAGED),
        (b"fLaC" + bytes(3000), ErrorKind.DAMAGED),
    ],
    ids=["empty", "text", "picture", "pdf", "midi", "id3 and nothing", "flac and nothing"],
)
def test_what_is_no_audio_has_its_kind(content: bytes, kind: ErrorKind) -> None:
    assert refusal(content) == kind


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{target}'\n",
    ],
    ids=["hls", "concat"],
)
def test_a_playlist_never_opens_another_file(tmp_path: Path, track_mp3: bytes, playlist: str) -> None:
    target = tmp_path / "secret.mp3"
    target.write_bytes(track_mp3)
    assert refusal(playlist.format(target=target).encode()) == ErrorKind.PLAYLIST


def test_a_video_without_sound_is_no_audio(tmp_path: Path) -> None:
    import av

    path = tmp_path / "mute.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=10, width=64, height=64, pix_fmt="yuv420p")
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        for number in range(50):
            frame.pts = number
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    assert refusal(path.read_bytes()) == ErrorKind.NOT_AUDIO


def test_an_unknown_codec_is_damage(track: FloatArray) -> None:
    content = FORMATS["webm"](track[: 12 * 44_100])
    assert b"A_OPUS" in content
    assert refusal(content.replace(b"A_OPUS", b"A_NONE")) == ErrorKind.DAMAGED


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError) as caught:
        decode_window(tmp_path / "nowhere.mp3")
    assert caught.value.kind == ErrorKind.UNREADABLE
    with pytest.raises(ClassifierError):
        decode_window(tmp_path)


def test_samples_that_are_no_numbers_are_damage() -> None:
    broken = np.full(5 * 44_100, np.nan, np.float32)
    assert refusal(encode(broken, "WAV", subtype="FLOAT")) == ErrorKind.DAMAGED


@pytest.mark.parametrize("offset_s", [-1.0, float("nan"), float("inf")])
def test_an_impossible_offset_is_a_mistake_of_the_caller(track_mp3: bytes, offset_s: float) -> None:
    with pytest.raises(ValueError, match="offset_s"):
        decode_window(track_mp3, offset_s=offset_s)


def test_a_wrong_ending_does_not_matter(tmp_path: Path, track_mp3: bytes) -> None:
    path = tmp_path / "track.txt"
    path.write_bytes(track_mp3)
    assert decode_window(path, offset_s=10.0).window.start_s == 10.0


@pytest.mark.parametrize("name", ["mp3 cbr", "mp3 vbr without xing", "m4a", "ogg vorbis", "flac", "wav", "webm"])
def test_a_file_cut_anywhere_is_answered_or_refused(name: str, track: FloatArray) -> None:
    content = FORMATS[name](track[: 12 * 44_100])
    for part in range(1, 50):
        answered_or_refused(content[: len(content) * part // 50])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("name", ["mp3 cbr", "m4a", "ogg vorbis", "flac", "webm", "wma"])
def test_flipped_bytes_are_answered_or_refused(name: str, track: FloatArray, data: st.DataObject) -> None:
    content = bytearray(_flippable(name, track))
    for _ in range(data.draw(st.integers(1, 40))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    answered_or_refused(bytes(content))


@pytest.mark.parametrize("name", ["mp3 22 kHz", "mp3 vbr", "m4a", "webm"])
def test_foreign_pieces_are_survived_in_silence(
    name: str, track: FloatArray, capfd: pytest.CaptureFixture[str]
) -> None:
    """libsndfile then counts past the end it announced, and seeks before the beginning."""
    content = _flippable(name, track)
    chance = random.Random(1)
    for _ in range(150):
        place = chance.randrange(len(content))
        foreign = chance.randbytes(chance.choice([0, 100, 20_000]))
        mixed = content[:place] + foreign + content[place + chance.randrange(5_000) :]
        answered_or_refused(mixed, offset_s=chance.choice([0.0, 2.0, 3.5, 30.0]))
    assert "Traceback" not in capfd.readouterr().err


_FLIPPABLE: dict[str, bytes] = {}


def _flippable(name: str, track: FloatArray) -> bytes:
    if name not in _FLIPPABLE:
        _FLIPPABLE[name] = FORMATS[name](track[: 6 * 44_100])
    return _FLIPPABLE[name]


@given(content=st.binary(min_size=1, max_size=4000))
@settings(max_examples=100, deadline=None)
def test_random_bytes_are_refused(content: bytes) -> None:
    answered_or_refused(content)


def test_damage_in_the_middle_leaves_the_rest_usable(track_mp3: bytes) -> None:
    middle = len(track_mp3) // 2
    holed = track_mp3[:middle] + bytes(20_000) + track_mp3[middle + 20_000 :]
    assert decode_window(holed, offset_s=30.0).samples.std() > 0.05


def test_an_hour_is_read_only_where_it_is_needed() -> None:
    """A bound on memory, not on time: an hour as float32 would be 635 MB."""
    minute = mp3(dance_track(60.0, rate_hz=22_050), rate_hz=22_050)
    program = (
        "import resource, sys\n"
        "from classifier.decoding import decode_window\n"
        "hour = sys.stdin.buffer.read() * 60\n"
        "decode_window(hour, offset_s=0.0)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for offset_s in (1800.0, 3500.0, 1e6):\n"
        "    print(decode_window(hour, offset_s=offset_s).window.start_s)\n"
        "grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "assert grown < 60_000, grown\n"
    )
    run = subprocess.run([sys.executable, "-c", program], input=minute, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    starts = [float(line) for line in run.stdout.split()]
    assert starts[:2] == [1800.0, 3500.0]
    assert starts[2] == pytest.approx(3597.0, abs=5.0)


def test_all_windows_of_a_track_in_order(track: FloatArray) -> None:
    windows = list(iter_windows(mp3(track[: 10 * 44_100])))
    assert [audio.window.start_s for audio in windows] == [0.0, 3.0, 6.0]
    for audio in windows:
        start = round(audio.window.start_s * 44_100)
        lag, likeness = lag_and_likeness(
            audio.samples, soxr.resample(track[start : start + 3 * 44_100], 44_100, SAMPLE_RATE_HZ)
        )
        assert abs(lag) <= 2
        assert likeness > 0.93


def test_silent_windows_are_left_out(track: FloatArray) -> None:
    gap = np.concatenate([track[: 3 * 44_100], np.zeros(3 * 44_100, np.float32), track[: 3 * 44_100]])
    assert [audio.window.start_s for audio in iter_windows(encode(gap, "FLAC"))] == [0.0, 6.0]


def test_a_track_without_a_full_window_has_no_windows() -> None:
    with pytest.raises(ClassifierError) as caught:
        list(iter_windows(mp3(dance_track(1.0))))
    assert caught.value.kind == ErrorKind.TOO_SHORT


def refusal(content: bytes) -> ErrorKind:
    with pytest.raises(ClassifierError) as caught:
        decode_window(content)
    return caught.value.kind


def answered_or_refused(content: bytes, *, offset_s: float = 2.0) -> None:
    """No crash, no hang, nothing but a full window or the classifier's own error."""
    with contextlib.suppress(ClassifierError):
        audio = decode_window(content, offset_s=offset_s)
        assert audio.samples.shape == (66_150,)
        assert np.isfinite(audio.samples).all()


@pytest.mark.parametrize(
    "name", ["mp3 cbr", "mp3 vbr", "mp3 vbr without xing", "m4a", "flac", "ogg opus", "wav", "webm", "video note"]
)
def test_windows_spread_over_a_track_lie_where_they_say(name: str, track: FloatArray) -> None:
    content = FORMATS[name](track)
    windows = list(spread_windows(content, budget=5))
    assert len(windows) in {4, 5}  # the last one may miss the end by a packet
    starts_s = [audio.window.start_s for audio in windows]
    assert starts_s[0] == 0.0
    assert np.diff(starts_s) == pytest.approx(np.full(len(windows) - 1, starts_s[1]), abs=0.01)
    assert starts_s[1] == pytest.approx(37.0 / 4, abs=0.1)
    for audio in windows[:-1]:
        alone = decode_window(content, offset_s=audio.window.start_s).samples
        lag, likeness = lag_and_likeness(audio.samples, alone)
        assert abs(lag) <= LATE_BY_FORMAT.get(name, 2)
        assert likeness > 0.98


def test_a_track_within_the_budget_is_heard_whole(track_mp3: bytes) -> None:
    assert [audio.window.start_s for audio in spread_windows(track_mp3, budget=24)] == [3.0 * n for n in range(13)]
    three = mp3(dance_track(3.0))
    assert [audio.window.start_s for audio in spread_windows(three, budget=24)] == [0.0]


def test_what_is_silent_or_too_short_is_not_spread(track: FloatArray) -> None:
    half_silent = np.concatenate([track[: 20 * 44_100], np.zeros(60 * 44_100, np.float32)])
    windows = list(spread_windows(encode(half_silent, "FLAC"), budget=10))
    assert windows[-1].window.start_s < 20.0
    with pytest.raises(ClassifierError) as caught:
        list(spread_windows(mp3(dance_track(1.0)), budget=5))
    assert caught.value.kind is ErrorKind.TOO_SHORT


def starts_beside(content: bytes, asked_s: float, *, budget: int) -> list[float]:
    return [audio.window.start_s for audio in windows_beside(content, Window(asked_s, 3.0), budget=budget)]


@pytest.mark.parametrize(
    ("asked_s", "budget", "starts_s"),
    [
        (30.0, 4, [3.5, 13.5, 23.5, 33.5]),  # the middles are 5, 15, 25 and 35
        (31.0, 4, [3.5, 13.5, 23.5]),
        (11.0, 4, [3.5, 23.5, 33.5]),
        (16.0, 4, [3.5, 23.5, 33.5]),
        (5.0, 1, [18.5]),
        (18.5, 1, []),
        (0.0, 2, [8.5, 28.5]),
    ],
)
def test_windows_beside_lie_in_the_middles_of_equal_parts(
    track: FloatArray, asked_s: float, budget: int, starts_s: list[float]
) -> None:
    """40 seconds; by where the last packet starts they are up to 0.1 s shorter. None touches the asked window."""
    found = starts_beside(encode(track, "FLAC"), asked_s, budget=budget)
    assert found == pytest.approx(starts_s, abs=0.1)


def test_many_windows_beside_leave_out_those_over_the_asked_one(track: FloatArray) -> None:
    found = starts_beside(encode(track, "FLAC"), 20.0, budget=13)
    assert len(found) in {11, 12}
    assert all(abs(start_s - 20.0) >= 3.0 for start_s in found)
    assert (np.diff(found) >= 3.0).all()


@pytest.mark.parametrize(
    ("length_s", "asked_s", "starts_s"),
    [(3.0, 0.0, []), (4.0, 1.0, []), (7.0, 4.0, [0.25]), (8.0, 0.0, [4.5]), (10.0, 3.5, [0.17, 6.83])],
)
def test_a_short_track_has_fewer_windows_beside(length_s: float, asked_s: float, starts_s: list[float]) -> None:
    found = starts_beside(encode(dance_track(length_s), "FLAC"), asked_s, budget=5)
    assert found == pytest.approx(starts_s, abs=0.1)


def test_no_window_beside_is_silent(track: FloatArray) -> None:
    half = np.concatenate([track[: 20 * 44_100], np.zeros(20 * 44_100, np.float32)])
    assert starts_beside(encode(half, "FLAC"), 8.0, budget=4) == pytest.approx([3.5, 13.5], abs=0.1)
    assert starts_beside(encode(np.zeros(20 * 44_100, np.float32), "FLAC"), 0.0, budget=4) == []


@pytest.mark.parametrize("name", ["mp3 cbr", "mp3 vbr without xing", "m4a", "flac", "ogg opus", "wav"])
def test_windows_beside_sound_as_they_do_alone(name: str, track: FloatArray) -> None:
    content = FORMATS[name](track)
    found = list(windows_beside(content, Window(10.0, 3.0), budget=3))
    assert len(found) == 3
    for audio in found:
        lag, likeness = lag_and_likeness(audio.samples, decode_window(content, offset_s=audio.window.start_s).samples)
        assert abs(lag) <= LATE_BY_FORMAT.get(name, 2)
        assert likeness > 0.98
        assert (audio.window.duration_s, audio.notes) == (3.0, ())


def test_nothing_lies_beside_what_is_no_audio() -> None:
    with pytest.raises(ClassifierError) as caught:
        starts_beside(b"hello, this is text" * 50, 0.0, budget=4)
    assert caught.value.kind is ErrorKind.NOT_AUDIO
