"""What travels between the service and a worker process, and the work itself.

This module is what a worker imports. It imports the classifier only inside the functions that run there, so that the
bot's own process stays small and starts at once.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.errors import ClassifierError, ErrorKind
from classifier.results import Classification, TrackClassification

if TYPE_CHECKING:
    from classifier.pipeline import GenreClassifier


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model a worker loads: a shipped one by its name, unless `bundle` is the folder of another."""

    name: str
    bundle: Path | None
    runtime: str


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the bot knows of the loaded model.

    `columns` names the numbers that describe a window to it. The shares (0 to 1) were measured on `tracks` tracks that
    were kept out of its training: windows named right, windows with the right genre among the first three, and whole
    tracks named right. `can_refuse`: it may answer that a sound is none of its genres. `answer_accuracy`: the share of
    answers named right that are windows where these are enough, and else rest on more of the track; None where the
    model has no such answers. `recalls` has the share of each genre's answers that were named right.
    """

    version: str
    columns: tuple[str, ...]
    accuracy: float
    top3_accuracy: float
    track_accuracy: float
    tracks: int
    can_refuse: bool
    answer_accuracy: float | None
    recalls: dict[str, float] = field(default_factory=dict)

    @property
    def can_listen_on(self) -> bool:
        """Whether it may hear more of a track where the asked window is not enough."""
        return self.answer_accuracy is not None


@dataclass(frozen=True, slots=True)
class ClipJob:
    """One window of one file, or (`offset_s` None) the whole track. The bytes live only until the answer is sent.

    `listen_on`: where the window is not enough to be certain, a few more of the same track are heard.
    """

    content: bytes
    offset_s: float | None
    listen_on: bool = True


@dataclass(frozen=True, slots=True)
class TallyJob:
    """A picture of counts by genre, as `classifier.tally` draws it."""

    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class SimilarityJob:
    """How alike two files are, by the `features` of their answers."""

    first: tuple[bytes, ...]
    second: tuple[bytes, ...]


Job = ClipJob | TallyJob | SimilarityJob


@dataclass(frozen=True, slots=True)
class Answer:
    """A classification with its picture (PNG), and for a window the excerpt that was asked for (WAV).

    `features` has what the network saw, one entry for each window it heard: float32 in little-endian bytes, in the
    order of the model's columns. It is taken out of the classification, where it would take eight times the memory.
    `digest` (hexadecimal) names the file.
    """

    classification: Classification | TrackClassification
    picture_png: bytes
    excerpt_wav: bytes
    features: tuple[bytes, ...]
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The classifier's reason for not answering, as plain values that cross a process boundary."""

    kind: ErrorKind
    detail: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture (PNG) that was asked for."""

    png: bytes


@dataclass(frozen=True, slots=True)
class Similarity:
    """The share (0 to 1) of all pairs of tracks that are less alike."""

    share: float


Outcome = Answer | Picture | Similarity | Refusal


def load_classifier(choice: ModelChoice) -> "GenreClassifier":
    """Load the model in a worker."""
    from classifier.bundle import BUNDLES
    from classifier.model import RuntimeName
    from classifier.pipeline import GenreClassifier

    return GenreClassifier(choice.bundle or BUNDLES / choice.name, runtime=RuntimeName(choice.runtime))


def facts_of(classifier: "GenreClassifier") -> ModelFacts:
    """What the bundle's metadata says."""
    metadata = classifier.model.metadata
    figures = metadata.metrics
    answers = figures["answer"] if metadata.listening else figures
    return ModelFacts(
        version=metadata.model_version,
        columns=classifier.model.columns,
        accuracy=figures["accuracy"],
        top3_accuracy=figures["top3_accuracy"],
        track_accuracy=figures["by_track"]["accuracy"],
        tracks=figures["tracks"],
        can_refuse=metadata.window.ood_threshold is not None,
        answer_accuracy=answers["accuracy"] if metadata.listening else None,
        recalls={genre["slug"]: genre["recall"] for genre in answers["genres"] if genre["count"]},
    )


def run_job(classifier: "GenreClassifier", job: Job) -> Outcome:
    """Do whatever a worker is asked to."""
    match job:
        case ClipJob():
            return run_clip(classifier, job)
        case TallyJob():
            from classifier.tally import render_tally

            return Picture(render_tally(job.counts))
        case SimilarityJob():
            from classifier.similarity import similarity

            return Similarity(similarity(classifier.model, _unpacked(job.first), _unpacked(job.second)))


def run_clip(classifier: "GenreClassifier", job: ClipJob) -> Answer | Refusal:
    """Decode, classify and draw one window, or a whole track; the picture is of the window that was asked for."""
    try:
        return _track(classifier, job.content) if job.offset_s is None else _window(classifier, job, job.offset_s)
    except ClassifierError as error:
        return Refusal(error.kind, error.detail)


def _track(classifier: "GenreClassifier", content: bytes) -> Answer:
    from classifier.timeline import render_timeline

    track = classifier.classify_track(content)
    return Answer(
        classification=replace(track, features=()),
        picture_png=render_timeline(track),
        excerpt_wav=b"",
        features=tuple(map(_packed, track.features)),
    )


def _window(classifier: "GenreClassifier", job: ClipJob, offset_s: float) -> Answer:
    from classifier.decoding import decode_window
    from classifier.excerpt import export_excerpt
    from classifier.spectrogram import render_spectrogram

    audio = decode_window(job.content, offset_s=offset_s)
    classification = classifier.classify_window(audio, source=job.content if job.listen_on else None)
    return Answer(
        classification=replace(classification, features=()),
        picture_png=render_spectrogram(audio.samples, window=audio.window, title=classification.title),
        excerpt_wav=export_excerpt(audio.samples),
        features=tuple(map(_packed, classification.features)),
    )


def _unpacked(features: tuple[bytes, ...]) -> list[tuple[float, ...]]:
    return [struct.unpack(f"<{len(row) // 4}f", row) for row in features]


def _packed(features: Sequence[float]) -> bytes:
    return struct.pack(f"<{len(features)}f", *features)
