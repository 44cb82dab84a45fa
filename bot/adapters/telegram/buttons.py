"""What stands under an answer on Telegram: buttons that last, for everything they need is in their data.

Telegram allows 64 bytes for that. The longest here is a correction: 61 at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.failures import Failure, FailureKind
from bot.offsets import part_start, part_text
from bot.replies import GenreChoice, Reply, VoteButtons
from bot.votes import Verdict, Vote, checked_vote

_ANOTHER, _VOTE, _CORRECT, _BACK = "another", "vote", "fix", "back"
BUTTONS = rf"^({_ANOTHER}|{_VOTE}|{_CORRECT}|{_BACK}):"
"""What the data of all our buttons begins with."""
_CHOICES_A_ROW = 2

Row = Sequence[InlineKeyboardButton]


@dataclass(frozen=True, slots=True)
class Another:
    """Another part of the file: from a second on, or (None) the whole track; for the owner alone."""

    from_s: float | None
    owner_id: str


@dataclass(frozen=True, slots=True)
class Voted:
    """A verdict on the genre that was shown, or what it is instead."""

    verdict: str
    shown: str
    from_s: float | None
    corrected: str | None = None

    def vote(self) -> Vote:
        """Raises `Failure` (bad choice) where a genre is none of ours any more."""
        return checked_vote(self.verdict, self.shown, self.corrected)


@dataclass(frozen=True, slots=True)
class BackToVote:
    """From the choice of genres back to the two verdicts."""

    shown: str
    from_s: float | None


def pressed(data: str) -> Another | Voted | BackToVote:
    """What a button's data says. Raises `Failure` (gone) for what no button of ours has."""
    try:
        match data.split(":"):
            case [kind, part, owner_id] if kind == _ANOTHER:
                return Another(part_start(part), owner_id)
            case [kind, verdict, shown, part] if kind == _VOTE:
                return Voted(verdict, shown, part_start(part))
            case [kind, corrected, shown, part] if kind == _CORRECT:
                return Voted(Verdict.WRONG, shown, part_start(part), corrected)
            case [kind, shown, part] if kind == _BACK:
                return BackToVote(shown, part_start(part))
    except ValueError as error:
        raise Failure(FailureKind.GONE, "unknown button") from error
    raise Failure(FailureKind.GONE, "unknown button")


def keyboard_of(reply: Reply, owner_id: str) -> InlineKeyboardMarkup | None:
    """The buttons of an answer; None where it has none."""
    if not reply.parts or not owner_id:
        return None
    parts = [_button(part.label, _ANOTHER, part_text(part.from_s), owner_id) for part in reply.parts]
    return InlineKeyboardMarkup([parts, *_vote_rows(reply.vote)])


def with_choices(
    markup: InlineKeyboardMarkup | None, choices: Sequence[GenreChoice], voted: Voted, *, back: str
) -> InlineKeyboardMarkup:
    """An answer's buttons with the choice of genres in the place of the verdicts."""
    part = part_text(voted.from_s)
    buttons = [_button(choice.label, _CORRECT, choice.value, voted.shown, part) for choice in choices]
    rows = [buttons[at : at + _CHOICES_A_ROW] for at in range(0, len(buttons), _CHOICES_A_ROW)]
    return InlineKeyboardMarkup([*_part_rows(markup), *rows, [_button(back, _BACK, voted.shown, part)]])


def with_votes(markup: InlineKeyboardMarkup | None, votes: VoteButtons | None) -> InlineKeyboardMarkup:
    """An answer's buttons with the verdicts in the place of the choice; without any if nobody is to be asked."""
    return InlineKeyboardMarkup([*_part_rows(markup), *_vote_rows(votes)])


def _part_rows(markup: InlineKeyboardMarkup | None) -> list[Row]:
    """The rows for other parts of the file: they stay as they are."""
    rows = markup.inline_keyboard if markup else ()
    return [row for row in rows if str(row[0].callback_data).startswith(f"{_ANOTHER}:")]


def _vote_rows(votes: VoteButtons | None) -> list[Row]:
    if votes is None:
        return []
    labelled = ((Verdict.RIGHT, votes.right), (Verdict.WRONG, votes.wrong))
    return [[_button(label, _VOTE, verdict, votes.shown, part_text(votes.from_s)) for verdict, label in labelled]]


def _button(label: str, *data: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=":".join(data))
