"""An MP3 read by where its frames lie gives what walking through it gives; what is no plain MP3 is walked through."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.decoding import decode_window
from classifier.readers import opened
from classifier.readers.ffmpeg import FfmpegReader
from classifier.readers.mp3 import Mp3Reader
from tests.support.audio import dance_track, encode_with_ffmpeg, mp3, with_id3_picture

LENGTH_S = 40.0


def music() -> FloatArray:
    return dance_track(LENGTH_S)


def at_22_khz() -> bytes:
    return mp3(music()[::2], rate_hz=22_050)


def as_mp3(layout: str = "stereo", bit_rate: int = 128_000) -> bytes:
    return encode_with_ffmpeg(music(), "mp3", "libmp3lame", rate_hz=44_100, layout=layout, bit_rate=bit_rate)


PLAIN: dict[str, Callable[[], bytes]] = {
    "constant rate": lambda: as_mp3(bit_rate=320_000),
    "mono": lambda: as_mp3(layout="mono", bit_rate=48_000),
    "variable rate": lambda: mp3(music(), bitrate_mode="VARIABLE"),
    "22 kHz": at_22_khz,
    "layer 2": lambda: encode_with_ffmpeg(music(), "mp2", "mp2", rate_hz=44_100, layout="stereo"),
    "with a picture": lambda: with_id3_picture(mp3(music())),
    "with a tag at its end": lambda: mp3(music()) + b"TAG" + bytes(125),
}


@pytest.mark.parametrize("kind", PLAIN)
def test_it_hears_what_walking_hears(kind: str) -> None:
    with opened(PLAIN[kind]()) as reader:
        assert isinstance(reader, Mp3Reader)
        assert reader._found_frames() is not None
        walking = reader._walking
        assert reader.duration_s() == pytest.approx(walking.duration_s(), abs=1e-6)
        starts_s = [0.0, 0.5, 7.0, 16.25, 24.5, 32.0, reader.duration_s() - 3.0]
        expected = list(walking.spans(starts_s, 3.0))
        assert walking.good_s > 0
        for (at_s, found), (expected_at_s, there) in zip(reader.spans(starts_s, 3.0), expected, strict=True):
            assert at_s == expected_at_s
            assert_alike(found, there)
        assert (reader.bad_s, round(reader.good_s, 1) >= 20.0) == (0.0, True)
        for start_s in (5.0, 31.0, 38.5):
            assert_alike(np.concatenate(list(reader.blocks(start_s))), np.concatenate(list(walking.blocks(start_s))))
        assert not list(reader.blocks(1000.0))


def assert_alike(found: FloatArray, expected: FloatArray) -> None:
    """Sample by sample; but a place between two samples may be rounded up here and down there."""
    assert abs(len(found) - len(expected)) <= 1
    gaps = []
    for shift in (-1, 0, 1):
        moved, fixed = found[max(0, shift) :], expected[max(0, -shift) :]
        length = min(len(moved), len(fixed))
        gaps.append(float(np.abs(moved[:length] - fixed[:length]).max()))
    assert min(gaps) < 1e-4


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "junk in the middle": lambda plain: plain[:300_000] + bytes(5000) + plain[300_000:],
    "a tag in the middle": lambda plain: plain + with_id3_picture(plain),
    "two with a tag at the end of each": lambda plain: (plain + b"TAG" + bytes(125)) * 2,
    "an end tag of another kind": lambda plain: plain + b"APETAGEX" + bytes(300),
    "another rate behind": lambda plain: plain + at_22_khz(),
    "an end that is cut off": lambda plain: plain[:-100],
    "something behind": lambda plain: plain + b"some words of a program" * 50,
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_not_frames_alone_is_walked_through(kind: str) -> None:
    content = BROKEN[kind](mp3(music()))
    with opened(content) as reader:
        walked = reader
        if isinstance(reader, Mp3Reader):
            assert reader._found_frames() is None
            walked = reader._walking
        assert isinstance(walked, FfmpegReader)
        (expected,) = walked.spans([20.0], 3.0)
        (found,) = reader.spans([20.0], 3.0)
        np.testing.assert_array_equal(found[1], expected[1])


def test_a_bad_frame_is_silence_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytearray(as_mp3(bit_rate=320_000))
    with opened(bytes(content)) as reader:
        assert isinstance(reader, Mp3Reader)
        frames = reader._found_frames()
        assert frames
        number, start = frames.at(21.0), reader._part.start
    real = av.AudioCodecContext.decode

    def fails(codec: av.AudioCodecContext, packet: "av.Packet[av.AudioStream]") -> list[av.AudioFrame]:
        if bytes(packet) == bad:
            raise av.InvalidDataError(1, "bad")
        return real(codec, packet)

    bad = bytes(content[start + frames.positions[number] : start + frames.positions[number + 1]])
    monkeypatch.setattr("classifier.readers.mp3.decoded_frames", lambda codec, packet: _or_none(fails, codec, packet))
    with opened(bytes(content)) as reader:
        ((_, samples),) = reader.spans([20.0], 3.0)
        assert reader.bad_s == pytest.approx(1152 / 44_100)
        assert len(samples) == 132_300
        at = round((frames.start_s(number) - 20.0) * 44_100)
        assert not samples[at : at + 1152].any()
        assert samples[at - 1000 : at].any()


def _or_none(
    decode: Callable[..., list[av.AudioFrame]], codec: av.AudioCodecContext, packet: "av.Packet[av.AudioStream]"
) -> list[av.AudioFrame] | None:
    try:
        return decode(codec, packet)
    except av.FFmpegError:
        return None


def test_of_hours_only_what_is_heard_is_decoded(tmp_path: Path) -> None:
    """Four hours, of which 24 times three seconds are asked for."""
    path = tmp_path / "hours.mp3"
    piece = as_mp3(bit_rate=32_000)
    with path.open("wb") as file:
        for _ in range(360):
            file.write(piece)
    with opened(path) as reader:
        assert isinstance(reader, Mp3Reader)
        assert reader._found_frames() is None  # each piece begins with a tag
    with path.open("wb") as file:
        for _ in range(360):
            file.write(piece[45:] if piece.startswith(b"ID3") else piece)
    with opened(path) as reader:
        length_s = reader.duration_s()
        assert length_s > 4 * 3600
        spans = list(reader.spans(np.linspace(0.0, length_s - 3.0, 24).tolist(), 3.0))
        assert len(spans) == 24
        assert 70.0 < reader.good_s < 85.0
    late = decode_window(path, offset_s=4 * 3600 - 100.0)
    assert late.window.start_s == 4 * 3600 - 100.0
