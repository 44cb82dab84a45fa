"""A crowd on a bad day: `python -m tests.crowd [--minutes 10]` runs the bot against both servers of these tests.

Twenty people in three chats of each platform post files, while the servers drop connections, refuse, flood and lie. In
the end every file has been answered or told; or it is named, and the exit code is 1.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.bot.chats import marked
from tests.support.audio import dance_track, mp3
from tests.support.bot_process import Process, discord_settings, started, telegram_settings
from tests.support.discord_server import DiscordServer
from tests.support.telegram_server import Json, TelegramServer

_PEOPLE = 20
_CHATS = (-1001, -1002, -1003)
_GRACE_S = 90.0
"""For what is still on its way when the last file has been posted."""
_SAID_FROM_S, _SAID_TO_S = -65.0, 20.0
"""That there is too much to do, a chat hears once a minute: for files from a minute before until a little after."""
_EVERY_S = 2.0
_ODD = (b"", b"<!doctype html><html>", b"PK\x03\x04" + bytes(300), b"no music at all")


@dataclass
class Crowd:
    """What has been posted, and when: on Telegram by chat and number, on Discord by number."""

    telegram: dict[tuple[int, int], float] = field(default_factory=dict)
    discord: dict[str, float] = field(default_factory=dict)
    troubles: Counter[str] = field(default_factory=Counter)


async def people(crowd: Crowd, telegram: TelegramServer, discord: DiscordServer, until_s: float) -> None:
    """Post until the time has come: mostly music, sometimes something else, in bursts and alone."""
    tracks = [mp3(dance_track(20.0 + n, bpm=110.0 + n)) for n in range(6)]
    number = 0
    while time.monotonic() < until_s:
        for _ in range(random.choice((1, 1, 1, 2, 6))):
            number += 1
            content = random.choice(tracks)[: -1 - number] if random.random() < 0.85 else random.choice(_ODD)
            chat, person = random.choice(_CHATS), random.randrange(1, _PEOPLE + 1)
            posted = telegram.send(chat_id=chat, user_id=person, audio=telegram.add_file(content))
            crowd.telegram[chat, posted["message_id"]] = time.monotonic()
            if random.random() < 0.5:
                files = [discord.add_file(content, f"{number}-{n}.mp3") for n in range(random.choice((1, 1, 3)))]
                where = random.choice(discord.channel_ids)
                message = await discord.post(attachments=files, user_id=discord.user_id + person, channel=where)
                crowd.discord[message["id"]] = time.monotonic()
        await asyncio.sleep(random.uniform(0.3, 1.7) * _EVERY_S)


async def bad_day(crowd: Crowd, telegram: TelegramServer, discord: DiscordServer, bot: Process, until_s: float) -> None:
    """Every few seconds something goes wrong."""

    def trouble(name: str) -> None:
        crowd.troubles[name] += 1

    while time.monotonic() < until_s:
        await asyncio.sleep(random.uniform(1.0, 5.0))
        match random.randrange(10):
            case 0:
                telegram.fail("sendPhoto", status=429, description="Too Many Requests", retry_after=3)
                trouble("flood wait")
            case 1:
                telegram.drop(random.choice(("sendPhoto", "sendMessage", "getFile", "getUpdates")), times=2)
                trouble("dropped connections")
            case 2:
                telegram.fail("download", status=502, description="Bad Gateway", times=2)
                trouble("bad gateways")
            case 3 if not telegram._faults["getUpdates"]:
                telegram.fail("getUpdates", status=random.choice((500, 401, 409)), description="refused")
                trouble("refused polls")
            case 4:
                telegram._update("message", {"message_id": 1, "poll": {"question": "?"}})
                trouble("unreadable updates")
            case 5:
                await discord.drop()
                trouble("lost gateways")
            case 6:
                discord.fail("POST", "/messages", status=500, body={"code": 0, "message": "oops"}, times=2)
                trouble("refused messages")
            case 7:
                discord.fail("GET", "/attachments/", status=503, body={}, times=2)
                trouble("unavailable attachments")
            case 8:
                await discord.emit("CHANNEL_UPDATE", {"type": "?"})
                trouble("unreadable events")
            case 9:
                for pid in _workers(bot)[:1]:
                    os.kill(pid, signal.SIGKILL)
                trouble("killed workers")


def _workers(bot: Process) -> list[int]:
    from tests.support.processes import workers_of

    return workers_of(bot.process.pid)


def unheard_on_telegram(crowd: Crowd, telegram: TelegramServer) -> list[tuple[int, int]]:
    """Files whose senders have heard nothing: no reply, and no word to the chat at about that time."""
    said: list[Json] = telegram._sent
    replied = {
        (message["chat"]["id"], message["reply_to_message"]["message_id"])
        for message in said
        if "reply_to_message" in message and not _is_status(str(message.get("text", "")))
    }
    refused = [
        (message["chat"]["id"], crowd.telegram.get((message["chat"]["id"], message["reply_to_message"]["message_id"])))
        for message in said
        if _is_refusal(str(message.get("text", ""))) and "reply_to_message" in message
    ]

    def was_told(chat: int, at_s: float) -> bool:
        return any(where == chat and when is not None and _covers(when, at_s) for where, when in refused)

    return [key for key, at_s in crowd.telegram.items() if key not in replied and not was_told(key[0], at_s)]


def unheard_on_discord(crowd: Crowd, discord: DiscordServer) -> list[str]:
    """The same there."""
    channels = {number: message["channel_id"] for number, message in discord.messages.items()}
    own = [
        m for m in discord.messages.values() if m["author"]["id"] == str(discord.bot_id) and "message_reference" in m
    ]
    texts = [(str(m["message_reference"]["message_id"]), marked(m)) for m in own]
    replied = {number for number, text in texts if not _is_status(text)}
    refused = [number for number, text in texts if _is_refusal(text) and number in crowd.discord]

    def was_told(number: str) -> bool:
        here = channels[int(number)]
        times_s = (crowd.discord[other] for other in refused if channels[int(other)] == here)
        return any(_covers(when, crowd.discord[number]) for when in times_s)

    return [number for number in crowd.discord if number not in replied and not was_told(number)]


def _covers(said_s: float, posted_s: float) -> bool:
    return _SAID_FROM_S <= said_s - posted_s <= _SAID_TO_S


def _is_status(text: str) -> bool:
    return text.startswith(("Downloading", "In the queue", "Listening")) or text.endswith("files are done.")


def _is_refusal(text: str) -> bool:
    return "Too many files are waiting" in text or "That is a lot at once" in text


async def main(minutes: float, seed: int) -> int:
    random.seed(seed)
    crowd = Crowd()
    with tempfile.TemporaryDirectory() as folder:
        async with DiscordServer() as discord, TelegramServer() as telegram:
            environment = {**discord_settings(discord), **telegram_settings(telegram), "LOG_LEVEL": "INFO"}
            async with started(Path(folder), MODEL="default", **environment) as bot:
                await bot.until_logged("Ready, with model")
                until_s = time.monotonic() + 60.0 * minutes
                await asyncio.gather(
                    people(crowd, telegram, discord, until_s), bad_day(crowd, telegram, discord, bot, until_s)
                )
                last_s = time.monotonic()
                while time.monotonic() - last_s < _GRACE_S:
                    if not (unheard_on_telegram(crowd, telegram) or unheard_on_discord(crowd, discord)):
                        break
                    await asyncio.sleep(1.0)
                settled_s = time.monotonic() - last_s
                code = await bot.stop()
            tracebacks = bot.log.count("Traceback")
            unheard = [*unheard_on_telegram(crowd, telegram), *unheard_on_discord(crowd, discord)]
            replied = sum("reply_to_message" in message for message in telegram._sent)
    print(
        f"Telegram: {len(crowd.telegram)} files, {replied} messages of the bot; Discord: {len(crowd.discord)} messages"
    )
    print("Troubles:", ", ".join(f"{count} {name}" for name, count in crowd.troubles.most_common()))
    print(f"Everybody had heard {settled_s:.0f} s after the last file; exit code {code}; {tracebacks} tracebacks")
    print(f"Unheard: {unheard or 'nobody'}")
    if tracebacks or unheard:
        print(bot.log, file=sys.stderr)
    return int(bool(unheard or code or tracebacks))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    sys.exit(asyncio.run(main(chosen.minutes, chosen.seed)))
