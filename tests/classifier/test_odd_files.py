"""Odd files of every kind: the second that an answer names is the second that was heard, or the refusal says why."""

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from classifier.decoding import decode_window, iter_windows, spread_windows, windows_beside
from classifier.errors import ClassifierError, ErrorKind
from classifier.results import Note, Window
from tests.support.odd import (
    RATE_HZ,
    aiff,
    encoded,
    flac,
    free_format,
    giant_cover,
    heads_over_noise,
    id3,
    is_exact,
    mp3,
    ogg,
    staircase,
    tracks,
    w64,
    wav,
    with_serial,
    zipped,
)

LENGTH_S = 14
SIX, EIGHT = staircase(6), staircase(8, first=6)
WHOLE = staircase(LENGTH_S)
ALL_ONES = 0xFFFFFFFF
COARSE = 0.1
"""AAC, MP3 and transport streams do not always say how much silence their encoder has put before the sound."""
TWICE = 0.2
"""Nor where one of them was joined to another, with silence of its own."""


def _at_zero(packet: object) -> None:
    packet.pts = packet.dts = 0  # type: ignore[attr-defined]


def _leap(seconds: float) -> Callable[..., None]:
    def stamp(packet: object) -> None:
        if packet.pts * packet.time_base >= 6:  # type: ignore[attr-defined]
            packet.pts += round(seconds / packet.time_base)  # type: ignore[attr-defined]
            packet.dts = packet.pts  # type: ignore[attr-defined]

    return stamp


def _opus(samples: np.ndarray) -> np.ndarray:
    return samples.repeat(3)  # 48 kHz, which Opus has: each sample three times


def _fragments(samples: np.ndarray) -> bytes:
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    return encoded(samples, "mp4", "aac", bit_rate=48_000, container_options=options)


def _surround(layout: str, count: int, container: str = "flac", codec: str = "flac") -> bytes:
    channels = np.zeros((len(WHOLE), count), np.float32)
    channels[:, :2] = WHOLE[:, np.newaxis]
    return encoded(channels, container, codec, layout=layout)


def _with_flac_length(samples: int) -> bytes:
    content = bytearray(flac(WHOLE))
    field = int.from_bytes(content[18:26], "big") >> 36 << 36 | samples
    content[18:26] = field.to_bytes(8, "big")
    return bytes(content)


NOISE = np.random.default_rng(0)

HEARD: dict[str, tuple[Callable[[], bytes], float]] = {
    "wav": (lambda: wav(WHOLE), 0.03),
    "wav 24 in 32": (lambda: wav(WHOLE, kind="24 in 32", valid_bits=24), 0.03),
    "wav 24 in 32, plain": (lambda: wav(WHOLE, kind="24 in 32", stated_bits=24), 0.03),
    "wav 20 in 32": (lambda: wav(WHOLE, kind="24 in 32", valid_bits=20), 0.03),
    "wav 12 in 16": (lambda: wav(WHOLE, valid_bits=12), 0.03),
    "wav, big-endian": (lambda: wav(WHOLE, kind=">i2", form=b"RIFX"), 0.03),
    "wav, sizes 0": (lambda: wav(WHOLE, sizes=0), 0.03),
    "wav, sizes all ones": (lambda: wav(WHOLE, sizes=ALL_ONES), 0.03),
    "wav, sizes too small": (lambda: wav(WHOLE, sizes=4 * RATE_HZ), 0.03),
    "wav, a chunk that lies": (lambda: wav(WHOLE, before=b"LIST\xff\xff\xff\x7fINFO"), 0.03),
    "wav, a chunk behind": (lambda: wav(WHOLE, after=b"LIST\x04\x00\x00\x00INFO"), 0.03),
    "wav behind a tag": (lambda: id3(padding=1_000) + wav(WHOLE), 0.03),
    "wav behind two tags": (lambda: id3() + id3(padding=70) + wav(WHOLE), 0.03),
    "wav behind a tag that says less": (lambda: id3(padding=1_000, stated=300) + wav(WHOLE), 0.03),
    "wav behind a tag that says more": (lambda: id3(padding=1_000, stated=90_000) + wav(WHOLE), 0.03),
    "rf64 from a pipe": (lambda: wav(WHOLE, form=b"RF64", sizes=0), 0.03),
    "w64": (lambda: w64(WHOLE), 0.03),
    "w64 from a pipe": (lambda: w64(WHOLE, size=2**63 - 1), 0.03),
    "w64, sizes 0": (lambda: w64(WHOLE, size=0), 0.03),
    "aiff from a pipe": (lambda: aiff(WHOLE, size=0), 0.03),
    "aiff, sizes all ones": (lambda: aiff(WHOLE, size=ALL_ONES), 0.03),
    "aiff behind a tag": (lambda: id3(padding=500) + aiff(WHOLE), 0.03),
    "flac behind a tag": (lambda: id3(padding=500) + flac(WHOLE), 0.03),
    "flac that says 5 s": (lambda: _with_flac_length(5 * RATE_HZ), 0.03),
    "flac that says a day": (lambda: _with_flac_length(86_400 * RATE_HZ), 0.03),
    "flac, joined": (lambda: flac(SIX) + flac(EIGHT), 0.03),
    "flac, joined with another rate": (
        lambda: flac(SIX) + flac(staircase(8, first=6, rate_hz=24_000), rate_hz=24_000),
        0.03,
    ),
    "mka of long packets": (lambda: encoded(WHOLE, "matroska", "flac", options={"frame_size": "56000"}), 0.03),
    "mka, all stamps 0": (lambda: encoded(WHOLE, "matroska", "flac", stamp=_at_zero), 0.03),
    "mka, joined": (lambda: encoded(SIX, "matroska", "flac") + encoded(EIGHT, "matroska", "flac"), 0.03),
    "tta": (lambda: encoded(WHOLE, "tta", "tta"), 0.03),
    "wavpack": (lambda: encoded(WHOLE, "wv", "wavpack", options={"frame_size": "40000"}), 0.03),
    "alac": (lambda: encoded(WHOLE, "ipod", "alac"), 0.03),
    "caf": (lambda: encoded(WHOLE, "caf", "pcm_s16le"), 0.03),
    "ogg vorbis, chained": (lambda: ogg(SIX, "VORBIS") + ogg(EIGHT, "VORBIS", serial=2), 0.03),
    "ogg vorbis, chained with another rate and channels": (
        lambda: ogg(SIX, "VORBIS")
        + ogg(staircase(4, first=6, rate_hz=24_000), "VORBIS", rate_hz=24_000, serial=2)
        + ogg(np.repeat(staircase(4, first=10)[:, np.newaxis], 2, axis=1), "VORBIS", serial=3),
        0.03,
    ),
    "ogg opus, chained": (
        lambda: ogg(_opus(SIX), "OPUS", rate_hz=48_000) + ogg(_opus(EIGHT), "OPUS", rate_hz=48_000, serial=2),
        0.03,
    ),
    "ogg flac, chained": (lambda: ogg(SIX, "FLAC") + ogg(EIGHT, "FLAC", serial=2), 0.03),
    "ogg flac from hour ten on": (lambda: with_serial(ogg(WHOLE, "FLAC"), 1, from_sample=36_000 * RATE_HZ), 0.03),
    "ogg vorbis from hour ten on": (lambda: with_serial(ogg(WHOLE, "VORBIS"), 1, from_sample=36_000 * RATE_HZ), 0.03),
    "webm with a leap of a minute": (
        lambda: encoded(_opus(WHOLE), "webm", "libopus", rate_hz=48_000, stamp=_leap(60)),
        0.03,
    ),
    "ts with a leap of an hour": (lambda: encoded(WHOLE, "mpegts", "aac", stamp=_leap(3_600)), COARSE),
    "ts, joined": (lambda: encoded(SIX, "mpegts", "aac") + encoded(EIGHT, "mpegts", "aac"), TWICE),
    "ts with a stream that nothing announced": (
        lambda: encoded(SIX, "mpegts", "libmp3lame")
        + encoded(0.1 * staircase(1), "mpegts", "libmp3lame", container_options={"mpegts_start_pid": "777"}, from_s=6)
        + b"\x47\x1f\xff\x10" + b"\xff" * 184 * 1
        + encoded(EIGHT, "mpegts", "libmp3lame", from_s=6),
        TWICE,
    ),
    "fragmented mp4, joined": (lambda: _fragments(SIX) + _fragments(EIGHT), TWICE),
    "mp3 behind junk": (lambda: NOISE.bytes(70_000) + mp3(WHOLE), COARSE),
    "mp3 behind zeros": (lambda: bytes(90_000) + mp3(WHOLE), COARSE),
    "mp3 behind a cover": (lambda: id3(padding=400_000) + mp3(WHOLE), COARSE),
    "mp3 behind a tag that says more": (lambda: id3(padding=1_000, stated=20_000) + mp3(WHOLE), COARSE),
    "mp3 with covers": (lambda: id3(picture=giant_cover()) * 12 + mp3(WHOLE), COARSE),
    "mp3 of MPEG 2.5": (lambda: mp3(staircase(LENGTH_S, rate_hz=8_000), rate_hz=8_000, bit_rate=16_000), COARSE),
    "mp3 in free format": (lambda: free_format(LENGTH_S), COARSE),
    "mp3 whose end is zeros": (lambda: mp3(staircase(28))[: 28 * 2_000] + bytes(60_000), COARSE),
    "stereo in quad": (lambda: _surround("quad", 4), 0.03),
    "stereo in 5.1": (lambda: _surround("5.1", 6), 0.03),
    "stereo in 7.1": (lambda: _surround("7.1", 8), 0.03),
    "stereo in 5.1 in mka": (lambda: _surround("5.1", 6, "matroska", "pcm_s16le"), 0.03),
    "stereo in 16 channels": (lambda: wav(np.pad(np.stack([WHOLE] * 2, 1), ((0, 0), (0, 14)))), 0.03),
    "the second track is the default": (lambda: tracks("matroska", [(0 * WHOLE, False), (WHOLE, True)]), 0.03),
    "no track is the default": (lambda: tracks("matroska", [(0 * WHOLE, False), (WHOLE, False)]), 0.03),
    "the default track is silent": (lambda: tracks("matroska", [(0 * WHOLE, True), (WHOLE, False)]), 0.03),
}  # fmt: skip


@cache
def content_of(name: str) -> bytes:
    return HEARD[name][0]()


@pytest.fixture(params=HEARD)
def odd(request: pytest.FixtureRequest) -> tuple[bytes, float]:
    return content_of(request.param), HEARD[request.param][1]


def test_the_window_is_where_it_says(odd: tuple[bytes, float], capfd: pytest.CaptureFixture[str]) -> None:
    """At the beginning, inside, over the place where links meet, and at the last seconds."""
    content, within_s = odd
    for offset_s in (0.0, 2.0, 5.0, 8.0):
        audio = decode_window(content, offset_s=offset_s)
        assert (audio.window.start_s, audio.notes) == (offset_s, ())
        assert is_exact(audio, within_s=within_s)
    last = decode_window(content, offset_s=500.0)
    assert last.window.end_s == pytest.approx(LENGTH_S, abs=0.25)
    assert (is_exact(last, within_s=within_s), last.notes) == (True, (Note.MOVED_BACK,))
    assert capfd.readouterr().err == ""


def test_a_whole_track_hears_the_same(odd: tuple[bytes, float]) -> None:
    content, within_s = odd
    windows = list(spread_windows(content, budget=24))
    assert [audio.window.start_s for audio in windows] == [0.0, 3.0, 6.0, 9.0]
    assert all(is_exact(audio, within_s=within_s) for audio in windows)
    assert len(list(iter_windows(content))) == len(windows)


def test_a_few_windows_hear_the_same(odd: tuple[bytes, float], tmp_path: Path) -> None:
    content, within_s = odd
    (tmp_path / "odd").write_bytes(content)
    windows = list(windows_beside(tmp_path / "odd", Window(5.5, 3.0), budget=2))
    assert [audio.window.start_s for audio in windows] == pytest.approx([2.0, 9.0], abs=TWICE)
    assert all(is_exact(audio, within_s=within_s) for audio in windows)


def _asf_protected() -> bytes:
    content = encoded(WHOLE, "asf", "wmav2", bit_rate=48_000)
    at = content.index(bytes.fromhex("9107dcb7b7a9cf118ee600c00c205365"))  # the stream's properties: overwritten
    return content[:at] + bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e") + content[at + 16 :]


def _encrypted() -> bytes:
    key = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "01" * 16, "encryption_kid": "ab" * 16}
    return encoded(WHOLE, "ipod", "aac", container_options=key)


REFUSED: dict[str, tuple[Callable[[], bytes], ErrorKind]] = {
    "mp4, encrypted": (_encrypted, ErrorKind.PROTECTED),
    "mp4, of an old shop": (lambda: encoded(WHOLE, "ipod", "aac").replace(b"mp4a", b"drms", 1), ErrorKind.PROTECTED),
    "wma, protected": (_asf_protected, ErrorKind.PROTECTED),
    "a good head over random bytes": (lambda: mp3(SIX)[:2_000] + NOISE.bytes(60_000), ErrorKind.DAMAGED),
    "good heads over random bytes": (lambda: heads_over_noise(20), ErrorKind.DAMAGED),
    "float of full scale 32,768": (lambda: wav(WHOLE * 32_768, kind="<f4"), ErrorKind.DAMAGED),
    "float of full scale 2^23": (lambda: wav(WHOLE * 2**23, kind="<f8"), ErrorKind.DAMAGED),
    "infinite": (lambda: wav(np.full_like(WHOLE, np.inf), kind="<f4"), ErrorKind.DAMAGED),
    "1 Hz": (lambda: wav(WHOLE[:80], rate_hz=1), ErrorKind.OUT_OF_RANGE),
    "2,147,483,647 Hz": (lambda: wav(WHOLE, stated_rate_hz=2**31 - 1), ErrorKind.OUT_OF_RANGE),
    "65 channels": (lambda: wav(np.repeat(WHOLE[:, np.newaxis], 65, axis=1)), ErrorKind.OUT_OF_RANGE),
    "a web page": (lambda: b"\n<!DOCTYPE html><html><body>Log in</body></html>", ErrorKind.WEB_PAGE),
    "a web page behind a mark": (lambda: b"\xef\xbb\xbf<!-- gone --><html></html>", ErrorKind.WEB_PAGE),
    "a web page in UTF-16": (lambda: "\ufeff<html><body>404</body></html>".encode("utf-16-le"), ErrorKind.WEB_PAGE),
    "zip": (lambda: zipped(mp3(WHOLE)), ErrorKind.ARCHIVE),
    "rar": (lambda: b"Rar!\x1a\x07\x01\x00" + mp3(WHOLE), ErrorKind.ARCHIVE),
    "7z": (lambda: b"7z\xbc\xaf\x27\x1c" + mp3(WHOLE), ErrorKind.ARCHIVE),
    "gzip": (lambda: b"\x1f\x8b\x08\x00" + mp3(WHOLE), ErrorKind.ARCHIVE),
    "tar": (lambda: _tar(mp3(WHOLE)), ErrorKind.ARCHIVE),
    "old tar": (lambda: _tar(mp3(WHOLE), magic=False), ErrorKind.ARCHIVE),
    "m3u": (lambda: b"#EXTM3U\nsong.mp3\n", ErrorKind.PLAYLIST),
    "m3u without a head": (lambda: b"C:\\Music\\song.mp3\r\nhttp://a.example/b\r\n", ErrorKind.PLAYLIST),
    "pls": (lambda: b"[playlist]\nFile1=song.mp3\n", ErrorKind.PLAYLIST),
    "xspf": (lambda: b'<?xml version="1.0"?>\n<playlist version="1"></playlist>', ErrorKind.PLAYLIST),
    "asx": (lambda: b'<asx version="3.0"></asx>', ErrorKind.PLAYLIST),
    "wpl": (lambda: b'<?wpl version="1.0"?><smil></smil>', ErrorKind.PLAYLIST),
    "what macOS puts beside a file": (lambda: b"\x00\x05\x16\x07\x00\x02\x00\x00" + bytes(3_000), ErrorKind.NOT_AUDIO),
}


def _tar(content: bytes, *, magic: bool = True) -> bytes:
    head = bytearray(512)
    head[:8], head[124:136] = b"song.mp3", b"%011o\0" % len(content)
    if magic:
        head[257:263] = b"ustar\0"
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + content + bytes(-len(content) % 512 + 1024)


@pytest.mark.parametrize("name", REFUSED)
def test_the_reason_is_the_true_one_at_every_offset(name: str, tmp_path: Path) -> None:
    make, kind = REFUSED[name]
    content = make()
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    asked = [lambda offset_s=offset_s: decode_window(content, offset_s=offset_s) for offset_s in (0.0, 4.0, 500.0)]
    asked += [
        lambda: decode_window(path),
        lambda: list(spread_windows(content, budget=24)),
        lambda: list(iter_windows(path)),
    ]
    for ask in asked:
        with pytest.raises(ClassifierError) as caught:
            ask()
        assert caught.value.kind is kind


def test_a_damaged_second_costs_only_its_own_window() -> None:
    for odd_sample in (np.nan, np.inf, 1e25):
        samples = WHOLE.copy()
        samples[7 * RATE_HZ + 900] = odd_sample
        content = wav(samples, kind="<f4")
        assert [audio.window.start_s for audio in spread_windows(content, budget=24)] == [0.0, 3.0, 9.0]
        assert is_exact(decode_window(content, offset_s=3.0))
        with pytest.raises(ClassifierError) as caught:
            decode_window(content, offset_s=6.0)
        assert caught.value.kind is ErrorKind.DAMAGED


@pytest.mark.parametrize("right", [-WHOLE, -WHOLE * 0.98, -WHOLE + 0.01 * np.sin(np.arange(len(WHOLE)))])
def test_of_channels_that_cancel_each_other_out_one_is_heard(right: np.ndarray) -> None:
    for content in (wav(np.stack([WHOLE, right], 1)), mp3(np.stack([WHOLE, right], 1).astype(np.float32))):
        audio = decode_window(content, offset_s=5.0)
        assert (audio.notes, is_exact(audio, within_s=COARSE)) == ((Note.ONE_CHANNEL,), True)
        assert audio.samples.std() == pytest.approx(0.4 / np.sqrt(2), rel=0.1)


def test_stereo_is_as_loud_in_surround() -> None:
    stereo = decode_window(flac(np.stack([WHOLE] * 2, 1)), offset_s=5.0).samples
    for name in ("stereo in quad", "stereo in 5.1", "stereo in 7.1", "stereo in 16 channels"):
        assert decode_window(content_of(name), offset_s=5.0).samples == pytest.approx(stereo, abs=2e-3)


def test_covers_cost_nothing() -> None:
    """Twelve covers of a gigabyte of pixels each, in a process that may have half of one of them."""
    program = (
        "import resource, sys\n"
        "from classifier.decoding import decode_window, spread_windows\n"
        "content = sys.stdin.buffer.read()\n"
        "decode_window(content[-30_000:])\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "decode_window(content, offset_s=2.0), decode_window(content, offset_s=90.0)\n"
        "list(spread_windows(content, budget=24))\n"
        "grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "assert grown < 30_000, grown\n"
    )
    content = content_of("mp3 with covers")
    run = subprocess.run([sys.executable, "-c", program], input=content, capture_output=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr.decode()
