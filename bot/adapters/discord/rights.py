"""What the bot may do in a channel, known before anything is downloaded for it."""

from dataclasses import dataclass

import discord


@dataclass(frozen=True, slots=True)
class Rights:
    """`may_reply`: an answer may point at the message that it answers."""

    may_write: bool = True
    may_attach: bool = True
    may_embed: bool = True
    may_reply: bool = True


def rights_in(message: discord.Message) -> Rights:
    """The rights where a message stands. Where Discord has not told them, they are found out by trying."""
    guild, channel = message.guild, message.channel
    if guild is None or guild.me is None or isinstance(channel, discord.PartialMessageable):
        return Rights()
    try:
        held = channel.permissions_for(guild.me)
    except discord.ClientException:  # a thread whose channel is not known
        return Rights()
    is_thread = isinstance(channel, discord.Thread)
    may_write = held.send_messages_in_threads if is_thread else held.send_messages
    is_locked = isinstance(channel, discord.Thread) and channel.locked and not held.manage_threads
    return Rights(
        may_write=held.view_channel and may_write and not is_locked,
        may_attach=held.attach_files,
        may_embed=held.embed_links,
        may_reply=held.read_message_history,
    )
