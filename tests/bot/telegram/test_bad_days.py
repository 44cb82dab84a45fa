"""What a bad day of Telegram, or a crowd, does to the bot: whoever sends something hears something."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from bot.adapters.telegram.asking import Asked, asked_in
from bot.adapters.telegram.limiter import _DELAYS_S
from tests.bot.chats import GROUP, PERSON, Wired, running, telegram_adapter
from tests.support.telegram_server import Json, TelegramServer

ALICE, BOB = 7, 8


@pytest.mark.parametrize("status", [401, 404])
async def test_a_refused_poll_is_told_and_the_bot_comes_back(
    behind: Wired, track_mp3: bytes, status: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.platform._FIRST_DELAY_S", 0.2)
    monkeypatch.setattr("bot.adapters.telegram.polling._DELAYS_S", (0.1,))
    async with TelegramServer() as server, running(telegram_adapter(behind, server)):
        server.send(chat_id=ALICE, text="/genres")
        server.fail("getUpdates", status=status, description="Unauthorized", times=3)
        await server.wait_for("sendMessage")
        await asyncio.sleep(1.0)
        server.send(chat_id=ALICE, audio=server.add_file(track_mp3))
        await server.wait_for("sendPhoto")
        assert len(server.of("sendMessage")) == 1  # nothing is answered twice
    assert caplog.text.count("TELEGRAM_TOKEN is refused") == 1


async def test_another_program_with_the_token_is_said_once(
    telegram: TelegramServer, track_mp3: bytes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.telegram.polling._DELAYS_S", (0.1,))
    conflict = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    telegram.fail("getUpdates", status=409, description=conflict, times=3)
    await asyncio.sleep(1.5)
    telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto")
    assert caplog.text.count("another program uses this bot's token") == 1


async def test_an_update_that_cannot_be_read_is_passed_over(
    telegram: TelegramServer, track_mp3: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A poll without what a poll has, and a message without a date: the next one is answered, nothing is repeated."""
    odd = telegram.send(chat_id=ALICE, text="a secret", user_id=ALICE)
    del odd["date"]
    telegram._update("message", {"message_id": 5, "poll": {"question": "a secret?"}})
    telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto")
    assert caplog.text.count("cannot be read") == 2
    assert "secret" not in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_crowd_in_one_group_holds_up_nobody_else(telegram: TelegramServer, track_mp3: bytes) -> None:
    """Two hundred files of twenty people, and a stranger's question in a private chat."""
    for number in range(200):
        file_id = telegram.add_file(track_mp3 + bytes(number))
        telegram.send(chat_id=GROUP, user_id=100 + number % 20, audio=file_id)
    await asyncio.sleep(0.5)
    asked = time.monotonic()
    telegram.send(chat_id=BOB, user_id=BOB, text="/genres")
    await telegram.wait_for("sendMessage", chat_id=BOB)
    assert time.monotonic() - asked < 20.0  # it was minutes
    await asyncio.sleep(1.0)
    said = [call.params["text"] for call in telegram.of("sendMessage") if call.params["chat_id"] == GROUP]
    refusals = [text for text in said if "⚠️" in text]  # and not how it goes with one
    assert 1 <= len(refusals) <= 2  # one of each kind, and not for each file


async def test_a_chat_that_has_to_wait_holds_up_no_other(telegram: TelegramServer) -> None:
    telegram.fail("sendMessage", status=429, description="Too Many Requests: retry after 3", retry_after=3)
    telegram.send(chat_id=ALICE, user_id=ALICE, text="/genres")
    await telegram.wait_for("sendMessage", chat_id=ALICE)
    started = time.monotonic()
    telegram.send(chat_id=BOB, user_id=BOB, text="/genres")
    await telegram.wait_for("sendMessage", chat_id=BOB)
    assert time.monotonic() - started < 2.0
    await telegram.wait_for("sendMessage", chat_id=ALICE, number=2)
    assert time.monotonic() - started > 2.0


@pytest.mark.parametrize("method", ["sendPhoto", "getFile", "download"])
async def test_a_short_outage_loses_no_answer(
    telegram: TelegramServer, track_mp3: bytes, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("limiter", "media"):
        monkeypatch.setattr(f"bot.adapters.telegram.{module}._DELAYS_S", (0.1, 0.1, 0.1, 0.1))
    telegram.drop(method, times=4)
    telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto", number=5 if method == "sendPhoto" else 1)
    assert telegram.sent()["caption"]


async def test_what_has_to_wait_is_counted(telegram: TelegramServer, behind: Wired) -> None:
    telegram.fail("sendMessage", status=429, description="Too Many Requests", retry_after=1)
    telegram.send(chat_id=ALICE, text="/genres")
    await telegram.wait_for("sendMessage", number=2)
    assert b'genre_bot_rate_limit_waits_total{platform="telegram"} 1.0' in behind.service.metrics.exposition()


def test_tries_are_spread_over_half_a_minute() -> None:
    assert sum(_DELAYS_S) * 0.75 > 20.0
    assert sum(_DELAYS_S) >= 30.0


async def test_an_edit_that_fails_is_sent_anew(telegram: TelegramServer, track_mp3: bytes) -> None:
    telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto")
    telegram.fail("editMessageMedia", status=400, description="Bad Request: message can't be edited")
    answer = telegram.sent()
    telegram.press(answer, answer["reply_markup"]["inline_keyboard"][0][0]["callback_data"])
    await telegram.wait_for("sendPhoto", number=2)


async def test_words_without_a_picture_keep_the_buttons(telegram: TelegramServer, track_mp3: bytes) -> None:
    telegram.fail("sendPhoto", status=400, description="Bad Request: not enough rights to send photos to the chat")
    telegram.send(chat_id=GROUP, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendMessage")
    assert telegram.sent()["reply_markup"]["inline_keyboard"]


async def test_a_button_of_nobody_is_answered(telegram: TelegramServer, track_mp3: bytes) -> None:
    telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto")
    telegram.press(telegram.sent(), "something:else")
    call = await telegram.wait_for("answerCallbackQuery")
    assert call.params["show_alert"] is True


async def test_a_file_in_another_chat_and_words_to_a_track(telegram: TelegramServer, track_mp3: bytes) -> None:
    file_id = telegram.add_file(track_mp3)
    asked = telegram.send(chat_id=GROUP, text="/genre 5")
    there = {"origin": {"type": "hidden_user", "date": 1, "sender_user_name": "x"}}
    asked["external_reply"] = there | {"audio": telegram._medium("audio", file_id, "set.mp3", "audio/mpeg")}
    call = await telegram.wait_for("sendPhoto", number=1)
    assert call.params["reply_parameters"]["message_id"] == asked["message_id"]
    assert "seconds 5 to 8" in telegram.sent()["caption"]
    posted = telegram.send(chat_id=ALICE, audio=file_id)
    await telegram.wait_for("sendPhoto", number=2)
    telegram.send(chat_id=ALICE, text="what is this?", reply_to=posted)
    await telegram.wait_for("sendPhoto", number=3)


async def test_a_channel_is_a_place_like_a_group(telegram: TelegramServer, track_mp3: bytes) -> None:
    chat = {"id": -1002, "type": "channel", "title": "Mixes"}
    audio = telegram._medium("audio", telegram.add_file(track_mp3), "set.mp3", "audio/mpeg")
    post: Json = {"message_id": 5, "date": int(time.time()), "chat": chat, "sender_chat": chat, "audio": audio}
    telegram._messages[-1002, 5] = post
    telegram._update("channel_post", post)
    await telegram.wait_for("sendPhoto", chat_id=-1002)
    telegram._update("channel_post", {k: v for k, v in post.items() if k != "audio"} | {
        "message_id": 6, "text": "/genres", "entities": [{"type": "bot_command", "offset": 0, "length": 7}],
    })  # fmt: skip
    await telegram.wait_for("sendMessage", chat_id=-1002)


async def test_who_speaks_as_a_channel_can_press(telegram: TelegramServer, track_mp3: bytes) -> None:
    posted = telegram.send(chat_id=GROUP, audio=telegram.add_file(track_mp3), user_id=136817688)
    posted["sender_chat"] = {"id": -1009, "type": "channel", "title": "Label"}
    posted["from"]["is_bot"] = True
    await telegram.wait_for("sendPhoto")
    answer = telegram.sent()
    telegram.press(answer, answer["reply_markup"]["inline_keyboard"][0][0]["callback_data"], user_id=PERSON)
    await telegram.wait_for("editMessageMedia")


async def test_an_album_is_meant_where_one_caption_asks(
    telegram: TelegramServer, behind: Wired, track_mp3: bytes
) -> None:
    telegram.administrators[GROUP] = {PERSON}
    telegram.send(chat_id=GROUP, text="/mode on-demand")
    await telegram.wait_for("sendMessage")
    for number in range(3):
        telegram.send(
            chat_id=GROUP,
            audio=telegram.add_file(track_mp3 + bytes(number)),
            media_group_id="a",
            caption="@Genre_Bot, what are these?" if number == 1 else None,
        )
    await telegram.wait_for("sendPhoto", number=3)


async def test_a_message_that_gets_a_file_by_an_edit_is_looked_at_once(
    telegram: TelegramServer, track_mp3: bytes
) -> None:
    words = telegram.send(chat_id=GROUP, text="soon")
    audio = telegram._medium("audio", telegram.add_file(track_mp3), "set.mp3", "audio/mpeg")
    edited = {name: value for name, value in words.items() if name != "text"} | {"audio": audio}
    telegram._update("edited_message", edited | {"edit_date": int(time.time())})
    await telegram.wait_for("sendPhoto")
    telegram._update("edited_message", edited | {"edit_date": int(time.time()), "caption": "nice"})
    await asyncio.sleep(0.7)
    assert len(telegram.of("sendPhoto")) == 1


async def test_the_clock_is_telegrams(
    telegram: TelegramServer, track_mp3: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This machine is seventy minutes ahead of Telegram and of whoever writes."""
    real = time.time
    monkeypatch.setattr("bot.adapters.telegram.asking.time", SimpleNamespace(time=lambda: real() + 4200))
    telegram.send(chat_id=ALICE, text="/help", date=int(real()))
    telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3), date=int(real()))
    await telegram.wait_for("sendPhoto")


async def test_what_is_passed_over_for_its_age_is_said_once(
    telegram: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    for age_s in (4200, 5000, 0):
        telegram.send(chat_id=ALICE, text="/help", date=int(time.time()) - age_s)
    await telegram.wait_for("sendMessage")
    assert len(telegram.of("sendMessage")) == 1
    assert caplog.text.count("if they are not so old, then a clock is wrong") == 1


async def test_a_name_is_no_address(telegram: TelegramServer, track_mp3: bytes) -> None:
    for number, name in enumerate(("free-gift.zip", "@everyone.mp3", "<b>.mov.mp3"), start=1):
        telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3), file_name=name)
        call = await telegram.wait_for("sendPhoto", number=number)
        assert "<code>" in call.params["caption"]
        assert name in telegram.sent()["caption"]
    telegram.send(chat_id=ALICE, document=telegram.add_file(b"no"), file_name="free-gift.zip", media_type=None)
    call = await telegram.wait_for("sendMessage")
    assert "<code>free-gift.zip</code>" in call.params["text"]
    assert call.params["link_preview_options"] == {"is_disabled": True}


async def test_quiet_says_nothing_before_the_answer(
    telegram: TelegramServer, track_mp3: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.progress.FIRST_WORD_AFTER_S", 0.0)
    telegram.send(chat_id=ALICE, text="/mode quiet")
    await telegram.wait_for("sendMessage")
    telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto")
    assert len(telegram.of("sendMessage")) == 1


async def test_another_part_is_offered_only_where_it_can_work(
    telegram: TelegramServer, behind: Wired, track_mp3: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The track has a second 30; a part from second 45 on is past what may be asked for."""
    settings = behind.settings.model_copy(update={"max_offset_s": 40.0})
    monkeypatch.setattr(behind.assistant, "_settings", settings)
    telegram.send(chat_id=ALICE, audio=telegram.add_file(track_mp3))
    await telegram.wait_for("sendPhoto")
    buttons = telegram.sent()["reply_markup"]["inline_keyboard"]
    assert [button["callback_data"] for button in buttons[0]] == ["another:all:7"]


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("", Asked()),
        ("nice track", Asked()),
        ("@Genre_Bot, what?", Asked(True, True)),
        ("so @GENRE_BOT", Asked(True, True)),
        ("mail@genre_bot.example", Asked()),
        ("@genre_bot2", Asked()),
        ("/Genre 10", Asked(True, True, False, "10")),
        ("/genre@Genre_Bot 10", Asked(True, True, False, "10")),
        ("/genre@other_bot 10", Asked()),
        ("/offset 90", Asked(True, True, False, "90")),
        ("/TRACK", Asked(True, True, True)),
    ],
)
def test_a_caption_means_what_people_mean(caption: str, expected: Asked) -> None:
    assert asked_in(caption, "genre_bot") == expected


async def test_what_is_being_answered_outlives_a_refused_token(
    behind: Wired, track_mp3: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hanging download is given up with the connection, and taken up with the next."""
    monkeypatch.setattr("bot.adapters.platform._FIRST_DELAY_S", 0.2)
    monkeypatch.setattr("bot.adapters.telegram.polling._DELAYS_S", (0.1,))
    monkeypatch.setattr("bot.adapters.platform.BegunWork.finish.__kwdefaults__", {"grace_s": 0.2})
    async with TelegramServer() as server, running(telegram_adapter(behind, server)):
        file = server.add_file(track_mp3)
        server.stall(file)
        server.send(chat_id=ALICE, audio=file)
        await server.wait_for("getFile")
        server.fail("getUpdates", status=401, description="Unauthorized", times=3)
        await server.wait_for("getMe", number=2)
        server._files[file].stalls = False
        await server.wait_for("sendPhoto")
        await asyncio.sleep(0.5)
        assert len(server.of("sendPhoto")) == 1
