"""The bot on Discord over real sockets: login, gateway, multipart uploads, reconnection, refusals."""

import asyncio
import io
import logging
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.adapters.discord.buttons import Source, choice_view, view_of
from bot.assistant import CommandName
from bot.replies import PartButton, Reply, genre_choices, vote_buttons
from bot.texts import texts_in
from bot.votes import NONE_OF_THEM, Verdict, Vote
from classifier.genres import GENRES, SLUGS
from classifier.palette import colour_of
from config import Settings
from tests.bot.chats import Wired, discord_adapter, kept, marked, nth, plain, running, wired
from tests.bot.conftest import WarmPool
from tests.support.audio import dance_track, encode
from tests.support.discord_server import DiscordServer, Request
from tests.support.processes import freeze, worker_pids

MANAGER = 1 << 5


def sends(server: DiscordServer) -> list[Request]:
    return [r for r in server.requests if r.method == "POST" and r.path.endswith("/messages")]


def button_of(message: dict[str, Any]) -> str:
    return str(message["components"][0]["components"][0]["custom_id"])


def votes_of(message: dict[str, Any]) -> list[str]:
    return [str(button["custom_id"]) for button in message["components"][1]["components"]]


def answers(server: DiscordServer) -> list[dict[str, Any]]:
    """The bot's messages that have a button, as they are now."""
    return [message for message in server.messages.values() if message["components"]]


async def test_audio_is_answered_by_a_reply_with_a_described_picture(
    discord_server: DiscordServer, track_mp3: bytes
) -> None:
    name = "**@everyone** _x_ <@1>.mp3"
    posted = await discord_server.post("listen!", attachments=[discord_server.add_file(track_mp3, name)])
    request = await discord_server.wait_for("POST", f"/channels/{discord_server.channel_id}/messages")
    assert str(request.body["message_reference"]["message_id"]) == posted["id"]
    assert request.body["message_reference"]["fail_if_not_exists"] is False
    assert request.body["allowed_mentions"]["parse"] == []
    assert request.body["allowed_mentions"].get("replied_user", False) is False
    (picture,) = request.files
    assert Image.open(io.BytesIO(picture.content)).size == (960, 540)
    assert "Mel spectrogram of seconds 30 to 33" in str(picture.description)
    (card,) = request.body["embeds"]
    assert "image" not in card  # there its description would not be read
    assert f"#{card['color']:06x}" in {colour_of(slug) for slug in SLUGS}
    content = card["description"]
    assert content.startswith("**")
    assert "@everyone" not in content  # broken up, so that nobody is pinged
    assert r"\_x\_" in content
    assert any(f"{genre.emoji} {genre.name}" in plain(request.body) for genre in GENRES)
    assert [r for r in discord_server.requests if r.path.endswith("/typing")]


async def test_several_files_are_each_answered_or_refused_by_name(
    discord_server: DiscordServer, track_mp3: bytes
) -> None:
    files = [
        discord_server.add_file(track_mp3, "one.mp3"),
        discord_server.add_file(b"no", "two.mp3"),
        discord_server.add_file(b"hello", "readme.txt", "text/plain"),
        discord_server.add_file(b"PNG", "cover.png", "image/png"),
        discord_server.add_file(encode(dance_track(5.0), "FLAC"), "three.flac", "audio/flac"),
    ]
    await discord_server.post(attachments=files)
    request = await discord_server.wait_for("POST", "/messages")
    one, two, three = (plain({"content": card["description"]}) for card in request.body["embeds"])
    assert "of “one.mp3”" in one
    assert "two.mp3: This is not audio" in two
    assert "of “three.flac”" in three


async def test_direct_messages_are_answered_or_explained(discord_server: DiscordServer, track_mp3: bytes) -> None:
    await discord_server.post(channel="dm", attachments=[discord_server.add_file(track_mp3)])
    await discord_server.wait_for("POST", f"/channels/{discord_server.dm_channel_id}/messages", number=1)
    await discord_server.post(channel="dm", attachments=[discord_server.add_file(b"x", "a.txt", "text/plain")])
    refused = await discord_server.wait_for("POST", f"/channels/{discord_server.dm_channel_id}/messages", number=2)
    assert "This is not audio" in plain(refused.body)
    await discord_server.post("hi", channel="dm")
    helped = await discord_server.wait_for("POST", f"/channels/{discord_server.dm_channel_id}/messages", number=3)
    assert "Send me music" in plain(helped.body)


async def test_other_bots_are_ignored(discord_server: DiscordServer, track_mp3: bytes) -> None:
    await discord_server.post(attachments=[discord_server.add_file(track_mp3)], author_bot=True)
    await asyncio.sleep(0.4)
    assert sends(discord_server) == []


async def test_a_mention_asks_for_the_file_beside_it_or_replied_to(
    discord_server: DiscordServer, track_mp3: bytes
) -> None:
    await discord_server.slash("mode", [{"name": "value", "type": 3, "value": "on-demand"}], permissions=MANAGER)
    await discord_server.wait_for("POST", "/webhooks/")
    posted = await discord_server.post(attachments=[discord_server.add_file(track_mp3)])
    await asyncio.sleep(0.4)
    assert sends(discord_server) == []
    await discord_server.post(attachments=[discord_server.add_file(track_mp3)], mentions_bot=True)
    await discord_server.wait_for("POST", "/messages", number=1)
    await discord_server.post(f"<@{discord_server.bot_id}> and this?", mentions_bot=True, reference=posted)
    await discord_server.wait_for("POST", "/messages", number=2)
    await discord_server.post("help", mentions_bot=True)
    helped = await discord_server.wait_for("POST", "/messages", number=3)
    assert "Send me music" in plain(helped.body)


async def test_slash_genre_defers_first_and_then_answers(discord_server: DiscordServer, track_mp3: bytes) -> None:
    file = discord_server.add_file(track_mp3)
    options = [
        {"name": "track", "type": 11, "value": file["id"]},
        {"name": "offset", "type": 3, "value": "0:12.5"},
    ]
    await discord_server.slash("genre", options, {"attachments": {file["id"]: file}}, locale="es-ES")
    deferred = await discord_server.wait_for("POST", "/callback")
    assert deferred.body["type"] == 5
    answer = await discord_server.wait_for("PATCH", "@original", with_files=True)
    assert "seconds 12.5 to 15.5" in plain(answer.body)  # public, so in the server's language
    assert answer.files[0].description
    message = answers(discord_server)[-1]
    await discord_server.press(message, button_of(message))
    again = await discord_server.wait_for("PATCH", "@original", with_files=True, number=2)
    assert "seconds 27.5 to 30.5" in plain(again.body)


@pytest.mark.parametrize(("locale", "language"), [("en-US", "en"), ("es-ES", "es"), ("es-419", "es"), ("fr", "en")])
async def test_words_for_one_person_are_in_that_persons_language(
    discord_server: DiscordServer, locale: str, language: str
) -> None:
    for number, (name, key) in enumerate(
        [
            ("genres", "genres-heading"),
            ("help", "help-heading"),
            ("privacy", "privacy-heading"),
            ("about", "about-limits"),
        ],
        start=1,
    ):
        await discord_server.slash(name, locale=locale)
        answer = await discord_server.wait_for("POST", "/webhooks/", number=number)
        assert texts_in(language)(key) in plain(answer.body)
        callback = await discord_server.wait_for("POST", "/callback", number=number)
        assert callback.body["data"]["flags"] == 64  # ephemeral


async def test_public_answers_are_in_the_servers_language(behind: Wired, track_mp3: bytes) -> None:
    async with DiscordServer() as server:
        server.guild_locale = "es-ES"
        async with running(discord_adapter(behind, server)):
            await server.post(attachments=[server.add_file(track_mp3)])
            answer = await server.wait_for("POST", "/messages")
    assert "del segundo 30 al 33" in plain(answer.body)


async def test_the_settings_of_a_channel_hold_for_it_alone(discord_server: DiscordServer, track_mp3: bytes) -> None:
    await discord_server.slash("offset", [{"name": "value", "type": 3, "value": "10"}], permissions=MANAGER)
    await discord_server.wait_for("POST", "/webhooks/", number=1)
    await discord_server.post(attachments=[discord_server.add_file(track_mp3)])
    here = await discord_server.wait_for("POST", "/messages", number=1)
    assert "seconds 10 to 13" in plain(here.body)
    await discord_server.post(channel="dm", attachments=[discord_server.add_file(track_mp3)])
    there = await discord_server.wait_for("POST", "/messages", number=2)
    assert "seconds 30 to 33" in plain(there.body)


async def test_where_three_seconds_are_not_enough_both_are_said(hesitant: Wired, track_mp3: bytes) -> None:
    async with DiscordServer() as server, running(discord_adapter(hesitant, server)):
        await server.post(attachments=[server.add_file(track_mp3)])
        heard = await server.wait_for("POST", "/messages", number=1)
        await server.slash("listen", [{"name": "value", "type": 3, "value": "off"}], permissions=MANAGER)
        done = await server.wait_for("POST", "/webhooks/")
        await server.post(attachments=[server.add_file(track_mp3)])
        alone = await server.wait_for("POST", "/messages", number=2)
    assert marked(heard.body).startswith("**Over the track: ")
    assert "Seconds 30 to 33 alone: not sure, " in plain(heard.body)
    assert str(heard.files[0].description).startswith("Mel spectrogram of seconds 30 to 33")
    assert plain(done.body) == texts_in("en")("listen-off")
    assert marked(alone.body).startswith("**Not sure: perhaps ")


async def test_a_personal_app_follows_the_person_and_needs_no_rights(discord_server: DiscordServer) -> None:
    value = [{"name": "value", "type": 3, "value": "10"}]
    await discord_server.slash("offset", value, as_user_app=True)
    done = await discord_server.wait_for("POST", "/webhooks/", number=1)
    assert "after second 10." in plain(done.body)
    await discord_server.slash("offset", guild=False, context=2)
    shown = await discord_server.wait_for("POST", "/webhooks/", number=2)
    assert "after second 10." in plain(shown.body)
    await discord_server.slash("offset")
    untouched = await discord_server.wait_for("POST", "/webhooks/", number=3)
    assert "after second 30." in plain(untouched.body)


async def test_the_menu_of_a_message_names_its_files(discord_server: DiscordServer, track_mp3: bytes) -> None:
    posted = await discord_server.post("old one", attachments=[discord_server.add_file(track_mp3)], author_bot=True)
    await discord_server.menu("Identify genre", posted)
    answer = await discord_server.wait_for("PATCH", "@original", with_files=True)
    assert "seconds 30 to 33" in plain(answer.body)


async def restarted(
    server: DiscordServer, settings: Settings, warm_pool: WarmPool, tmp_path: Path, track_mp3: bytes
) -> Wired:
    """A second bot on the database of a first one that has answered a file and is gone."""
    first = await wired(settings, await warm_pool(), tmp_path)
    async with running(discord_adapter(first, server)):
        await server.post(attachments=[server.add_file(track_mp3)])
        await server.wait_for("POST", "/messages")
    await first.storage.close()
    return await wired(settings, await warm_pool(), tmp_path)


async def test_a_button_works_after_a_restart(
    settings: Settings, warm_pool: WarmPool, tmp_path: Path, track_mp3: bytes
) -> None:
    async with DiscordServer() as server:
        again = await restarted(server, settings, warm_pool, tmp_path, track_mp3)
        async with running(discord_adapter(again, server)):
            message = answers(server)[-1]
            await server.press(message, button_of(message))
            edited = await server.wait_for("PATCH", "@original")
            assert "seconds 37 to 40" in plain(edited.body) or "seconds 45" in plain(edited.body)
            assert len(edited.files) == 1
        await again.storage.close()
        registrations = [r for r in server.requests if r.method == "PUT" and r.path.endswith("/commands")]
        assert len(registrations) == 1  # the second start found them unchanged


async def test_the_commands_are_described_in_both_languages(discord_server: DiscordServer) -> None:
    request = await discord_server.wait_for("PUT", "/commands")
    told = {command["name"]: command for command in request.body}
    assert set(told) == {*CommandName, "Identify genre"}
    spanish = texts_in("es")
    for name in CommandName:
        assert told[name]["description"] == texts_in("en")(f"command-{name}")
        assert told[name]["description_localizations"]["es-ES"] == spanish(f"command-{name}")
        assert told[name]["contexts"] == [0, 1, 2]
        assert told[name]["integration_types"] == [0, 1]
    assert told["Identify genre"]["name_localizations"]["es-419"] == spanish("command-menu")
    (feedback,) = told["privacy"]["options"]
    assert [choice["value"] for choice in feedback["choices"]] == ["on", "off"]
    for name, choices in (("language", ["en", "es", "pt", "auto"]), ("listen", ["on", "off", "auto"])):
        (value,) = told[name]["options"]
        assert [choice["value"] for choice in value["choices"]] == choices
    option = {o["name"]: o for o in told["genre"]["options"]}["track"]
    assert option["description_localizations"]["es-ES"] == spanish("command-genre-track")
    assert option["description_localizations"]["pt-BR"] == texts_in("pt")("command-genre-track")


async def test_it_comes_back_after_the_connection_broke(discord_server: DiscordServer, track_mp3: bytes) -> None:
    await discord_server.post(attachments=[discord_server.add_file(track_mp3)])
    await discord_server.wait_for("POST", "/messages", number=1)
    await discord_server.drop()
    await discord_server.post(attachments=[discord_server.add_file(track_mp3, "again.mp3")])
    answer = await discord_server.wait_for("POST", "/messages", number=2)
    assert "again.mp3" in plain(answer.body)
    assert discord_server.resumes == 1


async def test_without_the_message_content_intent_it_answers_when_asked(
    behind: Wired, track_mp3: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with DiscordServer() as server:
        server.refuse_message_content = True
        async with running(discord_adapter(behind, server)):
            await server.post(attachments=[server.add_file(track_mp3)])
            posted = await server.post(attachments=[server.add_file(track_mp3)], mentions_bot=True)
            answer = await server.wait_for("POST", "/messages")
            assert str(answer.body["message_reference"]["message_id"]) == posted["id"]
            await asyncio.sleep(0.3)
            assert len(sends(server)) == 1
    assert "the message content intent is not granted" in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_channel_that_forbids_files_gets_the_words(discord_server: DiscordServer, track_mp3: bytes) -> None:
    refused = {"message": "Missing Permissions", "code": 50013}  # which of them it does not say
    discord_server.fail("POST", "/messages", status=403, body=refused, times=2)
    await discord_server.post(attachments=[discord_server.add_file(track_mp3)])
    answer = await discord_server.wait_for("POST", "/messages", number=3)
    assert answer.files == []
    assert "seconds 30 to 33" in plain(answer.body)


async def test_commands_that_cannot_be_registered_do_not_stop_the_bot(
    behind: Wired, track_mp3: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with DiscordServer() as server:
        server.fail("PUT", "/commands", status=403, body={"message": "Missing Access", "code": 50001})
        async with running(discord_adapter(behind, server)):
            await server.post(attachments=[server.add_file(track_mp3)])
            await server.wait_for("POST", "/messages")
    assert "the commands could not be registered" in caplog.text


async def test_a_wrong_token_is_one_clear_line(behind: Wired, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="bot")
    async with DiscordServer() as server:
        adapter = discord_adapter(behind, server)
        server.token = "another"
        async with running(adapter):
            for _ in range(100):
                if "trying again" in caplog.text:
                    break
                await asyncio.sleep(0.05)
    assert "Discord: DISCORD_TOKEN is refused" in caplog.text
    assert "fake.discord.token" not in caplog.text


async def test_a_forwarded_track_is_answered(discord_server: DiscordServer, track_mp3: bytes) -> None:
    elsewhere = await discord_server.post(
        attachments=[discord_server.add_file(track_mp3, "there.mp3")], channel="dm", author_bot=True
    )
    posted = await discord_server.post(forwarded=elsewhere)
    answer = await discord_server.wait_for("POST", f"/channels/{discord_server.channel_id}/messages")
    assert "of “there.mp3”" in plain(answer.body)
    assert str(answer.body["message_reference"]["message_id"]) == posted["id"]


async def test_people_learn_their_place_in_the_queue(behind: Wired, track_mp3: bytes) -> None:
    async with DiscordServer() as server, running(discord_adapter(behind, server)):
        pids = worker_pids()
        for pid in pids:
            freeze(pid)
        files = [server.add_file(track_mp3[: 200_000 + n], f"{n}.mp3") for n in range(3)]
        for file in files:
            await server.post(attachments=[file])
        await nth(lambda: [m for m in server.messages.values() if "In the queue: 1 before" in m["content"]], 0)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        await nth(lambda: [request for request in server.requests if request.method == "DELETE"], 2)
        assert sum(bool(message["attachments"]) for message in answers(server)) == 3


async def test_talk_about_an_answer_is_left_alone(discord_server: DiscordServer, track_mp3: bytes) -> None:
    await discord_server.post(attachments=[discord_server.add_file(track_mp3)])
    await discord_server.wait_for("POST", "/messages")
    await discord_server.post("haha nice", reference=answers(discord_server)[-1], mentions_bot=True)
    await asyncio.sleep(0.4)
    assert len(sends(discord_server)) == 1


async def test_the_button_finds_the_file_that_a_mention_replied_to(
    discord_server: DiscordServer, track_mp3: bytes
) -> None:
    track = await discord_server.post(
        attachments=[discord_server.add_file(track_mp3)], author_bot=True, user_id=discord_server.user_id + 1
    )
    mention = f"<@{discord_server.bot_id}> what is this?"
    await discord_server.post(mention, mentions_bot=True, reference=track)
    await discord_server.wait_for("POST", "/messages")
    message = answers(discord_server)[-1]
    await discord_server.press(message, button_of(message))
    edited = await discord_server.wait_for("PATCH", "@original")
    assert edited.files


async def test_the_button_works_where_files_of_others_are_hidden(
    discord_server: DiscordServer, track_mp3: bytes
) -> None:
    track = await discord_server.post(attachments=[discord_server.add_file(track_mp3)], author_bot=True)
    await discord_server.menu("Identify genre", track)
    await discord_server.wait_for("PATCH", "@original")
    discord_server.messages[int(track["id"])]["attachments"] = []  # as Discord shows it without the intent
    message = answers(discord_server)[-1]
    await discord_server.press(message, button_of(message))
    assert (await discord_server.wait_for("PATCH", "@original", number=2)).files


async def test_a_personal_apps_button_is_its_owners_alone(discord_server: DiscordServer, track_mp3: bytes) -> None:
    track = await discord_server.post(attachments=[discord_server.add_file(track_mp3)], author_bot=True)
    await discord_server.menu("Identify genre", track, as_user_app=True)
    await discord_server.wait_for("PATCH", "@original")
    message = answers(discord_server)[-1]
    await discord_server.press(message, button_of(message), user_id=discord_server.user_id + 1, as_user_app=True)
    refused = await discord_server.wait_for("POST", "/webhooks/")
    assert "That button belongs to whoever asked." in plain(refused.body)


async def test_where_replies_are_not_allowed_it_answers_without_one(
    discord_server: DiscordServer, track_mp3: bytes
) -> None:
    missing = {"code": 160002, "message": "Cannot reply without permission to read message history"}
    discord_server.fail("POST", "/messages", status=403, body=missing)
    await discord_server.post(attachments=[discord_server.add_file(track_mp3)])
    answer = await discord_server.wait_for("POST", "/messages", number=2)
    assert "message_reference" not in answer.body
    assert answer.files


async def test_an_answer_whose_picture_is_refused_comes_in_words(
    discord_server: DiscordServer, track_mp3: bytes
) -> None:
    track = await discord_server.post(attachments=[discord_server.add_file(track_mp3)], author_bot=True)
    too_large = {"code": 40005, "message": "Request entity too large"}
    discord_server.fail("PATCH", "@original", status=413, body=too_large, times=2)
    await discord_server.menu("Identify genre", track)
    answer = await discord_server.wait_for("PATCH", "@original", number=3)
    assert answer.files == []
    assert "seconds 30 to 33" in plain(answer.body)


async def test_a_command_that_is_no_longer_ours_is_answered(discord_server: DiscordServer) -> None:
    await discord_server.slash("detect")
    answer = await discord_server.wait_for("POST", "/callback")
    assert "Something went wrong on our side." in plain(answer.body["data"])


async def test_a_refusal_in_a_persons_language_is_not_shown_to_all(discord_server: DiscordServer) -> None:
    text = await discord_server.post("no file")
    await discord_server.menu("Identify genre", text, locale="es-ES")
    callback = await discord_server.wait_for("POST", "/callback")
    assert callback.body["data"]["flags"] == 64
    assert "En ese mensaje no hay audio." in plain((await discord_server.wait_for("POST", "/webhooks/")).body)


async def test_a_whole_track_by_command_and_by_button(discord_server: DiscordServer, track_mp3: bytes) -> None:
    file = discord_server.add_file(track_mp3)
    options = [{"name": "track", "type": 11, "value": file["id"]}]
    await discord_server.slash("track", options, {"attachments": {file["id"]: file}})
    answer = await discord_server.wait_for("PATCH", "@original", with_files=True)
    assert "Listened to 13 windows" in plain(answer.body)
    assert "Timeline of the track" in str(answer.files[0].description)
    await discord_server.post(attachments=[discord_server.add_file(track_mp3)])
    await discord_server.wait_for("POST", "/messages")
    message = answers(discord_server)[-1]
    await discord_server.press(message, message["components"][0]["components"][1]["custom_id"])
    edited = await discord_server.wait_for("PATCH", "@original", with_files=True, number=2)
    assert "Listened to 13 windows" in plain(edited.body)


async def test_thumbs_up_is_kept_and_thanked_for_in_private(
    discord_server: DiscordServer, behind: Wired, track_mp3: bytes
) -> None:
    await discord_server.post(attachments=[discord_server.add_file(track_mp3)])
    await discord_server.wait_for("POST", "/messages")
    message = answers(discord_server)[-1]
    assert [b["label"] for b in message["components"][1]["components"]] == ["👍 Right", "👎 Wrong"]
    right, _ = votes_of(message)
    someone_else = discord_server.user_id + 1  # anybody may vote, not only whoever posted the file
    await discord_server.press(message, right, user_id=someone_else, locale="es-ES")
    thanks = await discord_server.wait_for("POST", "/webhooks/")
    assert plain(thanks.body) == texts_in("es")("vote-thanks")
    assert thanks.body["flags"] == 64
    assert [(row.platform, row.start_s, row.verdict) for row in await kept(behind.storage)] == [
        ("discord", 30.0, "right")
    ]
    assert answers(discord_server)[-1]["components"] == message["components"]


async def test_thumbs_up_under_none_of_the_genres_says_that_it_is_none(strict: Wired, track_mp3: bytes) -> None:
    async with DiscordServer() as server, running(discord_adapter(strict, server)):
        await server.post(attachments=[server.add_file(track_mp3)])
        await server.wait_for("POST", "/messages")
        message = answers(server)[-1]
        assert texts_in("en")("result-unfamiliar-over-track") in plain(message)
        right, wrong = votes_of(message)
        await server.press(message, right)
        await server.wait_for("POST", "/webhooks/")
        assert {(row.predicted, row.verdict) for row in await kept(strict.storage)} == {(NONE_OF_THEM, "right")}
        await server.press(message, wrong)
        await server.wait_for("POST", "/webhooks/", number=2)
        question = answers(server)[-1]
        menu = question["components"][0]["components"][0]
        assert [option["value"] for option in menu["options"]] == list(SLUGS)
        await server.press(question, menu["custom_id"], values=["techno"])
        await server.wait_for("PATCH", "@original")
        assert {(row.predicted, row.corrected) for row in await kept(strict.storage)} == {(NONE_OF_THEM, "techno")}


async def test_thumbs_down_asks_what_it_is_even_after_a_restart(
    settings: Settings, warm_pool: WarmPool, tmp_path: Path, track_mp3: bytes
) -> None:
    async with DiscordServer() as server:
        again = await restarted(server, settings, warm_pool, tmp_path, track_mp3)
        async with running(discord_adapter(again, server)):
            message = answers(server)[-1]
            await server.press(message, votes_of(message)[1])
            asked = await server.wait_for("POST", "/webhooks/")
            assert plain(asked.body) == texts_in("en")("vote-question")
            assert asked.body["flags"] == 64
            assert [(row.verdict, row.corrected) for row in await kept(again.storage)] == [("wrong", None)]
        third = await wired(settings, await warm_pool(), tmp_path)
        async with running(discord_adapter(third, server)):
            question = answers(server)[-1]
            menu = question["components"][0]["components"][0]
            assert len(menu["options"]) == len(GENRES)  # without the one that is wrong, with none of them
            await server.press(question, menu["custom_id"], values=[NONE_OF_THEM])
            thanks = await server.wait_for("PATCH", "@original")
            assert plain(thanks.body) == texts_in("en")("vote-thanks")
            assert thanks.body["components"] == []
            assert [(row.verdict, row.corrected) for row in await kept(third.storage)] == [("wrong", "none")]
        for one in (again, third):
            await one.storage.close()


async def test_a_vote_on_a_whole_track_that_came_with_a_command(
    discord_server: DiscordServer, behind: Wired, track_mp3: bytes
) -> None:
    file = discord_server.add_file(track_mp3)
    options = [{"name": "track", "type": 11, "value": file["id"]}]
    await discord_server.slash("track", options, {"attachments": {file["id"]: file}})
    await discord_server.wait_for("PATCH", "@original", with_files=True)
    message = answers(discord_server)[-1]
    await discord_server.press(message, votes_of(message)[0])
    await discord_server.wait_for("POST", "/webhooks/")
    assert len(await kept(behind.storage)) == 13
    assert len([r for r in discord_server.requests if "/attachments/" in r.path]) == 1  # the answer was remembered


async def test_no_vote_where_the_file_is_gone_or_feedback_is_off(
    discord_server: DiscordServer, behind: Wired, track_mp3: bytes
) -> None:
    posted = await discord_server.post(attachments=[discord_server.add_file(track_mp3)])
    await discord_server.wait_for("POST", "/messages")
    message = answers(discord_server)[-1]
    await discord_server.slash("privacy", [{"name": "feedback", "type": 3, "value": "off"}], permissions=MANAGER)
    await discord_server.wait_for("POST", "/webhooks/", number=1)
    await discord_server.press(message, votes_of(message)[0])
    refused = await discord_server.wait_for("POST", "/webhooks/", number=2)
    assert "Feedback is switched off here. " in plain(refused.body).replace("\n", " ")
    await discord_server.post(attachments=[discord_server.add_file(track_mp3)])
    await discord_server.wait_for("POST", "/messages", number=2)
    assert len(answers(discord_server)[-1]["components"]) == 1  # the buttons for other parts alone
    await discord_server.slash("privacy", [{"name": "feedback", "type": 3, "value": "on"}], permissions=MANAGER)
    await discord_server.wait_for("POST", "/webhooks/", number=3)
    del discord_server.messages[int(posted["id"])]
    await discord_server.press(message, votes_of(message)[0])
    gone = await discord_server.wait_for("POST", "/webhooks/", number=4)
    assert "The file is no longer there." in plain(gone.body)
    assert await kept(behind.storage) == []


def test_the_longest_ids_fit_into_what_discord_allows() -> None:
    texts, from_s, source = texts_in("es"), 86399.123456, Source(2**64 - 1, 2**64 - 1, 9)
    for shown in (*SLUGS, NONE_OF_THEM):
        vote = vote_buttons(texts, shown=shown, from_s=from_s)
        reply = Reply("", parts=(PartButton("", from_s),), vote=vote, choices=genre_choices(texts, shown=shown))
        vote = Vote(Verdict.WRONG, shown)
        views = (view_of(reply, source, str(2**64 - 1)), choice_view(reply, vote, from_s, source))
        ids = [item.custom_id for view in views if view for item in view.children]  # type: ignore[attr-defined]
        assert len(ids) == 4
        assert max(map(len, ids)) <= 100
