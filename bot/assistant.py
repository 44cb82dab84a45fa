"""What the bot does for a conversation, whatever the platform: answers audio, runs commands, words everything.

Adapters turn events into calls of this class and send the `Reply` that comes back. They decide nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from enum import StrEnum

from bot.audio import IncomingAudio, Likeness, likeness
from bot.comparison import ComparisonDesk
from bot.conversation import ANYBODY, Conversation, Mode, Platform, Preferences
from bot.counts import CountsDesk
from bot.failures import Failure, FailureKind
from bot.feedback import FeedbackDesk
from bot.offsets import parse_offset
from bot.progress import Progress, Stage, Together, accompanied
from bot.replies import (
    Reply,
    VoteButtons,
    answer_reply,
    failure_reply,
    genre_choices,
    model_figures,
    tidy,
    vote_buttons,
)
from bot.service import Asker, GenreService
from bot.storage import Storage
from bot.texts import LANGUAGES, Texts, best_language, texts_in
from bot.votes import Verdict, Vote, shown_by
from classifier.genres import GENRES
from config import Settings

log = logging.getLogger(__name__)

_RESET = "reset"
_AUTO = "auto"
_ON, _OFF = "on", "off"
_ME, _CHAT = "me", "chat"
FORGET_CHOICES = (_ME, _CHAT)
"""Whose `forget` deletes: what the person left, or what is kept about the chat."""
FEEDBACK_CHOICES = STATS_CHOICES = (_ON, _OFF)
"""What `privacy` may be told about feedback, and `stats` about counting."""
LANGUAGE_CHOICES = (*LANGUAGES, _AUTO)
LISTEN_CHOICES = (_ON, _OFF, _AUTO)
"""What `language` and `listen` may be told; auto leaves it to the platform, or to the bot's settings."""


class CommandName(StrEnum):
    """The commands of every platform; `command-<name>` describes each in every language."""

    GENRE = "genre"
    TRACK = "track"
    COMPARE = "compare"
    GENRES = "genres"
    OFFSET = "offset"
    LANGUAGE = "language"
    MODE = "mode"
    LISTEN = "listen"
    STATS = "stats"
    HELP = "help"
    ABOUT = "about"
    PRIVACY = "privacy"
    CONTACT = "contact"
    FORGET = "forget"


class Assistant:
    """One for all platforms."""

    def __init__(self, settings: Settings, service: GenreService, storage: Storage) -> None:
        self._settings = settings
        self._service = service
        self._storage = storage
        self._changing = asyncio.Lock()
        self._feedback = FeedbackDesk(settings, service, storage, self._changing)
        self._counts = CountsDesk(service, storage)
        self._comparison = ComparisonDesk(settings, service)
        self._commands: dict[CommandName, Callable[[Conversation, str], Awaitable[Reply]]] = {
            CommandName.GENRES: self._genres,
            CommandName.OFFSET: self._offset,
            CommandName.LANGUAGE: self._language,
            CommandName.MODE: self._mode,
            CommandName.LISTEN: self._listen,
            CommandName.STATS: self._stats,
            CommandName.HELP: self._help,
            CommandName.ABOUT: self._about,
            CommandName.PRIVACY: self._privacy,
            CommandName.CONTACT: self._contact,
            CommandName.FORGET: self._forget,
        }

    async def texts(self, conversation: Conversation, *, for_person: bool = False) -> Texts:
        """The words for a conversation; or for only the person who asked in it, where they are shown to nobody else."""
        if for_person and conversation.can_whisper and not conversation.is_private:
            return texts_in(best_language(conversation.user_language or conversation.language or ""))
        preferences = await self._storage.preferences_of(conversation)
        return texts_in(preferences.language or best_language(conversation.language or ""))

    async def wants(self, conversation: Conversation, name: str, media_type: str | None, *, asked: bool) -> bool:
        """Whether a posted file is to be answered (perhaps by saying why not), rather than passed over in silence."""
        if asked or conversation.is_private:
            return True
        if likeness(name, media_type) is not Likeness.AUDIO:
            return False
        return (await self._storage.preferences_of(conversation)).mode in {Mode.AUTO, Mode.QUIET}

    async def answer(
        self,
        conversation: Conversation,
        audios: Sequence[IncomingAudio],
        say: Callable[[str], Awaitable[None]],
        *,
        offset: str | float | None = None,
        whole_track: bool = False,
        is_counted: bool = True,
    ) -> list[Reply]:
        """`identify` for the files of one message; `say` hears how it goes, where that takes long and people there want
        to know.

        What is asked once more about an answer is not `is_counted` among a person's files.
        """
        parts = [Progress() for _ in audios]
        is_quiet = (await self._storage.preferences_of(conversation)).mode is Mode.QUIET
        texts = await self.texts(conversation)
        work = asyncio.gather(
            *(
                self.identify(
                    conversation,
                    audio,
                    offset=offset,
                    whole_track=whole_track,
                    is_counted=is_counted,
                    is_new=is_counted,
                    progress=part,
                )
                for audio, part in zip(audios, parts, strict=True)
            )
        )
        return await (work if is_quiet else accompanied(work, Together(parts), texts, say))

    async def identify(
        self,
        conversation: Conversation,
        audio: IncomingAudio,
        *,
        offset: str | float | None = None,
        whole_track: bool = False,
        is_counted: bool = True,
        is_new: bool = False,
        progress: Progress | None = None,
    ) -> Reply:
        """The answer for a file, or the reason why there is none. `offset` may be as a person wrote it.

        What `is_new`, and not another part of what was answered before, stands among the genres of the week.
        """
        try:
            preferences = await self._storage.preferences_of(conversation)
            if preferences.mode is Mode.OFF:
                raise self._logged(Failure(FailureKind.SWITCHED_OFF))
            asked_s = self._asked_offset(offset, preferences)
            answer = await self._service.identify(
                audio,
                offset_s=asked_s,
                whole_track=whole_track,
                listen_on=preferences.listen_on,
                asker=_asker(conversation) if is_counted else None,
                progress=progress,
            )
        except Failure as failure:
            texts = await self.texts(conversation)
            return replace(failure_reply(failure, texts, self._settings, name=audio.name), is_private=False)
        finally:
            if progress:
                progress.stage = Stage.DONE
        if preferences.counts and is_new:
            await self._counts.count(conversation, answer)
        reply = answer_reply(answer, await self.texts(conversation), name=audio.name)
        from_s = None if whole_track else self._service.checked_offset(asked_s)
        shown = shown_by(answer.classification)
        latest_s = self._settings.max_offset_s  # a button that cannot work is not there
        parts = tuple(part for part in reply.parts if part.from_s is None or part.from_s <= latest_s)
        vote = await self.vote_buttons(conversation, shown=shown, from_s=from_s)
        return replace(reply, parts=parts, vote=vote)

    async def compare(
        self,
        conversation: Conversation,
        first: IncomingAudio,
        second: IncomingAudio,
        say: Callable[[str], Awaitable[None]],
    ) -> Reply:
        """How alike two files are; `say` as in `answer`."""
        texts = await self.texts(conversation)
        mode = (await self._storage.preferences_of(conversation)).mode
        if mode is Mode.OFF:
            return await self.refusal(conversation, Failure(FailureKind.SWITCHED_OFF))
        work = self._comparison.compare(first, second, texts, _asker(conversation))
        return await (work if mode is Mode.QUIET else accompanied(work, Together([Progress()]), texts, say))

    async def vote_buttons(self, conversation: Conversation, *, shown: str, from_s: float | None) -> VoteButtons | None:
        """The buttons that rate an answer (`shown` as in `VoteButtons`); None where nobody is to be asked."""
        if not await self._feedback.is_open(conversation):
            return None
        return vote_buttons(await self.texts(conversation), shown=shown, from_s=from_s)

    async def vote(
        self, conversation: Conversation, audio: IncomingAudio, vote: Vote, *, from_s: float | None
    ) -> Reply:
        """Keep what somebody says about an answer; after "wrong" the reply has the choice of what is right.

        `from_s` as in `VoteButtons`. Raises `Failure`.
        """
        await self._feedback.take(conversation, audio, vote, from_s=from_s)
        texts = await self.texts(conversation, for_person=True)
        if vote.verdict is Verdict.WRONG and vote.corrected is None:
            return Reply(texts("vote-question"), choices=genre_choices(texts, shown=vote.shown), is_private=True)
        return Reply(texts("vote-thanks"), is_private=True)

    async def command(self, conversation: Conversation, name: CommandName, argument: str = "") -> Reply:
        """Run a command (all but `genre`, `track` and `compare`, which have files). Failures come back as replies."""
        try:
            return await self._commands[name](conversation, argument.strip())
        except Failure as failure:
            return await self.refusal(conversation, failure)

    async def refusal(self, conversation: Conversation, failure: Failure) -> Reply:
        """A failure in words, for the person who asked; it is logged here."""
        texts = await self.texts(conversation, for_person=True)
        return failure_reply(self._logged(failure), texts, self._settings)

    async def welcome(self, conversation: Conversation) -> Reply:
        """Greet a group; it speaks the language of whoever brought the bot, until somebody sets another."""
        try:
            preferences = await self._storage.stored(conversation)
            if preferences.language is None and conversation.user_language:
                language = best_language(conversation.user_language)
                await self._storage.save(conversation, replace(preferences, language=language))
        except Failure as failure:
            self._logged(failure)
        return await self._help(conversation, "")

    def waited(self, platform: Platform) -> None:
        """A platform has made a reply wait: the operator's figures count that."""
        self._service.metrics.waited(platform)

    async def moved(self, old: Conversation, new: Conversation) -> None:
        """A conversation has got another id: its settings go with it."""
        try:
            await self._storage.move(old, new)
        except Failure as failure:
            self._logged(failure)

    async def check_may_use(self, conversation: Conversation, owner_id: str) -> None:
        """A button is for whoever asked, and for those who may manage. Raises `Failure` (not yours)."""
        if owner_id in {conversation.user_id, ANYBODY}:
            return
        if conversation.is_private or not await conversation.may_manage():
            raise Failure(FailureKind.NOT_YOURS)

    def _logged(self, failure: Failure) -> Failure:
        level = logging.WARNING if failure.kind.is_ours else logging.INFO
        log.log(level, "Refused: %s", failure)
        return failure

    def _asked_offset(self, offset: str | float | None, preferences: Preferences) -> float | None:
        if isinstance(offset, str):
            return parse_offset(offset)
        return preferences.offset_s if offset is None else offset

    async def _genres(self, conversation: Conversation, _: str) -> Reply:
        texts = await self.texts(conversation, for_person=True)
        return Reply(texts("genres-heading"), tuple(genre.label for genre in GENRES), is_private=True)

    async def _offset(self, conversation: Conversation, argument: str) -> Reply:
        preferences = await self._storage.preferences_of(conversation)
        if not argument:
            texts = await self.texts(conversation, for_person=True)
            now = self._settings.default_offset_s if preferences.offset_s is None else preferences.offset_s
            how = texts("offset-how", max_offset=tidy(self._settings.max_offset_s))
            return Reply(texts("offset-now", offset=texts.seconds(now)), (how,), is_private=True)
        wanted = None if argument.lower() == _RESET else self._service.checked_offset(parse_offset(argument))
        await self._change(conversation, lambda stored: replace(stored, offset_s=wanted))
        texts = await self.texts(conversation, for_person=True)
        start = texts.seconds(self._service.checked_offset(wanted))
        return Reply(texts("offset-set", offset=start), is_private=True)

    async def _language(self, conversation: Conversation, argument: str) -> Reply:
        if argument:
            wanted = _choice(argument, LANGUAGE_CHOICES)
            language = None if wanted == _AUTO else wanted
            await self._change(conversation, lambda stored: replace(stored, language=language))
        texts = await self.texts(conversation)
        if argument:
            return Reply(texts("language-set", language=texts("language-name")), is_private=True)
        how = texts("choice-how", command=CommandName.LANGUAGE, choices=" | ".join(LANGUAGE_CHOICES))
        return Reply(texts("language-now", language=texts("language-name")), (how,), is_private=True)

    async def _mode(self, conversation: Conversation, argument: str) -> Reply:
        choices = tuple(Mode)
        if argument:
            mode = Mode(_choice(argument, choices))
            await self._change(conversation, lambda stored: replace(stored, mode=mode))
        else:
            mode = (await self._storage.preferences_of(conversation)).mode
        texts = await self.texts(conversation, for_person=True)
        meaning = texts(f"mode-{mode}")
        if argument:
            return Reply(meaning, is_private=True)
        how = texts("choice-how", command=CommandName.MODE, choices=" | ".join(choices))
        return Reply(meaning, (how,), is_private=True)

    async def _listen(self, conversation: Conversation, argument: str) -> Reply:
        if argument:
            choice = _choice(argument, LISTEN_CHOICES)
            wanted = None if choice == _AUTO else choice == _ON
            await self._change(conversation, lambda stored: replace(stored, listen_on=wanted))
        else:
            wanted = (await self._storage.preferences_of(conversation)).listen_on
        texts = await self.texts(conversation, for_person=True)
        meaning = texts("listen-on" if self._service.listens_on(wanted) else "listen-off")
        if argument:
            return Reply(meaning, is_private=True)
        how = texts("choice-how", command=CommandName.LISTEN, choices=" | ".join(LISTEN_CHOICES))
        return Reply(meaning, (how,), is_private=True)

    async def _stats(self, conversation: Conversation, argument: str) -> Reply:
        """The genres of the week, where they are counted; with `on` or `off`, whether they are from now on."""
        if argument:
            wanted = _choice(argument, STATS_CHOICES) == _ON
            await self._change(conversation, lambda stored: replace(stored, counts=wanted))
            if not wanted:
                await self._storage.forget_counts(conversation)
            texts = await self.texts(conversation, for_person=True)
            return Reply(texts("stats-on" if wanted else "stats-off"), is_private=True)
        texts = await self.texts(conversation)
        if (await self._storage.preferences_of(conversation)).counts:
            return await self._counts.week(conversation, texts)
        return Reply(texts("stats-off"), (texts("stats-how"),), is_private=True)

    async def _help(self, conversation: Conversation, _: str) -> Reply:
        texts = await self.texts(conversation, for_person=True)
        how = texts(f"help-{conversation.platform}")
        commands = tuple(f"/{name}: {texts(f'command-{name}')}" for name in CommandName)
        return Reply(texts("help-heading"), (how, "", *commands), is_private=True)

    async def _about(self, conversation: Conversation, _: str) -> Reply:
        texts = await self.texts(conversation, for_person=True)
        model = self._service.model
        if model is None:
            return Reply(texts("status-warming"), is_private=True)
        score, limits = model_figures(model, texts)
        listening: tuple[str, ...] = ()
        listens_on = self._service.listens_on((await self._storage.preferences_of(conversation)).listen_on)
        if listens_on and model.answer_accuracy is not None:
            listening = (texts("about-listening", accuracy=texts.percent(model.answer_accuracy)),)
        return Reply(texts("result-model", version=model.version), (score, *listening, limits), is_private=True)

    async def _privacy(self, conversation: Conversation, argument: str) -> Reply:
        """What is kept; with `on` or `off`, whether feedback is. What was given before an `off` is deleted."""
        if argument:
            wanted = _choice(argument, FEEDBACK_CHOICES) == _ON
            await self._change(conversation, lambda stored: replace(stored, feedback=wanted))
            if not wanted:
                await self._storage.forget_feedback(conversation)
        texts = await self.texts(conversation, for_person=True)
        state = texts("feedback-on" if await self._feedback.is_open(conversation) else "feedback-off")
        if argument:
            return Reply(state, is_private=True)
        how = texts("choice-how", command=CommandName.PRIVACY, choices=" | ".join(FEEDBACK_CHOICES))
        kept = (texts("privacy-audio"), texts("privacy-kept"), texts("privacy-feedback"), state)
        return Reply(texts("privacy-heading"), (*kept, how) if self._settings.feedback else kept, is_private=True)

    async def _contact(self, conversation: Conversation, _: str) -> Reply:
        texts = await self.texts(conversation, for_person=True)
        return Reply(self._settings.contact or texts("contact-none"), is_private=True)

    async def _forget(self, conversation: Conversation, argument: str) -> Reply:
        """Delete what is kept about the chat, for those who may manage it; or what the person who asks has left."""
        may_manage = conversation.is_private or await conversation.may_manage()
        wanted = _choice(argument, FORGET_CHOICES) if argument else _CHAT if may_manage else _ME
        if wanted == _CHAT:
            await self._check_may_manage(conversation)
        async with self._changing:
            if wanted == _CHAT:
                await self._storage.forget(conversation)
            if wanted == _ME or conversation.is_private:
                await self._storage.forget_person(conversation.platform, conversation.user_id)
        texts = await self.texts(conversation, for_person=True)
        if wanted == _CHAT:
            return Reply(texts("forget-done"), is_private=True)
        return Reply(texts("forget-me-done"), (texts("forget-me-how"),), is_private=True)

    async def _change(self, conversation: Conversation, changed: Callable[[Preferences], Preferences]) -> None:
        await self._check_may_manage(conversation)
        async with self._changing:  # two changes at a time would undo each other
            await self._storage.save(conversation, changed(await self._storage.stored(conversation)))

    async def _check_may_manage(self, conversation: Conversation) -> None:
        if not conversation.is_private and not await conversation.may_manage():
            raise Failure(FailureKind.NOT_ALLOWED)


def _asker(conversation: Conversation) -> Asker:
    return Asker(
        user=f"{conversation.platform}:user:{conversation.user_id}",
        chat=f"{conversation.platform}:chat:{conversation.id}",
    )


def _choice(argument: str, choices: tuple[str, ...]) -> str:
    wanted = argument.lower()
    if wanted not in choices:
        raise Failure(FailureKind.BAD_CHOICE, choices=", ".join(choices))
    return wanted
