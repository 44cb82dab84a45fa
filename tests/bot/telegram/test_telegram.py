"""What people on Telegram see: answers, commands, buttons, feedback, and what is passed over."""

import asyncio
import io
import logging
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.adapters.telegram.adapter import _certificates
from bot.adapters.telegram.buttons import Voted, keyboard_of, pressed, with_choices
from bot.assistant import CommandName
from bot.replies import Reply, genre_choices
from bot.texts import texts_in
from bot.votes import NONE_OF_THEM
from classifier.genres import GENRES, SLUGS
from config import Settings
from tests.bot.chats import GROUP, OTHER, PERSON, Wired, kept, running, telegram_adapter, wired
from tests.bot.conftest import WarmPool
from tests.support.audio import dance_track, encode, encode_with_ffmpeg
from tests.support.telegram_server import Json, TelegramServer

ALICE = 7


def rows_of(message: Json) -> list[list[tuple[str, str]]]:
    """The rows of buttons under a message: label and data of each."""
    return [[(b["text"], b["callback_data"]) for b in row] for row in message["reply_markup"]["inline_keyboard"]]


def text_of(message: Json) -> str:
    return str(message.get("caption") or message["text"])


async def test_audio_is_answered_with_genre_seconds_and_picture(telegram: TelegramServer, track_mp3: bytes) -> None:
    asked = telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3), file_name="<b>&_night*.mp3")
    call = await telegram.wait_for("sendPhoto")
    assert call.params["reply_parameters"]["message_id"] == asked["message_id"]
    assert Image.open(io.BytesIO(call.upload.content)).size == (960, 540)
    caption = telegram.sent()["caption"]
    assert any(f"{genre.emoji} {genre.name}" in caption.splitlines()[0] for genre in GENRES)
    assert "Then " in caption
    assert "seconds 30 to 33 of “<b>&_night*.mp3”" in caption
    assert len(telegram.of("sendChatAction")) >= 1
    assert telegram.of("sendChatAction")[0].params["action"] == "upload_photo"


async def test_certificates_are_read_once(behind: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many connections each start has."""
    _certificates.cache_clear()
    read, count = ssl.create_default_context, 0

    def counted(**named: Any) -> ssl.SSLContext:
        nonlocal count
        count += 1
        return read(**named)

    monkeypatch.setattr(ssl, "create_default_context", counted)
    async with TelegramServer() as server:
        for _ in range(2):
            assert await telegram_adapter(behind, server).problem() is None
    assert count == 1


@pytest.mark.parametrize("kind", ["audio", "document", "voice", "video_note", "video"])
async def test_every_kind_of_sound_is_read(telegram: TelegramServer, kind: str) -> None:
    sound = dance_track(5.0)
    content = {
        "voice": lambda: encode(dance_track(5.0, rate_hz=48_000), "OGG", subtype="OPUS", rate_hz=48_000),
        "video_note": lambda: encode_with_ffmpeg(sound, "mp4", "aac", rate_hz=44_100, video=True),
        "video": lambda: encode_with_ffmpeg(sound, "mp4", "aac", rate_hz=44_100, video=True),
        "document": lambda: encode(sound, "FLAC"),
        "audio": lambda: encode_with_ffmpeg(sound, "mp4", "aac", rate_hz=44_100),
    }[kind]()
    media: Any = {kind: telegram.add_file(content)}
    telegram.send(chat_id=ALICE, media_type=None, **media)
    await telegram.wait_for("sendPhoto")
    assert "its last 3 seconds were analysed" in telegram.sent()["caption"]


async def test_a_group_hears_audio_and_passes_over_the_rest(telegram: TelegramServer, track_mp3: bytes) -> None:
    telegram.send(chat_id=GROUP, photo=True)
    telegram.send(chat_id=GROUP, document=telegram.add_file(b"%PDF"), file_name="a.pdf", media_type="application/pdf")
    telegram.send(chat_id=GROUP, video=telegram.add_file(b"film"), file_name="a.mp4", media_type="video/mp4")
    telegram.send(chat_id=GROUP, text="nice weather")
    telegram.send(chat_id=GROUP, audio=telegram.add_file(track_mp3), is_bot=True)
    telegram.send(chat_id=GROUP, audio=telegram.add_file(track_mp3), date=int(time.time()) - 7200)
    telegram.send(chat_id=GROUP, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto", chat_id=GROUP)
    await asyncio.sleep(0.5)
    assert len(telegram.of("sendPhoto")) == 1
    assert telegram.of("sendMessage") == []


async def test_a_private_chat_explains_what_it_cannot_use(telegram: TelegramServer) -> None:
    telegram.send(chat_id=ALICE, photo=True)
    await telegram.wait_for("sendMessage", number=1)
    assert "There is no audio in that message." in telegram.sent()["text"]
    pdf = telegram.add_file(b"%PDF")
    telegram.send(chat_id=ALICE, document=pdf, file_name="a.pdf", media_type="application/pdf", language_code="es")
    await telegram.wait_for("sendMessage", number=2)
    assert telegram.sent()["text"].startswith("⚠️ a.pdf: Esto no es audio que se pueda leer.")
    telegram.send(chat_id=ALICE, text="hello?")
    await telegram.wait_for("sendMessage", number=3)
    assert "Send me music" in telegram.sent()["text"]


async def test_each_file_of_an_album_is_answered_or_refused_by_name(telegram: TelegramServer, track_mp3: bytes) -> None:
    for name, content in (
        ("one.mp3", track_mp3),
        ("two.mp3", b"broken"),
        ("three.mp3", track_mp3[: len(track_mp3) // 2]),
    ):
        file_id = telegram.add_file(content, name=name)
        telegram.send(chat_id=GROUP, audio=file_id, file_name=name, media_group_id="album")
    await telegram.wait_for("sendPhoto", number=2)
    await telegram.wait_for("sendMessage")
    said = [text_of(telegram.sent(number)) for number in range(3)]
    for name in ("one.mp3", "two.mp3", "three.mp3"):
        assert sum(name in text for text in said) == 1
    assert sum("⚠️ two.mp3: This is not audio" in text for text in said) == 1


async def test_on_demand_by_reply_caption_and_offset(telegram: TelegramServer, behind: Wired, track_mp3: bytes) -> None:
    telegram.administrators[GROUP] = {PERSON}
    telegram.send(chat_id=GROUP, text="/mode on-demand")
    await telegram.wait_for("sendMessage")
    posted = telegram.send(chat_id=GROUP, audio=telegram.add_file(track_mp3))
    await asyncio.sleep(0.4)
    assert telegram.of("sendPhoto") == []
    telegram.send(chat_id=GROUP, user_id=OTHER, text="/genre 0:05", reply_to=posted)
    call = await telegram.wait_for("sendPhoto", number=1)
    assert call.params["reply_parameters"]["message_id"] == posted["message_id"]
    assert "seconds 5 to 8" in telegram.sent()["caption"]
    telegram.send(chat_id=GROUP, audio=telegram.add_file(track_mp3), caption="/genre@genre_bot 7,5")
    await telegram.wait_for("sendPhoto", number=2)
    assert "seconds 7.5 to 10.5" in telegram.sent()["caption"]
    telegram.send(chat_id=GROUP, audio=telegram.add_file(track_mp3), caption="@genre_bot what is this?")
    await telegram.wait_for("sendPhoto", number=3)


async def test_where_three_seconds_are_not_enough_both_are_said(hesitant: Wired, track_mp3: bytes) -> None:
    async with TelegramServer() as server, running(telegram_adapter(hesitant, server)):
        file_id = server.add_file(track_mp3)
        server.send(chat_id=ALICE, audio=file_id)
        await server.wait_for("sendPhoto", number=1)
        heard = server.sent()["caption"]
        server.send(chat_id=ALICE, text="/listen off")
        await server.wait_for("sendMessage")
        assert server.sent()["text"] == texts_in("en")("listen-off")
        server.send(chat_id=ALICE, audio=file_id)
        await server.wait_for("sendPhoto", number=2)
        alone = server.sent()["caption"]
    assert heard.startswith("Over the track: ")
    assert "\nSeconds 30 to 33 alone: not sure, " in heard
    assert alone.startswith("Not sure: perhaps ")


async def test_settings_of_a_group_need_an_administrator_and_hold(
    telegram: TelegramServer, behind: Wired, track_mp3: bytes
) -> None:
    telegram.administrators[GROUP] = {PERSON}
    telegram.send(chat_id=GROUP, user_id=OTHER, text="/offset 10")
    await telegram.wait_for("sendMessage", number=1)
    assert "Only those who manage this chat" in telegram.sent()["text"]
    telegram.send(chat_id=GROUP, text="/offset@genre_bot 0:10")
    await telegram.wait_for("sendMessage", number=2)
    assert "after second 10." in telegram.sent()["text"]
    telegram.send(chat_id=GROUP, text="/language es")
    await telegram.wait_for("sendMessage", number=3)
    telegram.send(chat_id=GROUP, user_id=OTHER, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto", number=1)
    assert "del segundo 10 al 13" in telegram.sent()["caption"]
    telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto", number=2)
    assert "seconds 30 to 33" in telegram.sent()["caption"]
    telegram.send(chat_id=GROUP, text="/forget")
    await telegram.wait_for("sendMessage", number=4)
    telegram.send(chat_id=GROUP, user_id=OTHER, text="/offset")
    await telegram.wait_for("sendMessage", number=5)
    assert "after second 30." in telegram.sent()["text"]


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("name", [name for name in CommandName if name is not CommandName.GENRE])
async def test_every_command_answers_in_the_persons_language(
    telegram: TelegramServer, name: CommandName, language: str
) -> None:
    telegram.send(chat_id=ALICE, text=f"/{name}", language_code=language)
    await telegram.wait_for("sendMessage")
    text = telegram.sent()["text"]
    expected = {
        CommandName.GENRES: "genres-heading",
        CommandName.HELP: "help-heading",
        CommandName.PRIVACY: "privacy-heading",
        CommandName.ABOUT: "about-limits",
        CommandName.MODE: "mode-auto",
        CommandName.LISTEN: "listen-on",
        CommandName.FORGET: "forget-done",
    }
    texts = texts_in(language)
    if name in expected:
        assert texts(expected[name]) in text
    if name is CommandName.GENRES:
        assert all(f"{genre.emoji} {genre.name}" in text for genre in GENRES)
    if name is CommandName.HELP:
        assert all(f"/{command}: {texts(f'command-{command}')}" in text for command in CommandName)


async def test_the_commands_are_registered_in_both_languages_and_all_scopes(telegram: TelegramServer) -> None:
    await telegram.wait_for("setMyCommands", number=6)
    told = {
        (c.params["scope"]["type"], c.params.get("language_code")): c.params["commands"]
        for c in telegram.of("setMyCommands")
    }
    assert {scope for scope, _ in told} == {"default", "all_private_chats", "all_group_chats"}
    for language, code in (("en", None), ("es", "es")):
        shown = {c["command"]: c["description"] for c in told["default", code]}
        assert shown == {name: texts_in(language)(f"command-{name}") for name in CommandName}


async def test_the_button_moves_the_window_on_in_the_same_message(telegram: TelegramServer, track_mp3: bytes) -> None:
    telegram.send(chat_id=GROUP, audio=telegram.add_file(track_mp3), caption="/genre 5")
    await telegram.wait_for("sendPhoto")
    first = telegram.sent()
    button = first["reply_markup"]["inline_keyboard"][0][0]
    assert button["text"] == "Another part"
    telegram.press(first, button["callback_data"])
    await telegram.wait_for("editMessageMedia")
    second = telegram.sent()
    assert second["message_id"] == first["message_id"]
    assert "seconds 20 to 23" in second["caption"]
    telegram.press(second, second["reply_markup"]["inline_keyboard"][0][0]["callback_data"])
    await telegram.wait_for("editMessageMedia", number=2)
    assert "seconds 35 to 38" in telegram.sent()["caption"]
    telegram.press(telegram.sent(), telegram.sent()["reply_markup"]["inline_keyboard"][0][0]["callback_data"])
    await telegram.wait_for("editMessageMedia", number=3)
    assert "seconds 37 to 40" in telegram.sent()["caption"]
    telegram.press(telegram.sent(), telegram.sent()["reply_markup"]["inline_keyboard"][0][0]["callback_data"])
    await telegram.wait_for("editMessageMedia", number=4)
    assert "seconds 0 to 3" in telegram.sent()["caption"]  # from the end back to the beginning


async def test_a_button_works_after_a_restart(
    settings: Settings, warm_pool: WarmPool, tmp_path: Path, track_mp3: bytes
) -> None:
    behind = await wired(settings, await warm_pool(), tmp_path)
    async with TelegramServer() as telegram:
        async with running(telegram_adapter(behind, telegram)):
            telegram.send(chat_id=GROUP, audio=telegram.add_file(track_mp3))
            await telegram.wait_for("sendPhoto")
        await behind.storage.close()
        again = await wired(settings, await warm_pool(), tmp_path)
        async with running(telegram_adapter(again, telegram)):
            telegram.press(telegram.sent(), telegram.sent()["reply_markup"]["inline_keyboard"][0][0]["callback_data"])
            await telegram.wait_for("editMessageMedia")
        await again.storage.close()


async def test_a_file_that_is_known_is_not_downloaded_again(telegram: TelegramServer, track_mp3: bytes) -> None:
    for number in (1, 2):
        telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3))
        await telegram.wait_for("sendPhoto", number=number)
    assert len(telegram.of("getFile")) == 1


async def test_a_long_wait_is_told_and_the_word_is_taken_back(
    settings: Settings, warm_pool: WarmPool, tmp_path: Path, track_mp3: bytes
) -> None:
    behind = await wired(settings, await warm_pool(), tmp_path)
    await behind.pool.until_ready()
    async with TelegramServer() as telegram, running(telegram_adapter(behind, telegram)):
        file_id = telegram.add_file(track_mp3)
        telegram.stall(file_id)
        telegram.send(chat_id=ALICE, audio=file_id)
        await telegram.wait_for("sendMessage", text="Downloading…")
        behind.service.close()  # as a stop of the bot does
        await telegram.wait_for("deleteMessage")
        assert "The bot is being restarted." in telegram.sent()["text"]
    await behind.storage.close()


async def test_too_many_requests_are_waited_out(telegram: TelegramServer, track_mp3: bytes) -> None:
    telegram.fail("sendPhoto", status=429, description="Too Many Requests: retry after 1", retry_after=1)
    telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto", number=2)
    assert telegram.sent()["photo"]


async def test_a_chat_that_forbids_pictures_gets_the_words(telegram: TelegramServer, track_mp3: bytes) -> None:
    telegram.fail("sendPhoto", status=400, description="Bad Request: not enough rights to send photos to the chat")
    telegram.send(chat_id=GROUP, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendMessage")
    assert "seconds 30 to 33" in telegram.sent()["text"]


async def test_a_chat_that_threw_the_bot_out_changes_nothing_for_others(
    telegram: TelegramServer, track_mp3: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    telegram.fail("sendPhoto", status=403, description="Forbidden: bot was kicked from the supergroup chat")
    telegram.send(chat_id=GROUP, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto", number=1)
    telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto", number=2, timeout_s=10)
    assert telegram.sent()["chat"]["id"] == ALICE
    assert "Traceback" not in caplog.text


async def test_who_brings_the_bot_into_a_group_decides_its_language(telegram: TelegramServer, track_mp3: bytes) -> None:
    telegram.join(GROUP, PERSON, language_code="es")
    await telegram.wait_for("sendMessage", chat_id=GROUP)
    assert "Envíame música" in telegram.sent()["text"]
    telegram.send(chat_id=GROUP, user_id=OTHER, audio=telegram.add_file(track_mp3), language_code="en")
    await telegram.wait_for("sendPhoto")
    assert "del segundo 30 al 33" in telegram.sent()["caption"]


async def test_a_file_above_telegrams_limit_is_refused_before_any_download(
    telegram: TelegramServer, track_mp3: bytes, settings: Settings
) -> None:
    telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3), file_size=30 << 20)
    await telegram.wait_for("sendMessage")
    assert f"larger than {settings.max_upload_mb:g} MB" in telegram.sent()["text"]
    assert telegram.of("getFile") == []


async def test_a_wrong_token_is_one_clear_line_and_is_tried_again(
    behind: Wired, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="bot")
    async with TelegramServer() as server:
        adapter = telegram_adapter(behind, server)
        server.token = "99:another"
        async with running(adapter):
            for _ in range(100):
                if "trying again" in caplog.text:
                    break
                await asyncio.sleep(0.05)
    assert "Telegram: TELEGRAM_TOKEN is refused" in caplog.text
    assert "123456:TEST" not in caplog.text.replace("%3A", ":")


async def test_what_is_running_is_answered_before_a_stop(behind: Wired, track_mp3: bytes) -> None:
    async with TelegramServer() as telegram:
        async with running(telegram_adapter(behind, telegram)) as stop:
            telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3))
            await telegram.wait_for("getFile")
            stop.set()
        assert telegram.of("sendPhoto")


async def test_settings_move_with_a_group_that_becomes_a_supergroup(telegram: TelegramServer, track_mp3: bytes) -> None:
    telegram.administrators[GROUP] = {PERSON}
    telegram.send(chat_id=GROUP, text="/offset 10", chat_type="group")
    await telegram.wait_for("sendMessage")
    telegram.send(chat_id=GROUP - 1)["migrate_from_chat_id"] = GROUP
    await asyncio.sleep(0.5)
    telegram.send(chat_id=GROUP - 1, text="/offset")
    await telegram.wait_for("sendMessage", number=2)
    assert "after second 10." in telegram.sent()["text"]


async def test_a_server_in_local_mode_hands_over_large_files_by_their_path(
    settings: Settings, warm_pool: WarmPool, tmp_path: Path, track_mp3: bytes
) -> None:
    local = settings.model_copy(update={"telegram_local_mode": True, "max_upload_mb": 100.0})
    behind = await wired(local, await warm_pool(), tmp_path)
    large = tmp_path / "large.mp3"
    large.write_bytes(track_mp3 + bytes(25 << 20))
    async with TelegramServer() as telegram, running(telegram_adapter(behind, telegram)):
        telegram.is_local = True
        file_id = telegram.add_file(track_mp3)
        telegram._files[file_id].path = str(large)
        telegram.send(chat_id=ALICE, audio=file_id, file_size=large.stat().st_size)
        await telegram.wait_for("getFile")
        await telegram.wait_for("sendPhoto")
    await behind.storage.close()


async def test_a_connection_that_breaks_while_answering_costs_no_answer(
    telegram: TelegramServer, track_mp3: bytes
) -> None:
    telegram.drop("sendPhoto")
    telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto", number=2)
    assert telegram.sent()["photo"]


async def test_a_channel_is_not_greeted(telegram: TelegramServer) -> None:
    telegram.join(-1009, PERSON)
    await telegram.wait_for("sendMessage", chat_id=-1009)
    channel = {"chat": {"id": -1010, "type": "channel", "title": "News"}, "from": telegram._user(PERSON)}
    states = {name: {"user": telegram.bot, "status": name} for name in ("left", "member")}
    change = {"date": int(time.time()), "old_chat_member": states["left"], "new_chat_member": states["member"]}
    telegram._update("my_chat_member", channel | change)
    await asyncio.sleep(0.4)
    assert len(telegram.of("sendMessage")) == 1


async def test_a_flood_wait_for_the_commands_keeps_nobody_waiting(behind: Wired) -> None:
    async with TelegramServer() as telegram:
        telegram.fail("setMyCommands", status=429, description="Too Many Requests: retry after 30", retry_after=30)
        async with running(telegram_adapter(behind, telegram)):
            telegram.send(chat_id=ALICE, text="/genres")
            await telegram.wait_for("sendMessage", timeout_s=5)


async def test_a_press_too_old_to_be_answered_is_still_done(telegram: TelegramServer, track_mp3: bytes) -> None:
    telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto")
    telegram.fail("answerCallbackQuery", status=400, description="Bad Request: query is too old")
    telegram.press(telegram.sent(), telegram.sent()["reply_markup"]["inline_keyboard"][0][0]["callback_data"])
    await telegram.wait_for("editMessageMedia")


async def test_an_anonymous_bot_does_not_make_everybody_an_administrator(
    telegram: TelegramServer, track_mp3: bytes
) -> None:
    telegram.send(chat_id=GROUP, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto")
    message = telegram.sent()
    telegram._messages[GROUP, message["message_id"]]["sender_chat"] = message["chat"]
    button = message["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    telegram.press(message, button, user_id=OTHER)
    call = await telegram.wait_for("answerCallbackQuery")
    assert "That button belongs to whoever asked." in call.params["text"]


async def test_signals_do_not_use_up_what_a_group_may_be_sent(telegram: TelegramServer, track_mp3: bytes) -> None:
    started = time.monotonic()
    for number in range(8):
        file_id = telegram.add_file(track_mp3[: -1 - number])
        telegram.send(chat_id=GROUP, user_id=100 + number, audio=file_id)
    await telegram.wait_for("sendPhoto", number=8)
    assert time.monotonic() - started < 20  # with the signals counted, the limiter would hold answers back for longer


async def test_a_whole_track_by_command_by_caption_and_by_button(telegram: TelegramServer, track_mp3: bytes) -> None:
    posted = telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto", number=1)
    telegram.send(chat_id=ALICE, text="/track", reply_to=posted)
    await telegram.wait_for("sendPhoto", number=2)
    assert "Listened to 13 windows spread over “track.mp3”." in telegram.sent()["caption"]
    telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3), caption="/track", language_code="es")
    await telegram.wait_for("sendPhoto", number=3)
    assert "Escuché 13 fragmentos" in telegram.sent()["caption"]
    whole = telegram.sent(0)["reply_markup"]["inline_keyboard"][0][1]
    assert whole["text"] == "Whole track"
    telegram.press(telegram.sent(0), whole["callback_data"])
    await telegram.wait_for("editMessageMedia")
    assert "Listened to 13 windows" in telegram.sent(0)["caption"]
    assert len(telegram.of("getFile")) == 2  # one for the window, one for the track; the rest is remembered


async def test_thumbs_up_is_kept_and_thanked_for(telegram: TelegramServer, behind: Wired, track_mp3: bytes) -> None:
    telegram.send(chat_id=GROUP, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto")
    (_, (right, wrong)) = rows_of(telegram.sent())
    assert (right[0], wrong[0]) == ("👍 Right", "👎 Wrong")
    telegram.press(telegram.sent(), right[1], user_id=OTHER)  # anybody may vote, not only whoever posted the file
    call = await telegram.wait_for("answerCallbackQuery")
    assert call.params["text"] == texts_in("en")("vote-thanks")
    assert not call.params.get("show_alert")
    assert [(row.platform, row.start_s, row.verdict) for row in await kept(behind.storage)] == [
        ("telegram", 30.0, "right")
    ]
    assert telegram.of("editMessageReplyMarkup") == []


async def test_thumbs_down_asks_what_it_is_and_the_buttons_come_back(
    telegram: TelegramServer, behind: Wired, track_mp3: bytes
) -> None:
    telegram.send(chat_id=GROUP, audio=telegram.add_file(track_mp3), caption="/genre 1:02.25")
    await telegram.wait_for("sendPhoto")
    usual = rows_of(telegram.sent())
    telegram.press(telegram.sent(), usual[1][1][1])
    call = await telegram.wait_for("answerCallbackQuery", number=1)
    assert call.params["text"] == texts_in("en")("vote-question")
    await telegram.wait_for("editMessageReplyMarkup", number=1)
    first, *choices, (back,) = rows_of(telegram.sent())
    assert first == usual[0]
    assert [len(row) for row in choices] == [2] * 8  # fifteen genres and none of them
    assert choices[-1][-1][0] == texts_in("en")("vote-none")
    assert [(row.verdict, row.corrected) for row in await kept(behind.storage)] == [("wrong", None)]
    telegram.press(telegram.sent(), back[1])
    await telegram.wait_for("editMessageReplyMarkup", number=2)
    assert rows_of(telegram.sent()) == usual
    telegram.press(telegram.sent(), usual[1][1][1])
    await telegram.wait_for("editMessageReplyMarkup", number=3)
    label, data = choices[0][1]
    telegram.press(telegram.sent(), data)
    call = await telegram.wait_for("answerCallbackQuery", number=4)
    assert call.params["text"] == texts_in("en")("vote-thanks")
    await telegram.wait_for("editMessageReplyMarkup", number=4)
    assert rows_of(telegram.sent()) == usual
    (row,) = await kept(behind.storage)
    assert row.corrected in {genre.slug for genre in GENRES if genre.name in label}
    assert row.start_s == 37.0  # asked for beyond the end, and rated as it was answered


async def test_thumbs_under_none_of_the_genres_never_name_the_closest(strict: Wired, track_mp3: bytes) -> None:
    async with TelegramServer() as server, running(telegram_adapter(strict, server)):
        server.send(chat_id=GROUP, audio=server.add_file(track_mp3))
        await server.wait_for("sendPhoto")
        assert texts_in("en")("result-unfamiliar-over-track") in server.sent()["caption"]
        _, ((_, right), (_, wrong)) = rows_of(server.sent())
        server.press(server.sent(), right)
        await server.wait_for("answerCallbackQuery")
        assert {(row.predicted, row.verdict) for row in await kept(strict.storage)} == {(NONE_OF_THEM, "right")}
        server.press(server.sent(), wrong)
        await server.wait_for("editMessageReplyMarkup")
        _, *choices, _ = rows_of(server.sent())
        offered = [button for row in choices for button in row]
        assert [label for label, _ in offered] == [f"{genre.emoji} {genre.name}" for genre in GENRES]
        server.press(server.sent(), offered[0][1])
        await server.wait_for("editMessageReplyMarkup", number=2)
        assert {(row.predicted, row.corrected) for row in await kept(strict.storage)} == {(NONE_OF_THEM, SLUGS[0])}


async def test_a_verdict_and_a_choice_work_after_a_restart(
    settings: Settings, warm_pool: WarmPool, tmp_path: Path, track_mp3: bytes
) -> None:
    behind = await wired(settings, await warm_pool(), tmp_path)
    async with TelegramServer() as telegram:
        async with running(telegram_adapter(behind, telegram)):
            telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3), caption="/track")
            await telegram.wait_for("sendPhoto")
            telegram.press(telegram.sent(), rows_of(telegram.sent())[1][1][1])
            await telegram.wait_for("editMessageReplyMarkup")
        await behind.storage.close()
        again = await wired(settings, await warm_pool(), tmp_path)
        async with running(telegram_adapter(again, telegram)):
            telegram.press(telegram.sent(), rows_of(telegram.sent())[-2][-1][1])
            await telegram.wait_for("editMessageReplyMarkup", number=2)
            rows = await kept(again.storage)
            assert len(rows) == 13
            assert {row.corrected for row in rows} == {NONE_OF_THEM}
        await again.storage.close()


async def test_no_vote_where_the_file_is_gone_or_feedback_is_off(
    telegram: TelegramServer, behind: Wired, track_mp3: bytes
) -> None:
    telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto", number=1)
    right, wrong = rows_of(telegram.sent())[1]
    answer = telegram.sent()
    telegram.press(answer, wrong[1])
    await telegram.wait_for("editMessageReplyMarkup", number=1)
    telegram.send(chat_id=ALICE, text="/privacy off")
    await telegram.wait_for("sendMessage", number=1)
    assert telegram.sent()["text"] == texts_in("en")("feedback-off")
    assert await kept(behind.storage) == []
    telegram.press(answer, right[1])
    call = await telegram.wait_for("answerCallbackQuery", number=2)
    assert "Feedback is switched off here." in call.params["text"]
    assert call.params["show_alert"]
    telegram.press(answer, rows_of(telegram.sent(0))[-1][0][1])  # back, out of the choice
    await telegram.wait_for("editMessageReplyMarkup", number=2)
    assert len(rows_of(telegram.sent(0))) == 1
    telegram.send(chat_id=ALICE, text="/privacy on")
    await telegram.wait_for("sendMessage", number=2)
    telegram._messages[ALICE, answer["message_id"]].pop("reply_to_message")
    telegram.press(answer, right[1])
    call = await telegram.wait_for("answerCallbackQuery", number=4)
    assert "The file is no longer there." in call.params["text"]
    telegram.press(answer, "vote:right:polka:30")
    call = await telegram.wait_for("answerCallbackQuery", number=5)
    assert "That is not one of the choices." in call.params["text"]
    telegram.press(answer, "vote:what")
    call = await telegram.wait_for("answerCallbackQuery", number=6)
    assert "The file is no longer there." in call.params["text"]
    assert await kept(behind.storage) == []


def test_the_longest_data_fits_into_what_telegram_allows_and_is_read_back() -> None:
    for shown in (*SLUGS, NONE_OF_THEM):
        voted = Voted("wrong", shown, 86399.123456)
        keyboard = with_choices(None, genre_choices(texts_in("es"), shown=shown), voted, back="<")
        data = [str(button.callback_data) for row in keyboard.inline_keyboard for button in row]
        assert max(len(one.encode()) for one in data) <= 64
        chosen = [pressed(one) for one in data[:-1]]
        assert all(isinstance(button, Voted) and button.vote().corrected for button in chosen)
    assert keyboard_of(Reply("no buttons"), "7") is None
