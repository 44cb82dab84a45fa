"""Odd files, made here: a staircase of tones in containers that lie, leap, were joined, or are something else.

Second s of the staircase is a tone of 200 + 150·s Hz, so what was heard tells which second it was.
"""

import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ, AudioWindow

RATE_HZ = 16_000


def staircase(seconds: int, *, first: int = 0, rate_hz: int = RATE_HZ, amplitude: float = 0.4) -> FloatArray:
    """Whole seconds of tones (n,), from second `first` on."""
    steps = 200.0 + 150.0 * np.repeat(np.arange(first, first + seconds), rate_hz)
    phase = 2 * np.pi * np.cumsum(steps) / rate_hz
    return (amplitude * np.sin(phase)).astype(np.float32)


def second_of(samples: FloatArray) -> float:
    """Which second of the staircase begins a window: from the pitch in the middles of its three seconds, and from where
    its first step lies."""
    middles = [samples[SAMPLE_RATE_HZ * n + 6_000 : SAMPLE_RATE_HZ * n + 16_000] for n in range(3)]
    seconds = [(_pitch_hz(middle) - 200.0) / 150.0 for middle in middles]
    whole = round(float(np.mean(np.array(seconds) - np.arange(3))))
    assert np.allclose(np.array(seconds) - np.arange(3), whole, atol=0.1), f"not three seconds in a row: {seconds}"
    around = samples[SAMPLE_RATE_HZ - 4_400 : SAMPLE_RATE_HZ + 4_400]
    halves = [
        np.exp(-2j * np.pi * (350.0 + 150.0 * (whole + n)) * np.arange(len(around)) / SAMPLE_RATE_HZ) for n in (-1, 0)
    ]
    before, after = (np.abs(np.convolve(around * wave, np.ones(700) / 700, "same")) for wave in halves)
    late = float(np.flatnonzero(after[700:-700] > before[700:-700])[0] + 700 - 4_400) / SAMPLE_RATE_HZ
    return whole - late


def _pitch_hz(samples: FloatArray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    return float(spectrum.argmax()) / (8 * len(samples)) * SAMPLE_RATE_HZ


def is_exact(audio: AudioWindow, *, within_s: float = 0.03) -> bool:
    """Whether what was heard is what the window says."""
    return abs(second_of(audio.samples) - audio.window.start_s) <= within_s


# ---- plain files, with anything that may be set wrong --------------------------------------------------------------


def wav(
    samples: FloatArray,
    *,
    rate_hz: int = RATE_HZ,
    kind: str = "<i2",
    form: bytes = b"RIFF",
    sizes: int | None = None,
    valid_bits: int | None = None,
    stated_bits: int | None = None,
    before: bytes = b"",
    after: bytes = b"",
    stated_rate_hz: int | None = None,
) -> bytes:
    """A WAV of (n,) or (n, channels). `sizes` is written in the place of all sizes; `before` and `after` are chunks."""
    rows = samples if samples.ndim == 2 else samples[:, np.newaxis]
    body, bits = _pcm(rows, kind)
    order = ">" if form == b"RIFX" else "<"
    block = rows.shape[1] * bits // 8
    rate = stated_rate_hz or rate_hz
    tag = 0xFFFE if valid_bits else 3 if kind[1] == "f" else 1
    head = struct.pack(
        order + "HHIIHH", tag, rows.shape[1], rate, rate * block & 0xFFFFFFFF, block, stated_bits or bits
    )
    if valid_bits:
        guid = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
        head += struct.pack(order + "HHI", 22, valid_bits, 0) + guid
    data = len(body) if sizes is None else sizes
    chunks = b"WAVE" + before + b"fmt " + struct.pack(order + "I", len(head)) + head
    if form == b"RF64":
        chunks = b"WAVEds64" + struct.pack("<IQQQI", 28, sizes or 0, sizes or 0, 0, 0) + chunks[4:]
        data = 0xFFFFFFFF
    chunks += b"data" + struct.pack(order + "I", data) + body + after
    return form + struct.pack(order + "I", len(chunks) if sizes is None else sizes) + chunks


def _pcm(rows: FloatArray, kind: str) -> tuple[bytes, int]:
    if kind[1] == "f":
        return rows.astype(kind).tobytes(), 8 * np.dtype(kind).itemsize
    if kind == "24 in 32":
        return (np.rint(rows * 2**23).astype("<i4") << 8).tobytes(), 32
    scale = 2 ** (8 * np.dtype(kind).itemsize - 1) - 1
    return np.rint(rows * scale).astype(kind).tobytes(), 8 * np.dtype(kind).itemsize


def w64(samples: FloatArray, *, size: int | None = None) -> bytes:
    """Sony Wave64, 16 bit mono; `size` is written in the place of the sizes of file and sound."""
    body = np.rint(samples * 32767).astype("<i2").tobytes()
    tail = bytes.fromhex("f3acd3118cd100c04f8edb8a")
    head = struct.pack("<HHIIHH", 1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16)
    content = b"wave" + tail + b"fmt " + tail + struct.pack("<Q", 24 + len(head)) + head
    content += b"data" + tail + struct.pack("<Q", 24 + len(body) if size is None else size) + body
    riff = b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000")
    return riff + struct.pack("<Q", 24 + len(content) if size is None else size) + content


def aiff(samples: FloatArray, *, size: int | None = None) -> bytes:
    """AIFF, 16 bit mono; `size` is written in the place of all sizes."""
    out = io.BytesIO()
    soundfile.write(out, samples, RATE_HZ, format="AIFF", subtype="PCM_16")
    content = bytearray(out.getvalue())
    if size is not None:
        comm, ssnd = content.index(b"COMM"), content.index(b"SSND")
        for at in (4, comm + 10, ssnd + 4):
            content[at : at + 4] = struct.pack(">I", size)
    return bytes(content)


def encoded(
    samples: FloatArray,
    container: str,
    codec: str,
    *,
    rate_hz: int = RATE_HZ,
    layout: str | None = None,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    from_s: float = 0.0,
    stamp: Callable[[av.Packet], None] | None = None,
    bit_rate: int | None = None,
) -> bytes:
    """One track of (n,) or (n, channels); `stamp` may change packets before they are written."""
    out = io.BytesIO()
    with av.open(out, "w", format=container, options=container_options or {}) as file:
        for packet in _packets(file, samples, codec, rate_hz, layout, options or {}, from_s, bit_rate):
            if stamp:
                stamp(packet)
            file.mux(packet)
    return out.getvalue()


def _packets(
    file: av.container.OutputContainer,
    samples: FloatArray,
    codec: str,
    rate_hz: int,
    layout: str | None,
    options: dict[str, str],
    from_s: float,
    bit_rate: int | None,
) -> Iterator[av.Packet]:
    rows = samples if samples.ndim == 2 else samples[:, np.newaxis]
    named = layout or {1: "mono", 2: "stereo"}[rows.shape[1]]
    stream = file.add_stream(codec, rate=rate_hz, layout=named, options=options)
    if bit_rate:
        stream.bit_rate = bit_rate
    stream.codec_context.open(strict=False)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(rows.reshape(1, -1)), format="flt", layout=named)
    frame.sample_rate, frame.time_base, frame.pts = rate_hz, Fraction(1, rate_hz), round(from_s * rate_hz)
    pieces = av.AudioResampler(stream.format, named, rate_hz, frame_size=stream.codec_context.frame_size or 1024)
    for piece in (*pieces.resample(frame), *pieces.resample(None), None):
        yield from stream.encode(piece)


def flac(samples: FloatArray, **more: object) -> bytes:
    return encoded(samples, "flac", "flac", **more)  # type: ignore[arg-type]


def mp3(samples: FloatArray, *, rate_hz: int = RATE_HZ, bit_rate: int = 32_000, **more: object) -> bytes:
    bare = {"write_xing": "1", "id3v2_version": "0"}
    return encoded(
        samples,
        "mp3",
        "libmp3lame",
        rate_hz=rate_hz,
        bit_rate=bit_rate,
        container_options=bare,
        **more,  # type: ignore[arg-type]
    )


def ogg(samples: FloatArray, subtype: str, *, rate_hz: int = RATE_HZ, serial: int = 1) -> bytes:
    """One link: Vorbis, Opus or FLAC, under a serial number of its own."""
    if subtype == "FLAC":
        return with_serial(encoded(samples, "ogg", "flac", rate_hz=rate_hz), serial)
    out = io.BytesIO()
    rows = samples if samples.ndim == 2 else samples[:, np.newaxis]
    with soundfile.SoundFile(out, "w", rate_hz, rows.shape[1], subtype, format="OGG") as file:
        for start in range(0, len(rows), rate_hz):  # much at once overflows libsndfile's stack
            file.write(rows[start : start + rate_hz])
    return with_serial(out.getvalue(), serial)


def with_serial(content: bytes, serial: int, *, from_sample: int = 0) -> bytes:
    """The same Ogg pages with another serial number, and positions that begin later."""
    pages, at = [], 0
    while at < len(content):
        segments = content[at + 26]
        length = 27 + segments + sum(content[at + 27 : at + 27 + segments])
        page = bytearray(content[at : at + length])
        page[14:18] = struct.pack("<I", serial)
        (position,) = struct.unpack("<q", page[6:14])
        if position > 0:
            page[6:14] = struct.pack("<q", position + from_sample)
        page[22:26] = bytes(4)
        page[22:26] = struct.pack("<I", _crc(bytes(page)))
        pages.append(bytes(page))
        at += length
    return b"".join(pages)


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 1 << 31 else 0)) & 0xFFFFFFFF
        table.append(value)
    return table


_CRC_TABLE = _crc_table()


def _crc(page: bytes) -> int:
    """Ogg's checksum (RFC 3533, 6)."""
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ _CRC_TABLE[value >> 24 ^ byte]
    return value


def tracks(container: str, parts: list[tuple[FloatArray, bool]]) -> bytes:
    """Several FLAC tracks in one file; the flag marks the default."""
    out = io.BytesIO()
    with av.open(out, "w", format=container, options={"default_mode": "passthrough"}) as file:
        packets = []
        for samples, is_default in parts:
            made = list(_packets(file, samples, "flac", RATE_HZ, None, {}, 0.0, None))
            file.streams[-1].disposition = av.stream.Disposition.default if is_default else av.stream.Disposition(0)
            packets += made
        for packet in sorted(packets, key=lambda packet: packet.pts * packet.time_base):
            file.mux(packet)
    return out.getvalue()


# ---- what stands before, inside or instead -------------------------------------------------------------------------


def id3(*, padding: int = 0, stated: int | None = None, picture: bytes = b"") -> bytes:
    """An ID3v2.3 tag with a title, perhaps with a picture, and with a size that may lie."""
    frames = b"TIT2" + struct.pack(">IH", 5, 0) + b"\x00Song"
    if picture:
        content = b"\x00image/webp\x00\x03\x00" + picture
        frames += b"APIC" + struct.pack(">IH", len(content), 0) + content
    frames += bytes(padding)
    size = len(frames) if stated is None else stated
    return b"ID3\x03\x00\x00" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + frames


def giant_cover() -> bytes:
    """A WebP of a few bytes that claims 16,000 × 16,000 pixels (lossless: RFC 9649, 3.4)."""
    bits = 15_999 | 15_999 << 14
    payload = b"\x2f" + struct.pack("<I", bits) + bytes(8)
    chunk = b"VP8L" + struct.pack("<I", len(payload)) + payload + b"\0" * (len(payload) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def dts_in_wav() -> bytes:
    """DTS as a DTS CD has it: a stream that a WAV head calls 16-bit stereo. PyAV cannot write it, so it lies here: the
    staircase of 14 s at 8 kHz, `ffmpeg -i staircase.wav -c:a dca -strict -2 -b:a 32k staircase.dts`."""
    words = np.frombuffer((Path(__file__).parent / "staircase.dts").read_bytes(), ">u2").astype("<u2").tobytes()
    head = struct.pack("<IHHIIHH", 16, 1, 2, 44_100, 176_400, 4, 16)
    chunks = b"WAVEfmt " + head + b"data" + struct.pack("<I", len(words)) + words
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def zipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("song.mp3", content)
    return out.getvalue()


def free_format(seconds: int) -> bytes:
    """MP3 frames without a stated bit rate: each is padded, and only the next head tells its length."""
    plain = encoded(
        staircase(seconds, rate_hz=32_000), "mp3", "libmp3lame", rate_hz=32_000, bit_rate=40_000,
        options={"reservoir": "0"}, container_options={"write_xing": "0", "id3v2_version": "0", "write_id3v1": "0"},
    )  # fmt: skip
    frames = [bytearray(plain[at : at + 180]) for at in range(0, len(plain) - 179, 180)]
    for frame in frames:
        frame[2] &= 0x0F
    return b"".join(bytes(frame) + bytes(5) for frame in frames)


def heads_over_noise(seconds: float) -> bytes:
    """MP3 frames of which only the heads are right."""
    plain, chance = mp3(staircase(round(seconds)), bit_rate=32_000), np.random.default_rng(1)
    return b"".join(plain[at : at + 4] + chance.bytes(140) for at in range(0, len(plain) - 143, 144))
