"""What comes in on Telegram, and what the assistant is asked about it."""

import contextlib
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from typing import Any

from cachetools import LRUCache
from telegram import Bot, CallbackQuery, InlineKeyboardMarkup, Message, Update
from telegram.constants import CallbackQueryLimit, ChatAction, ChatType, MessageLimit, ParseMode
from telegram.error import TelegramError
from telegram.ext import (
    Application,
    CallbackContext,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    MessageHandler,
    filters,
)

from bot.adapters.platform import BegunWork, SaidLately, repeating
from bot.adapters.telegram.asking import Asked, ServerClock, asked_in
from bot.adapters.telegram.buttons import Another, BackToVote, Voted, pressed, with_choices, with_votes
from bot.adapters.telegram.conversations import conversation_of, conversation_of_change, has_joined, owner_of
from bot.adapters.telegram.limiter import ChatLimiter
from bot.adapters.telegram.media import audio_elsewhere, audio_of
from bot.adapters.telegram.messages import edit_answer, html_of, reply_to, send_reply
from bot.assistant import Assistant, CommandName
from bot.audio import IncomingAudio
from bot.conversation import Conversation
from bot.failures import Failure, FailureKind
from bot.replies import Reply
from config import Settings

log = logging.getLogger(__name__)

_ACTION_EVERY_S = 4.5
"""A chat action fades after five seconds."""
_REMEMBERED, _ALBUMS = 10_000, 500
_ASKING = (CommandName.GENRE, CommandName.TRACK)

AnyApplication = Application[Any, Any, Any, Any, Any, Any]
Handler = Callable[[Update, CallbackContext[Any, Any, Any, Any]], Coroutine[Any, Any, None]]


class Handlers:
    """One for all connections of a bot. `limiter` is that of the connection that is open; what runs is in `begun`."""

    def __init__(
        self, settings: Settings, assistant: Assistant, limiter: ChatLimiter, begun: BegunWork, clock: ServerClock
    ) -> None:
        self._settings = settings
        self._assistant = assistant
        self.limiter = limiter
        self._begun = begun
        self._clock = clock
        self._has_passed_over = False
        self._said_lately = SaidLately()
        self._seen: LRUCache[tuple[int, int, str | None], Asked] = LRUCache(_REMEMBERED)
        self._asked_albums: LRUCache[str, bool] = LRUCache(_ALBUMS)
        self._albums: LRUCache[str, list[tuple[Message, Conversation, IncomingAudio]]] = LRUCache(_ALBUMS)

    def add_to(self, application: AnyApplication) -> None:
        """Have an application call them."""
        new = filters.UpdateType.MESSAGE | filters.UpdateType.CHANNEL_POST
        for name in CommandName:
            handler = self._on_asked(name) if name in _ASKING else self._on_command(name)
            if name is CommandName.COMPARE:
                handler = self._on_compare_alone
            application.add_handler(CommandHandler(name, handler, filters=new))
        application.add_handler(CommandHandler("start", self._on_command(CommandName.HELP), filters=new))
        application.add_handler(MessageHandler(new & filters.ATTACHMENT, self._on_file))
        application.add_handler(MessageHandler(filters.UpdateType.EDITED & filters.ATTACHMENT, self._on_edit))
        application.add_handler(MessageHandler(new & filters.ChatType.PRIVATE & filters.TEXT, self._on_words))
        application.add_handler(MessageHandler(new & filters.StatusUpdate.MIGRATE, self._on_migration))
        application.add_handler(CallbackQueryHandler(self._on_press))
        application.add_handler(ChatMemberHandler(self._on_membership, ChatMemberHandler.MY_CHAT_MEMBER))
        application.add_error_handler(_log_error)

    async def on_overflow(self, update: Update) -> None:
        """More of one chat than may wait: it hears that, but not for every file."""
        message = update.effective_message
        if message is None or update.callback_query or audio_of(message, message.get_bot()) is None:
            return
        conversation = conversation_of(message, message.from_user)
        with self._begun.one():
            await self._send(message, await self._assistant.refusal(conversation, Failure(FailureKind.BUSY)))

    def _on_command(self, name: CommandName) -> Handler:
        async def run(update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
            message = update.effective_message
            if message and self._is_for_us(message):
                argument = " ".join(context.args or ())
                reply = await self._assistant.command(conversation_of(message, message.from_user), name, argument)
                await self._send(message, reply)

        return run

    def _on_asked(self, name: CommandName) -> Handler:
        """`/genre` or `/track` as a reply to a file."""

        async def run(update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
            message = update.effective_message
            if not message or not self._is_for_us(message):
                return
            offset = " ".join(context.args or ()) if name is CommandName.GENRE else ""
            if not await self._answer_target(message, offset, whole_track=name is CommandName.TRACK):
                await self._say_no_audio(message, conversation_of(message, message.from_user))

        return run

    async def _answer_target(self, message: Message, offset: str, *, whole_track: bool) -> bool:
        """Answer the file that a message replies to, here or in another chat; whether there is one."""
        target = message.reply_to_message or message
        audio = audio_of(target, message.get_bot()) if message.reply_to_message else None
        if audio is None:
            target, audio = message, audio_elsewhere(message, message.get_bot())
        if audio is None:
            return False
        await self._answer(target, conversation_of(message, message.from_user), audio, offset, whole_track=whole_track)
        return True

    async def _on_words(self, update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        """Words in a private chat: they ask about the file that they reply to, or how this works."""
        message = update.effective_message
        if not message or not self._is_for_us(message) or await self._answer_target(message, "", whole_track=False):
            return
        conversation = conversation_of(message, message.from_user)
        await self._send(message, await self._assistant.command(conversation, CommandName.HELP))

    async def _on_file(self, update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
        """A file that was posted, perhaps with a command or our name in its caption."""
        message = update.effective_message
        if not message or not self._is_for_us(message):
            return
        conversation = conversation_of(message, message.from_user)
        audio = audio_of(message, context.bot)
        if audio is None:
            if conversation.is_private:
                await self._say_no_audio(message, conversation)
            return
        asked = asked_in(message.caption or "", context.bot.username)
        group = message.media_group_id
        if asked.by_name and group:
            self._asked_albums[group] = True
        is_asked = asked.is_asked or (group is not None and group in self._asked_albums)
        self._seen[_file_key(message, audio)] = asked
        if asked.compares:
            await self._compare(message, conversation, audio)
            return
        if await self._assistant.wants(conversation, audio.name, audio.media_type, asked=is_asked):
            await self._answer(message, conversation, audio, asked.offset, whole_track=asked.whole_track)
        elif group and audio.seems_sound:
            self._albums.setdefault(group, []).append((message, conversation, audio))
        if asked.by_name and group:
            for earlier in self._albums.pop(group, []):
                await self._answer(*earlier, asked.offset, whole_track=asked.whole_track)

    async def _on_compare_alone(self, update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        """`/compare` without a file: it stands under one that replies to another."""
        message = update.effective_message
        if message and self._is_for_us(message):
            conversation = conversation_of(message, message.from_user)
            await self._send(message, await self._assistant.refusal(conversation, Failure(FailureKind.TWO_FILES)))

    async def _compare(self, message: Message, conversation: Conversation, second: IncomingAudio) -> None:
        """A file with `/compare` that replies to another one."""
        original = message.reply_to_message
        first = (audio_of(original, message.get_bot()) if original else None) or audio_elsewhere(
            message, message.get_bot()
        )
        if first is None:
            await self._send(message, await self._assistant.refusal(conversation, Failure(FailureKind.TWO_FILES)))
            return

        async def say(sentence: str) -> None:
            """The picture that is being sent says enough."""

        with self._begun.one():
            async with _acting(message):
                reply = await self._assistant.compare(conversation, first, second, say)
            await self._send(message, reply)

    async def _on_edit(self, update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
        """A message that has got a file by an edit; one that was looked at already is not looked at again, unless its
        caption asks for that now."""
        message = update.effective_message
        audio = audio_of(message, context.bot) if message else None
        if message is None or audio is None:
            return
        asked = asked_in(message.caption or "", context.bot.username)
        seen = self._seen.get(_file_key(message, audio))
        if seen is None or (asked.is_asked and seen != asked):
            await self._on_file(update, context)

    async def _on_press(self, update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
        """A button under an answer."""
        query = update.callback_query
        if query is None or not isinstance(query.message, Message):
            return
        message = query.message
        if self._settings.is_blocked("telegram", message.chat.id, query.from_user.id):
            return
        conversation = conversation_of(message, query.from_user, is_button=True)
        try:
            match pressed(query.data or ""):
                case Another() as button:
                    await self._assistant.check_may_use(conversation, button.owner_id)
                    audio = _audio_answered(message, context.bot)
                    await _answer(query)
                    await self._another(message, conversation, audio, button)
                case Voted() as button:
                    await self._vote(query, message, conversation, button)
                case BackToVote() as button:
                    await _answer(query)
                    await self._show_votes(message, conversation, button)
        except Failure as failure:
            refusal = await self._assistant.refusal(conversation, failure)
            await _answer(query, refusal.text, is_alert=True)

    async def _another(
        self, message: Message, conversation: Conversation, audio: IncomingAudio, button: Another
    ) -> None:
        """Another part of the same file, or all of it, in the same message."""
        with self._begun.one():
            async with _acting(message):
                whole_track = button.from_s is None
                reply = await self._assistant.identify(
                    conversation, audio, offset=button.from_s, whole_track=whole_track
                )
            await edit_answer(message, reply, button.owner_id)

    async def _vote(self, query: CallbackQuery, message: Message, conversation: Conversation, button: Voted) -> None:
        """Anybody's verdict, or the genre chosen after it; the choice takes the place of the verdict's buttons."""
        vote = button.vote()
        audio = _audio_answered(message, query.get_bot())
        with self._begun.one():
            reply = await self._assistant.vote(conversation, audio, vote, from_s=button.from_s)
            await _answer(query, reply.headline)
            if reply.choices:
                back = (await self._assistant.texts(conversation))("vote-back")
                await _change_buttons(message, with_choices(message.reply_markup, reply.choices, button, back=back))
            elif vote.corrected:
                await self._show_votes(message, conversation, BackToVote(button.shown, button.from_s))

    async def _show_votes(self, message: Message, conversation: Conversation, button: BackToVote) -> None:
        votes = await self._assistant.vote_buttons(conversation, shown=button.shown, from_s=button.from_s)
        await _change_buttons(message, with_votes(message.reply_markup, votes))

    async def _on_migration(self, update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        """A group has become a supergroup, which has another id."""
        message = update.effective_message
        if message and message.migrate_from_chat_id:
            new = conversation_of(message, message.from_user)
            await self._assistant.moved(replace(new, id=str(message.migrate_from_chat_id)), new)

    async def _on_membership(self, update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        """Somebody brought the bot into a group: it says how to use it, in that person's language."""
        change = update.my_chat_member
        if change is None or not has_joined(change) or change.chat.type not in {ChatType.GROUP, ChatType.SUPERGROUP}:
            return
        if not self._is_recent(change.date):
            return
        conversation = conversation_of_change(change)
        reply = await self._assistant.welcome(conversation)
        words = html_of(reply, MessageLimit.MAX_TEXT_LENGTH)
        with contextlib.suppress(TelegramError):
            await change.chat.send_message(words, parse_mode=ParseMode.HTML)

    async def _answer(
        self, message: Message, conversation: Conversation, audio: IncomingAudio, offset: str, *, whole_track: bool
    ) -> None:
        """Identify a file and reply to its message; says meanwhile that it works."""
        status: list[Message] = []

        async def say(sentence: str) -> None:
            if not self.limiter.has_room_for_words(str(message.chat.id)):
                return
            if status:
                await status[0].edit_text(sentence)
            else:
                status.append(await message.reply_text(sentence, reply_parameters=reply_to(message)))

        with self._begun.one():
            async with _acting(message):
                (reply,) = await self._assistant.answer(
                    conversation, [audio], say, offset=offset or None, whole_track=whole_track
                )
            is_sent = await self._send(message, reply, owner_id=owner_of(message, conversation))
            for said in status:
                with contextlib.suppress(TelegramError):
                    await (said.delete() if is_sent else said.edit_text(reply.text))

    async def _say_no_audio(self, message: Message, conversation: Conversation) -> None:
        await self._send(message, await self._assistant.refusal(conversation, Failure(FailureKind.NO_AUDIO_HERE)))

    async def _send(self, message: Message, reply: Reply, *, owner_id: str = "") -> bool:
        """Reply to a message; whether it has been said, now or lately."""
        return self._said_lately.holds(message.chat.id, [reply]) or await send_reply(message, reply, owner_id=owner_id)

    def _is_for_us(self, message: Message) -> bool:
        """Not from another bot (an anonymous administrator counts as a person), and not from long ago."""
        if message.from_user and message.from_user.is_bot and not message.sender_chat:
            return False
        senders = [sender.id for sender in (message.sender_chat, message.from_user) if sender]
        if self._settings.is_blocked("telegram", message.chat.id, *senders):
            return False
        return self._is_recent(message.date)

    def _is_recent(self, date: datetime) -> bool:
        """By Telegram's clock: that of this machine may be wrong. What is passed over for its age is said once."""
        longest_s = self._settings.max_message_age_s
        is_recent = self._clock.now_s() - date.timestamp() <= longest_s
        if not is_recent and not self._has_passed_over:
            self._has_passed_over = True
            log.warning(
                "Telegram: messages older than %g s are passed over (MAX_MESSAGE_AGE_S); if they are not so old, then a"
                " clock is wrong",
                longest_s,
            )
        return is_recent


def _acting(message: Message) -> contextlib.AbstractAsyncContextManager[None]:
    """Show 'sending a photo' until the block ends."""

    async def act() -> None:
        with contextlib.suppress(TelegramError):
            await message.reply_chat_action(ChatAction.UPLOAD_PHOTO)

    return repeating(act, every_s=_ACTION_EVERY_S)


def _audio_answered(message: Message, bot: Bot) -> IncomingAudio:
    """The file that an answer replies to. Raises `Failure` (gone)."""
    original = message.reply_to_message
    audio = (audio_of(original, bot) or audio_elsewhere(original, bot)) if original else None
    if audio is None:
        raise Failure(FailureKind.GONE)
    return audio


def _file_key(message: Message, audio: IncomingAudio) -> tuple[int, int, str | None]:
    return message.chat.id, message.message_id, audio.cache_hint


async def _answer(query: CallbackQuery, words: str = "", *, is_alert: bool = False) -> None:
    """Say something about a press to whoever pressed. It may be too old to be answered, but not to be done."""
    shown = words[: CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH]
    with contextlib.suppress(TelegramError):
        await query.answer(shown or None, show_alert=is_alert or None)


async def _change_buttons(message: Message, buttons: InlineKeyboardMarkup) -> None:
    try:
        await message.edit_reply_markup(buttons)
    except TelegramError as error:  # two people pressed at a time: the buttons are what they are to be
        log.info("Telegram: the buttons of an answer could not be changed: %s", error.message)


async def _log_error(update: object, context: CallbackContext[Any, Any, Any, Any]) -> None:
    log.error("Telegram: an update could not be handled", exc_info=context.error)
