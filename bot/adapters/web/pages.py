"""The page as HTML: a form, and below it an answer or a failure, in one language."""

import base64
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.failures import Failure
from bot.jobs import Answer, ModelFacts
from bot.replies import (
    alone_sentences,
    candidates,
    failure_texts,
    genre_choices,
    headline,
    heard_sentence,
    model_figures,
    music_sentences,
    next_part_s,
    note_sentences,
    share_sentences,
    shortened,
    spectrogram_alt,
    tidy,
    timeline_alt,
    track_notes,
)
from bot.texts import LANGUAGES, Texts, texts_in
from bot.votes import Verdict, shown_by
from classifier.formats import AUDIO_SUFFIXES
from classifier.genres import GENRES
from classifier.palette import colour_of
from classifier.results import Classification, GenreScore, TrackClassification, clock
from config import Settings

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows beside its form: an answer, a failure, a notice, or nothing.

    `offset` and `whole_track` are what the form has been filled in with, `file_name` is what was answered; `token`
    names the answer; `may_vote`: people are asked whether it is right, `verdict` is what they have said.
    """

    offset: str = ""
    whole_track: bool = False
    answer: Answer | None = None
    file_name: str = ""
    token: str = ""
    may_vote: bool = False
    verdict: Verdict | None = None
    failure: Failure | None = None
    notice: str = ""


def render_page(texts: Texts, settings: Settings, shown: Shown, *, model: ModelFacts | None, is_ready: bool) -> str:
    """The whole page in a language. `model` is None until it is loaded."""
    answer, failure = shown.answer, shown.failure
    return _TEMPLATES.get_template("page.html").render(
        t=texts,
        languages=[(code, texts_in(code)("language-name")) for code in LANGUAGES],
        limit=tidy(settings.max_upload_mb),
        limit_bytes=settings.max_upload_bytes,
        endings=",".join(sorted(AUDIO_SUFFIXES)),
        max_offset=tidy(settings.max_offset_s),
        offset=shown.offset or tidy(settings.default_offset_s),
        whole_track=shown.whole_track,
        is_ready=is_ready,
        is_cluster=settings.dask_scheduler is not None,
        result=_result(answer, texts, shown.file_name, settings) if answer else None,
        token=shown.token,
        may_vote=shown.may_vote,
        verdict=shown.verdict.value if shown.verdict else "",
        choices=genre_choices(texts, shown=shown_by(answer.classification)) if answer and shown.may_vote else (),
        notice=shown.notice,
        failure=failure_texts(failure, texts, settings) if failure else None,
        genres=_genres(texts, model),
        figures=model_figures(model, texts) if model else (),
    )


@lru_cache(maxsize=1)
def genre_colours() -> str:
    """A style sheet that gives each genre's class (`genre-<slug>`) its colour."""
    return "".join(f".genre-{genre.slug} {{ --genre: {colour_of(genre.slug)}; }}\n" for genre in GENRES)


def _genres(texts: Texts, model: ModelFacts | None) -> list[dict[str, str]]:
    """What the page knows, and how often it is right about each, where that is known."""
    recalls = model.recalls if model else {}
    return [
        {
            "slug": genre.slug,
            "emoji": genre.emoji,
            "name": genre.name,
            "percent": texts.percent(recalls[genre.slug]) if genre.slug in recalls else "",
        }
        for genre in GENRES
    ]


def _result(answer: Answer, texts: Texts, file_name: str, settings: Settings) -> dict[str, Any]:
    found = answer.classification
    name = shortened(file_name) or texts("result-untitled")
    about = (
        _track(found, texts, name) if isinstance(found, TrackClassification) else _window(found, texts, name, settings)
    )
    return {
        "slug": found.genre.slug if found.familiar else "",
        "emoji": _emoji(found),
        "headline": headline(found, texts),
        "closest": candidates(found, texts),
        "music": " · ".join(music_sentences(found, texts)),
        "scores_title": texts("result-scores" if found.familiar else "result-scores-unfamiliar"),
        "scores": [_row(score, texts) for score in found.scores],
        "picture": _data_uri("image/png", answer.picture_png),
        "excerpt": _data_uri("audio/wav", answer.excerpt_wav) if answer.excerpt_wav else "",
        "model": texts("result-model", version=found.model_version),
        "file": name,
        "is_track": isinstance(found, TrackClassification),
        **about,
    }


def _emoji(found: Classification | TrackClassification) -> str:
    if not found.familiar:
        return "🤷"
    return found.genre.emoji if found.certain else "🤔"


def _window(clip: Classification, texts: Texts, name: str, settings: Settings) -> dict[str, Any]:
    next_s = next_part_s(clip)
    return {
        "start_s": f"{clip.window.start_s:.3f}",
        "end_s": f"{clip.window.end_s:.3f}",
        "next_s": tidy(next_s) if next_s <= settings.max_offset_s else "",
        "window": heard_sentence(clip, texts, name),
        "facts": alone_sentences(clip, texts),
        "notes": note_sentences(clip, texts),
        "picture_title": texts("result-picture"),
        "picture_alt": spectrogram_alt(clip, texts),
        "segments": [],
    }


def _track(track: TrackClassification, texts: Texts, name: str) -> dict[str, Any]:
    return {
        "start_s": "",
        "end_s": "",
        "next_s": "0",
        "window": texts("track-window", windows=len(track.parts), file=name),
        "facts": share_sentences(track, texts),
        "notes": track_notes(track, texts),
        "picture_title": texts("track-picture"),
        "picture_alt": timeline_alt(track, texts),
        "segments": [
            {
                "start_s": f"{segment.window.start_s:.3f}",
                "end_s": f"{segment.window.end_s:.3f}",
                "time": f"{clock(segment.window.start_s)}–{clock(segment.window.end_s)}",
                **_row(GenreScore(segment.genre, segment.confidence), texts),
            }
            for segment in (track.segments if track.familiar else ())
        ],
    }


def _row(score: GenreScore, texts: Texts) -> dict[str, str]:
    return {
        "slug": score.genre.slug,
        "name": score.genre.label,
        "share": f"{score.confidence:.1%}",
        "percent": texts.percent(score.confidence),
    }


def _data_uri(media_type: str, content: bytes) -> str:
    """Pictures and sound travel inside the page, so that the server has nothing to keep."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
