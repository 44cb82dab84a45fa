"""Every failure of the catalogue, provoked on both platforms in every language: reason, advice, a logged reference."""

import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.exc import OperationalError

from bot.failures import Failure, FailureKind
from bot.replies import failure_texts
from bot.texts import LANGUAGES, texts_in
from config import Settings
from tests.bot.chats import Chat, DiscordChat, TelegramChat, Wired, discord_adapter, running, telegram_adapter, wired
from tests.bot.conftest import WarmPool
from tests.support.audio import dance_track, encode, encode_with_ffmpeg, mp3
from tests.support.discord_server import DiscordServer
from tests.support.telegram_server import TelegramServer


@dataclass(frozen=True)
class Scene:
    """A chat, what stands behind it, and a track."""

    chat: Chat
    behind: Wired
    track: bytes
    monkeypatch: pytest.MonkeyPatch

    def pool_fails(self, kind: FailureKind) -> None:
        """The pool's own failures are provoked for real in `test_workers`."""

        async def run(_: object) -> None:
            raise Failure(kind)

        self.monkeypatch.setattr(self.behind.pool, "run", run)


@pytest.fixture
def settings() -> Settings:
    return Settings(_env_file=None, workers=1, max_upload_mb=2.0, user_burst=4, user_per_minute=1.0)


@pytest.fixture
async def scene(
    settings: Settings,
    warm_pool: WarmPool,
    tmp_path: Path,
    track_mp3: bytes,
    platform: str,
    language: str,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Scene]:
    monkeypatch.setattr("bot.adapters.telegram.media._DELAYS_S", (0.0, 0.0))
    monkeypatch.setattr("bot.adapters.discord.media._DELAYS_S", (0.0, 0.0))
    behind = await wired(settings, await warm_pool(), tmp_path)
    await behind.pool.until_ready()
    try:
        if platform == "telegram":
            async with TelegramServer() as telegram, running(telegram_adapter(behind, telegram)):
                chat: Chat = TelegramChat(telegram, language)
                if language != "en":
                    await chat.command(f"/language {language}", manager=True)
                yield Scene(chat, behind, track_mp3, monkeypatch)
        else:
            async with DiscordServer() as discord:
                discord.guild_locale = {"en": "en-GB", "es": "es-ES", "pt": "pt-BR"}[language]
                async with running(discord_adapter(behind, discord)):
                    yield Scene(DiscordChat(discord, language), behind, track_mp3, monkeypatch)
    finally:
        await behind.storage.close()


async def _posted(scene: Scene, content: bytes) -> str:
    return await scene.chat.post(content)


async def _pool_failure(scene: Scene, kind: FailureKind) -> str:
    scene.pool_fails(kind)
    return await scene.chat.post(scene.track)


async def _download(scene: Scene) -> str:
    scene.chat.lose_download()
    return await scene.chat.post(scene.track)


async def _too_often(scene: Scene) -> str:
    for _ in range(4):
        await scene.chat.post(b"text")
    return await scene.chat.post(scene.track)


async def _pressed(scene: Scene, **how: bool) -> str:
    await scene.chat.post(scene.track)
    return await scene.chat.press(**how)


async def _switched_off(scene: Scene) -> str:
    await scene.chat.post(scene.track)
    await scene.chat.command("/mode off", manager=True)
    return await scene.chat.ask()


async def _feedback_off(scene: Scene) -> str:
    await scene.chat.post(scene.track)
    await scene.chat.command("/privacy off", manager=True)
    return await scene.chat.press(vote=True)


async def _storage(scene: Scene) -> str:
    def broken(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk I/O error"))

    scene.monkeypatch.setattr(type(scene.behind.storage.database.engine), "begin", broken)
    return await scene.chat.command("/offset 12", manager=True)


async def _internal(scene: Scene) -> str:
    async def run(_: object) -> None:
        raise ZeroDivisionError

    scene.monkeypatch.setattr(scene.behind.pool, "run", run)
    return await scene.chat.post(scene.track)


def _bought() -> bytes:
    """An M4A whose sound is declared as one of those that only their buyer could play."""
    return encode_with_ffmpeg(dance_track(4.0), "mp4", "aac", rate_hz=44_100).replace(b"mp4a", b"drms", 1)


SCENES: dict[FailureKind, Callable[[Scene], Awaitable[str]]] = {
    FailureKind.EMPTY: lambda scene: _posted(scene, b""),
    FailureKind.NOT_AUDIO: lambda scene: _posted(scene, b"this is text"),
    FailureKind.WEB_PAGE: lambda scene: _posted(scene, b"<!doctype html><html>Log in</html>"),
    FailureKind.ARCHIVE: lambda scene: _posted(scene, b"PK\x03\x04" + bytes(200)),
    FailureKind.PLAYLIST: lambda scene: _posted(scene, b"#EXTM3U\nsong.mp3\n"),
    FailureKind.PROTECTED: lambda scene: _posted(scene, _bought()),
    FailureKind.OUT_OF_RANGE: lambda scene: _posted(scene, encode(dance_track(1.0), "WAV", rate_hz=1_000)),
    FailureKind.DAMAGED: lambda scene: _posted(scene, b"fLaC" + bytes(200)),
    FailureKind.TOO_SHORT: lambda scene: _posted(scene, mp3(dance_track(1.0))),
    FailureKind.SILENT: lambda scene: _posted(scene, encode(np.zeros(5 * 44_100, np.float32), "FLAC")),
    FailureKind.TOO_LARGE: lambda scene: scene.chat.post(scene.track, size=3_000_000),
    FailureKind.BAD_OFFSET: lambda scene: scene.chat.command("/offset yesterday", manager=True),
    FailureKind.DOWNLOAD: _download,
    FailureKind.BUSY: lambda scene: _pool_failure(scene, FailureKind.BUSY),
    FailureKind.TIMEOUT: lambda scene: _pool_failure(scene, FailureKind.TIMEOUT),
    FailureKind.CRASHED: lambda scene: _pool_failure(scene, FailureKind.CRASHED),
    FailureKind.NO_WORKERS: lambda scene: _pool_failure(scene, FailureKind.NO_WORKERS),
    FailureKind.STOPPING: lambda scene: _pool_failure(scene, FailureKind.STOPPING),
    FailureKind.TOO_OFTEN: _too_often,
    FailureKind.NOT_ALLOWED: lambda scene: scene.chat.command("/offset 12"),
    FailureKind.NOT_YOURS: lambda scene: _pressed(scene, other=True),
    FailureKind.SWITCHED_OFF: _switched_off,
    FailureKind.FEEDBACK_OFF: _feedback_off,
    FailureKind.BAD_CHOICE: lambda scene: scene.chat.command("/mode loud", manager=True),
    FailureKind.NO_AUDIO_HERE: lambda scene: scene.chat.ask_without_file(),
    FailureKind.GONE: lambda scene: _pressed(scene, deleted=True),
    FailureKind.STORAGE: _storage,
    FailureKind.INTERNAL: _internal,
}


CHATS = [("telegram", "en"), ("discord", "en"), ("telegram", "es"), ("discord", "pt")]
"""Each language on a platform; what differs between platforms is no matter of language."""
assert {language for _, language in CHATS} == set(LANGUAGES)


def pattern(kind: FailureKind, language: str, settings: Settings) -> re.Pattern[str]:
    """Reason and advice as the locale files have them, with any value in the places of values."""
    any_value = dict.fromkeys(("limit", "max_offset", "seconds", "choices"), "VALUE")
    words = failure_texts(Failure(kind, **any_value), texts_in(language), settings)
    both = re.escape(words.reason) + r"\s+" + re.escape(words.advice)
    return re.compile(both.replace("VALUE", ".+?") + r"\s+\w+: (?P<reference>[0-9a-f]{8})")


@pytest.mark.parametrize(("platform", "language"), CHATS)
@pytest.mark.parametrize("kind", SCENES)
async def test_people_read_the_reason_an_advice_and_a_reference_that_is_logged(
    scene: Scene, kind: FailureKind, language: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="bot")
    text = await SCENES[kind](scene)
    found = pattern(kind, language, settings).search(text)
    assert found, text
    assert f"{kind} ref={found['reference']}" in caplog.text
    assert "Traceback" not in text


def test_only_what_not_all_chats_can_have_is_missing() -> None:
    """A form without a file is the page's, a channel that forbids writing Discord's, one file too few Telegram's."""
    elsewhere = {FailureKind.NO_FILE, FailureKind.CANNOT_WRITE, FailureKind.TWO_FILES}
    assert set(FailureKind) - set(SCENES) == elsewhere
