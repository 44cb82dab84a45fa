"""The page as HTML: a form, and below it an answer or a failure, in one language."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.failures import Failure
from bot.jobs import Answer
from bot.texts import LANGUAGES, Texts, texts_in
from classifier.results import GenreScore
from config import Settings

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
_NAME_LENGTH = 80


@dataclass(frozen=True, slots=True)
class FailureTexts:
    """A failure in words."""

    reason: str
    advice: str
    reference: str


def failure_texts(failure: Failure, texts: Texts, settings: Settings) -> FailureTexts:
    """Reason and advice in a language; limits are filled in from the settings."""
    limits = {"limit": _tidy(settings.max_upload_mb), "max_offset": _tidy(settings.max_offset_s)}
    return FailureTexts(
        reason=texts(f"failure-{failure.kind}", **limits),
        advice=texts(f"failure-{failure.kind}-advice", **limits),
        reference=failure.reference,
    )


def render_page(
    texts: Texts,
    settings: Settings,
    *,
    is_ready: bool,
    offset: str = "",
    answer: Answer | None = None,
    file_name: str = "",
    failure: Failure | None = None,
) -> str:
    """The whole page; at most one of `answer` and `failure` is given."""
    return _TEMPLATES.get_template("page.html").render(
        t=texts,
        languages=[(code, texts_in(code)("language-name")) for code in LANGUAGES],
        limit=_tidy(settings.max_upload_mb),
        limit_bytes=settings.max_upload_bytes,
        max_offset=_tidy(settings.max_offset_s),
        offset=offset or _tidy(settings.default_offset_s),
        is_ready=is_ready,
        result=_result(answer, texts, file_name) if answer else None,
        failure=failure_texts(failure, texts, settings) if failure else None,
    )


def _result(answer: Answer, texts: Texts, file_name: str) -> dict[str, Any]:
    clip = answer.classification
    first, second = clip.scores[:2]
    start, end = texts.seconds(clip.window.start_s), texts.seconds(clip.window.end_s)
    key = "result-sure" if clip.certain else "result-unsure"
    return {
        "headline": texts(
            key,
            genre=_titled(first),
            confidence=texts.percent(first.confidence),
            second=_titled(second),
            second_confidence=texts.percent(second.confidence),
        ),
        "window": texts("result-window", start=start, end=end, file=_shortened(file_name) or texts("result-untitled")),
        "notes": [texts(f"note-{note.replace('_', '-')}") for note in clip.notes],
        "scores": [
            {"name": _titled(score), "share": f"{score.confidence:.1%}", "percent": texts.percent(score.confidence)}
            for score in clip.scores
        ],
        "picture": _data_uri("image/png", answer.spectrogram_png),
        "picture_alt": texts("result-picture-alt", start=start, end=end),
        "excerpt": _data_uri("audio/wav", answer.excerpt_wav),
        "model": texts("result-model", version=clip.model_version),
    }


def _titled(score: GenreScore) -> str:
    return f"{score.genre.emoji} {score.genre.name}"


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…"


def _data_uri(media_type: str, content: bytes) -> str:
    """Pictures and sound travel inside the page, so that the server has nothing to keep."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def _tidy(number: float) -> str:
    return f"{number:g}"
