"""Where on Telegram somebody speaks, as a `Conversation`."""

from telegram import ChatMember, ChatMemberUpdated, Message, User
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot.conversation import ANYBODY, Conversation, Platform


def conversation_of(message: Message, user: User | None, *, is_button: bool = False) -> Conversation:
    """Where a message or a press came from; a message may be in the name of a chat, a button is pressed by a person."""
    chat = message.chat
    is_private = chat.type == ChatType.PRIVATE
    sender = message.sender_chat if message.sender_chat and not is_button else user or chat
    user_id = sender.id

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


def owner_of(message: Message, conversation: Conversation) -> str:
    """Whose buttons stand under an answer. A press comes from a person: who wrote as a channel or as the group itself
    could never press, so there anybody may."""
    return ANYBODY if message.sender_chat else conversation.user_id


def conversation_of_change(change: ChatMemberUpdated) -> Conversation:
    """The group whose membership somebody changed; nothing can be set in this way."""
    user = change.from_user
    return Conversation(
        platform=Platform.TELEGRAM,
        id=str(change.chat.id),
        is_private=False,
        language=None,
        user_id=str(user.id),
        user_language=user.language_code,
        can_whisper=False,
        may_manage=_never,
    )


async def _never() -> bool:
    return False


def has_joined(change: ChatMemberUpdated) -> bool:
    """Whether a change of our membership means that we have just been brought into a chat."""
    present = {ChatMember.MEMBER, ChatMember.ADMINISTRATOR}
    return change.new_chat_member.status in present and change.old_chat_member.status not in present
