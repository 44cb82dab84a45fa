"""The page in a real Chromium, as people use it: every language, with and without JavaScript, on desktops and phones.

Screenshots go to the folder that SCREENSHOTS names, if it is set. Without a Chromium on the machine these tests are
skipped, except where CI is set: there they must run.
"""

import base64
import csv
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright, expect

from classifier.genres import SLUGS
from classifier.palette import colour_of
from config import Settings
from tests.bot.chats import kept
from tests.bot.conftest import PoolMaker
from tests.bot.web.conftest import RunningPage, serve
from tests.support.audio import dance_track, mp3

_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first is Chromium without windows and menus of its own: the same page for half the work."""
CHROMIUM = next(filter(None, map(shutil.which, _BROWSERS)), None)
PHONE = {"width": 360, "height": 740}
SMALL = {"width": 320, "height": 640}
DESKTOP = {"width": 1280, "height": 900}
_ARGUMENTS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"

if CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("no Chromium on this machine", allow_module_level=True)


@pytest.fixture(scope="session")
def answering(shipped: Path) -> Path:
    """The page as people see it, with the model's figures."""
    return shipped


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS.split())
        yield browser
        await browser.close()


@pytest.fixture
async def browser(chromium: Browser) -> AsyncIterator[Browser]:
    """The one browser; what a test has opened in it, without a past, is closed after the test."""
    yield chromium
    for context in chromium.contexts:
        await context.close()


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


async def found(tab: Page) -> None:
    """Wait for an answer that is there as a whole."""
    await expect(tab.locator("#result .answer")).to_be_visible(timeout=20_000)


async def is_for_everybody(tab: Page) -> None:
    """Nothing sticks out sideways, and axe finds nothing that keeps anybody from using the page."""
    assert await fits(tab)
    await tab.evaluate("document.getAnimations().forEach(animation => animation.finish())")
    found = await Axe().run(tab)
    assert found.response["violations"] == [], found.generate_report()


@pytest.mark.parametrize(
    ("locale", "scores", "viewport", "scheme"),
    [
        ("en-GB", "All 16 genres", DESKTOP, "light"),
        ("en-GB", "All 16 genres", SMALL, "dark"),
        ("es-MX", "Los 16 géneros", PHONE, "dark"),
        ("es-MX", "Los 16 géneros", SMALL, "light"),
        ("pt-BR", "Os 16 gêneros", DESKTOP, "dark"),
        ("pt-BR", "Os 16 gêneros", SMALL, "light"),
    ],
)
async def test_a_clip_is_chosen_and_answered(
    browser: Browser, page: RunningPage, clip: Path, viewport: dict[str, int], locale: str, scores: str, scheme: str
) -> None:
    tab = await opened(browser, page, locale=locale, viewport=viewport, color_scheme=scheme)
    await page.pool.until_ready()
    await expect(tab.locator("#warming")).to_have_count(0)
    await expect(tab.locator(".genres li")).to_have_count(16)
    await expect(tab.locator(".genres .percent")).to_have_count(16)  # how often it is right, before any upload
    await is_for_everybody(tab)
    await shoot(tab, f"form-{locale}-{viewport['width']}")
    await tab.locator("#file").set_input_files(clip)  # that is enough
    await found(tab)
    await expect(tab.get_by_role("heading", name=scores)).to_be_visible()
    await expect(tab.locator(".scores tr")).to_have_count(16)
    await expect(tab.get_by_text("Night Drive.mp3")).to_be_visible()
    picture = tab.locator(".answer > img")
    assert await picture.get_attribute("alt")
    assert await picture.evaluate("image => image.complete && image.naturalWidth") == 960
    assert await tab.locator("audio").evaluate(LENGTH) == pytest.approx(3.0, abs=0.01)
    assert await tab.evaluate("document.activeElement.id") == "result"
    await expect(tab.locator("#wave")).to_be_visible()
    colours = [await bar.evaluate("bar => getComputedStyle(bar).fill") for bar in await tab.locator(".bar rect").all()]
    assert len(set(colours)) == 16  # each genre has its own
    await is_for_everybody(tab)
    await shoot(tab, f"answer-{locale}-{viewport['width']}")


async def test_the_same_file_is_heard_elsewhere_and_as_a_whole(browser: Browser, page: RunningPage, clip: Path) -> None:
    tab = await opened(browser, page)
    await tab.locator("#file").set_input_files(clip)
    await expect(tab.get_by_text("Analysed: seconds 30 to 33")).to_be_visible(timeout=20_000)
    await tab.get_by_role("button", name="Another part").click()
    await expect(tab.get_by_text("The track ends before that second")).to_be_visible(timeout=20_000)
    seek = tab.get_by_label("Listen from another second")
    await expect(tab.locator("#wave")).to_be_visible()
    box = await seek.bounding_box()
    assert box is not None
    await seek.click(position={"x": box["width"] * 0.25, "y": box["height"] / 2})  # of 40 seconds
    await expect(tab.get_by_text(re.compile("Analysed: seconds (8|9|10) to"))).to_be_visible(timeout=20_000)
    before = await seek.input_value()
    await seek.focus()
    await tab.keyboard.press("ArrowRight")
    after = str(int(before) + 1)
    await expect(tab.get_by_text(f"Analysed: seconds {after} to")).to_be_visible(timeout=20_000)
    await tab.get_by_role("button", name="Whole track").click()
    await expect(tab.get_by_role("heading", name="Timeline")).to_be_visible(timeout=20_000)
    await expect(tab.locator("#offset")).to_be_disabled()  # it has no meaning for the whole
    await tab.get_by_label("The whole track").uncheck()
    await expect(tab.locator("#offset")).to_be_enabled()


async def test_the_waveform_marks_what_was_analysed(browser: Browser, page: RunningPage, clip: Path) -> None:
    tab = await opened(browser, page)
    await tab.locator("#offset").fill("20")
    await tab.locator("#file").set_input_files(clip)
    await found(tab)
    await expect(tab.locator("#wave")).to_be_visible()
    coloured = await tab.locator("#wave canvas").evaluate(COLOURED)
    assert coloured[0] / 1280 * 40 == pytest.approx(20.0, abs=0.3)
    assert coloured[1] / 1280 * 40 == pytest.approx(23.0, abs=0.3)


async def test_several_files_become_a_table_to_take_away(
    browser: Browser, page: RunningPage, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "=cmd.mp3").write_bytes(mp3(dance_track(5.0)))
    (tmp_path / "letter.mp3").write_text("Dear Sir or Madam")
    tab = await opened(browser, page, viewport=SMALL)
    await tab.locator("#file").set_input_files([clip, tmp_path / "=cmd.mp3", tmp_path / "letter.mp3"])
    link = tab.get_by_role("link", name="Table as CSV")
    await expect(link).to_be_visible(timeout=30_000)
    await expect(tab.locator(".several tbody tr")).to_have_count(3)
    await expect(tab.locator(".several").get_by_text("This is not audio that can be read.")).to_be_visible()
    await is_for_everybody(tab)
    await shoot(tab, "several-320")
    before = await tab.locator(".several td:nth-child(3)").all_inner_texts()
    await tab.get_by_role("link", name="Português").click()
    await expect(tab.get_by_role("columnheader", name="Confiança")).to_be_visible()
    assert await tab.locator(".several td:nth-child(3)").all_inner_texts() == before
    link = tab.get_by_role("link", name="Tabela em CSV")
    async with tab.expect_download() as download:
        await link.click()
    rows = list(csv.DictReader((await (await download.value).path()).read_text().splitlines()))
    assert [row["file"] for row in rows] == ["Night Drive.mp3", "'=cmd.mp3", "letter.mp3"]  # no formula
    assert [row["genre"] in SLUGS for row in rows] == [True, True, False]
    assert float(rows[0]["tempo_bpm"]) == pytest.approx(128.0, abs=1.0)
    assert rows[2]["error"].startswith("This is not audio")


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
async def test_a_sample_is_there_to_be_tried(browser: Browser, page: RunningPage, script: bool) -> None:
    tab = await opened(browser, page, java_script_enabled=script)
    await tab.get_by_role("button", name="Try a sample").click()
    await found(tab)
    await expect(tab.get_by_text("“sample.mp3”")).to_be_visible()
    await expect(tab.locator(".headline")).to_contain_text("Drum and Bass")
    await expect(tab.locator(".music")).to_contain_text("175 BPM")


async def test_an_answer_stays_in_another_language(browser: Browser, page: RunningPage, clip: Path) -> None:
    tab = await opened(browser, page)
    await tab.locator("#file").set_input_files(clip)
    await found(tab)
    uploads: list[str] = []
    tab.on("request", lambda request: uploads.append(request.method))
    await tab.get_by_role("link", name="Português").click()
    await expect(tab.get_by_text("Analisado: do segundo 30 ao 33")).to_be_visible()
    assert await tab.evaluate("document.documentElement.lang") == "pt"
    assert await tab.locator("audio").evaluate(LENGTH) == pytest.approx(3.0, abs=0.01)
    assert "POST" not in uploads
    await is_for_everybody(tab)
    await tab.get_by_role("button", name="Outra parte").click()  # the file is still at hand
    await expect(tab.get_by_text("A faixa termina antes desse segundo")).to_be_visible(timeout=20_000)


async def test_an_answer_stays_in_another_language_without_a_script(
    browser: Browser, page: RunningPage, clip: Path
) -> None:
    tab = await opened(browser, page, java_script_enabled=False)
    await tab.locator("#file").set_input_files(clip)
    await tab.get_by_role("button", name="Identify").click()
    await found(tab)
    await tab.get_by_role("link", name="Español").click()
    await expect(tab.get_by_text("Analizado: del segundo 30 al 33")).to_be_visible()
    await expect(tab.locator("audio")).to_be_hidden()  # no sound is kept


async def test_a_picture_to_share(browser: Browser, page: RunningPage, clip: Path, tmp_path: Path) -> None:
    tab = await opened(browser, page)
    await tab.locator("#file").set_input_files(clip)
    await found(tab)
    await expect(tab.locator("#wave")).to_be_visible()
    async with tab.expect_download() as download:
        await tab.get_by_role("button", name="Picture to share").click()
    await (await download.value).save_as(tmp_path / "genre.png")
    picture = Image.open(tmp_path / "genre.png").convert("RGB")
    assert picture.size == (1200, 630)
    slug = await tab.locator(".answer").get_attribute("data-slug")
    red, green, blue = picture.getpixel((600, 5))
    assert f"#{red:02x}{green:02x}{blue:02x}" == colour_of(str(slug))
    if folder := os.environ.get("SCREENSHOTS"):
        shutil.copy(tmp_path / "genre.png", folder)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_an_answer_is_rated_where_it_stands(
    browser: Browser, page: RunningPage, clip: Path, viewport: dict[str, int]
) -> None:
    tab = await opened(browser, page, viewport=viewport)
    await tab.locator("#file").set_input_files(clip)
    right = tab.get_by_role("button", name="👍 Right")
    await right.click(timeout=20_000)
    await expect(tab.get_by_text("Thanks, noted.")).to_be_visible()
    await expect(right).to_have_attribute("aria-pressed", "true")
    assert [row.verdict for row in await kept(page.storage)] == ["right"]
    await tab.get_by_text("👎 Wrong").click()
    menu = tab.get_by_label("What is it then?")
    await menu.select_option("none")
    await is_for_everybody(tab)
    await shoot(tab, f"feedback-{viewport['width']}")
    await tab.get_by_role("button", name="Send").click()
    await expect(menu).to_be_hidden()
    await expect(tab.get_by_text("Thanks, noted.")).to_be_visible()
    await expect(right).to_have_attribute("aria-pressed", "false")
    await expect(tab.locator(".votes details.pressed")).to_be_visible()
    await expect(tab.locator(".answer .headline")).to_be_visible()
    assert [(row.verdict, row.corrected) for row in await kept(page.storage)] == [("wrong", "none")]


async def test_an_answer_is_rated_without_javascript(browser: Browser, page: RunningPage, clip: Path) -> None:
    tab = await opened(browser, page, java_script_enabled=False, locale="es-ES", viewport=PHONE)
    await tab.locator("#file").set_input_files(clip)
    await tab.get_by_role("button", name="Identificar").click()
    await tab.get_by_text("👎 Incorrecto").click(timeout=15_000)
    await expect(tab.get_by_text("Analizado: del segundo 30 al 33")).to_be_visible()  # the answer is still there
    await tab.get_by_label("¿Qué género es entonces?").select_option("none")
    await tab.get_by_role("button", name="Enviar").click()
    await expect(tab.get_by_text("Gracias, anotado.")).to_be_visible()
    await expect(tab.locator(".votes details.pressed")).to_be_visible()
    await expect(tab.get_by_text("Analizado: del segundo 30 al 33")).to_be_visible()
    assert [(row.verdict, row.corrected) for row in await kept(page.storage)] == [("wrong", "none")]
    await shoot(tab, "feedback-thanks")


@pytest.mark.parametrize("viewport", [DESKTOP, SMALL], ids=["desktop", "small"])
async def test_a_whole_track_shows_its_timeline_and_plays_its_parts(
    browser: Browser, page: RunningPage, clip: Path, viewport: dict[str, int]
) -> None:
    tab = await opened(browser, page, viewport=viewport)
    await tab.get_by_label("The whole track").check()
    await tab.locator("#file").set_input_files(clip)
    await expect(tab.get_by_role("heading", name="Timeline")).to_be_visible(timeout=20_000)
    await expect(tab.get_by_text("Listened to 13 windows")).to_be_visible()
    assert await tab.locator(".answer > img").evaluate("image => image.complete && image.naturalWidth") == 960
    part = tab.locator(".play").last
    await part.click()
    await expect(part).to_have_class(re.compile("playing"))
    await part.click()
    await expect(part).not_to_have_class(re.compile("playing"))
    await is_for_everybody(tab)
    await shoot(tab, f"track-{viewport['width']}")


@pytest.mark.parametrize(
    ("locale", "words"),
    [("en-GB", "This is not audio that can be read."), ("es-ES", "Esto no es audio"), ("pt-BR", "Isto não é áudio")],
)
async def test_a_wrong_file_is_explained(
    browser: Browser, page: RunningPage, tmp_path: Path, locale: str, words: str
) -> None:
    wrong = tmp_path / "letter.mp3"
    wrong.write_text("Dear Sir or Madam")
    tab = await opened(browser, page, locale=locale, viewport=PHONE)
    await tab.locator("#file").set_input_files(wrong)
    await expect(tab.get_by_role("alert")).to_contain_text(words, timeout=20_000)
    await expect(tab.locator("#clip button")).to_be_enabled()
    await is_for_everybody(tab)
    await shoot(tab, f"wrong-{locale}")


async def test_without_javascript_the_form_works_too(browser: Browser, page: RunningPage, clip: Path) -> None:
    tab = await opened(browser, page, java_script_enabled=False, locale="es-ES", viewport=PHONE)
    await tab.locator("#file").set_input_files(clip)
    await tab.locator("#offset").fill("8")
    await tab.get_by_role("button", name="Identificar").click()
    await expect(tab.get_by_text("Analizado: del segundo 8 al 11")).to_be_visible(timeout=15_000)
    assert await tab.evaluate("document.documentElement.lang") == "es"
    for needs_script in ("#wave", "#another", "#share"):
        await expect(tab.locator(needs_script)).to_be_hidden()


async def test_a_file_can_be_dropped_anywhere(browser: Browser, page: RunningPage, track_mp3: bytes) -> None:
    tab = await opened(browser, page)
    transfer = await tab.evaluate_handle(
        "text => { const carried = new DataTransfer(); const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));"
        " carried.items.add(new File([bytes], 'dropped.mp3', {type: 'audio/mpeg'})); return carried; }",
        base64.b64encode(track_mp3).decode(),
    )
    await tab.dispatch_event("footer", "drop", {"dataTransfer": transfer})
    await expect(tab.get_by_text("dropped.mp3")).to_be_visible(timeout=20_000)


async def test_a_file_that_is_too_large_is_not_even_sent(browser: Browser, page: RunningPage, tmp_path: Path) -> None:
    large = tmp_path / "large.mp3"
    large.write_bytes(bytes(3 * 1024 * 1024))
    tab = await opened(browser, page)
    posts: list[str] = []
    tab.on("request", lambda request: posts.append(request.method))
    await tab.locator("#file").set_input_files(large)
    await expect(tab.get_by_text("The file is larger than 2 MB.")).to_be_visible()
    assert "POST" not in posts


async def test_a_too_large_file_without_javascript_gets_the_page_not_a_reset(
    browser: Browser, page: RunningPage, tmp_path: Path
) -> None:
    large = tmp_path / "large.mp3"
    large.write_bytes(bytes(12 * 1024 * 1024))
    tab = await opened(browser, page, java_script_enabled=False)
    await tab.locator("#file").set_input_files(large)
    await tab.get_by_role("button", name="Identify").click()
    await expect(tab.get_by_role("alert")).to_contain_text("The file is larger than 2 MB.")


async def test_everything_can_be_reached_by_keyboard(browser: Browser, page: RunningPage, tmp_path: Path) -> None:
    await page.pool.until_ready()
    clip = tmp_path / "k.mp3"
    clip.write_bytes(mp3(dance_track(4.0)))
    tab = await opened(browser, page)
    reached = []
    for _ in range(9):
        await tab.keyboard.press("Tab")
        reached.append(await tab.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    languages = ["English", "Español", "Português"]
    assert reached == ["Skip to the result", *languages, "file", "offset", "whole", "Identify", "Try a sample"]
    await tab.locator("#file").set_input_files(clip)
    await found(tab)
    await tab.locator("#offset").fill("0.5")
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_text("Analysed: seconds 0.5 to 3.5")).to_be_visible(timeout=15_000)


async def test_the_page_says_that_it_warms_up_and_stops_saying_it(
    browser: Browser, settings: Settings, make_pool: PoolMaker
) -> None:
    pool = make_pool(is_started=False)
    runner, url = await serve(settings, pool, None)
    tab = await browser.new_page(locale="en-GB")
    await tab.goto(url)
    warming = tab.get_by_text("Warming up")
    await expect(warming).to_be_visible()
    pool.start()
    await pool.until_ready()
    await expect(warming).to_have_count(0, timeout=5_000)
    await runner.cleanup()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_has_enough_contrast(browser: Browser, page: RunningPage, scheme: str) -> None:
    """WCAG AA asks for 4.5 : 1 between text and what lies behind it."""
    tab = await opened(browser, page, color_scheme=scheme)
    for selector in ("h1", ".hint", "label", "nav a:not([aria-current])", "button"):
        assert await tab.evaluate(CONTRAST, selector) >= 4.5, selector
    await shoot(tab, f"form-{scheme}")


LENGTH = """sound => new Promise(done => {
  sound.readyState >= 1 ? done(sound.duration) : sound.addEventListener('loadedmetadata', () => done(sound.duration))
})"""

COLOURED = """canvas => {
  const {width, height} = canvas, marked = [];
  const pixels = canvas.getContext('2d').getImageData(0, 1, width, 1).data;  // above the bars there is the mark alone
  for (let x = 0; x < width; x++) if (pixels[4 * x + 3] > 0) marked.push(x);
  return [marked[0], marked.at(-1) + 1];
}"""
"""From where to where the waveform has the genre's colour behind it."""

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
