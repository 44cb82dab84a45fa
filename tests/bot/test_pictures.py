"""Replies as people see them: what the platforms' servers received, drawn as chat messages in a real browser.

SCREENSHOTS names the folder for the pictures; those in the README were made here.
"""

import base64
import html
import os
import re
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser

from tests.bot.chats import GROUP, Wired, discord_adapter, running, telegram_adapter
from tests.bot.web.test_browser import browser, chromium
from tests.support.audio import mp3, pad_track
from tests.support.discord_server import DiscordServer
from tests.support.telegram_server import TelegramServer

__all__ = ["browser", "chromium"]

PAGE = """<!doctype html><html lang="en"><style>
body {{ margin: 0; padding: 16px; width: 480px; font: 15px/1.4 system-ui, sans-serif; }}
body {{ background: {back}; color: {ink}; }}
p {{ margin: 8px 0 0; display: flex; gap: 8px; }}
.card {{ background: {card}; border-radius: 12px; padding: 12px; border-left: 5px solid {edge}; }}
.to {{ border-left: 3px solid #7a6bd8; padding-left: 8px; margin-bottom: 8px; opacity: .8; }}
img {{ width: 100%; border-radius: 8px; display: block; margin: 8px 0; }}
button {{ font: inherit; width: {button}; padding: 8px 14px; border: 0; border-radius: 8px; }}
button {{ background: #5865f2; color: #fff; }}
</style><body><div class="card"><div class="to">🎵 {name}</div>{parts}{buttons}</div>"""
DARK = {"back": "#313338", "card": "#2b2d31", "ink": "#dbdee1", "button": "auto"}
LIGHT = {"back": "#dfe6ee", "card": "#ffffff", "ink": "#111111", "button": "49%"}


@dataclass(frozen=True)
class Seen:
    """A reply: its text as HTML, its picture, its rows of buttons, and the file it is about."""

    text: str
    picture: bytes
    buttons: list[list[str]]
    name: str
    colour: str = "transparent"

    def page(self, look: dict[str, str], *, picture_first: bool) -> str:
        image = f'<img src="data:image/png;base64,{base64.b64encode(self.picture).decode()}" alt="">'
        words = f'<div id="words">{self.text}</div>'
        rows = ("".join(f"<button>{html.escape(label)}</button>" for label in row) for row in self.buttons)
        buttons = "".join(f"<p>{row}</p>" for row in rows)
        parts = image + words if picture_first else words + image
        return PAGE.format(**look, edge=self.colour, name=html.escape(self.name), parts=parts, buttons=buttons)


async def drawn(browser: Browser, page: str, name: str) -> str:
    """Draw a page; returns the words one can read on it."""
    tab = await browser.new_page(viewport={"width": 512, "height": 200}, device_scale_factor=1.5)
    await tab.set_content(page)
    assert await tab.evaluate("document.querySelector('img').naturalWidth") == 960
    assert await tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if folder := os.environ.get("SCREENSHOTS"):
        await tab.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    return await tab.locator("#words").inner_text()


def from_markdown(content: str) -> str:
    """Bold and escapes, as Discord shows them."""
    bold = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", html.escape(content, quote=False), count=1)
    return re.sub(r"\\\\(.)", r"\1", bold).replace("\n", "<br>")


async def test_a_reply_on_discord(behind: Wired, browser: Browser) -> None:
    track = mp3(pad_track(40.0))
    async with DiscordServer() as server, running(discord_adapter(behind, server)):
        await server.post(attachments=[server.add_file(track, "Slow Tide.mp3")])
        request = await server.wait_for("POST", "/messages")
    buttons = [[button["label"] for button in row["components"]] for row in request.body["components"]]
    (card,) = request.body["embeds"]
    words, colour = from_markdown(card["description"]), f"#{card['color']:06x}"
    seen = Seen(words, request.files[0].content, buttons, "Slow Tide.mp3", colour)
    words = await drawn(browser, seen.page(DARK, picture_first=False), "reply-discord")
    assert re.search(r"\w — \d+%", words)  # whichever genre the model names
    assert "seconds 30 to 33 of “Slow Tide.mp3”" in words


async def test_a_reply_on_telegram(behind: Wired, browser: Browser, track_mp3: bytes) -> None:
    async with TelegramServer() as server, running(telegram_adapter(behind, server)):
        server.join(GROUP, 7, language_code="es")
        await server.wait_for("sendMessage")
        server.send(chat_id=GROUP, audio=server.add_file(track_mp3), file_name="Noche.mp3")
        call = await server.wait_for("sendPhoto")
    buttons = [[button["text"] for button in row] for row in call.params["reply_markup"]["inline_keyboard"]]
    text = call.params["caption"].replace("\n", "<br>")
    seen = Seen(text, call.upload.content, buttons, "Noche.mp3")
    words = await drawn(browser, seen.page(LIGHT, picture_first=True), "reply-telegram")
    assert "Después" in words  # the next candidates, in Spanish
    assert "del segundo 30 al 33 de «Noche.mp3»" in words
