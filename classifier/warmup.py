"""Doing every step once ahead of time: what is slow the first time should not be slow for a person."""

import numpy as np

from classifier.decoding import SAMPLE_RATE_HZ, WINDOW_S
from classifier.excerpt import export_excerpt
from classifier.features import extract_features
from classifier.mel import extract_mel
from classifier.rhythm import extract_rhythm
from classifier.spectrogram import render_spectrogram
from classifier.tempo import estimate_tempo


def warm_up() -> None:
    """Describe and draw three seconds of noise.

    In every process this builds filter banks and the picture's figure, the first time after an install matplotlib's
    list of fonts, too (kept on disk).
    """
    noise = np.random.default_rng(0).normal(0.0, 0.1, round(WINDOW_S * SAMPLE_RATE_HZ)).astype(np.float32)
    extract_features(noise)
    mel = extract_mel(noise)
    extract_rhythm(mel)
    estimate_tempo((mel,))
    render_spectrogram(noise)
    export_excerpt(noise)
