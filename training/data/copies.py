"""Altered copies of windows, so that a model learns that they are the same music: other masters, other codecs."""

import io

import av
import numpy as np
import soxr

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ
from classifier.readers import opened
from classifier.readers.downmix import mono
from classifier.readers.source import Source

TONE, CODEC = "tone", "codec48"
COPIES = (TONE, CODEC)

_TONE_BANDS, _TONE_DB, _GAIN_DB = 9, 3.5, 6.0
_LOWEST_HZ = 40.0
_BIT_RATE = 48_000


def toned(samples: FloatArray, random: np.random.Generator) -> FloatArray:
    """The window (n,) with a random equaliser of nine bands, ±3.5 dB each, and a gain of ±6 dB.

    The bands lie evenly on a logarithmic scale from 40 Hz to half the sampling rate; between them the curve is linear.
    """
    frequencies = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)
    centres = np.geomspace(_LOWEST_HZ, SAMPLE_RATE_HZ / 2, _TONE_BANDS)
    band_db = random.uniform(-_TONE_DB, _TONE_DB, _TONE_BANDS) + random.uniform(-_GAIN_DB, _GAIN_DB)
    curve_db = np.interp(np.log(np.maximum(frequencies, 1.0)), np.log(centres), band_db)
    return np.fft.irfft(np.fft.rfft(samples) * 10.0 ** (curve_db / 20.0), len(samples)).astype(np.float32)


def through_codec(source: Source) -> bytes:
    """The whole track as mono MP3 of 48 kbit/s at 22,050 Hz. Raises `ClassifierError` where it cannot be read."""
    out = io.BytesIO()
    with opened(source) as reader, av.open(out, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=SAMPLE_RATE_HZ)
        stream.bit_rate = _BIT_RATE
        stream.layout = "mono"
        resampler = soxr.ResampleStream(reader.rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")
        for block in reader.blocks(0.0):
            _encode(resampler.resample_chunk(mono(block)[0]), stream, container)
        _encode(resampler.resample_chunk(np.zeros(0, np.float32), last=True), stream, container)
        container.mux(stream.encode(None))
    return out.getvalue()


def _encode(samples: FloatArray, stream: av.AudioStream, container: av.container.OutputContainer) -> None:
    if len(samples):
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        container.mux(stream.encode(frame))
