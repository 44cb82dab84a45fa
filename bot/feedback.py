"""Taking what people say about answers: whether a chat wants that, how often one person may, and what is kept of it."""

import asyncio
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.audio import IncomingAudio
from bot.conversation import Conversation, Mode, Preferences
from bot.failures import Failure, FailureKind
from bot.limits import TokenBuckets
from bot.service import GenreService
from bot.votes import Evidence, Vote, Voter, evidence_of
from config import Settings

if TYPE_CHECKING:
    from bot.storage import Storage

_PRESSES_PER_FILE = 2
"""A vote against an answer takes two presses, so people may press twice as often as they may send files."""


class FeedbackDesk:
    """Takes the votes of chats. `changing` is held by whoever changes settings, so that none overtakes a vote."""

    def __init__(self, settings: Settings, service: GenreService, storage: "Storage", changing: asyncio.Lock) -> None:
        self._settings = settings
        self._service = service
        self._storage = storage
        self._changing = changing
        self._people = TokenBuckets(
            burst=_PRESSES_PER_FILE * settings.user_burst, per_minute=_PRESSES_PER_FILE * settings.user_per_minute
        )

    async def is_open(self, conversation: Conversation) -> bool:
        """Whether people are to be asked if an answer was right."""
        return self._settings.feedback and (await self._storage.preferences_of(conversation)).feedback

    async def take(self, conversation: Conversation, audio: IncomingAudio, vote: Vote, *, from_s: float | None) -> None:
        """Keep a vote on the answer for the second `from_s` (None: the whole track) of a file.

        The answer is asked for again: mostly it is remembered. Raises `Failure`.
        """
        preferences = await self._check_open(conversation)
        voter = Voter(conversation.platform.value, conversation.id, conversation.user_id)
        self._check_limit(voter)
        answer = await self._service.identify(
            audio, offset_s=from_s, whole_track=from_s is None, listen_on=preferences.listen_on
        )
        model = self._service.model
        assert model is not None  # it has just answered
        async with self._changing:
            await self._check_open(conversation)  # whoever switched it off in the meantime is not overruled
            await write_down(self._storage, voter, vote, evidence_of(answer, model))

    async def _check_open(self, conversation: Conversation) -> Preferences:
        """What is set. Raises `Failure` where nothing may be kept, or where it cannot be known whether it may."""
        if not self._settings.feedback:
            raise Failure(FailureKind.FEEDBACK_OFF, "by FEEDBACK")
        preferences = await self._storage.stored(conversation)
        if preferences.mode is Mode.OFF:
            raise Failure(FailureKind.SWITCHED_OFF)
        if not preferences.feedback:
            raise Failure(FailureKind.FEEDBACK_OFF)
        return preferences

    def _check_limit(self, voter: Voter) -> None:
        key = f"{voter.platform}:{voter.person}"
        if (wait_s := self._people.wait_s(key)) > 0:
            raise Failure(FailureKind.TOO_OFTEN, f"{wait_s:.0f} s too soon", seconds=str(math.ceil(wait_s)))
        self._people.take(key)


async def write_down(storage: "Storage", voter: Voter, vote: Vote, evidence: Evidence) -> None:
    """Keep a vote in the place of what the voter said before about the same part of the same file.

    Raises `Failure` (storage).
    """
    await storage.keep_vote(voter, vote, evidence, given_on=datetime.now(UTC).date())
