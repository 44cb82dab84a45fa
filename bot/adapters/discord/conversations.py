"""Where on Discord somebody speaks, as a `Conversation`."""

from dataclasses import replace
from typing import Any

import discord
from cachetools import LRUCache

from bot.conversation import Conversation, Platform

_REMEMBERED = 10_000


class Conversations:
    """Makes them, and remembers people's languages: Discord tells those only with commands and buttons."""

    def __init__(self) -> None:
        self._locales: LRUCache[int, str] = LRUCache(_REMEMBERED)

    def of_interaction(self, interaction: discord.Interaction) -> Conversation:
        """Where an interaction comes from. Used as a personal app, settings follow the person, not the channel."""
        self._locales[interaction.user.id] = interaction.locale.value
        is_personal = interaction.is_user_integration() and not interaction.is_guild_integration()
        is_here = interaction.guild_id is not None and not is_personal
        language = interaction.guild_locale if interaction.guild_id is not None else interaction.locale

        async def may_manage() -> bool:
            rights = interaction.permissions
            return not is_here or rights.manage_guild or rights.manage_channels

        return Conversation(
            platform=Platform.DISCORD,
            id=str(_settled_channel_id(interaction.channel)) if is_here else f"user:{interaction.user.id}",
            is_private=not is_here,
            language=(language or interaction.locale).value,
            user_id=str(interaction.user.id),
            user_language=interaction.locale.value,
            can_whisper=True,
            may_manage=may_manage,
        )

    def of_message(self, message: discord.Message) -> Conversation:
        """Where a message was written."""
        guild, private = message.guild, self.of_person(message.author.id)
        if guild is None:
            return private

        async def may_manage() -> bool:
            return False

        return replace(
            private,
            id=str(_settled_channel_id(message.channel)),
            is_private=False,
            language=guild.preferred_locale.value,
            may_manage=may_manage,
        )

    def of_person(self, user_id: int) -> Conversation:
        """The direct messages with somebody."""
        locale = self._locales.get(user_id)

        async def may_manage() -> bool:
            return True

        return Conversation(
            platform=Platform.DISCORD,
            id=f"user:{user_id}",
            is_private=True,
            language=locale,
            user_id=str(user_id),
            user_language=locale,
            can_whisper=False,
            may_manage=may_manage,
        )


def _settled_channel_id(channel: Any) -> int:
    """The channel whose settings hold: for a thread, that of its parent."""
    return int(channel.parent_id if isinstance(channel, discord.Thread) else channel.id)
