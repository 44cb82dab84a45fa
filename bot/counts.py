"""How many files of which genre a chat has heard in a week, where it wants that counted: numbers, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.conversation import Conversation
from bot.jobs import Answer
from bot.replies import Reply
from bot.service import GenreService
from bot.texts import Texts
from classifier.genres import GENRE_BY_SLUG
from classifier.results import NONE, NOT_SURE

if TYPE_CHECKING:
    from bot.storage import Storage

_DAYS = 7


class CountsDesk:
    """Counts answers, and tells what came together."""

    def __init__(self, service: GenreService, storage: "Storage") -> None:
        self._service = service
        self._storage = storage

    async def count(self, conversation: Conversation, answer: Answer) -> None:
        """One more answer; a conversation that does not want that is not to be counted."""
        await self._storage.count(conversation, answer.classification.pile, day=datetime.now(UTC).date())

    async def week(self, conversation: Conversation, texts: Texts) -> Reply:
        """What was counted in the last seven days, with a picture. Raises `Failure`."""
        since = datetime.now(UTC).date() - timedelta(days=_DAYS - 1)
        counted = await self._storage.counted(conversation, since=since)
        if not counted:
            return Reply(texts("stats-none"), is_private=True)
        largest = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
        bars = ", ".join(f"{_label(slug)} {files}" for slug, files in largest)
        heading = texts("stats-heading", files=texts("stats-files", count=sum(counted.values())))
        return Reply(
            heading,
            (bars,),
            picture=await self._service.tally(counted),
            picture_alt=texts("stats-picture-alt", bars=bars),
        )


def _label(slug: str) -> str:
    marks = {NOT_SURE: "🤔", NONE: "🤷"}
    return marks.get(slug) or GENRE_BY_SLUG[slug].label
