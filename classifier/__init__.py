"""The pure core: audio in, a genre with an honest confidence out.

`classify` and `classify_track` answer for a file. Each step of the ladder is usable alone: decode a window, extract its
features, predict, draw its spectrogram. What is named in `__all__` is loaded when it is first used, so importing this
package loads nothing heavy.

>>> from classifier import GENRES
>>> len(GENRES), GENRES[13].label
(16, '🎛️ Techno')
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from classifier.bundle import DEFAULT_BUNDLE, REFERENCE_BUNDLE
    from classifier.decoding import AudioWindow, decode_window
    from classifier.errors import ClassifierError, ErrorKind
    from classifier.features import FEATURE_NAMES, extract_features
    from classifier.genres import GENRES, Genre
    from classifier.model import GenreModel, RuntimeName
    from classifier.pipeline import GenreClassifier
    from classifier.quick import classify, classify_track
    from classifier.readers.source import Source
    from classifier.results import Classification, GenreScore, Note, Segment, TrackClassification, Window, WindowAnswer
    from classifier.spectrogram import render_spectrogram
    from classifier.timeline import render_timeline
else:
    from importlib import import_module

    _NAMES_BY_MODULE = {
        "bundle": ("DEFAULT_BUNDLE", "REFERENCE_BUNDLE"),
        "decoding": ("AudioWindow", "decode_window"),
        "errors": ("ClassifierError", "ErrorKind"),
        "features": ("FEATURE_NAMES", "extract_features"),
        "genres": ("GENRES", "Genre"),
        "model": ("GenreModel", "RuntimeName"),
        "pipeline": ("GenreClassifier",),
        "quick": ("classify", "classify_track"),
        "readers.source": ("Source",),
        "results": (
            "Classification",
            "GenreScore",
            "Note",
            "Segment",
            "TrackClassification",
            "Window",
            "WindowAnswer",
        ),
        "spectrogram": ("render_spectrogram",),
        "timeline": ("render_timeline",),
    }
    _MODULE_BY_NAME = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names}

    def __getattr__(name):
        if name not in _MODULE_BY_NAME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_MODULE_BY_NAME[name]}"), name)
        globals()[name] = value
        return value

    def __dir__():
        return sorted({*globals(), *__all__})


__all__ = [
    "DEFAULT_BUNDLE",
    "FEATURE_NAMES",
    "GENRES",
    "REFERENCE_BUNDLE",
    "AudioWindow",
    "Classification",
    "ClassifierError",
    "ErrorKind",
    "Genre",
    "GenreClassifier",
    "GenreModel",
    "GenreScore",
    "Note",
    "RuntimeName",
    "Segment",
    "Source",
    "TrackClassification",
    "Window",
    "WindowAnswer",
    "classify",
    "classify_track",
    "decode_window",
    "extract_features",
    "render_spectrogram",
    "render_timeline",
]
