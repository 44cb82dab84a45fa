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
from bot.health import ConnectionState
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
    return GenreClient(behind.settings, behind.assistant, behind.storage, [], ConnectionState(), reads_messages=True)


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


async def test_a_posted_track_is_answered_with_a_described_picture(behind: Wired, track_mp3: bytes) -> None:
    async with in_memory(behind) as server:
        posted = await server.anna.send(server.channel, "new one", attachments=[("night.mp3", track_mp3)])
        reply = server.channel.last_message
        assert reply.reference.message_id == posted.id
        assert "seconds 30 to 33" in reply.content
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
        assert "seconds 5 to 8" in result.response.content
        assert not result.ephemeral
        await server.anna.click(server.channel.last_message, label="Another part")
        assert "seconds 20 to 23" in server.channel.last_message.content
        assert len(server.channel.last_message.attachments) == 1


async def test_a_button_of_before_a_restart_whose_file_came_with_a_command(behind: Wired, track_mp3: bytes) -> None:
    async with in_memory(behind) as server:
        await server.anna.slash(server.channel, "genre", track=("night.mp3", track_mp3))
        await server.env.restart_bot(client(behind))
        result = await server.anna.click(server.channel.last_message, label="Another part")
        assert "The file is no longer there." in result.followups[-1].content
        assert "seconds 30 to 33" in server.channel.last_message.content


async def test_the_menu_of_a_message(behind: Wired, track_mp3: bytes) -> None:
    async with in_memory(behind) as server:
        posted = await server.anna.send(server.channel, "x", attachments=[("night.mp3", track_mp3)])
        result = await server.manager.context_menu(server.channel, "Identify genre", posted)
        assert "seconds 30 to 33" in result.response.content


async def test_only_managers_change_settings_and_nobody_else_reads_it(behind: Wired) -> None:
    async with in_memory(behind) as server:
        refused = await server.anna.slash(server.channel, "offset", value="12")
        assert refused.ephemeral
        assert "Only those who manage this chat" in refused.response.content
        done = await server.manager.slash(server.channel, "offset", value="0:12")
        assert done.ephemeral
        assert "after second 12." in done.response.content
        shown = await server.anna.slash(server.channel, "offset")
        assert "after second 12." in shown.response.content
        reset = await server.manager.slash(server.channel, "offset", value="reset")
        assert "after second 30." in reset.response.content


async def test_somebody_elses_button(behind: Wired, track_mp3: bytes) -> None:
    async with in_memory(behind) as server:
        await server.anna.send(server.channel, "x", attachments=[("night.mp3", track_mp3)])
        before = server.channel.last_message.content
        result = await server.outsider.click(server.channel.last_message, label="Another part")
        assert "That button belongs to whoever asked." in result.followups[-1].content
        assert server.channel.last_message.content == before
        await server.manager.click(server.channel.last_message, label="Another part")
        assert server.channel.last_message.content != before


async def test_a_channel_without_rights_to_send_files(behind: Wired, track_mp3: bytes) -> None:
    async with in_memory(behind) as server:
        server.env.inject_error("POST", "/channels/*/messages", status=403, code=50013, message="Missing Permissions")
        await server.anna.send(server.channel, "x", attachments=[("night.mp3", track_mp3)])
        assert "seconds 30 to 33" in server.channel.last_message.content
        assert server.channel.last_message.attachments == []
