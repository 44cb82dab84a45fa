"""A reply as a Telegram message: words in HTML, a picture with a caption."""

import html
import logging

from telegram import InputMediaPhoto, Message, ReplyParameters
from telegram.constants import MessageLimit, ParseMode
from telegram.error import BadRequest, Forbidden, NetworkError, TelegramError

from bot.adapters.telegram.buttons import keyboard_of
from bot.replies import Reply

log = logging.getLogger(__name__)

_TRIES = 3


def html_of(reply: Reply, length: int) -> str:
    """The text with its headline in bold; `length` counts what people see, not the markup."""
    fitting = reply.shortened(length)
    return "\n".join((f"<b>{html.escape(fitting.headline)}</b>", *map(html.escape, fitting.lines)))


def reply_to(message: Message) -> ReplyParameters:
    return ReplyParameters(message.message_id, allow_sending_without_reply=True)


async def send_reply(message: Message, reply: Reply, *, owner_id: str = "") -> bool:
    """Reply to a message; whether it worked. Where pictures are not allowed the words go alone."""

    async def send(*, with_picture: bool) -> None:
        if with_picture and reply.picture:
            await message.reply_photo(
                reply.picture,
                caption=html_of(reply, MessageLimit.CAPTION_LENGTH),
                parse_mode=ParseMode.HTML,
                reply_markup=keyboard_of(reply, owner_id),
                reply_parameters=reply_to(message),
            )
        else:
            await message.reply_text(
                html_of(reply, MessageLimit.MAX_TEXT_LENGTH),
                parse_mode=ParseMode.HTML,
                reply_parameters=reply_to(message),
            )

    with_picture = True
    for _ in range(_TRIES):
        try:
            await send(with_picture=with_picture)
            return True
        except Forbidden:
            log.info("Telegram: a chat does not let the bot write")
            return False
        except BadRequest as error:
            log.info("Telegram: a chat does not let the bot answer as it would: %s", error.message)
            if not with_picture:
                break
            with_picture = False
        except NetworkError as error:
            log.info("Telegram: the connection broke while answering: %s", error.message)
        except TelegramError as error:
            log.info("Telegram: %s", error.message)
            break
    log.warning("Telegram: a reply could not be sent")
    return False


async def edit_answer(message: Message, reply: Reply, owner_id: str) -> None:
    """Put a new answer in the place of the old one; a failure is said below it, and the old answer stays."""
    if reply.picture is None:
        await send_reply(message, reply)
        return
    picture = InputMediaPhoto(
        reply.picture, caption=html_of(reply, MessageLimit.CAPTION_LENGTH), parse_mode=ParseMode.HTML
    )
    try:
        await message.edit_media(picture, reply_markup=keyboard_of(reply, owner_id))
    except TelegramError as error:
        log.warning("Telegram: an answer could not be changed: %s", error.message)
