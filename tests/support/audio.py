"""Audio made by the tests themselves: a small synthetic dance track, and files of it in many formats."""

import io
import struct
from fractions import Fraction

import av
import numpy as np
import soundfile
from scipy.signal import butter, sosfilt

from classifier.arrays import FloatArray
from tests.support.made import made_once


@made_once
def dance_track(seconds: float, *, rate_hz: int = 44_100, bpm: float = 128.0, seed: int = 0) -> FloatArray:
    """Kick on every beat, hi-hat between, a bass note and a chord that changes each bar: (n,) float32, peak 0.8."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    beat = time * bpm / 60.0
    in_beat_s = (beat % 1.0) * 60.0 / bpm
    kick = np.sin(2 * np.pi * (50 * in_beat_s + 25 * (1 - np.exp(-in_beat_s * 30)))) * np.exp(-in_beat_s * 9)
    off_beat_s = ((beat + 0.5) % 1.0) * 60.0 / bpm
    hat = np.random.default_rng(seed).standard_normal(len(time)) * np.exp(-off_beat_s * 40)
    root = 55.0 * 2 ** (np.array([0, 3, 5, 7])[(beat // 4).astype(int) % 4] / 12)
    bass = np.sign(np.sin(2 * np.pi * np.cumsum(root) / rate_hz)) * (in_beat_s > 0.1)
    chord = sum(np.sin(2 * np.pi * np.cumsum(root * ratio) / rate_hz) for ratio in (4.0, 4.76, 5.99))
    mix = kick + 0.15 * hat + 0.2 * bass + 0.12 * chord
    return (0.8 * mix / np.abs(mix).max()).astype(np.float32)


@made_once
def pad_track(seconds: float, *, rate_hz: int = 44_100, seed: int = 7) -> FloatArray:
    """A slow pad of detuned saws behind a low-pass, with a little hiss and bells: (n,) float32, peak 0.7."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    chance = np.random.default_rng(seed)
    saws = sum(
        (time * frequency * detune + phase) % 1.0 * 2.0 - 1.0
        for frequency in (65.4, 130.8, 196.0, 261.6, 392.0)
        for detune, phase in zip((0.996, 1.0, 1.0037), chance.random(3), strict=True)
    )
    pad = sosfilt(butter(4, 2500.0, fs=rate_hz, output="sos"), saws) * (0.7 + 0.3 * np.sin(2 * np.pi * 0.07 * time))
    pad += 0.02 * sosfilt(butter(2, 4000.0, fs=rate_hz, output="sos"), chance.standard_normal(len(time)))
    pad /= np.abs(pad).max()
    for start_s in np.arange(0.0, seconds, 1.5):
        ringing = time[time >= start_s] - start_s
        pitch = 440.0 * 2.0 ** (chance.choice([0, 3, 5, 7, 10, 12]) / 12)
        pad[time >= start_s] += 0.3 * np.sin(2 * np.pi * pitch * ringing) * np.exp(-1.2 * ringing)
    return (0.7 * pad / np.abs(pad).max()).astype(np.float32)


def sine(seconds: float, frequency_hz: float, *, rate_hz: int = 22_050, amplitude: float = 0.5) -> FloatArray:
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return (amplitude * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)


def noise(seconds: float, *, rate_hz: int = 22_050, deviation: float = 0.2, seed: int = 0) -> FloatArray:
    """White noise: (n,) float32."""
    return (deviation * np.random.default_rng(seed).standard_normal(round(seconds * rate_hz))).astype(np.float32)


def clicks(seconds: float, *, period_s: float, rate_hz: int = 22_050) -> FloatArray:
    """The same short burst of noise at every multiple of the period: (n,) float32."""
    burst = noise(0.01, rate_hz=rate_hz, deviation=0.5)
    burst *= np.exp(-np.arange(len(burst)) / (0.002 * rate_hz)).astype(np.float32)
    samples = np.zeros(round(seconds * rate_hz), np.float32)
    for start_s in np.arange(0.0, seconds - 0.01, period_s):
        first = int(start_s * rate_hz)
        samples[first : first + len(burst)] += burst
    return samples


@made_once
def encode(
    samples: FloatArray,
    container: str,
    *,
    rate_hz: int = 44_100,
    subtype: str | None = None,
    bitrate_mode: str | None = None,
    compression_level: float | None = None,
) -> bytes:
    """Write (n,) or (n, channels) samples with libsndfile: WAV, FLAC, OGG, MP3, …"""
    out = io.BytesIO()
    soundfile.write(
        out,
        samples,
        rate_hz,
        format=container,
        subtype=subtype,
        bitrate_mode=bitrate_mode,
        compression_level=compression_level,
    )
    return out.getvalue()


def mp3(samples: FloatArray, *, rate_hz: int = 44_100, bitrate_mode: str = "CONSTANT", level: float = 0.3) -> bytes:
    return encode(samples, "MP3", rate_hz=rate_hz, bitrate_mode=bitrate_mode, compression_level=level)


@made_once
def encode_with_ffmpeg(
    samples: FloatArray,
    container: str,
    codec: str,
    *,
    rate_hz: int,
    layout: str = "mono",
    video: bool = False,
    bit_rate: int = 128_000,
) -> bytes:
    """Write (n,) samples, the same on every channel, with FFmpeg's libraries: M4A, WebM, WMA, video with sound."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate_hz, layout=layout)
        stream.bit_rate = bit_rate
        if video:
            picture = file.add_stream("mpeg4", rate=10, width=64, height=64, pix_fmt="yuv420p")
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24")
            for number in range(round(len(samples) / rate_hz * 10)):
                frame.pts = number
                file.mux(picture.encode(frame))
            file.mux(picture.encode(None))
        interleaved = np.repeat(samples, stream.codec_context.channels)[np.newaxis]
        sound = av.AudioFrame.from_ndarray(interleaved, format="flt", layout=layout)
        sound.sample_rate = rate_hz
        sound.pts = 0
        sound.time_base = Fraction(1, rate_hz)
        size = stream.codec_context.frame_size or 1024
        pieces = av.AudioResampler(stream.format, layout, rate_hz, frame_size=size)
        for piece in (*pieces.resample(sound), *pieces.resample(None)):
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return out.getvalue()


def without_first_frame(mp3_bytes: bytes) -> bytes:
    """An MP3 without its first frame, which holds the Xing or Info header (MPEG-1 layer III)."""
    header = struct.unpack(">I", mp3_bytes[:4])[0]
    kbps = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)[header >> 12 & 15]
    rate_hz = (44_100, 48_000, 32_000)[header >> 10 & 3]
    length = 144 * kbps * 1000 // rate_hz + (header >> 9 & 1)
    assert b"Xing" in mp3_bytes[:length] or b"Info" in mp3_bytes[:length]
    return mp3_bytes[length:]


def with_id3_picture(mp3_bytes: bytes, *, picture_bytes: int = 300_000) -> bytes:
    """An MP3 with an ID3v2.3 tag: a title in UTF-16 and cover art."""
    picture = b"\x00image/png\x00\x03\x00" + b"\x89PNG" + bytes(picture_bytes)
    title = b"\x01" + "Ünïcode @everyone".encode("utf-16")
    frames = b"".join(
        name + struct.pack(">IH", len(body), 0) + body for name, body in ((b"TIT2", title), (b"APIC", picture))
    )
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + size + frames + mp3_bytes
