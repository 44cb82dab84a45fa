"""A reply as a Telegram message: words in HTML, a picture with a caption."""

import html
import logging
import secrets

from telegram import InputMediaPhoto, LinkPreviewOptions, Message, ReplyParameters
from telegram.constants import MessageLimit, ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from bot.adapters.telegram.buttons import keyboard_of
from bot.replies import Reply

log = logging.getLogger(__name__)

_TRIES = 3


def html_of(reply: Reply, length: int) -> str:
    """The text with its headline in bold and the file's name as code, so that nobody's client makes a link of it;
    `length` counts what people see, not the markup."""
    fitting = reply.shortened(length)
    name = html.escape(fitting.name)

    def marked(line: str) -> str:
        return html.escape(line).replace(name, f"<code>{name}</code>") if name else html.escape(line)

    return "\n".join((f"<b>{marked(fitting.headline)}</b>", *map(marked, fitting.lines)))


def reply_to(message: Message) -> ReplyParameters:
    return ReplyParameters(message.message_id, allow_sending_without_reply=True)


async def send_reply(message: Message, reply: Reply, *, owner_id: str = "") -> bool:
    """Reply to a message; whether it worked. Where pictures are not allowed the words go alone, with the buttons.

    Tries again are the limiter's business; a group that became a supergroup meanwhile is answered under its new id.
    """
    chat_id: int = message.chat.id
    with_picture = reply.picture is not None
    for _ in range(_TRIES):
        try:
            await _send(message, chat_id, reply, owner_id, with_picture=with_picture)
            return True
        except ChatMigrated as error:
            chat_id = error.new_chat_id
        except Forbidden:
            log.info("Telegram: a chat does not let the bot write")
            return False
        except BadRequest as error:
            log.info("Telegram: a chat does not let the bot answer as it would: %s", error.message)
            if not with_picture:
                break
            with_picture = False
        except TelegramError as error:
            log.info("Telegram: %s", error.message)
            break
    log.warning("Telegram: a reply could not be sent (ref=%s)", secrets.token_hex(4))
    return False


async def _send(message: Message, chat_id: int, reply: Reply, owner_id: str, *, with_picture: bool) -> None:
    bot, topic = message.get_bot(), message.message_thread_id if message.is_topic_message else None
    buttons = keyboard_of(reply, owner_id)
    if with_picture and reply.picture:
        await bot.send_photo(
            chat_id,
            reply.picture,
            caption=html_of(reply, MessageLimit.CAPTION_LENGTH),
            parse_mode=ParseMode.HTML,
            reply_markup=buttons,
            reply_parameters=reply_to(message),
            message_thread_id=topic,
        )
    else:
        await bot.send_message(
            chat_id,
            html_of(reply, MessageLimit.MAX_TEXT_LENGTH),
            parse_mode=ParseMode.HTML,
            reply_markup=buttons,
            reply_parameters=reply_to(message),
            message_thread_id=topic,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )


async def edit_answer(message: Message, reply: Reply, owner_id: str) -> None:
    """Put a new answer in the place of the old one; a failure is said below it, and the old answer stays. What cannot
    be edited is said as a message of its own."""
    if reply.picture is None:
        await send_reply(message, reply)
        return
    picture = InputMediaPhoto(
        reply.picture, caption=html_of(reply, MessageLimit.CAPTION_LENGTH), parse_mode=ParseMode.HTML
    )
    try:
        await message.edit_media(picture, reply_markup=keyboard_of(reply, owner_id))
    except TelegramError as error:
        log.info("Telegram: an answer could not be changed (%s), so it is sent anew", error.message)
        await send_reply(message, reply, owner_id=owner_id)
