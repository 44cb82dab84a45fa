"""What is answered where, in which language, and who may change it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from bot.assistant import Assistant, CommandName
from bot.audio import Likeness, likeness
from bot.conversation import Conversation, Platform
from bot.progress import Progress, Stage, accompanied
from bot.replies import Reply
from bot.texts import texts_in
from config import Settings
from tests.bot.chats import Wired, wired
from tests.bot.conftest import WarmPool, incoming


async def allowed() -> bool:
    return True


async def forbidden() -> bool:
    return False


GROUP = Conversation(Platform.DISCORD, "1", False, "es-ES", "7", "en-GB", True, allowed)
PRIVATE = Conversation(Platform.TELEGRAM, "7", True, "es", "7", "es", False, forbidden)


@pytest.fixture
async def assistant(settings: Settings, warm_pool: WarmPool, tmp_path: Path) -> AsyncIterator[Assistant]:
    behind = await wired(settings, await warm_pool(), tmp_path)
    yield behind.assistant
    await behind.storage.close()


@pytest.mark.parametrize(
    ("name", "media_type", "expected"),
    [
        ("a.mp3", "audio/mpeg", Likeness.AUDIO),
        ("a.mp3", None, Likeness.AUDIO),
        ("A.FLAC", "application/octet-stream", Likeness.AUDIO),
        ("a", "application/ogg", Likeness.AUDIO),
        ("a.mp4", "video/mp4", Likeness.VIDEO),
        ("a.mkv", None, Likeness.VIDEO),
        ("a.mp3", "text/plain", Likeness.AUDIO),
        ("memo.m4a", "video/mp4", Likeness.AUDIO),
        ("a.ogg", "video/ogg", Likeness.AUDIO),
        ("a.mp3", "video/mpeg", Likeness.AUDIO),
        ("a", "application/ogg; codecs=opus", Likeness.AUDIO),
        ("a.mpga", None, Likeness.AUDIO),
        ("a.weba", "application/octet-stream", Likeness.AUDIO),
        ("a.ts", None, Likeness.VIDEO),
        ("notes.txt", "text/plain", Likeness.OTHER),
        ("a.png", "image/png", Likeness.OTHER),
        ("a.zip", "application/zip", Likeness.UNKNOWN),
        ("", None, Likeness.UNKNOWN),
    ],
)
def test_what_a_file_seems_to_be(name: str, media_type: str | None, expected: Likeness) -> None:
    assert likeness(name, media_type) is expected


async def test_modes_decide_what_is_answered(assistant: Assistant, track_mp3: bytes) -> None:
    wants = assistant.wants
    assert await wants(GROUP, "a.mp3", "audio/mpeg", asked=False)
    assert not await wants(GROUP, "a.mp4", "video/mp4", asked=False)
    assert await wants(GROUP, "a.mp4", "video/mp4", asked=True)
    for mode in ("on-demand", "off"):
        await assistant.command(GROUP, CommandName.MODE, mode)
        assert not await wants(GROUP, "a.mp3", "audio/mpeg", asked=False)
    refused = await assistant.identify(GROUP, incoming(track_mp3))
    assert texts_in("es")("failure-switched-off") in refused.text
    await assistant.command(GROUP, CommandName.MODE, "AUTO")
    assert await wants(GROUP, "a.mp3", "audio/mpeg", asked=False)


async def test_public_words_are_the_servers_and_whispered_ones_the_persons(assistant: Assistant) -> None:
    assert (await assistant.texts(GROUP)).language == "es"
    assert (await assistant.texts(GROUP, for_person=True)).language == "en"
    loud = replace(GROUP, can_whisper=False)
    assert (await assistant.texts(loud, for_person=True)).language == "es"
    assert (await assistant.texts(replace(GROUP, language=None))).language == "en"
    await assistant.command(GROUP, CommandName.LANGUAGE, "en")
    assert (await assistant.texts(loud)).language == "en"
    await assistant.command(GROUP, CommandName.LANGUAGE, "auto")
    assert (await assistant.texts(loud)).language == "es"


async def test_the_offset_of_a_conversation_is_used_and_bounded(assistant: Assistant, track_mp3: bytes) -> None:
    reply = await assistant.command(PRIVATE, CommandName.OFFSET, "2,5")
    assert texts_in("es")("offset-set", offset="2,5") in reply.text
    assert "del segundo 2,5 al 5,5" in (await assistant.identify(PRIVATE, incoming(track_mp3))).text
    assert "del segundo 9 al 12" in (await assistant.identify(PRIVATE, incoming(track_mp3), offset="0:09")).text
    for wrong in ("3601", "-1", "soon"):
        refused = await assistant.command(PRIVATE, CommandName.OFFSET, wrong)
        assert texts_in("es")("failure-bad-offset") in refused.text
    assert "2,5" in (await assistant.command(PRIVATE, CommandName.OFFSET)).text
    await assistant.command(PRIVATE, CommandName.OFFSET, "Reset")
    assert "30" in (await assistant.command(PRIVATE, CommandName.OFFSET)).headline


async def test_about_tells_what_was_measured_and_whether_it_can_refuse(behind: Wired, strict: Wired) -> None:
    model = behind.service.model
    assert model
    said = (await behind.assistant.command(PRIVATE, CommandName.ABOUT)).text
    assert model.answer_accuracy
    for share in (model.accuracy, model.top3_accuracy, model.track_accuracy, model.answer_accuracy):
        assert texts_in("es").percent(share) in said
    assert said.endswith(texts_in("es")("about-limits"))
    assert "/listen off" in said
    await behind.assistant.command(PRIVATE, CommandName.LISTEN, "off")
    assert "/listen off" not in (await behind.assistant.command(PRIVATE, CommandName.ABOUT)).text
    refusing = (await strict.assistant.command(PRIVATE, CommandName.ABOUT)).text
    assert refusing.endswith(texts_in("es")("about-limits-refusing"))


async def test_a_chat_decides_whether_more_of_a_track_is_heard(hesitant: Wired, track_mp3: bytes) -> None:
    """What counts is what was set when the file came; with `auto`, and before anything is set, the operator's word."""
    assistant, texts = hesitant.assistant, texts_in("es")
    for argument, listens in (("", True), ("off", False), ("ON", True), ("off", False), ("auto", True)):
        said = await assistant.command(PRIVATE, CommandName.LISTEN, argument)
        assert said.headline == texts("listen-on" if listens else "listen-off")
        reply = await assistant.identify(PRIVATE, incoming(track_mp3), offset=5.0)
        assert reply.headline.startswith("A lo largo de la pista: ") is listens
        assert any(line.startswith("Solo del segundo 5 al 8: no estoy seguro, ") for line in reply.lines) is listens
    assert "on | off | auto" in (await assistant.command(PRIVATE, CommandName.LISTEN)).text
    assert "on, off, auto" in (await assistant.command(PRIVATE, CommandName.LISTEN, "perhaps")).text


async def test_the_operator_decides_for_chats_that_do_not(
    settings: Settings, warm_pool: WarmPool, tmp_path: Path, hesitating: Path, track_mp3: bytes
) -> None:
    silent = settings.model_copy(update={"listen_on": False})
    behind = await wired(silent, await warm_pool(hesitating), tmp_path)
    for argument, listens in (("", False), ("on", True), ("auto", False)):
        said = await behind.assistant.command(PRIVATE, CommandName.LISTEN, argument)
        assert said.headline == texts_in("es")("listen-on" if listens else "listen-off")
        reply = await behind.assistant.identify(PRIVATE, incoming(track_mp3), offset=5.0)
        assert reply.headline.startswith("A lo largo de la pista: ") is listens
    await behind.storage.close()


async def test_who_may_not_manage_changes_nothing(assistant: Assistant) -> None:
    outsider = replace(GROUP, may_manage=forbidden)
    before = (await assistant.command(GROUP, CommandName.OFFSET)).text
    for name, argument in (
        (CommandName.OFFSET, "1"),
        (CommandName.OFFSET, "reset"),
        (CommandName.LANGUAGE, "en"),
        (CommandName.MODE, "off"),
        (CommandName.LISTEN, "off"),
        (CommandName.FORGET, "chat"),
    ):
        refused = await assistant.command(outsider, name, argument)
        assert texts_in("en")("failure-not-allowed") in refused.text
    assert (await assistant.command(GROUP, CommandName.OFFSET)).text == before
    assert (await assistant.command(GROUP, CommandName.LISTEN)).headline == texts_in("en")("listen-on")


def test_a_reply_that_is_too_long_loses_its_last_lines() -> None:
    reply = Reply("head", ("one", "two", "three"))
    assert reply.shortened(12).lines == ("one", "two")
    assert reply.shortened(4).text == "head"
    assert reply.shortened(3).text == "hea"


async def test_the_place_in_the_queue_is_told(warm_pool: WarmPool) -> None:
    progress = Progress()
    assert progress.sentence(texts_in("en")) == "Downloading…"
    progress.stage = Stage.IN_THE_POOL
    progress.ahead = (await warm_pool()).next_place()
    assert progress.sentence(texts_in("en")) == "Listening…"
    progress.ahead = lambda: 3
    assert progress.sentence(texts_in("es")) == "En cola: 3 por delante."


async def test_a_quick_answer_needs_no_word_before_it() -> None:
    said: list[str] = []

    async def say(sentence: str) -> None:
        said.append(sentence)

    async def work() -> str:
        return "done"

    assert await accompanied(work(), Progress(), texts_in("en"), say) == "done"
    assert said == []


async def test_a_word_that_cannot_be_said_costs_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.progress.FIRST_WORD_AFTER_S", 0.05)
    heard: list[str] = []

    async def say(sentence: str) -> None:
        heard.append(sentence)
        raise ConnectionResetError

    async def work() -> str:
        await asyncio.sleep(0.3)
        return "done"

    assert await accompanied(work(), Progress(), texts_in("en"), say) == "done"
    assert heard == ["Downloading…"]


async def test_settings_that_cannot_be_read_are_not_overwritten(
    settings: Settings, warm_pool: WarmPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = await wired(settings, await warm_pool(), tmp_path)
    await behind.assistant.command(GROUP, CommandName.MODE, "off")
    with monkeypatch.context() as broken:

        def refuse(*_: object) -> None:
            raise OperationalError("SELECT", {}, Exception("connection reset"))

        broken.setattr(type(behind.storage.database.engine), "connect", refuse)
        refused = await behind.assistant.command(GROUP, CommandName.OFFSET, "12")
        assert texts_in("en")("failure-storage") in refused.text
    assert (await behind.storage.preferences_of(GROUP)).mode == "off"
    await behind.storage.close()


async def test_two_changes_at_a_time_both_hold(assistant: Assistant) -> None:
    await asyncio.gather(
        assistant.command(GROUP, CommandName.OFFSET, "12"), assistant.command(GROUP, CommandName.MODE, "on-demand")
    )
    assert "12" in (await assistant.command(GROUP, CommandName.OFFSET)).headline
    assert texts_in("en")("mode-on-demand") in (await assistant.command(GROUP, CommandName.MODE)).text
