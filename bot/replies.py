"""Answers and failures in words: what a person reads, the same on every platform.

A `Reply` is plain text without any platform's markup; an adapter escapes it, adds emphasis and sends it.
"""

import unicodedata
from dataclasses import dataclass, replace

from bot.failures import Failure, FailureKind
from bot.jobs import Answer, ModelFacts
from bot.texts import Texts
from bot.votes import NONE_OF_THEM
from classifier.genres import GENRES
from classifier.palette import colour_of
from classifier.results import Classification, Note, TrackClassification, clock
from classifier.terminal import printable
from config import Settings

_NAME_LENGTH = 80
_SHARES_NAMED = 4
_LEAST_SHARE_NAMED = 0.05
_STEP_S = 15.0
"""How far the button "another part" moves the window on."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said. `picture` is a PNG with `picture_alt`; `parts` are buttons for other parts of the file.

    `vote` are the buttons that rate the answer, None where nobody is asked; `choices` are what a person is to choose
    from. `is_private`: only for whoever asked, where the platform can do that.
    """

    headline: str
    lines: tuple[str, ...] = ()
    picture: bytes | None = None
    picture_alt: str = ""
    parts: "tuple[PartButton, ...]" = ()
    vote: "VoteButtons | None" = None
    choices: "tuple[GenreChoice, ...]" = ()
    is_private: bool = False
    colour: str = ""
    """Of the genre that is named, `#rrggbb`."""
    name: str = ""
    """The file's name as it stands in the text, so that no client takes it for an address."""
    failure: FailureKind | None = None
    """Why there is no answer."""

    @property
    def text(self) -> str:
        return "\n".join((self.headline, *self.lines))

    def shortened(self, length: int) -> "Reply":
        """The same reply with lines left out from the end until its text fits."""
        lines = self.lines
        while lines and len("\n".join((self.headline, *lines))) > length:
            lines = lines[:-1]
        return replace(self, headline=self.headline[:length], lines=lines)


@dataclass(frozen=True, slots=True)
class PartButton:
    """A button's label, and the second from which the next answer is taken; None for one over the whole track."""

    label: str
    from_s: float | None


@dataclass(frozen=True, slots=True)
class VoteButtons:
    """The labels of the two buttons that rate an answer, and which answer that is.

    `shown` is the slug of the genre it named, or `NONE_OF_THEM`; `from_s` the second that was asked for (None: the
    whole track).
    """

    right: str
    wrong: str
    shown: str
    from_s: float | None


@dataclass(frozen=True, slots=True)
class GenreChoice:
    """What an answer may be corrected to: a genre's slug or `NONE_OF_THEM`, and what a person reads."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class FailureTexts:
    """A failure in words."""

    reason: str
    advice: str
    reference: str


def failure_texts(failure: Failure, texts: Texts, settings: Settings) -> FailureTexts:
    """Reason and advice in a language; what they name comes from the failure, else from the settings."""
    limits = {"limit": tidy(settings.max_upload_mb), "max_offset": tidy(settings.max_offset_s)}
    values = {**limits, **failure.values}
    return FailureTexts(
        reason=texts(f"failure-{failure.kind}", **values),
        advice=texts(f"failure-{failure.kind}-advice", **values),
        reference=failure.reference,
    )


def failure_reply(failure: Failure, texts: Texts, settings: Settings, *, name: str = "") -> Reply:
    """A failure as a reply; `name` says which file, where there may be several."""
    words = failure_texts(failure, texts, settings)
    about = f"{shortened(name)}: " if name else ""
    reference = texts("failure-reference", reference=words.reference)
    return Reply(
        f"⚠️ {about}{words.reason}",
        (words.advice, reference),
        is_private=True,
        name=shortened(name),
        failure=failure.kind,
    )


def headline(found: Classification | TrackClassification, texts: Texts) -> str:
    """The answer in a sentence: the genre and its confidence, the two it may be, or that it is none of ours.

    Where more was heard than was asked for, it says so.
    """
    sure, unsure, unfamiliar = _HEADLINES
    if isinstance(found, Classification) and found.alone:
        sure, unsure, unfamiliar = _HEADLINES_OVER_TRACK
    if not found.familiar:
        return texts(unfamiliar)
    first, second = found.scores[:2]
    return texts(
        sure if found.certain else unsure,
        genre=first.genre.label,
        confidence=texts.percent(first.confidence),
        second=second.genre.label,
        second_confidence=texts.percent(second.confidence),
    )


_HEADLINES = ("result-sure", "result-unsure", "result-unfamiliar")
_HEADLINES_OVER_TRACK = ("result-sure-over-track", "result-unsure-over-track", "result-unfamiliar-over-track")


def answer_reply(answer: Answer, texts: Texts, *, name: str) -> Reply:
    """An answer with its picture: genre, further candidates, what was listened to, and what is to be known about it."""
    name = shortened(name) or texts("result-untitled")
    found = answer.classification
    if isinstance(found, TrackClassification):
        return replace(_track_reply(found, answer.picture_png, texts, name), name=name)
    return replace(_window_reply(found, answer.picture_png, texts, name), name=name)


def _window_reply(clip: Classification, picture: bytes, texts: Texts, name: str) -> Reply:
    heard = heard_sentence(clip, texts, name)
    return Reply(
        headline=headline(clip, texts),
        lines=(
            candidates(clip, texts),
            *music_sentences(clip, texts),
            *alone_sentences(clip, texts),
            heard,
            *note_sentences(clip, texts),
        ),
        colour=_colour(clip),
        picture=picture,
        picture_alt=spectrogram_alt(clip, texts),
        parts=(PartButton(texts("reply-another"), next_part_s(clip)), PartButton(texts("reply-whole"), None)),
    )


def _track_reply(track: TrackClassification, picture: bytes, texts: Texts, name: str) -> Reply:
    window = texts("track-window", windows=len(track.parts), file=name)
    return Reply(
        headline=headline(track, texts),
        lines=(
            candidates(track, texts),
            *music_sentences(track, texts),
            *share_sentences(track, texts),
            window,
            *track_notes(track, texts),
        ),
        colour=_colour(track),
        picture=picture,
        picture_alt=timeline_alt(track, texts),
        parts=(PartButton(texts("reply-another"), 0.0),),
    )


def _colour(found: Classification | TrackClassification) -> str:
    return colour_of(found.genre.slug) if found.familiar else ""


def alone_sentences(clip: Classification, texts: Texts) -> tuple[str, ...]:
    """What the asked seconds say by themselves, where they were not enough for the answer."""
    if clip.alone is None:
        return ()
    first, second = (score.genre.label for score in clip.alone.scores[:2])
    seconds = _seconds(clip, texts)
    if not clip.alone.familiar:
        return (texts("alone-unfamiliar", **seconds),)
    return (texts("alone-unsure", **seconds, genre=first, second=second),)


def heard_sentence(clip: Classification, texts: Texts, name: str) -> str:
    """Which parts of the file the answer rests on."""
    if clip.alone is None:
        return texts("result-window", **_seconds(clip, texts), file=name)
    places = ", ".join(clock(window.start_s) for window in clip.heard[1:])
    return texts("result-windows", **_seconds(clip, texts), file=name, places=places)


def spectrogram_alt(clip: Classification, texts: Texts) -> str:
    return texts("result-picture-alt", **_seconds(clip, texts))


def _seconds(clip: Classification, texts: Texts) -> dict[str, str]:
    return {"start": texts.seconds(clip.window.start_s), "end": texts.seconds(clip.window.end_s)}


def music_sentences(found: Classification | TrackClassification, texts: Texts) -> tuple[str, ...]:
    """Tempo and key on one line, as far as they are sure."""
    facts = []
    if found.tempo is not None and found.tempo.is_sure:
        confidence = texts.percent(found.tempo.confidence)
        facts.append(texts("music-tempo", bpm=f"{found.tempo.bpm:.0f}", confidence=confidence))
    if found.key is not None:
        key = found.key.key
        name = texts("key-minor" if key.is_minor else "key-major", tonic=texts(f"tonic-{key.tonic}"))
        facts.append(texts("music-key", name=name, camelot=key.camelot, confidence=texts.percent(found.key.confidence)))
    return (" · ".join(facts),) if facts else ()


def share_sentences(track: TrackClassification, texts: Texts) -> tuple[str, ...]:
    """The genres' shares of the track, if several are worth a word."""
    large = [share for share in track.shares if share.confidence >= _LEAST_SHARE_NAMED]
    if not track.familiar or len(large) < 2:
        return ()
    named = [f"{share.genre.label} {texts.percent(share.confidence)}" for share in large[:_SHARES_NAMED]]
    rest = ["…"] if len(large) > _SHARES_NAMED else []
    return (texts("track-shares", shares=", ".join((*named, *rest))),)


def track_notes(track: TrackClassification, texts: Texts) -> tuple[str, ...]:
    if not track.familiar:
        return (texts("note-unfamiliar-track"),)
    return () if track.certain else (texts("note-not-sure-track"),)


def timeline_alt(track: TrackClassification, texts: Texts) -> str:
    """The timeline in words: which genre from when to when."""
    stretches = [
        texts("track-stretch", start=clock(s.window.start_s), end=clock(s.window.end_s), genre=s.genre.name)
        for s in track.segments
    ]
    key = "track-picture-alt" if track.familiar else "track-picture-alt-unfamiliar"
    return texts(key, stretches=", ".join(stretches))


def candidates(found: Classification | TrackClassification, texts: Texts) -> str:
    """The next two genres after those that the headline has named; the closest two where it has named none."""
    if not found.familiar:
        first, second = found.scores[:2]
        return texts("reply-closest", genre=first.genre.label, second=second.genre.label)
    second, third = found.scores[1:3] if found.certain else found.scores[2:4]
    return texts(
        "reply-next",
        second=second.genre.label,
        second_confidence=texts.percent(second.confidence),
        third=third.genre.label,
        third_confidence=texts.percent(third.confidence),
    )


def next_part_s(clip: Classification) -> float:
    """Further on; from the beginning again after the end."""
    return 0.0 if Note.MOVED_BACK in clip.notes else round(clip.window.start_s + _STEP_S, 1)


def note_sentences(clip: Classification, texts: Texts) -> tuple[str, ...]:
    """The notes of an answer in words; a reservation about more than the asked seconds is one about the track."""
    over_track = {Note.NOT_SURE: "note-not-sure-track", Note.UNFAMILIAR: "note-unfamiliar-track"} if clip.alone else {}
    return tuple(texts(over_track.get(note, f"note-{note.replace('_', '-')}")) for note in clip.notes)


def model_figures(model: ModelFacts, texts: Texts) -> tuple[str, ...]:
    """How often the model is right, by what it was tested on."""
    score = texts(
        "about-score",
        tracks=model.tracks,
        accuracy=texts.percent(model.accuracy),
        top3=texts.percent(model.top3_accuracy),
        track_accuracy=texts.percent(model.track_accuracy),
    )
    return (score, texts("about-limits-refusing" if model.can_refuse else "about-limits"))


def vote_buttons(texts: Texts, *, shown: str, from_s: float | None) -> VoteButtons:
    return VoteButtons(texts("vote-right"), texts("vote-wrong"), shown, from_s)


def genre_choices(texts: Texts, *, shown: str) -> tuple[GenreChoice, ...]:
    """Everything an answer may be corrected to: all but what it said."""
    genres = (GenreChoice(genre.slug, genre.label) for genre in GENRES)
    choices = (*genres, GenreChoice(NONE_OF_THEM, texts("vote-none")))
    return tuple(choice for choice in choices if choice.value != shown)


def shortened(name: str) -> str:
    """A file's name on one line, not too long; one that is written from right to left stands between Unicode's marks
    that keep its direction to itself (FSI, PDI)."""
    name = printable(" ".join(name.split()))
    name = name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…"
    turns = any(unicodedata.bidirectional(character) in {"R", "AL", "AN"} for character in name)
    return f"\u2068{name}\u2069" if turns else name


def tidy(number: float) -> str:
    return f"{number:g}"
