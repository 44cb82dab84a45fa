"""The bot in simcord, a Discord in memory for the real discord.py: messages, commands, menus, buttons, errors."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any

import discord
import pytest
import simcord

from bot.adapters.discord.client import GenreClient
from bot.audio import IncomingAudio
from bot.connections import ConnectionState
from tests.bot.chats import Wired


@dataclass(frozen=True)
class Server:
    """A server with a channel, two people and a manager."""

    env: Any
    channel: Any
    anna: Any
    manager: Any
    outsider: Any


def _from_memory(attachment: discord.Attachment) -> IncomingAudio:
    """simcord's files have no address: they are read through discord.py."""

    async def fetch() -> AsyncGenerator[bytes, None]:
        yield await attachment.read()

    return IncomingAudio(attachment.filename, attachment.size, attachment.content_type, fetch)


def client(behind: Wired) -> GenreClient:
    return GenreClient(behind.settings, behind.assistant, behind.storage, ConnectionState(), reads_messages=True)


@pytest.fixture(autouse=True)
def _files_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GenreClient, "_audio", lambda _, attachment: _from_memory(attachment))


@contextlib.asynccontextmanager
async def in_memory(behind: Wired) -> AsyncIterator[Server]:
    """The bot on a server. No fixture: simcord wants to begin and end in one context."""
    async with simcord.run(client(behind), settle_timeout=20.0, shard_count=1) as env:
        guild = env.create_guild()
        channel = guild.create_text_channel("music")
        managers = guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
        anna = guild.add_member(env.create_user("anna"))
        manager = guild.add_member(env.create_user("manager"), roles=[managers])
        outsider = guild.add_member(env.create_user("outsider"))
        yield Server(env, channel, anna, manager, outsider)


def words_of(message: Any) -> str:
    """What a message says, in a card or without one."""
    return "\n".join(card.description for card in message.embeds) or str(message.content)


async def test_a_posted_track_is_answered_with_a_described_picture(behind: Wired, track_mp3: bytes) -> None:
    async with in_memory(behind) as server:
        posted = await server.anna.send(server.channel, "new one", attachments=[("night.mp3", track_mp3)])
        reply = server.channel.last_message
        assert reply.reference.message_id == posted.id
        assert "seconds 30 to 33" in words_of(reply)
        (picture,) = reply.attachments
        assert picture.description.startswith("Mel spectrogram of seconds 30 to 33")
        assert (await picture.read()).startswith(b"\x89PNG")


async def test_a_text_message_is_passed_over(behind: Wired) -> None:
    async with in_memory(behind) as server:
        posted = await server.anna.send(server.channel, "good morning", attachments=[("notes.txt", b"hello")])
        assert server.channel.last_message.id == posted.id


async def test_slash_genre_and_its_button(behind: Wired, track_mp3: bytes) -> None:
    async with in_memory(behind) as server:
        result = await server.anna.slash(server.channel, "genre", track=("night.mp3", track_mp3), offset="5")
        assert "seconds 5 to 8" in words_of(result.response)
        assert not result.ephemeral
        await server.anna.click(server.channel.last_message, label="Another part")
        assert "seconds 20 to 23" in words_of(server.channel.last_message)
        assert len(server.channel.last_message.attachments) == 1


async def test_a_button_of_before_a_restart_whose_file_came_with_a_command(behind: Wired, track_mp3: bytes) -> None:
    async with in_memory(behind) as server:
        await server.anna.slash(server.channel, "genre", track=("night.mp3", track_mp3))
        await server.env.restart_bot(client(behind))
        result = await server.anna.click(server.channel.last_message, label="Another part")
        assert "The file is no longer there." in words_of(result.followups[-1])
        assert "seconds 30 to 33" in words_of(server.channel.last_message)


async def test_the_menu_of_a_message(behind: Wired, track_mp3: bytes) -> None:
    async with in_memory(behind) as server:
        posted = await server.anna.send(server.channel, "x", attachments=[("night.mp3", track_mp3)])
        result = await server.manager.context_menu(server.channel, "Identify genre", posted)
        assert "seconds 30 to 33" in words_of(result.response)


async def test_only_managers_change_settings_and_nobody_else_reads_it(behind: Wired) -> None:
    async with in_memory(behind) as server:
        refused = await server.anna.slash(server.channel, "offset", value="12")
        assert refused.ephemeral
        assert "Only those who manage this chat" in words_of(refused.response)
        done = await server.manager.slash(server.channel, "offset", value="0:12")
        assert done.ephemeral
        assert "after second 12." in words_of(done.response)
        shown = await server.anna.slash(server.channel, "offset")
        assert "after second 12." in words_of(shown.response)
        reset = await server.manager.slash(server.channel, "offset", value="reset")
        assert "after second 30." in words_of(reset.response)


async def test_somebody_elses_button(behind: Wired, track_mp3: bytes) -> None:
    async with in_memory(behind) as server:
        await server.anna.send(server.channel, "x", attachments=[("night.mp3", track_mp3)])
        before = words_of(server.channel.last_message)
        result = await server.outsider.click(server.channel.last_message, label="Another part")
        assert "That button belongs to whoever asked." in words_of(result.followups[-1])
        assert words_of(server.channel.last_message) == before
        await server.manager.click(server.channel.last_message, label="Another part")
        assert words_of(server.channel.last_message) != before


async def test_a_channel_without_rights_to_send_files(behind: Wired, track_mp3: bytes) -> None:
    async with in_memory(behind) as server:
        for _ in ("cards", "files"):
            server.env.inject_error(
                "POST", "/channels/*/messages", status=403, code=50013, message="Missing Permissions"
            )
        await server.anna.send(server.channel, "x", attachments=[("night.mp3", track_mp3)])
        assert "seconds 30 to 33" in words_of(server.channel.last_message)
        assert server.channel.last_message.attachments == []
