"""What somebody says about an answer, and what the answer rested on: the plain values that feedback is made of.

No audio is among them and no name; how they are kept, `bot.feedback` decides.
"""

from dataclasses import dataclass
from enum import StrEnum

from bot.failures import Failure, FailureKind
from bot.jobs import Answer, ModelFacts
from bot.offsets import part_text
from classifier.genres import SLUGS
from classifier.results import Classification, GenreScore, TrackClassification

NONE_OF_THEM = "none"
"""What a person chooses where none of our genres is right, and what an answer shows that finds the same."""


class Verdict(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Vote:
    """A verdict on what an answer showed: a genre's slug, or `NONE_OF_THEM`.

    `corrected` is what is right instead, in the same words; None with the verdict right, or where it was not said.
    """

    verdict: Verdict
    shown: str
    corrected: str | None = None


@dataclass(frozen=True, slots=True)
class Voter:
    """Whose vote it is: a person on a platform, in a conversation; the names are the platform's."""

    platform: str
    conversation: str
    person: str


@dataclass(frozen=True, slots=True)
class SeenWindow:
    """A window of a file: where it starts, and its features as `Answer.features` has them."""

    start_s: float
    features: bytes


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an answer rested on. `part` says which part of the file it was about: a second, or the whole track."""

    digest: str
    part: str
    model_version: str
    columns: tuple[str, ...]
    scores: tuple[GenreScore, ...]
    windows: tuple[SeenWindow, ...]

    def confidence_in(self, shown: str) -> float:
        """How sure (0 to 1) the model is of a genre; 0 for `NONE_OF_THEM`, to which it gives no probability."""
        return next((score.confidence for score in self.scores if score.genre.slug == shown), 0.0)


def shown_by(found: Classification | TrackClassification) -> str:
    """What an answer says, as its buttons and votes name it: a genre's slug, or that it is none of ours."""
    return found.genre.slug if found.familiar else NONE_OF_THEM


def evidence_of(answer: Answer, model: ModelFacts) -> Evidence:
    """What an answer of this model rested on."""
    found = answer.classification
    if isinstance(found, TrackClassification):
        part, starts_s = None, [part.window.start_s for part in found.parts]
    else:
        part, starts_s = found.window.start_s, [window.start_s for window in found.heard]
    return Evidence(
        digest=answer.digest,
        part=part_text(part),
        model_version=found.model_version,
        columns=model.columns,
        scores=found.scores,
        windows=tuple(map(SeenWindow, starts_s, answer.features)),
    )


def checked_vote(verdict: str, shown: str, corrected: str | None = None) -> Vote:
    """A vote from the words of a button or a form. Raises `Failure` (bad choice) for words that are none of ours."""
    if verdict not in set(Verdict):
        raise Failure(FailureKind.BAD_CHOICE, "verdict", choices=", ".join(Verdict))
    choices = (*SLUGS, NONE_OF_THEM)
    is_correction = corrected is None or (verdict == Verdict.WRONG and corrected in {*choices} - {shown})
    if shown not in choices or not is_correction:
        raise Failure(FailureKind.BAD_CHOICE, "genre", choices=", ".join(choices))
    return Vote(Verdict(verdict), shown, corrected)
