"""One call for whoever has a file and wants its genre: the shipped model, loaded at the first call and then kept.

For another bundle or runtime, or for several at a time, use `GenreClassifier`.
"""

from functools import lru_cache
from threading import Lock

from classifier.decoding import DEFAULT_OFFSET_S
from classifier.pipeline import GenreClassifier
from classifier.readers.source import Source
from classifier.results import Classification, TrackClassification

_LOCK = Lock()
"""A classifier answers one call at a time."""


def classify(source: Source, *, offset_s: float = DEFAULT_OFFSET_S) -> Classification:
    """Name the genre of the 3 seconds after `offset_s`, or of the track where they are not enough to be certain.

    Of a track that ends before, the last 3 seconds are taken.

    `source` is a path or the bytes of a file: MP3, M4A, Ogg, Opus, FLAC, WAV, WMA and more. Raises `ClassifierError`,
    whose `kind` says why there is no answer, and ValueError for an offset that no track has.

    Four seconds of a kick drum, 140 beats a minute:

    >>> import io
    >>> import numpy as np, soundfile
    >>> time_s = np.arange(4 * 22_050) / 22_050
    >>> in_beat_s = time_s % (60 / 140)
    >>> kick = 0.8 * np.sin(2 * np.pi * 55.0 * in_beat_s) * np.exp(-9.0 * in_beat_s)
    >>> wav = io.BytesIO()
    >>> soundfile.write(wav, kick, 22_050, format="WAV")
    >>> answer = classify(wav.getvalue(), offset_s=0.5)
    >>> answer.window.start_s, answer.window.end_s
    (0.5, 3.5)
    >>> len(answer.scores), answer.scores[0].genre == answer.genre
    (16, True)
    >>> classify(b"no audio").genre
    Traceback (most recent call last):
    classifier.errors.ClassifierError: this is not audio that can be read (Invalid data found when processing input)
    """
    with _LOCK:
        return _classifier().classify(source, offset_s=offset_s)


def classify_track(source: Source) -> TrackClassification:
    """Name the genre of a whole track, by windows spread over it; with its segments and its tempo.

    `source` and errors are as in `classify`.
    """
    with _LOCK:
        return _classifier().classify_track(source)


@lru_cache(maxsize=1)
def _classifier() -> GenreClassifier:
    return GenreClassifier()
