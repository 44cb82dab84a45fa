"""The web adapter over real HTTP: pages, JSON, every status, both languages."""

import asyncio
import html
import io
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.failures import Failure, FailureKind
from bot.service import GenreService
from bot.storage import Storage
from bot.texts import texts_in
from bot.votes import NONE_OF_THEM
from classifier.cli import main as classify_on_command_line
from classifier.genres import SLUGS
from classifier.palette import colour_of
from config import Settings
from tests.bot.chats import kept
from tests.bot.conftest import PoolMaker, WarmPool
from tests.bot.web.conftest import RunningPage, serve
from tests.support.databases import fresh_database


@pytest.fixture
async def http(page: RunningPage) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(page.url) as session:
        yield session


def form(content: bytes | None, *, offset: str | None = None, name: str = "track.mp3") -> aiohttp.FormData:
    data = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    data.add_field("other", "ignored")
    if content is not None:
        data.add_field("file", io.BytesIO(content), filename=name, content_type="audio/mpeg")
    if offset is not None:
        data.add_field("offset", offset)
    return data


async def test_json_is_what_the_command_line_says(
    http: aiohttp.ClientSession,
    track_mp3: bytes,
    answering: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "track.mp3"
    path.write_bytes(track_mp3)
    assert classify_on_command_line([str(path), "--json", "--offset", "12.5", "--bundle", str(answering)]) == 0
    expected = json.loads(capsys.readouterr().out)
    async with http.post("/api/classify", data=form(track_mp3, offset="12.5")) as response:
        assert response.status == 200
        assert response.content_type == "application/json"
        answer = await response.json()
    assert answer.pop("file") == "track.mp3"
    assert expected.pop("file") == str(path)
    assert answer == expected


async def test_the_offset_is_optional_and_may_have_a_comma(http: aiohttp.ClientSession, track_mp3: bytes) -> None:
    for offset, start_s in ((None, 30.0), ("", 30.0), ("7,5", 7.5), ("0", 0.0)):
        async with http.post("/api/classify", data=form(track_mp3, offset=offset)) as response:
            assert (await response.json())["window"]["start_s"] == start_s


@pytest.mark.parametrize(
    ("content", "offset", "status", "kind"),
    [
        (b"", None, 422, "empty"),
        (b"just text", None, 422, "not-audio"),
        (b"fLaC" + bytes(99), None, 422, "damaged"),
        (bytes(3 * 1024 * 1024), None, 413, "too-large"),
        (None, None, 400, "no-file"),
        (None, "30", 400, "no-file"),
        (b"x", "soon", 400, "bad-offset"),
        (b"x", "-1", 400, "bad-offset"),
        (b"x", "1e99", 400, "bad-offset"),
    ],
)
@pytest.mark.parametrize(("language", "reference"), [("en", "Reference: "), ("es", "Referencia: ")])
async def test_each_refusal_has_its_status_and_words(
    http: aiohttp.ClientSession,
    content: bytes | None,
    offset: str | None,
    status: int,
    kind: str,
    language: str,
    reference: str,
) -> None:
    headers = {"Accept-Language": language}
    async with http.post("/api/classify", data=form(content, offset=offset), headers=headers) as response:
        assert response.status == status
        error = (await response.json())["error"]
    assert error["kind"] == kind
    assert error["message"]
    assert error["advice"]
    assert re.fullmatch("[0-9a-f]{8}", error["reference"])
    async with http.post("/", data=form(content, offset=offset), headers=headers) as response:
        assert response.status == status
        text = html.unescape(await response.text())
    assert error["message"] in text
    assert error["advice"] in text
    assert reference in text
    assert 'role="alert"' in text


async def test_a_body_that_is_no_form_is_refused(http: aiohttp.ClientSession) -> None:
    for headers in ({"Content-Type": "text/plain"}, {"Content-Type": "multipart/form-data; boundary=x"}, {}):
        async with http.post("/api/classify", data=b"nonsense", headers=headers) as response:
            assert response.status == 400
            assert (await response.json())["error"]["kind"] == "no-file"


async def test_the_plain_form_answers_with_a_whole_page(http: aiohttp.ClientSession, track_mp3: bytes) -> None:
    async with http.post("/", data=form(track_mp3, offset="10", name="<b>&“x”.mp3")) as response:
        assert response.status == 200
        text = await response.text()
    assert "&lt;b&gt;&amp;“x”.mp3" in text
    assert "<b>" not in text
    assert text.count("<rect") == 16
    assert 'src="data:image/png;base64,' in text
    assert 'src="data:audio/wav;base64,' in text
    assert 'value="10"' in text


async def test_the_page_speaks_the_language_of_the_browser(http: aiohttp.ClientSession) -> None:
    for headers, query, words in (
        ({"Accept-Language": "es-AR,es;q=0.9"}, "", "¿Qué género es?"),
        ({"Accept-Language": "de"}, "", "What genre is this?"),
        ({"Accept-Language": "es"}, "?lang=en", "What genre is this?"),
        ({"Accept-Language": "en"}, "?lang=xx", "What genre is this?"),
    ):
        async with http.get(f"/{query}", headers=headers) as response:
            assert words in await response.text()


async def test_nothing_is_stored_and_nothing_foreign_is_loaded(http: aiohttp.ClientSession) -> None:
    async with http.get("/") as response:
        assert response.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        text = await response.text()
    assert "http://" not in text
    assert "https://" not in text
    assert "style=" not in text


async def test_health_says_warming_and_then_ready(settings: Settings, make_pool: PoolMaker) -> None:
    pool = make_pool(is_started=False)
    runner, url = await serve(settings, pool, None)
    async with aiohttp.ClientSession(url) as http:
        async with http.get("/healthz") as response:
            told = await response.json()
            assert (response.status, told["status"], told["failing"]) == (503, "warming", ["workers"])
            assert told["model_version"] is None
        async with http.get("/livez") as response:
            assert (response.status, await response.json()) == (200, {"status": "alive"})
        async with http.get("/") as response:
            assert 'id="warming"' in await response.text()
        pool.start()
        version = (await pool.until_ready()).version
        async with http.get("/healthz") as response:
            told = await response.json()
            assert (response.status, told["status"], told["model_version"]) == (200, "ready", version)
            assert told["workers"] == {"states": ["ready"], "restarts": 0}
        async with http.get("/") as response:
            assert 'id="warming"' not in await response.text()
    await runner.cleanup()


async def test_the_page_answers_while_a_clip_is_worked_on(http: aiohttp.ClientSession, track_mp3: bytes) -> None:
    clip = asyncio.ensure_future(http.post("/api/classify", data=form(track_mp3)))
    slowest = 0.0
    while not clip.done():
        started = time.monotonic()
        async with http.get("/livez") as response:
            assert response.status == 200
        slowest = max(slowest, time.monotonic() - started)
    (await clip).release()
    assert slowest < 1.0  # a worker's start alone takes longer


async def test_a_bug_becomes_a_reference_and_the_log_has_the_rest(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(GenreService, "identify", broken)
    async with http.post("/api/classify", data=form(b"x")) as response:
        assert response.status == 500
        text = await response.text()
    assert "secret" not in text
    assert json.loads(text)["error"]["reference"] in caplog.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("kind", "status"),
    [(FailureKind.BUSY, 503), (FailureKind.TIMEOUT, 504), (FailureKind.CRASHED, 500), (FailureKind.STOPPING, 503)],
)
async def test_our_own_troubles_have_their_status(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, kind: FailureKind, status: int
) -> None:
    async def troubled(*_: object, **__: object) -> None:
        raise Failure(kind)

    monkeypatch.setattr(GenreService, "identify", troubled)
    async with http.post("/api/classify", data=form(b"x")) as response:
        assert response.status == status
        assert (await response.json())["error"]["kind"] == kind


async def test_a_whole_track_as_json_and_as_a_page(http: aiohttp.ClientSession, track_mp3: bytes) -> None:
    def whole() -> aiohttp.FormData:
        data = form(track_mp3, name="set.mp3")
        data.add_field("whole_track", "1")
        return data

    async with http.post("/api/classify", data=whole()) as response:
        answer = await response.json()
    assert answer["file"] == "set.mp3"
    assert answer["windows"] == 13
    async with http.post("/?lang=es", data=whole()) as response:
        text = html.unescape(await response.text())
    assert "Escuché 13 fragmentos repartidos por «set.mp3»." in text
    assert "Línea de tiempo" in text
    assert text.count('class="time"') == len(answer["segments"])
    assert "<audio" not in text
    assert re.search(r'name="whole_track"[^>]* checked', text)


async def test_the_api_listens_on_as_it_is_told(
    settings: Settings, warm_pool: WarmPool, hesitating: Path, track_mp3: bytes
) -> None:
    runner, url = await serve(settings, await warm_pool(hesitating), None)
    async with aiohttp.ClientSession(url) as session:
        for word, listens in ((None, True), ("", True), ("1", True), ("0", False), ("False", False)):
            data = form(track_mp3, offset="5")
            if word is not None:
                data.add_field("listen_on", word)
            async with session.post("/api/classify", data=data) as response:
                answer = await response.json()
            assert answer["heard"][0] == {"start_s": 5.0, "end_s": 8.0}
            assert (len(answer["heard"]) > 1, answer["certain"]) == (listens, listens)
            assert answer["window"]["certain"] is False
        data = form(track_mp3)
        data.add_field("listen_on", "perhaps")
        async with session.post("/api/classify", data=data) as response:
            assert response.status == 400
            assert (await response.json())["error"]["kind"] == "bad-choice"
        async with session.post("/?lang=es", data=form(track_mp3, offset="5")) as response:
            text = html.unescape(await response.text())
    assert '<h2 class="headline" id="headline">A lo largo de la pista: ' in text
    assert "<p>Solo del segundo 5 al 8: no estoy seguro, " in text
    assert "<p>Analizado: del segundo 5 al 8 de «track.mp3», y 3 segundos desde" in text
    await runner.cleanup()


async def test_an_answer_is_rated_under_its_token_and_the_last_word_counts(
    http: aiohttp.ClientSession, page: RunningPage, track_mp3: bytes
) -> None:
    async with http.post("/api/classify", data=form(track_mp3, offset="12.5")) as response:
        token, answer = response.headers["Feedback-Token"], await response.json()
    shown = answer["genre"]["slug"]
    another = next(slug for slug in SLUGS if slug != shown)
    for verdict, genre in (("right", ""), ("wrong", ""), ("wrong", another), ("wrong", NONE_OF_THEM)):
        vote = {"token": token, "verdict": verdict, "genre": genre}
        async with http.post("/api/feedback", data=vote, params={"lang": "es"}) as response:
            assert response.status == 200
            assert await response.json() == {"message": texts_in("es")("vote-thanks")}
        (row,) = await kept(page.storage)
        assert (row.platform, row.start_s, row.predicted) == ("web", 12.5, shown)
        assert (row.verdict, row.corrected or "") == (verdict, genre)
        assert row.confidence == pytest.approx(answer["confidence"], abs=1e-6)


async def test_right_under_none_of_the_genres_is_kept_as_none(
    settings: Settings, warm_pool: WarmPool, refusing: Path, tmp_path: Path, track_mp3: bytes
) -> None:
    storage = await Storage.open(fresh_database(tmp_path))
    runner, url = await serve(settings, await warm_pool(refusing), storage)
    async with aiohttp.ClientSession(url) as session:
        async with session.post("/api/classify", data=form(track_mp3)) as response:
            token, answer = response.headers["Feedback-Token"], await response.json()
        assert (answer["certain"], answer["familiar"]) == (False, False)
        for genre, status in ((NONE_OF_THEM, 400), (answer["genre"]["slug"], 200), ("", 200)):
            vote = {"token": token, "verdict": "wrong" if genre else "right", "genre": genre}
            async with session.post("/api/feedback", data=vote) as response:
                assert response.status == status
    said = {(row.predicted, row.verdict, row.corrected) for row in await kept(storage)}
    assert said == {(NONE_OF_THEM, "right", None)}
    await runner.cleanup()
    await storage.close()


async def test_a_whole_track_is_rated_too(http: aiohttp.ClientSession, page: RunningPage, track_mp3: bytes) -> None:
    data = form(track_mp3)
    data.add_field("whole_track", "1")
    async with http.post("/api/classify", data=data) as response:
        token = response.headers["Feedback-Token"]
    async with http.post("/api/feedback", data={"token": token, "verdict": "right"}) as response:
        assert response.status == 200
    assert len(await kept(page.storage)) == 13


async def test_what_is_no_vote_is_refused(http: aiohttp.ClientSession, page: RunningPage, track_mp3: bytes) -> None:
    async with http.post("/api/classify", data=form(track_mp3)) as response:
        token, shown = response.headers["Feedback-Token"], (await response.json())["genre"]["slug"]
    good = {"token": token, "verdict": "wrong"}
    for vote, status, kind in (
        ({**good, "token": "guessed"}, 410, "gone"),
        ({**good, "verdict": "perhaps"}, 400, "bad-choice"),
        ({**good, "genre": "polka"}, 400, "bad-choice"),
        ({**good, "genre": shown}, 400, "bad-choice"),
        ({}, 410, "gone"),
        (b"{}", 400, "bad-choice"),
        ({**good, **{str(number): "x" for number in range(9)}}, 400, "bad-choice"),
    ):
        async with http.post("/api/feedback", data=vote) as response:
            assert response.status == status
            assert (await response.json())["error"]["kind"] == kind
    assert await kept(page.storage) == []


async def test_the_plain_forms_vote_without_javascript(
    http: aiohttp.ClientSession, page: RunningPage, track_mp3: bytes
) -> None:
    async with http.post("/?lang=es", data=form(track_mp3)) as response:
        text = html.unescape(await response.text())
    assert "¿Es correcto?" in text
    assert text.count("<option") == len(SLUGS) + 1  # all but the one shown; none of them; not known
    tokens = set(re.findall(r'name="token" value="([^"]+)"', text))
    (token,) = tokens
    async with http.post("/feedback?lang=es", data={"token": token, "verdict": "right"}) as response:
        assert response.status == 200
        assert texts_in("es")("vote-thanks") in await response.text()
    assert len(await kept(page.storage)) == 1
    async with http.post("/feedback?lang=es", data={"token": "old", "verdict": "right"}) as response:
        assert response.status == 410
        assert texts_in("es")("failure-gone") in await response.text()


async def test_votes_that_cannot_be_kept_are_refused_and_the_page_goes_on(
    http: aiohttp.ClientSession, page: RunningPage, track_mp3: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with http.post("/api/classify", data=form(track_mp3)) as response:
        token = response.headers["Feedback-Token"]
    async with page.storage.database.engine.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE feedback")
    async with http.post("/api/feedback", data={"token": token, "verdict": "right"}) as response:
        assert response.status == 503
        assert (await response.json())["error"]["reference"] in caplog.text
    async with http.post("/", data=form(track_mp3)) as response:
        assert response.status == 200


async def test_without_a_database_nobody_is_asked(settings: Settings, warm_pool: WarmPool, track_mp3: bytes) -> None:
    runner, url = await serve(settings, await warm_pool(), None)
    async with aiohttp.ClientSession(url) as session:
        async with session.post("/", data=form(track_mp3)) as response:
            text = await response.text()
        assert 'class="headline"' in text
        assert 'name="token"' not in text
        async with session.post("/api/classify", data=form(track_mp3)) as response:
            assert "Feedback-Token" not in response.headers
        async with session.post("/api/feedback", data={"token": "x", "verdict": "right"}) as response:
            assert response.status == 403
            assert (await response.json())["error"]["kind"] == "feedback-off"
    await runner.cleanup()


async def test_a_sample_is_answered_without_a_script(http: aiohttp.ClientSession) -> None:
    async with http.get("/static/sample.mp3") as response:
        assert response.status == 200
        sample = await response.read()
    assert len(sample) < 200_000
    async with http.post("/sample", params={"lang": "pt"}) as response:
        assert response.status == 200
        text = await response.text()
    assert "“sample.mp3”" in text
    assert '<html lang="pt">' in text


async def test_an_answer_is_shown_again_in_another_language_without_its_sound(
    http: aiohttp.ClientSession, track_mp3: bytes
) -> None:
    async with http.post("/", data=form(track_mp3)) as response:
        text = await response.text()
    assert "data:audio/wav" in text
    found = re.search(r'/\?lang=es&amp;answer=([\w-]+)"', text)
    assert found
    async with http.get("/", params={"lang": "es", "answer": found[1]}) as response:
        again = await response.text()
    assert "Analizado: del segundo" in again
    assert "data:audio/wav" not in again
    async with http.get("/", params={"lang": "es", "answer": "another"}) as response:
        assert "Analizado" not in await response.text()  # gone, or never there


async def test_the_genres_have_their_colours_and_figures(http: aiohttp.ClientSession, page: RunningPage) -> None:
    async with http.get("/genres.css") as response:
        assert response.content_type == "text/css"
        style = await response.text()
    assert all(f".genre-{slug} {{ --genre: {colour_of(slug)}; }}" in style for slug in SLUGS)
    await page.pool.until_ready()
    assert page.pool.model is not None
    async with http.get("/") as response:
        text = await response.text()
    for slug, share in page.pool.model.recalls.items():
        assert re.search(rf'genre-{slug}">.*{share:.0%}<', text)
