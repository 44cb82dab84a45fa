"""The last step of the ladder: file and offset in, a `Classification` out; a whole file, a `TrackClassification`."""

from pathlib import Path

import numpy as np

from classifier.arrays import FloatArray
from classifier.bundle import DEFAULT_BUNDLE, Calibration
from classifier.decoding import DEFAULT_OFFSET_S, AudioWindow, decode_window, spread_windows
from classifier.errors import ClassifierError, ErrorKind
from classifier.genres import GENRES
from classifier.mel import extract_mel
from classifier.model import GenreModel, RuntimeName
from classifier.probabilities import track_scores
from classifier.readers.source import Source
from classifier.results import Classification, GenreScore, Note, Segment, TrackClassification, Window
from classifier.tempo import estimate_tempo

TRACK_BUDGET = 24
"""Windows of a whole track: more hardly change the vote, and this many take half a second."""


class GenreClassifier:
    """A loaded model with the steps before and after it. Load once, use for many tracks, one at a time."""

    def __init__(self, bundle: Path = DEFAULT_BUNDLE, *, runtime: RuntimeName = RuntimeName.LITERT) -> None:
        self.model = GenreModel.load(bundle, runtime=runtime)

    def classify(self, source: Source, *, offset_s: float = DEFAULT_OFFSET_S) -> Classification:
        """Classify the 3 seconds after `offset_s`; raises as `decode_window` does."""
        return self.classify_window(decode_window(source, offset_s=offset_s))

    def classify_window(self, audio: AudioWindow) -> Classification:
        """Classify a window that is already decoded."""
        row = self.model.describe(audio.samples)
        metadata = self.model.metadata
        output = self.model.infer(row)
        scores = _sorted(self.model.calibrated(output.members.mean(axis=1))[0])
        familiar = _is_familiar(float(output.ood_score[0]), metadata.window)
        certain = familiar and metadata.window.is_certain(scores[0].genre.slug, scores[0].confidence)
        return Classification(
            window=audio.window,
            scores=scores,
            certain=certain,
            familiar=familiar,
            notes=(*audio.notes, *_reservations(certain=certain, familiar=familiar)),
            model_version=metadata.model_version,
            features=tuple(row.tolist()),
        )

    def classify_track(self, source: Source, *, budget: int = TRACK_BUDGET) -> TrackClassification:
        """Classify a whole track by at most `budget` windows spread over it.

        Their calibrated log-probabilities are averaged, which is how witnesses are weighed; a part's own
        genre is decided with its two neighbours, so that a single odd window makes no segment. Raises as
        `decode_window` does.
        """
        windows, rows, mels = [], [], []
        for audio in spread_windows(source, budget=budget):
            windows.append(audio.window)
            mels.append(extract_mel(audio.samples))
            rows.append(self.model.describe(audio.samples, mel=mels[-1]))
        if not windows:
            raise ClassifierError(ErrorKind.SILENT)
        metadata = self.model.metadata
        output = self.model.infer(np.stack(rows))
        probabilities = self.model.calibrated(output.members.mean(axis=1))
        scores = _sorted(track_scores(probabilities, metadata.track.temperature))
        familiar = _is_familiar(float(output.ood_score.mean()), metadata.track)
        return TrackClassification(
            scores=scores,
            parts=_parts(windows, probabilities),
            certain=familiar and metadata.track.is_certain(scores[0].genre.slug, scores[0].confidence),
            familiar=familiar,
            tempo_bpm=estimate_tempo(mels),
            model_version=metadata.model_version,
            features=tuple(tuple(row.tolist()) for row in rows),
        )


def _is_familiar(ood_score: float, calibration: Calibration) -> bool:
    return calibration.ood_threshold is None or ood_score < calibration.ood_threshold


def _reservations(*, certain: bool, familiar: bool) -> tuple[Note, ...]:
    if not familiar:
        return (Note.UNFAMILIAR,)
    return () if certain else (Note.NOT_SURE,)


def _parts(windows: list[Window], probabilities: FloatArray) -> tuple[Segment, ...]:
    """Each window with the stretch up to the next one, and its genre as its neighbourhood hears it."""
    ends_s = [*(window.start_s for window in windows[1:]), windows[-1].end_s]
    parts = []
    for place, (window, end_s) in enumerate(zip(windows, ends_s, strict=True)):
        around = track_scores(probabilities[max(0, place - 1) : place + 2], temperature=1.0)
        best = int(around.argmax())
        parts.append(Segment(Window(window.start_s, end_s - window.start_s), GENRES[best], float(around[best])))
    return tuple(parts)


def _sorted(probabilities: FloatArray) -> tuple[GenreScore, ...]:
    scores = (GenreScore(genre, float(p)) for genre, p in zip(GENRES, probabilities, strict=True))
    return tuple(sorted(scores, key=lambda score: (-score.confidence, score.genre.name)))
