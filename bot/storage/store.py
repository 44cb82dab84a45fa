"""Preferences of conversations and feedback in a database: SQLite by default, PostgreSQL by its URL."""

import hashlib
import hmac
import logging
from datetime import date, timedelta

import sqlalchemy as sa

from bot.conversation import Conversation, Mode, Preferences
from bot.failures import Failure, FailureKind
from bot.offsets import part_text
from bot.storage.database import Database, is_row, only_logged
from bot.storage.schema import FEEDBACK_SALT, bot_state, counts, feature_sets, feedback, preferences
from bot.storage.works import Works
from bot.votes import Evidence, Vote, Voter

log = logging.getLogger(__name__)

_MOST_FEEDBACK = 100_000
"""Rows: one a window that was rated, of some five kilobytes."""
_DAYS_COUNTED = 31
"""Counts that are older are forgotten."""


class Storage:
    """Use from one event loop; every method is one short transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.works = Works(database)

    @classmethod
    async def open(cls, url: str) -> "Storage":
        """As `Database.open`."""
        return cls(await Database.open(url))

    async def close(self) -> None:
        await self.database.close()

    async def check(self) -> None:
        """Whether the database answers. Raises `Failure` (storage)."""
        await self.bot_state(FEEDBACK_SALT)

    async def preferences_of(self, conversation: Conversation) -> Preferences:
        """What was set. If the database is away, the defaults: an answer matters more than a setting."""
        try:
            return await self.stored(conversation)
        except Failure as failure:
            log.warning("Preferences cannot be read: %s", failure.detail)
            return Preferences()

    async def stored(self, conversation: Conversation) -> Preferences:
        """What was set, to be changed. Raises `Failure` (storage): defaults must not replace what cannot be read."""
        rows = await self.database.rows(sa.select(preferences).where(_is(conversation)))
        if not rows:
            return Preferences()
        (row,) = rows
        return Preferences(row.offset_s, row.language, Mode(row.mode), row.feedback, row.listen_on, row.counts)

    async def save(self, conversation: Conversation, wanted: Preferences) -> None:
        """Replace what was set. Raises `Failure` (storage)."""
        values: dict[str, str | float | bool | None] = {
            "offset_s": wanted.offset_s,
            "language": wanted.language,
            "mode": wanted.mode.value,
            "feedback": wanted.feedback,
            "listen_on": wanted.listen_on,
            "counts": wanted.counts,
        }
        key = {"platform": conversation.platform.value, "conversation": conversation.id}
        await self._replace(preferences, key, values)

    async def move(self, old: Conversation, new: Conversation) -> None:
        """Take what was set and said along to a conversation's new id. Raises `Failure` (storage)."""
        wanted = await self.stored(old)
        if wanted != Preferences():
            await self.save(new, wanted)
        new_code = await self._code(new.platform.value, new.id)
        moved = sa.update(feedback).where(await self._said_in(old)).values(conversation=new_code)
        counted = sa.update(counts).where(await self._counted_in(old)).values(conversation=new_code)
        await self.database.change(moved, counted, sa.delete(preferences).where(_is(old)))

    async def forget(self, conversation: Conversation) -> None:
        """Delete everything that is kept about a conversation. Raises `Failure` (storage)."""
        said = sa.delete(feedback).where(await self._said_in(conversation))
        counted = sa.delete(counts).where(await self._counted_in(conversation))
        await self.database.change(sa.delete(preferences).where(_is(conversation)), said, counted)

    async def forget_person(self, platform: str, person: str) -> None:
        """Delete what one person said about answers, wherever on a platform. Raises `Failure` (storage).

        No row says whose it is. So each is tried: a vote's code is made from its person, its file and its part.
        """
        salt = await self._salt()
        columns = (feedback.c.code, feedback.c.digest, feedback.c.start_s)
        rows = await self.database.rows(sa.select(*columns).where(feedback.c.platform == platform))
        mine = {
            row.code
            for row in rows
            for part in (part_text(row.start_s), part_text(None))
            if _coded(salt, platform, person, row.digest, part) == row.code
        }
        if mine:
            await self.database.change(*(sa.delete(feedback).where(feedback.c.code == code) for code in mine))

    async def keep_vote(self, voter: Voter, vote: Vote, evidence: Evidence, *, given_on: date) -> None:
        """Keep a vote, a row for each window. Raises `Failure` (storage).

        It takes the place of an earlier one of the same person on the same part of the same file, wherever that was
        given and whatever model had answered: who votes twice has still one opinion.
        """
        code = await self._code(voter.platform, voter.person, evidence.digest, evidence.part)
        names = "\n".join(evidence.columns)
        feature_set = hashlib.sha256(names.encode()).hexdigest()[:16]
        common = {
            "code": code,
            "given_on": given_on,
            "platform": voter.platform,
            "conversation": await self._code(voter.platform, voter.conversation),
            "digest": evidence.digest,
            "model_version": evidence.model_version,
            "predicted": vote.shown,
            "confidence": evidence.confidence_in(vote.shown),
            "verdict": vote.verdict.value,
            "corrected": vote.corrected,
            "feature_set": feature_set,
        }
        rows = [{**common, "start_s": window.start_s, "features": window.features} for window in evidence.windows]
        if await self._count(feedback) >= _MOST_FEEDBACK:
            raise Failure(FailureKind.STORAGE, f"there are {_MOST_FEEDBACK} rows of feedback: export and delete some")
        is_known = sa.exists().where(feature_sets.c.id == feature_set)
        named = sa.select(sa.literal(feature_set), sa.literal(names)).where(~is_known)
        await self.database.change(
            sa.insert(feature_sets).from_select(["id", "columns"], named),
            sa.delete(feedback).where(feedback.c.code == code),
            sa.insert(feedback).values(rows),
        )

    async def forget_feedback(self, conversation: Conversation) -> None:
        """Delete what was said in a conversation about answers. Raises `Failure` (storage)."""
        await self.database.change(sa.delete(feedback).where(await self._said_in(conversation)))

    async def count(self, conversation: Conversation, slug: str, *, day: date) -> None:
        """One more file of a genre (or what else `counts.slug` may be) on a day; what is old is forgotten meanwhile.

        That it cannot be counted is logged, and no reason not to answer.
        """
        with only_logged("A file could not be counted"):
            code = await self._code(conversation.platform.value, conversation.id)
            row = self.database.insert(counts).values(conversation=code, day=day, slug=slug, files=1)
            key = [counts.c.conversation, counts.c.day, counts.c.slug]
            one_more = row.on_conflict_do_update(index_elements=key, set_={"files": counts.c.files + 1})
            old = counts.c.day < day - timedelta(days=_DAYS_COUNTED)
            await self.database.change(one_more, sa.delete(counts).where(counts.c.conversation == code, old))

    async def counted(self, conversation: Conversation, *, since: date) -> dict[str, int]:
        """Files by genre from a day on. Raises `Failure` (storage)."""
        here = await self._counted_in(conversation)
        sums = sa.select(counts.c.slug, sa.func.sum(counts.c.files).label("files")).where(here, counts.c.day >= since)
        return {row.slug: int(row.files) for row in await self.database.rows(sums.group_by(counts.c.slug))}

    async def forget_counts(self, conversation: Conversation) -> None:
        """Delete what was counted in a conversation. Raises `Failure` (storage)."""
        await self.database.change(sa.delete(counts).where(await self._counted_in(conversation)))

    async def bot_state(self, name: str) -> str | None:
        """A fact about the bot itself, as `set_bot_state` left it. Raises `Failure` (storage)."""
        rows = await self.database.rows(sa.select(bot_state.c.value).where(bot_state.c.name == name))
        return rows[0].value if rows else None

    async def set_bot_state(self, name: str, value: str) -> None:
        """Raises `Failure` (storage)."""
        await self._replace(bot_state, {"name": name}, {"value": value})

    async def _count(self, table: sa.Table) -> int:
        rows = await self.database.rows(sa.select(sa.func.count()).select_from(table))
        return int(rows[0][0])

    async def _counted_in(self, conversation: Conversation) -> sa.ColumnElement[bool]:
        return counts.c.conversation == await self._code(conversation.platform.value, conversation.id)

    async def _said_in(self, conversation: Conversation) -> sa.ColumnElement[bool]:
        return feedback.c.conversation == await self._code(conversation.platform.value, conversation.id)

    async def _code(self, *words: str) -> str:
        """The same for the same words, which cannot be read from it: a private chat has its person's number.

        Raises `Failure` (storage).
        """
        return _coded(await self._salt(), *words)

    async def _salt(self) -> str:
        salt = await self.bot_state(FEEDBACK_SALT)
        if salt is None:
            raise Failure(FailureKind.STORAGE, f"there is no {FEEDBACK_SALT}")
        return salt

    async def _replace(
        self, table: sa.Table, key: dict[str, str], values: dict[str, str | float | bool | None]
    ) -> None:
        await self.database.change(sa.delete(table).where(is_row(table, key)), sa.insert(table).values(**key, **values))


def _coded(salt: str, *words: str) -> str:
    return hmac.new(salt.encode(), "\n".join(words).encode(), hashlib.sha256).hexdigest()


def _is(conversation: Conversation) -> sa.ColumnElement[bool]:
    return sa.and_(preferences.c.platform == conversation.platform.value, preferences.c.conversation == conversation.id)
