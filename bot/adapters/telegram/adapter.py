"""The Telegram adapter: turns updates into calls of the assistant, and its replies into messages."""

import asyncio
import contextlib
import html
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeDefault,
    CallbackQuery,
    ChatMember,
    ChatMemberUpdated,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    Message,
    ReplyParameters,
    Update,
    User,
)
from telegram.constants import CallbackQueryLimit, ChatAction, ChatType, MessageLimit, ParseMode
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, TelegramError
from telegram.ext import (
    AIORateLimiter,
    Application,
    ApplicationBuilder,
    CallbackContext,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    MessageHandler,
    filters,
)

from bot.adapters.platform import BegunWork, Unreachable, repeating
from bot.adapters.telegram.media import audio_of
from bot.assistant import Assistant, CommandName
from bot.audio import IncomingAudio
from bot.conversation import Conversation, Platform
from bot.failures import Failure, FailureKind
from bot.progress import Progress, accompanied
from bot.replies import Reply
from bot.texts import DEFAULT_LANGUAGE, LANGUAGES, texts_in
from config import Settings

log = logging.getLogger(__name__)

_ACTION_EVERY_S = 4.5
"""A chat action fades after five seconds."""
_CONCURRENT_UPDATES = 64
_RETRIES = 3
_ANOTHER = "another"
_SCOPES = (BotCommandScopeDefault(), BotCommandScopeAllPrivateChats(), BotCommandScopeAllGroupChats())

Handler = Callable[[Update, CallbackContext[Any, Any, Any, Any]], Coroutine[Any, Any, None]]


class TelegramAdapter:
    """Long polling, beside whatever else runs in this event loop."""

    name = "Telegram"

    def __init__(self, settings: Settings, assistant: Assistant) -> None:
        self._settings = settings
        self._assistant = assistant
        self._begun = BegunWork()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set. Raises `Unreachable`."""
        application = self._application()
        try:
            async with application:
                await self._introduce(application.bot)
                await self._poll(application, stop)
        except InvalidToken as error:
            await application.bot.request.shutdown()  # what was opened before the refusal
            raise Unreachable("TELEGRAM_TOKEN is refused; ask @BotFather for a valid one") from error
        except NetworkError as error:
            raise Unreachable(f"cannot be reached: {error.message}") from error
        except TelegramError as error:
            raise Unreachable(error.message) from error

    def _application(self) -> "Application[Any, Any, Any, Any, Any, Any]":
        settings = self._settings
        assert settings.telegram_token is not None
        builder = (
            ApplicationBuilder()
            .token(settings.telegram_token.get_secret_value())
            .rate_limiter(AIORateLimiter(max_retries=_RETRIES))
            .concurrent_updates(_CONCURRENT_UPDATES)
            .connection_pool_size(_CONCURRENT_UPDATES)
            .connect_timeout(10.0)
            .pool_timeout(10.0)
            .read_timeout(settings.upload_timeout_s)
            .media_write_timeout(60.0)
            .local_mode(settings.telegram_local_mode)
        )
        if settings.telegram_base_url:
            builder = builder.base_url(settings.telegram_base_url)
        if settings.telegram_base_file_url:
            builder = builder.base_file_url(settings.telegram_base_file_url)
        application = builder.build()
        self._add_handlers(application)
        return application

    def _add_handlers(self, application: "Application[Any, Any, Any, Any, Any, Any]") -> None:
        new = filters.UpdateType.MESSAGE
        for name in CommandName:
            handler = self._on_genre if name is CommandName.GENRE else self._on_command(name)
            application.add_handler(CommandHandler(name, handler, filters=new))
        application.add_handler(CommandHandler("start", self._on_command(CommandName.HELP), filters=new))
        application.add_handler(MessageHandler(new & filters.ATTACHMENT, self._on_file))
        application.add_handler(
            MessageHandler(new & filters.ChatType.PRIVATE & filters.TEXT, self._on_command(CommandName.HELP))
        )
        application.add_handler(MessageHandler(new & filters.StatusUpdate.MIGRATE, self._on_migration))
        application.add_handler(CallbackQueryHandler(self._on_another, pattern=rf"^{_ANOTHER}:"))
        application.add_handler(ChatMemberHandler(self._on_membership, ChatMemberHandler.MY_CHAT_MEMBER))
        application.add_error_handler(_log_error)

    async def _introduce(self, bot: Bot) -> None:
        """Teach Telegram our commands in every language, and say in the log what the bot will not see."""
        if not bot.bot.can_read_all_group_messages:
            log.info("Telegram: privacy mode is on, so in groups the bot sees only /genre as a reply to a file")
        for language in LANGUAGES:
            texts = texts_in(language)
            commands = [BotCommand(name, texts(f"command-{name}")) for name in CommandName]
            for scope in _SCOPES:
                code = None if language == DEFAULT_LANGUAGE else language
                try:
                    await bot.set_my_commands(commands, scope=scope, language_code=code)
                except TelegramError as error:
                    log.warning("Telegram: the commands could not be set: %s", error.message)
                    return

    async def _poll(self, application: "Application[Any, Any, Any, Any, Any, Any]", stop: asyncio.Event) -> None:
        updater = application.updater
        assert updater is not None
        await application.start()
        try:
            await updater.start_polling(
                allowed_updates=[Update.MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER],
                drop_pending_updates=False,
                error_callback=lambda error: log.warning("Telegram: polling: %s", error.message),
            )
            log.info("Telegram: listening as @%s", application.bot.username)
            await stop.wait()
        finally:
            if updater.running:
                await updater.stop()
            await self._begun.finish()
            await application.stop()

    def _on_command(self, name: CommandName) -> Handler:
        async def run(update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
            message = update.message
            if message and self._is_for_us(message):
                argument = " ".join(context.args or ())
                reply = await self._assistant.command(_conversation(message, message.from_user), name, argument)
                await _send(message, reply)

        return run

    async def _on_genre(self, update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
        """`/genre` as a reply to a file."""
        message = update.message
        if not message or not self._is_for_us(message):
            return
        conversation = _conversation(message, message.from_user)
        target = message.reply_to_message
        audio = audio_of(target, context.bot) if target else None
        if target is None or audio is None:
            await _send(message, await self._assistant.refusal(conversation, Failure(FailureKind.NO_AUDIO_HERE)))
            return
        await self._answer(target, conversation, audio, offset=" ".join(context.args or ()) or None)

    async def _on_file(self, update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
        """A file that was posted, perhaps with `/genre` or our name in its caption."""
        message = update.message
        if not message or not self._is_for_us(message):
            return
        conversation = _conversation(message, message.from_user)
        audio = audio_of(message, context.bot)
        caption = (message.caption or "").split()
        name = f"@{context.bot.username}"
        is_command = bool(caption) and caption[0] in {f"/{CommandName.GENRE}", f"/{CommandName.GENRE}{name}"}
        if audio is None:
            if conversation.is_private:
                await _send(message, await self._assistant.refusal(conversation, Failure(FailureKind.NO_AUDIO_HERE)))
            return
        asked = is_command or name in caption
        if await self._assistant.wants(conversation, audio.name, audio.media_type, asked=asked):
            offset = " ".join(caption[1:]) if is_command else None
            await self._answer(message, conversation, audio, offset=offset or None)

    async def _on_another(self, update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
        """The button under an answer: the same file from another second, in the same message."""
        query = update.callback_query
        if query is None or not isinstance(query.message, Message):
            return
        message = query.message
        conversation = _conversation(message, query.from_user)
        try:
            from_s, owner_id = _button_values(query)
            await self._assistant.check_may_use(conversation, owner_id)
            original = message.reply_to_message
            audio = audio_of(original, context.bot) if original else None
            if audio is None:
                raise Failure(FailureKind.GONE)
        except Failure as failure:
            refusal = await self._assistant.refusal(conversation, failure)
            await query.answer(refusal.text[: CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH], show_alert=True)
            return
        await query.answer()
        with self._begun.one():
            async with _acting(message):
                reply = await self._assistant.identify(conversation, audio, offset=from_s)
            await _edit(message, reply, owner_id)

    async def _on_migration(self, update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        """A group has become a supergroup, which has another id."""
        message = update.message
        if message and message.migrate_from_chat_id:
            new = _conversation(message, message.from_user)
            await self._assistant.moved(replace(new, id=str(message.migrate_from_chat_id)), new)

    async def _on_membership(self, update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        """Somebody brought the bot into a group: it says how to use it, in that person's language."""
        change = update.my_chat_member
        if change is None or not _has_joined(change) or change.chat.type == ChatType.PRIVATE:
            return
        user = change.from_user
        conversation = Conversation(
            platform=Platform.TELEGRAM,
            id=str(change.chat.id),
            is_private=False,
            language=None,
            user_id=str(user.id),
            user_language=user.language_code,
            can_whisper=False,
            may_manage=_never,
        )
        reply = await self._assistant.welcome(conversation)
        await change.chat.send_message(_as_html(reply, MessageLimit.MAX_TEXT_LENGTH), parse_mode=ParseMode.HTML)

    async def _answer(
        self, message: Message, conversation: Conversation, audio: IncomingAudio, *, offset: str | None
    ) -> None:
        """Identify a file and reply to its message; says meanwhile that it works."""
        progress = Progress()
        status: list[Message] = []

        async def say(sentence: str) -> None:
            with contextlib.suppress(TelegramError):
                if status:
                    await status[0].edit_text(sentence)
                else:
                    status.append(await message.reply_text(sentence, reply_parameters=_reply_to(message)))

        with self._begun.one():
            async with _acting(message):
                work = self._assistant.identify(conversation, audio, offset=offset, progress=progress)
                reply = await accompanied(work, progress, await self._assistant.texts(conversation), say)
            await _send(message, reply, owner_id=conversation.user_id)
            for said in status:
                with contextlib.suppress(TelegramError):
                    await said.delete()

    def _is_for_us(self, message: Message) -> bool:
        """Not from another bot (an anonymous administrator counts as a person), and not from long ago."""
        if message.from_user and message.from_user.is_bot and not message.sender_chat:
            return False
        return time.time() - message.date.timestamp() <= self._settings.max_message_age_s


def _conversation(message: Message, user: User | None) -> Conversation:
    chat = message.chat
    is_private = chat.type == ChatType.PRIVATE
    user_id = message.sender_chat.id if message.sender_chat else user.id if user else chat.id

    async def may_manage() -> bool:
        if is_private or user_id == chat.id:  # an anonymous administrator speaks as the group itself
            return True
        try:
            member = await chat.get_member(user_id)
        except TelegramError:
            return False
        return member.status in {ChatMember.OWNER, ChatMember.ADMINISTRATOR}

    language = user.language_code if user else None
    return Conversation(
        platform=Platform.TELEGRAM,
        id=str(chat.id),
        is_private=is_private,
        language=language if is_private else None,
        user_id=str(user_id),
        user_language=language,
        can_whisper=False,
        may_manage=may_manage,
    )


async def _never() -> bool:
    return False


def _has_joined(change: ChatMemberUpdated) -> bool:
    present = {ChatMember.MEMBER, ChatMember.ADMINISTRATOR}
    return change.new_chat_member.status in present and change.old_chat_member.status not in present


def _button_values(query: CallbackQuery) -> tuple[float, str]:
    """The second to start at and whoever may press, from `another:<second>:<person>`."""
    try:
        _, second, owner_id = (query.data or "").split(":")
        return float(second), owner_id
    except ValueError as error:
        raise Failure(FailureKind.GONE, "unknown button") from error


def _keyboard(reply: Reply, owner_id: str) -> InlineKeyboardMarkup | None:
    if reply.another is None or not owner_id:
        return None
    data = f"{_ANOTHER}:{reply.another.from_s:g}:{owner_id}"
    return InlineKeyboardMarkup.from_button(InlineKeyboardButton(reply.another.label, callback_data=data))


def _as_html(reply: Reply, length: int) -> str:
    """The text with its headline in bold; `length` counts what people see, not the markup."""
    fitting = reply.shortened(length)
    return "\n".join((f"<b>{html.escape(fitting.headline)}</b>", *map(html.escape, fitting.lines)))


def _reply_to(message: Message) -> ReplyParameters:
    return ReplyParameters(message.message_id, allow_sending_without_reply=True)


async def _send(message: Message, reply: Reply, *, owner_id: str = "") -> None:
    """Reply to a message; where pictures are not allowed the words go alone."""
    try:
        if reply.picture:
            with contextlib.suppress(BadRequest):
                await message.reply_photo(
                    reply.picture,
                    caption=_as_html(reply, MessageLimit.CAPTION_LENGTH),
                    parse_mode=ParseMode.HTML,
                    reply_markup=_keyboard(reply, owner_id),
                    reply_parameters=_reply_to(message),
                )
                return
        await message.reply_text(
            _as_html(reply, MessageLimit.MAX_TEXT_LENGTH),
            parse_mode=ParseMode.HTML,
            reply_parameters=_reply_to(message),
        )
    except Forbidden:
        log.info("Telegram: a chat does not let the bot write")
    except TelegramError as error:
        log.warning("Telegram: a reply could not be sent: %s", error.message)


async def _edit(message: Message, reply: Reply, owner_id: str) -> None:
    """Put a new answer in the place of the old one; a failure is said below it, and the old answer stays."""
    if reply.picture is None:
        await _send(message, reply)
        return
    picture = InputMediaPhoto(
        reply.picture, caption=_as_html(reply, MessageLimit.CAPTION_LENGTH), parse_mode=ParseMode.HTML
    )
    try:
        await message.edit_media(picture, reply_markup=_keyboard(reply, owner_id))
    except TelegramError as error:
        log.warning("Telegram: an answer could not be changed: %s", error.message)


def _acting(message: Message) -> contextlib.AbstractAsyncContextManager[None]:
    """Show 'sending a photo' until the block ends."""

    async def act() -> None:
        with contextlib.suppress(TelegramError):
            await message.reply_chat_action(ChatAction.UPLOAD_PHOTO)

    return repeating(act, every_s=_ACTION_EVERY_S)


async def _log_error(update: object, context: CallbackContext[Any, Any, Any, Any]) -> None:
    log.error("Telegram: an update could not be handled", exc_info=context.error)
