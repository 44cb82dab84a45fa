"""The page in a real Chromium, as people use it: both languages, with and without JavaScript, desktop and phone.

Screenshots go to the folder that SCREENSHOTS names, if it is set. Without a Chromium on the machine these tests are
skipped, except where CI is set: there they must run.
"""

import base64
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.bot.chats import kept
from tests.bot.web.conftest import RunningPage
from tests.support.audio import dance_track, mp3

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1200, "height": 900}
_ARGUMENTS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"

if CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("no Chromium on this machine", allow_module_level=True)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS.split())
        yield browser
        await browser.close()


@pytest.fixture
def clip(tmp_path: Path, track_mp3: bytes) -> Path:
    path = tmp_path / "Night Drive.mp3"
    path.write_bytes(track_mp3)
    return path


async def opened(browser: Browser, page: RunningPage, **options: Any) -> Page:
    tab = await browser.new_page(**{"locale": "en-GB", "viewport": DESKTOP, **options})
    await tab.goto(page.url)
    return tab


async def shoot(tab: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        await tab.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


async def fits(tab: Page) -> bool:
    """Nothing sticks out sideways."""
    return bool(await tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(
    ("locale", "button", "heading", "scores"),
    [("en-GB", "Identify", "Result", "All 16 genres"), ("es-MX", "Identificar", "Resultado", "Los 16 géneros")],
)
async def test_a_clip_is_uploaded_and_answered(
    browser: Browser,
    page: RunningPage,
    clip: Path,
    viewport: dict[str, int],
    locale: str,
    button: str,
    heading: str,
    scores: str,
) -> None:
    tab = await opened(browser, page, locale=locale, viewport=viewport)
    await page.pool.until_ready()
    await shoot(tab, f"form-{locale}-{viewport['width']}")
    await tab.get_by_label(re.compile("Music file|Archivo de música")).set_input_files(clip)
    await tab.get_by_role("button", name=button).click()
    await expect(tab.get_by_role("heading", name=heading)).to_be_visible(timeout=15_000)
    await expect(tab.get_by_role("heading", name=scores)).to_be_visible()
    await expect(tab.get_by_role("row")).to_have_count(16)
    await expect(tab.get_by_text("Night Drive.mp3")).to_be_visible()
    picture = tab.get_by_role("img")
    assert await picture.get_attribute("alt")
    assert await picture.evaluate("image => image.complete && image.naturalWidth") == 960
    assert await tab.locator("audio").evaluate(
        "sound => new Promise(done => {"
        " sound.readyState >= 1 ? done(sound.duration)"
        " : sound.addEventListener('loadedmetadata', () => done(sound.duration))"
        "})"
    ) == pytest.approx(3.0, abs=0.01)
    assert await tab.evaluate("document.activeElement.id") == "result"
    assert await fits(tab)
    await shoot(tab, f"answer-{locale}-{viewport['width']}")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_an_answer_is_rated_where_it_stands(
    browser: Browser, page: RunningPage, clip: Path, viewport: dict[str, int]
) -> None:
    tab = await opened(browser, page, viewport=viewport)
    await tab.locator("#file").set_input_files(clip)
    await tab.get_by_role("button", name="Identify").click()
    await tab.get_by_role("button", name="👍 Right").click(timeout=15_000)
    await expect(tab.get_by_text("Thanks, noted.")).to_be_visible()
    assert [row.verdict for row in await kept(page.storage)] == ["right"]
    await tab.get_by_text("👎 Wrong").click()
    menu = tab.get_by_label("What is it then?")
    await menu.select_option("none")
    assert await fits(tab)
    await shoot(tab, f"feedback-{viewport['width']}")
    await tab.get_by_role("button", name="Send").click()
    await expect(menu).to_be_hidden()
    await expect(tab.get_by_text("Thanks, noted.")).to_be_visible()
    await expect(tab.get_by_role("heading", name="Result")).to_be_visible()
    assert [(row.verdict, row.corrected) for row in await kept(page.storage)] == [("wrong", "none")]


async def test_an_answer_is_rated_without_javascript(browser: Browser, page: RunningPage, clip: Path) -> None:
    tab = await opened(browser, page, java_script_enabled=False, locale="es-ES", viewport=PHONE)
    await tab.locator("#file").set_input_files(clip)
    await tab.locator("button").click()
    await tab.get_by_text("👎 Incorrecto").click(timeout=15_000)
    await expect(tab.get_by_text("Analizado: del segundo 30 al 33")).to_be_visible()  # the answer is still there
    await tab.get_by_label("¿Qué género es entonces?").select_option("none")
    await tab.get_by_role("button", name="Enviar").click()
    await expect(tab.get_by_text("Gracias, anotado.")).to_be_visible()
    assert [(row.verdict, row.corrected) for row in await kept(page.storage)] == [("wrong", "none")]
    await shoot(tab, "feedback-thanks")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_a_whole_track_shows_its_timeline(
    browser: Browser, page: RunningPage, clip: Path, viewport: dict[str, int]
) -> None:
    tab = await opened(browser, page, viewport=viewport)
    await tab.locator("#file").set_input_files(clip)
    await tab.get_by_label("The whole track").check()
    await tab.get_by_role("button", name="Identify").click()
    await expect(tab.get_by_role("heading", name="Timeline")).to_be_visible(timeout=15_000)
    await expect(tab.get_by_text("Listened to 13 windows")).to_be_visible()
    assert await tab.get_by_role("img").evaluate("image => image.complete && image.naturalWidth") == 960
    assert await fits(tab)
    await shoot(tab, f"track-{viewport['width']}")


@pytest.mark.parametrize(
    ("locale", "words"), [("en-GB", "This is not audio that can be read."), ("es-ES", "Esto no es audio")]
)
async def test_a_wrong_file_is_explained(
    browser: Browser, page: RunningPage, tmp_path: Path, locale: str, words: str
) -> None:
    wrong = tmp_path / "letter.mp3"
    wrong.write_text("Dear Sir or Madam")
    tab = await opened(browser, page, locale=locale, viewport=PHONE)
    await tab.locator("#file").set_input_files(wrong)
    await tab.locator("button").click()
    await expect(tab.get_by_role("alert")).to_contain_text(words, timeout=15_000)
    await expect(tab.locator("button")).to_be_enabled()
    assert await fits(tab)
    await shoot(tab, f"wrong-{locale}")


async def test_without_javascript_the_form_works_too(browser: Browser, page: RunningPage, clip: Path) -> None:
    tab = await opened(browser, page, java_script_enabled=False, locale="es-ES", viewport=PHONE)
    await tab.locator("#file").set_input_files(clip)
    await tab.locator("#offset").fill("8")
    await tab.locator("button").click()
    await expect(tab.get_by_text("Analizado: del segundo 8 al 11")).to_be_visible(timeout=15_000)
    assert await tab.evaluate("document.documentElement.lang") == "es"


async def test_a_file_can_be_dropped(browser: Browser, page: RunningPage, track_mp3: bytes) -> None:
    tab = await opened(browser, page)
    transfer = await tab.evaluate_handle(
        "text => { const carried = new DataTransfer(); const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));"
        " carried.items.add(new File([bytes], 'dropped.mp3', {type: 'audio/mpeg'})); return carried; }",
        base64.b64encode(track_mp3).decode(),
    )
    await tab.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
    await expect(tab.get_by_text("dropped.mp3")).to_be_visible(timeout=20_000)


async def test_a_file_that_is_too_large_is_not_even_sent(browser: Browser, page: RunningPage, tmp_path: Path) -> None:
    large = tmp_path / "large.mp3"
    large.write_bytes(bytes(3 * 1024 * 1024))
    tab = await opened(browser, page)
    posts: list[str] = []
    tab.on("request", lambda request: posts.append(request.method))
    await tab.locator("#file").set_input_files(large)
    await tab.locator("button").click()
    await expect(tab.get_by_text("The file is larger than 2 MB.")).to_be_visible()
    assert "POST" not in posts


async def test_a_too_large_file_without_javascript_gets_the_page_not_a_reset(
    browser: Browser, page: RunningPage, tmp_path: Path
) -> None:
    large = tmp_path / "large.mp3"
    large.write_bytes(bytes(12 * 1024 * 1024))
    tab = await opened(browser, page, java_script_enabled=False)
    await tab.locator("#file").set_input_files(large)
    await tab.locator("button").click()
    await expect(tab.get_by_role("alert")).to_contain_text("The file is larger than 2 MB.")


async def test_everything_can_be_reached_by_keyboard(browser: Browser, page: RunningPage, tmp_path: Path) -> None:
    await page.pool.until_ready()
    clip = tmp_path / "k.mp3"
    clip.write_bytes(mp3(dance_track(4.0)))
    tab = await opened(browser, page)
    reached = []
    for _ in range(7):
        await tab.keyboard.press("Tab")
        reached.append(await tab.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    assert reached == ["Skip to the result", "English", "Español", "file", "offset", "whole", "Identify"]
    await tab.locator("#file").set_input_files(clip)
    await tab.locator("#offset").focus()
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("heading", name="Result")).to_be_visible(timeout=15_000)


async def test_the_page_says_that_it_warms_up_and_stops_saying_it(browser: Browser, page: RunningPage) -> None:
    tab = await opened(browser, page)
    warming = tab.get_by_text("Warming up")
    if not page.pool.is_ready:
        await expect(warming).to_be_visible()
    await page.pool.until_ready()
    await expect(warming).to_have_count(0, timeout=5_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_has_enough_contrast(browser: Browser, page: RunningPage, scheme: str) -> None:
    """WCAG AA asks for 4.5 : 1 between text and what lies behind it."""
    tab = await opened(browser, page, color_scheme=scheme)
    for selector in ("h1", ".hint", "label", "nav a:not([aria-current])", "button"):
        assert await tab.evaluate(CONTRAST, selector) >= 4.5, selector
    await shoot(tab, f"form-{scheme}")


CONTRAST = """selector => {
  const rgb = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const element = document.querySelector(selector);
  let behind = element;
  while (rgb(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
  const [a, b] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor]
    .map(colour => luminance(rgb(colour))).sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""
