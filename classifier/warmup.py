"""Doing every step once ahead of time: what is slow the first time should not be slow for a person."""

import numpy as np

from classifier.decoding import SAMPLE_RATE_HZ, WINDOW_S, AudioWindow
from classifier.excerpt import export_excerpt
from classifier.pipeline import GenreClassifier
from classifier.results import Window
from classifier.spectrogram import render_spectrogram


def warm_up(classifier: GenreClassifier) -> None:
    """Classify and draw three seconds of noise.

    The first time after an install this compiles librosa's functions (about half a minute; kept on disk) and builds
    matplotlib's font list; in every process it builds filter banks and the picture's figure.
    """
    noise = np.random.default_rng(0).normal(0.0, 0.1, round(WINDOW_S * SAMPLE_RATE_HZ)).astype(np.float32)
    audio = AudioWindow(noise, Window(0.0, WINDOW_S))
    classifier.classify_window(audio)
    render_spectrogram(audio.samples, window=audio.window)
    export_excerpt(audio.samples)
