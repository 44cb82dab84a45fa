"""The last step of the ladder: file and offset in, a `Classification` out; a whole file, a `TrackClassification`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from classifier.arrays import FloatArray
from classifier.bundle import DEFAULT_BUNDLE, ListeningCalibration, Thresholds
from classifier.decoding import DEFAULT_OFFSET_S, AudioWindow, decode_window, spread_windows, windows_beside
from classifier.errors import ClassifierError, ErrorKind
from classifier.genres import GENRES
from classifier.mel import MelArray
from classifier.model import GenreModel, RuntimeName
from classifier.probabilities import heard_scores, track_scores
from classifier.readers.source import Source, settled
from classifier.results import (
    Classification,
    GenreScore,
    KeyEstimate,
    Note,
    Segment,
    Tempo,
    TrackClassification,
    Window,
    WindowAnswer,
)
from classifier.tempo import estimate_tempo
from classifier.tonality import estimate_key

TRACK_BUDGET = 24
"""Windows of a whole track: more hardly change the vote, and this many take half a second."""

_PLACES = 5
"""Windows heard for tempo and key beside the asked one, with a model that does not say how many it listens to."""

_LEAST_SHARE = 0.01
"""Genres that fewer of a track sounds like are no part of its shares."""


class GenreClassifier:
    """A loaded model with the steps before and after it. Load once, use for many tracks, one at a time."""

    def __init__(self, bundle: Path = DEFAULT_BUNDLE, *, runtime: RuntimeName = RuntimeName.LITERT) -> None:
        self.model = GenreModel.load(bundle, runtime=runtime)

    def classify(self, source: Source, *, offset_s: float = DEFAULT_OFFSET_S, listen_on: bool = True) -> Classification:
        """Classify the 3 seconds after `offset_s`; raises as `decode_window` does.

        With `listen_on` a few more windows of the track are heard: for tempo and key, and where those 3 seconds are
        not certain, to answer with them.
        """
        source = settled(source)
        return self.classify_window(decode_window(source, offset_s=offset_s), source=source if listen_on else None)

    def classify_window(self, audio: AudioWindow, *, source: Source | None = None) -> Classification:
        """Classify a window that is already decoded; `source` is its track, where it is to be listened on."""
        listening = self.model.metadata.listening
        more = [] if source is None else self._beside(source, audio.window)
        first, *others = (_Heard(each, self.model.log_mel(each.samples)) for each in (audio, *more))
        found = self._classified(first)
        if others and not found.certain and listening is not None:
            found = self._listened(found, others, listening)
        tempo, key = _music([first, *others], found.scores if found.familiar else ())
        return replace(found, tempo=tempo, key=key)

    def _beside(self, source: Source, asked: Window) -> list[AudioWindow]:
        """More windows of a track; none where it is damaged elsewhere, which does not take an answer away."""
        listening = self.model.metadata.listening
        try:
            return list(windows_beside(source, asked, budget=listening.places if listening else _PLACES))
        except ClassifierError:
            return []

    def _classified(self, heard: "_Heard") -> Classification:
        row = self.model.describe(heard.audio.samples, mel=heard.mel)
        metadata = self.model.metadata
        output = self.model.infer(row)
        scores = _sorted(self.model.calibrated(output.members.mean(axis=1))[0])
        certain, familiar = _verdict(scores, float(output.ood_score[0]), metadata.window)
        return Classification(
            window=heard.audio.window,
            scores=scores,
            certain=certain,
            familiar=familiar,
            notes=(*heard.audio.notes, *_reservations(certain=certain, familiar=familiar)),
            model_version=metadata.model_version,
            heard=(heard.audio.window,),
            features=(tuple(row.tolist()),),
        )

    def _listened(
        self, alone: Classification, more: Sequence["_Heard"], calibration: ListeningCalibration
    ) -> Classification:
        """What a window and more of its track say together."""
        rows = [np.asarray(alone.features[0], np.float32)]
        rows += [self.model.describe(heard.audio.samples, mel=heard.mel) for heard in more]
        output = self.model.infer(np.stack(rows))
        probabilities = self.model.calibrated(output.members.mean(axis=1))
        scores = _sorted(heard_scores(probabilities, calibration.temperatures[len(more)]))
        certain, familiar = _verdict(scores, float(output.ood_score.mean()), calibration)
        notes = tuple(note for note in alone.notes if note not in _RESERVATIONS)
        return replace(
            alone,
            scores=scores,
            certain=certain,
            familiar=familiar,
            notes=(*notes, *_reservations(certain=certain, familiar=familiar)),
            heard=(alone.window, *(heard.audio.window for heard in more)),
            features=tuple(tuple(row.tolist()) for row in rows),
            alone=WindowAnswer(alone.scores, alone.certain, alone.familiar),
        )

    def classify_track(self, source: Source, *, budget: int = TRACK_BUDGET) -> TrackClassification:
        """Classify a whole track by at most `budget` windows spread over it.

        Their calibrated log-probabilities are averaged, which is how witnesses are weighed; a part's own
        genre is decided with its two neighbours, so that a single odd window makes no segment. Raises as
        `decode_window` does.
        """
        heard, rows = [], []
        for audio in spread_windows(source, budget=budget):
            heard.append(_Heard(audio, self.model.log_mel(audio.samples)))
            rows.append(self.model.describe(audio.samples, mel=heard[-1].mel))
        if not heard:
            raise ClassifierError(ErrorKind.SILENT)
        metadata = self.model.metadata
        output = self.model.infer(np.stack(rows))
        probabilities = self.model.calibrated(output.members.mean(axis=1))
        scores = _sorted(track_scores(probabilities, metadata.track.temperature))
        certain, familiar = _verdict(scores, float(output.ood_score.mean()), metadata.track)
        tempo, key = _music(heard, scores if familiar else ())
        return TrackClassification(
            scores=scores,
            parts=_parts([each.audio.window for each in heard], probabilities),
            shares=tuple(score for score in _sorted(probabilities.mean(axis=0)) if score.confidence >= _LEAST_SHARE),
            certain=certain,
            familiar=familiar,
            tempo=tempo,
            key=key,
            model_version=metadata.model_version,
            features=tuple(tuple(row.tolist()) for row in rows),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """A window with its log-mel spectrogram, which several things are computed from."""

    audio: AudioWindow
    mel: MelArray


def _music(heard: Sequence[_Heard], scores: Sequence[GenreScore]) -> tuple[Tempo | None, KeyEstimate | None]:
    """Tempo and key of what was heard; `scores` say which of the tempos of a beat people of that genre count."""
    tempo = estimate_tempo([each.mel for each in heard], {score.genre.slug: score.confidence for score in scores})
    return tempo, estimate_key([each.audio.samples for each in heard])


def _verdict(scores: tuple[GenreScore, ...], ood_score: float, thresholds: Thresholds) -> tuple[bool, bool]:
    """Whether an answer is certain, and whether its sound is familiar."""
    slug, confidence = scores[0].genre.slug, scores[0].confidence
    familiar = thresholds.is_familiar(slug, ood_score)
    return familiar and thresholds.is_certain(slug, confidence), familiar


_RESERVATIONS = (Note.NOT_SURE, Note.UNFAMILIAR)


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
