"""What a bad day of Discord, or a server's rules, do to the bot: whoever posts something hears something."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from bot.adapters.discord.messages import _DELAYS_S
from tests.bot.chats import Wired, discord_adapter, kept, nth, plain, running
from tests.support.discord_server import DiscordServer, Json, Request

SEND, EMBED, ATTACH, HISTORY = 1 << 11, 1 << 14, 1 << 15, 1 << 16
MANAGER = 1 << 5


def sends(server: DiscordServer, *, dm: bool = False) -> list[Request]:
    channel = server.dm_channel_id if dm else server.channel_id
    return [r for r in server.requests if (r.method, r.path) == ("POST", f"/channels/{channel}/messages")]


def downloads(server: DiscordServer) -> list[Request]:
    return [request for request in server.requests if "/attachments/" in request.path]


def menu_of(message: Json) -> Json:
    menu: Json = message["components"][0]["components"][0]
    return menu


async def test_nothing_is_done_where_the_bot_may_not_write(
    behind: Wired, track_mp3: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Ten files cost no download; whoever posted hears once, elsewhere, where it can be done."""
    caplog.set_level(logging.INFO, logger="bot")
    async with DiscordServer() as server:
        server.denied = SEND
        async with running(discord_adapter(behind, server)):
            for n in range(10):
                await server.post(attachments=[server.add_file(track_mp3, f"{n}.mp3")])
            await server.post("hello?", mentions_bot=True)
            await server.post("just talk")
            told = await server.wait_for("POST", f"/channels/{server.dm_channel_id}/messages")
            await asyncio.sleep(0.3)
            assert "I may not write in the channel" in plain(told.body)
            assert "/genre" in plain(told.body)
            assert len(sends(server, dm=True)) == 1
            assert downloads(server) == sends(server) == []
    assert caplog.text.count("the bot may not write in channel") == 1


async def test_what_is_forbidden_is_left_out_at_once(behind: Wired, track_mp3: bytes) -> None:
    async with DiscordServer() as server:
        server.denied = ATTACH | HISTORY
        async with running(discord_adapter(behind, server)):
            await server.post(attachments=[server.add_file(track_mp3)])
            answer = await server.wait_for("POST", f"/channels/{server.channel_id}/messages")
            assert "seconds 30 to 33" in plain(answer.body)
            assert answer.files == []
            assert "message_reference" not in answer.body
            assert len(sends(server)) == 1


async def test_ten_files_of_a_message_are_answered_together_in_their_order(
    discord_server: DiscordServer, track_mp3: bytes
) -> None:
    files = [discord_server.add_file(track_mp3[: 200_000 + n], f"{n}.mp3") for n in range(10)]
    files[4] = discord_server.add_file(b"no", "4.mp3")
    posted = await discord_server.post(attachments=files)
    answer = await discord_server.wait_for("POST", "/messages", with_files=True, timeout_s=30)
    cards = answer.body["embeds"]
    assert len(cards) == 10
    assert all(f"{n}.mp3" in plain({"content": card["description"]}) for n, card in enumerate(cards))
    assert [file.name for file in answer.files] == [card["image"]["url"][13:] for card in cards if "image" in card]
    assert len(answer.files) == 9
    assert str(answer.body["message_reference"]["message_id"]) == posted["id"]
    await asyncio.sleep(0.3)
    assert len([request for request in sends(discord_server) if "embeds" in request.body]) == 1
    message = next(m for m in discord_server.messages.values() if m["embeds"])
    assert [option["value"] for option in menu_of(message)["options"]] == [str(n) for n in range(10) if n != 4]
    await discord_server.press(message, menu_of(message)["custom_id"], values=["7"])
    alone = await discord_server.wait_for("PATCH", "@original", with_files=True)
    assert "of “7.mp3”" in plain(alone.body)
    assert alone.body["components"]


async def test_several_files_where_cards_are_forbidden(behind: Wired, track_mp3: bytes) -> None:
    async with DiscordServer() as server:
        server.denied = EMBED
        async with running(discord_adapter(behind, server)):
            await server.post(attachments=[server.add_file(track_mp3, f"{n}.mp3") for n in range(3)])
            answer = await server.wait_for("POST", "/messages", with_files=True)
            assert not answer.body.get("embeds")
            assert len(answer.files) == 3
            assert all(f"“{n}.mp3”" in plain(answer.body) for n in range(3))


async def test_the_menu_of_a_message_answers_its_files_together(
    discord_server: DiscordServer, track_mp3: bytes
) -> None:
    files = [discord_server.add_file(track_mp3, f"{n}.mp3") for n in range(2)]
    track = await discord_server.post(attachments=files, author_bot=True)
    await discord_server.menu("Identify genre", track)
    answer = await discord_server.wait_for("PATCH", "@original", with_files=True)
    assert len(answer.body["embeds"]) == len(answer.files) == 2


async def test_an_edit_is_looked_at_once(discord_server: DiscordServer, track_mp3: bytes) -> None:
    first = discord_server.add_file(track_mp3, "first.mp3")
    message = await discord_server.post("nothing yet")
    await discord_server.change(message, attachments=[first])
    await discord_server.wait_for("POST", "/messages")
    await discord_server.change(message, content="still that")
    await discord_server.change(message, embeds=[{"title": "a preview"}], edited=False)
    await asyncio.sleep(0.5)
    assert len(sends(discord_server)) == 1
    await discord_server.change(message, attachments=[first, discord_server.add_file(track_mp3, "second.mp3")])
    added = await discord_server.wait_for("POST", "/messages", number=2)
    assert "second.mp3" in plain(added.body)
    assert "first.mp3" not in plain(added.body)


async def test_an_edit_that_asks_is_heard(discord_server: DiscordServer, track_mp3: bytes) -> None:
    await discord_server.slash("mode", [{"name": "value", "type": 3, "value": "on-demand"}], permissions=MANAGER)
    await discord_server.wait_for("POST", "/webhooks/")
    message = await discord_server.post("listen", attachments=[discord_server.add_file(track_mp3)])
    await asyncio.sleep(0.3)
    assert sends(discord_server) == []
    bot = {"id": str(discord_server.bot_id), "username": "bot", "discriminator": "0", "avatar": None}
    await discord_server.change(message, content=f"<@{discord_server.bot_id}> listen", mentions=[bot])
    await discord_server.wait_for("POST", "/messages")


async def test_what_was_posted_before_the_start_is_not_answered_for_an_edit(behind: Wired, track_mp3: bytes) -> None:
    async with DiscordServer() as server:
        async with running(discord_adapter(behind, server)):
            old = await server.post(attachments=[server.add_file(track_mp3)])
            await server.wait_for("POST", "/messages")
        async with running(discord_adapter(behind, server)):
            await server.post("good morning")
            await server.change(old, content="corrected")
            await asyncio.sleep(0.5)
            assert len(sends(server)) == 1


async def test_a_broken_connection_is_one_line(
    discord_server: DiscordServer, track_mp3: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    await discord_server.post("hello")
    discord_server.gateway_refusals = 2
    await discord_server.drop()
    await asyncio.wait_for(discord_server._online.wait(), 60)
    await discord_server.post(attachments=[discord_server.add_file(track_mp3)])
    await discord_server.wait_for("POST", "/messages")
    tries = [record for record in caplog.records if "Attempting a reconnect" in record.getMessage()]
    assert tries
    assert all("\n" not in record.getMessage() and not record.exc_info for record in tries)
    assert "Traceback" not in caplog.text


async def test_an_event_that_cannot_be_read_is_passed_over(
    discord_server: DiscordServer, track_mp3: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    await discord_server.emit("MESSAGE_CREATE", {"id": "1", "content": "a secret"})
    await discord_server.emit("CHANNEL_UPDATE", {"type": "?"})
    await discord_server.post(attachments=[discord_server.add_file(track_mp3)])
    await discord_server.wait_for("POST", "/messages", timeout_s=4)
    assert caplog.text.count("cannot be read") == 2
    assert "secret" not in caplog.text
    assert len(discord_server.identifies) == 1


@pytest.mark.parametrize("with_file", [True, False])
async def test_the_bots_own_role_is_as_good_as_its_name(
    discord_server: DiscordServer, track_mp3: bytes, with_file: bool
) -> None:
    await discord_server.slash("mode", [{"name": "value", "type": 3, "value": "on-demand"}], permissions=MANAGER)
    await discord_server.wait_for("POST", "/webhooks/")
    role = str(discord_server.role_id)
    files = [discord_server.add_file(track_mp3)] if with_file else []
    await discord_server.post(f"<@&{role}> this?", attachments=files, mention_roles=[role])
    answer = await discord_server.wait_for("POST", "/messages")
    assert ("seconds 30 to 33" if with_file else "Send me music") in plain(answer.body)


async def test_replies_and_forwards_in_direct_messages(discord_server: DiscordServer, track_mp3: bytes) -> None:
    path = f"/channels/{discord_server.dm_channel_id}/messages"
    track = await discord_server.post(channel="dm", attachments=[discord_server.add_file(track_mp3, "mine.mp3")])
    await discord_server.wait_for("POST", path, number=1)
    await discord_server.post("and this one?", channel="dm", reference=track)
    again = await discord_server.wait_for("POST", path, number=2)
    assert "mine.mp3" in plain(again.body)
    words = await discord_server.post("only words", author_bot=True)
    await discord_server.post(channel="dm", forwarded=words)
    helped = await discord_server.wait_for("POST", path, number=3)
    assert "Send me music" in plain(helped.body)
    await discord_server.post("thanks", channel="dm", reference=next(
        m for m in discord_server.messages.values() if m["components"]
    ))  # fmt: skip
    await discord_server.wait_for("POST", path, number=4)


async def test_a_title_is_the_name_that_people_gave(discord_server: DiscordServer, track_mp3: bytes) -> None:
    await discord_server.post(attachments=[discord_server.add_file(track_mp3, "_.mp3", title="Ночь")])
    answer = await discord_server.wait_for("POST", "/messages")
    assert "“Ночь.mp3”" in plain(answer.body)


async def test_a_press_that_came_too_late_is_one_line(
    discord_server: DiscordServer, track_mp3: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    await discord_server.post(attachments=[discord_server.add_file(track_mp3)])
    await discord_server.wait_for("POST", "/messages")
    message = next(m for m in discord_server.messages.values() if m["components"])
    expired = {"code": 10062, "message": "Unknown interaction"}
    number = 0
    for row in message["components"]:
        for button in row["components"]:
            number += 1
            discord_server.fail("POST", "/callback", status=404, body=expired)
            await discord_server.press(message, button["custom_id"])
            await discord_server.wait_for("POST", "/callback", number=number)
    discord_server.fail("POST", "/callback", status=404, body=expired)
    await discord_server.slash("genres")
    await discord_server.wait_for("POST", "/callback", number=number + 1)
    await asyncio.sleep(0.2)
    assert caplog.text.count("came too late to be answered") == number + 1
    assert "Traceback" not in caplog.text


async def test_a_picture_over_the_servers_upload_limit_is_left_out(
    discord_server: DiscordServer, track_mp3: bytes
) -> None:
    too_large = {"code": 40005, "message": "Request entity too large"}
    discord_server.fail("POST", "/messages", status=413, body=too_large, times=2)
    await discord_server.post(attachments=[discord_server.add_file(track_mp3)])
    answer = await discord_server.wait_for("POST", "/messages", number=3)
    assert answer.files == []
    assert "seconds 30 to 33" in plain(answer.body)
    assert answer.body["components"]


@pytest.mark.parametrize("status", [500, 503])
async def test_a_short_outage_loses_no_answer(
    discord_server: DiscordServer, track_mp3: bytes, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.discord.messages._DELAYS_S", (0.05, 0.05))
    monkeypatch.setattr("asyncio.sleep", partial(_shortly, asyncio.sleep))
    discord_server.fail("POST", "/messages", status=status, body={"code": 0, "message": "oops"}, times=2)
    await discord_server.post(attachments=[discord_server.add_file(track_mp3)])
    answer = await discord_server.wait_for("POST", "/messages", number=3)
    assert answer.files
    assert answer.body["components"]


async def _shortly(sleep: Callable[[float], Awaitable[None]], delay_s: float) -> None:
    await sleep(min(delay_s, 0.1))  # discord.py has waits of its own between its tries


def test_tries_are_spread_over_half_a_minute() -> None:
    assert sum(_DELAYS_S) >= 30.0


_STICKER: dict[str, Any] = {"sticker_items": [{"id": "1", "name": "wave", "format_type": 1}]}
_POLL: dict[str, Any] = {
    "poll": {
        "question": {"text": "House or Techno?"},
        "answers": [{"answer_id": 1, "poll_media": {"text": "House"}}, {"answer_id": 2, "poll_media": {"text": "No"}}],
        "expiry": "2030-01-01T00:00:00+00:00",
        "allow_multiselect": False,
        "layout_type": 1,
    }
}


@pytest.mark.parametrize("fields", [_STICKER, _POLL])
async def test_stickers_and_polls_are_no_files(
    discord_server: DiscordServer, fields: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    await discord_server.post(**fields)
    await discord_server.post(channel="dm", **fields)
    helped = await discord_server.wait_for("POST", f"/channels/{discord_server.dm_channel_id}/messages")
    assert "Send me music" in plain(helped.body)
    assert sends(discord_server) == []
    assert "Traceback" not in caplog.text


async def test_a_download_that_breaks_off_goes_on(
    discord_server: DiscordServer, track_mp3: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.discord.media._DELAYS_S", (0.05,))
    file = discord_server.add_file(track_mp3)
    discord_server.break_off.add(file["id"])
    await discord_server.post(attachments=[file])
    answer = await discord_server.wait_for("POST", "/messages")
    assert "seconds 30 to 33" in plain(answer.body)
    assert len(downloads(discord_server)) == 2


async def test_quiet_says_nothing_before_the_answer(
    behind: Wired, track_mp3: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.progress.FIRST_WORD_AFTER_S", 0.0)
    async with DiscordServer() as server, running(discord_adapter(behind, server)):
        await server.slash("mode", [{"name": "value", "type": 3, "value": "quiet"}], permissions=MANAGER)
        await server.wait_for("POST", "/webhooks/")
        await server.post(attachments=[server.add_file(track_mp3)])
        await server.wait_for("POST", "/messages")
        assert len(sends(server)) == 1


async def test_that_there_is_too_much_is_said_once(behind: Wired, track_mp3: bytes) -> None:
    """Twenty files at once of somebody who may send ten."""
    async with DiscordServer() as server, running(discord_adapter(behind, server)):
        for n in range(20):
            await server.post(attachments=[server.add_file(track_mp3[: 200_000 + n], f"{n}.mp3")])
        await nth(lambda: [r for r in sends(server) if r.files], behind.settings.user_burst - 1)
        await asyncio.sleep(1.0)
        refusals = [r for r in sends(server) if "too fast" in plain(r.body) or "at once" in plain(r.body)]
        assert len(refusals) <= 1


async def test_a_person_deletes_what_they_left(discord_server: DiscordServer, behind: Wired, track_mp3: bytes) -> None:
    await discord_server.post(attachments=[discord_server.add_file(track_mp3)])
    await discord_server.wait_for("POST", "/messages")
    message = next(m for m in discord_server.messages.values() if m["components"])
    other = discord_server.user_id + 1
    for number, user_id in enumerate((discord_server.user_id, other), 1):
        await discord_server.press(message, message["components"][1]["components"][0]["custom_id"], user_id=user_id)
        await discord_server.wait_for("POST", "/webhooks/", number=number)
    before = {row.code for row in await kept(behind.storage)}
    assert len(before) == 2
    await discord_server.slash("forget")
    said = await discord_server.wait_for("POST", "/webhooks/", number=3)
    assert "what you said about answers is deleted" in plain(said.body)
    left = {row.code for row in await kept(behind.storage)}
    assert len(left) == 1
    await discord_server.slash("forget", [{"name": "value", "type": 3, "value": "me"}], user_id=other)
    await discord_server.wait_for("POST", "/webhooks/", number=4)
    assert await kept(behind.storage) == []
    await discord_server.slash("forget", [{"name": "value", "type": 3, "value": "chat"}])
    refused = await discord_server.wait_for("POST", "/webhooks/", number=5)
    assert "Only those who manage this chat" in plain(refused.body)
