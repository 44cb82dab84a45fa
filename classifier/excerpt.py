"""The analysed window as a small sound file, so that people can hear what was analysed."""

import io
import warnings

import numpy as np

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="Couldn't find ffmpeg")  # it is not needed for WAV
    from pydub import AudioSegment

_FADE_MS = 20
"""Cutting inside a waveform clicks; this fade is too short to hear (and a whole number of samples)."""


def export_excerpt(samples: FloatArray) -> bytes:
    """Write a window as WAV (16 bit, mono, 22,050 Hz: what the model heard), with soft edges.

    Parameters: `samples` (n,) float32, full scale 1.0; louder values are clipped.
    """
    return to_segment(samples).fade_in(_FADE_MS).fade_out(_FADE_MS).export(io.BytesIO(), format="wav").read()


def to_segment(samples: FloatArray) -> AudioSegment:
    """A pydub segment (16 bit, mono, 22,050 Hz) of float samples."""
    pcm = np.clip(np.rint(samples * 32767.0), -32768, 32767).astype("<i2")
    return AudioSegment(pcm.tobytes(), sample_width=2, frame_rate=SAMPLE_RATE_HZ, channels=1)
