"""Odd files by name: those that are heard, and those that are refused.

Each is a track of 14 seconds whose second s is a tone of its own (`tests.support.odd.staircase`): the second that was
heard can be measured.
"""

from collections.abc import Callable

import numpy as np

from classifier.errors import ErrorKind
from tests.support.made import made_once
from tests.support.odd import (
    RATE_HZ,
    aiff,
    dts_in_wav,
    encoded,
    flac,
    free_format,
    giant_cover,
    heads_over_noise,
    id3,
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
    "dts in wav": (dts_in_wav, COARSE),
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


@made_once
def content_of(name: str) -> bytes:
    return HEARD[name][0]()


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
