"""What the classifier answers: frozen values with units in their names, and their JSON form."""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from typing import Any

from classifier.genres import Genre
from classifier.keys import Key


class Note(StrEnum):
    """Something a person should know about an answer."""

    MOVED_BACK = "moved_back_to_track_end"
    SKIPPED_SILENCE = "skipped_silence"
    ONE_CHANNEL = "one_channel"
    NOT_SURE = "not_sure"
    UNFAMILIAR = "unfamiliar"

    @property
    def sentence(self) -> str:
        """The note in English, for the command line."""
        return _SENTENCES[self]


_SENTENCES: dict[Note, str] = {
    Note.MOVED_BACK: "the track ends before the offset, so its last 3 seconds were analysed",
    Note.SKIPPED_SILENCE: "the chosen part is silent, so a part with sound was analysed",
    Note.ONE_CHANNEL: "left and right cancel each other out, so one of them was analysed",
    Note.NOT_SURE: "not sure",
    Note.UNFAMILIAR: "this does not sound like any of the 16 genres",
}


def clock(time_s: float) -> str:
    """A time in a track as people read it.

    >>> clock(65.0)
    '1:05'
    """
    return f"{int(time_s) // 60}:{int(time_s) % 60:02d}"


@dataclass(frozen=True, slots=True)
class Window:
    """The analysed part of a track, in seconds from its start."""

    start_s: float
    duration_s: float

    @property
    def end_s(self) -> float:
        return self.start_s + self.duration_s


@dataclass(frozen=True, slots=True)
class GenreScore:
    """A genre and the calibrated probability (0 to 1) that the window is of it."""

    genre: Genre
    confidence: float


_SURE_TEMPO = 0.6
MOST_CONFIDENCE = 0.95
"""Of a tempo or a key: they were measured on loops, and music is less simple."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """Beats a minute, and how sure it is (0 to 1) that people count these beats and not twice or half as many."""

    bpm: float
    confidence: float

    @property
    def is_sure(self) -> bool:
        """Whether it is worth naming to a person."""
        return self.confidence >= _SURE_TEMPO

    def to_dict(self) -> dict[str, Any]:
        return {"bpm": self.bpm, "confidence": round(self.confidence, 3)}


@dataclass(frozen=True, slots=True)
class KeyEstimate:
    """A key, and how sure it is (0 to 1)."""

    key: Key
    confidence: float

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.key.name, "camelot": self.key.camelot, "confidence": round(self.confidence, 3)}


NOT_SURE, NONE = "not-sure", "none"
"""What stands in the place of a genre's slug where answers are counted."""


class _Scored:
    """What an answer's scores, the most probable first, say at a glance."""

    __slots__ = ()
    scores: tuple[GenreScore, ...]
    certain: bool
    familiar: bool

    @property
    def genre(self) -> Genre:
        return self.scores[0].genre

    @property
    def confidence(self) -> float:
        return self.scores[0].confidence

    @property
    def pile(self) -> str:
        """What an answer counts as: its genre's slug, `NOT_SURE` or `NONE`."""
        if not self.familiar:
            return NONE
        return self.genre.slug if self.certain else NOT_SURE

    @property
    def title(self) -> str:
        """The genre's name for a picture: plain text, with a question mark where the answer is not certain."""
        if not self.familiar:
            return "?"
        return self.genre.name if self.certain else f"{self.genre.name}?"

    def summary(self, file: str) -> dict[str, Any]:
        """The first values of an answer as JSON."""
        return {
            "file": file,
            "genre": {"slug": self.genre.slug, "name": self.genre.name, "emoji": self.genre.emoji},
            "confidence": round(self.confidence, 6),
            "certain": self.certain,
            "familiar": self.familiar,
        }


class _Told(_Scored, ABC):
    """An answer that can be told as JSON; `tempo` and `key` are what DJs ask for next, None where they are unsure."""

    __slots__ = ()
    tempo: Tempo | None
    key: KeyEstimate | None

    @abstractmethod
    def to_dict(self, *, file: str) -> dict[str, Any]:
        """The answer as plain JSON values; `file` is the name the asker knows the track by."""

    def to_json(self, *, file: str) -> str:
        """`to_dict` as one line of JSON."""
        return json.dumps(self.to_dict(file=file), ensure_ascii=False)

    def music(self) -> dict[str, Any]:
        """Tempo and key as JSON."""
        return {"tempo": self.tempo and self.tempo.to_dict(), "key": self.key and self.key.to_dict()}


def _scores_to_list(scores: tuple[GenreScore, ...]) -> list[dict[str, Any]]:
    return [{"slug": score.genre.slug, "confidence": round(score.confidence, 6)} for score in scores]


def _window_to_dict(window: Window) -> dict[str, Any]:
    return {"start_s": round(window.start_s, 3), "end_s": round(window.end_s, 3)}


@dataclass(frozen=True, slots=True)
class WindowAnswer(_Scored):
    """What the asked window says by itself, where the answer rests on more of the track; all as in `Classification`."""

    scores: tuple[GenreScore, ...]
    certain: bool
    familiar: bool


@dataclass(frozen=True, slots=True)
class Classification(_Told):
    """The answer for one window, or where that is not certain, for the window and a few more of the same track.

    `scores` has every genre once, the most probable first (equal ones by name); `certain` is False where the model's
    confidence lies below the threshold that its bundle states, `familiar` is False (and so is `certain`) where the
    sound is too unlike anything the model was trained on to be any of its genres. `window` is the asked one, `heard`
    all that the answer rests on, the asked one first; `alone` is what the asked one says by itself, None where nothing
    else was heard. `features` is what the network saw of each of them, not scaled, in the order of the model's columns;
    no part of the JSON.
    """

    window: Window
    scores: tuple[GenreScore, ...]
    certain: bool
    familiar: bool
    notes: tuple[Note, ...]
    model_version: str
    heard: tuple[Window, ...]
    alone: WindowAnswer | None = None
    tempo: Tempo | None = None
    key: KeyEstimate | None = None
    features: tuple[tuple[float, ...], ...] = field(default=(), repr=False)

    def to_dict(self, *, file: str) -> dict[str, Any]:
        alone = self.alone or self
        return {
            **self.summary(file),
            **self.music(),
            "scores": _scores_to_list(self.scores),
            "window": {
                **_window_to_dict(self.window),
                "slug": alone.genre.slug,
                "confidence": round(alone.confidence, 6),
                "certain": alone.certain,
                "familiar": alone.familiar,
            },
            "heard": [_window_to_dict(window) for window in self.heard],
            "notes": [note.value for note in self.notes],
            "model_version": self.model_version,
        }


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a track that sounds like one genre, and how sure the model is of that on average (0 to 1)."""

    window: Window
    genre: Genre
    confidence: float


@dataclass(frozen=True, slots=True)
class TrackClassification(_Told):
    """The answer for a whole track, from windows spread over it.

    `scores` are the normalised mean log-probabilities of the windows, the most probable genre first. `parts` has one
    entry for each window, which stands for the stretch up to the next; `shares` says how much of the track sounds like
    which genre, by probability, the largest first; genres of less than a percent are left out. `certain` and `familiar`
    are as in `Classification`. `features` has one entry for each part.
    """

    scores: tuple[GenreScore, ...]
    parts: tuple[Segment, ...]
    shares: tuple[GenreScore, ...]
    certain: bool
    familiar: bool
    tempo: Tempo | None
    key: KeyEstimate | None
    model_version: str
    features: tuple[tuple[float, ...], ...] = field(default=(), repr=False)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Neighbouring parts of one genre, merged."""
        merged: list[Segment] = []
        for _, group in groupby(self.parts, key=lambda part: part.genre.slug):
            parts = list(group)
            start_s, end_s = parts[0].window.start_s, parts[-1].window.end_s
            confidence = sum(part.confidence for part in parts) / len(parts)
            merged.append(Segment(Window(start_s, end_s - start_s), parts[0].genre, confidence))
        return tuple(merged)

    def to_dict(self, *, file: str) -> dict[str, Any]:
        return {
            **self.summary(file),
            **self.music(),
            "scores": _scores_to_list(self.scores),
            "shares": [{"slug": s.genre.slug, "share": round(s.confidence, 6)} for s in self.shares],
            "segments": [
                {
                    **_window_to_dict(segment.window),
                    "slug": segment.genre.slug,
                    "confidence": round(segment.confidence, 6),
                }
                for segment in self.segments
            ],
            "windows": len(self.parts),
            "model_version": self.model_version,
        }
