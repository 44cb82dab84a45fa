"""What a guest, another site or a bad network may do to the page: it answers others all the while, and says no."""

import asyncio
import gzip
import io
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bot.adapters.web.guard import Door
from bot.adapters.web.server import WebAdapter
from bot.service import GenreService
from config import Settings
from tests.bot.conftest import PoolMaker
from tests.bot.web.conftest import RunningPage, serve

TYPE = "multipart/form-data; boundary=x"


def part(name: str, content: bytes, *, filename: str = "") -> bytes:
    named = f'; filename="{filename}"' if filename else ""
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + content + b"\r\n"


@pytest.fixture
async def http(page: RunningPage) -> AsyncIterator[aiohttp.ClientSession]:
    await page.pool.until_ready()
    async with aiohttp.ClientSession(page.url) as session:
        yield session


async def posted(http: aiohttp.ClientSession, body: bytes, **headers: str) -> tuple[int, str]:
    async with http.post("/api/classify", data=io.BytesIO(body), headers={"Content-Type": TYPE, **headers}) as response:
        return response.status, (await response.json())["error"]["kind"]


@pytest.mark.parametrize(
    "body",
    [
        part("a", b"") * 200_000 + b"--x--\r\n",
        b"--x\r\n" + b"A: b\r\n" * 200_000 + b"\r\n--x--\r\n",
        b"--x\r\nContent-Disposition: form-data; name=" + b"a" * 1_900_000,
        b"\r\n" * 900_000,
    ],
)
async def test_a_form_of_many_pieces_holds_nobody_up(http: aiohttp.ClientSession, body: bytes) -> None:
    attacks = [asyncio.create_task(posted(http, body)) for _ in range(3)]
    waits = []
    for _ in range(10):
        started = time.monotonic()
        async with http.get("/healthz") as response:
            assert response.status == 200
        waits.append(time.monotonic() - started)
        await asyncio.sleep(0.02)
    async with asyncio.timeout(5):
        assert {status for status, _ in await asyncio.gather(*attacks)} <= {400, 413}
    assert max(waits) < 1.0


async def test_every_byte_counts_whatever_field_it_is_in(http: aiohttp.ClientSession, page: RunningPage) -> None:
    assert await posted(http, part("other", b"x" * 5_000) + b"--x--\r\n") == (413, "too-large")

    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        while True:
            yield bytes(100_000)

    async with http.post("/api/classify", data=endless(), headers={"Content-Type": TYPE}) as response:
        assert response.status == 413
    assert page.settings.max_upload_mb == 2.0


async def test_packed_bodies_are_not_opened(http: aiohttp.ClientSession) -> None:
    bomb = gzip.compress(part("file", bytes(50_000_000), filename="a.mp3") + b"--x--\r\n")
    async with asyncio.timeout(3):
        status, _ = await posted(http, bomb, **{"Content-Encoding": "gzip"})
    assert status == 408


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "no-file"),
        (b"nonsense", "no-file"),
        (part("file", b"x", filename="a") + part("file", b"x", filename="b") + b"--x--\r\n", "no-file"),
        (part("file", b"x", filename="a"), "no-file"),  # it never ends
        (part("file", b"x", filename="a") + part("offset", b"1e300") + b"--x--\r\n", "bad-offset"),
        (part("file", b"x", filename="a") + part("offset", b"9" * 1_000) + b"--x--\r\n", "bad-offset"),
        (part("file", b"x", filename="a") + part("offset", b"9" * 2_000) + b"--x--\r\n", "too-large"),
        (part("file", b"x", filename="a") + part("offset", b"\xff\xfe") + b"--x--\r\n", "bad-offset"),
    ],
)
async def test_what_is_no_form_of_ours_is_said(http: aiohttp.ClientSession, body: bytes, kind: str) -> None:
    status, found = await posted(http, body)
    assert found == kind
    assert 400 <= status < 500


async def test_a_post_without_a_type_or_with_another(http: aiohttp.ClientSession) -> None:
    for kind in ("", "text/plain", "multipart/form-data", "multipart/form-data; boundary=" + "x" * 500):
        async with http.post("/api/classify", data=b"x", headers={"Content-Type": kind}) as response:
            assert response.status == 400


@pytest.mark.parametrize(
    "name", ["caf\xe9.mp3".encode("latin-1"), "café.mp3".encode(), b"\xed\xb2\x80.mp3", b"a\x00b.mp3"]
)
async def test_names_of_any_bytes_are_taken(http: aiohttp.ClientSession, track_mp3: bytes, name: bytes) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\n'
    body = head + track_mp3 + b"\r\n--x--\r\n"
    async with http.post("/api/classify", data=io.BytesIO(body), headers={"Content-Type": TYPE}) as response:
        assert response.status in {200, 400}
        text = await response.text()
    if "caf" in repr(name):
        assert "café.mp3" in text


async def test_who_trickles_is_not_waited_for(page: RunningPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.web.forms._SLOW_AFTER_S", 0.4)

    async def trickle() -> AsyncIterator[bytes]:
        yield part("file", b"", filename="a.mp3")[:-2]
        for _ in range(100):
            await asyncio.sleep(0.1)
            yield b"x"

    started = time.monotonic()
    async with aiohttp.ClientSession(page.url) as http:
        for path, kind in (("/api/classify", TYPE), ("/api/feedback", "application/x-www-form-urlencoded")):
            async with http.post(path, data=trickle(), headers={"Content-Type": kind}) as response:
                assert response.status == 408
    assert time.monotonic() - started < 5


async def test_uploads_that_are_being_read_count(page: RunningPage, settings: Settings, make_pool: PoolMaker) -> None:
    tight = settings.model_copy(update={"max_held_mb": 4.0})
    service = GenreService(tight, page.pool)
    runner = web.AppRunner(WebAdapter(tight, service).application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    head = (
        f"POST /api/classify HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {TYPE}\r\n"
        "Content-Length: 1500000\r\n\r\n"
    ).encode()
    streams = [await asyncio.open_connection(host, port) for _ in range(4)]
    for _, writer in streams:
        writer.write(head)
        await writer.drain()
    async with asyncio.timeout(5):
        done, _ = await asyncio.wait(
            [asyncio.create_task(reader.readline()) for reader, _ in streams], return_when=asyncio.FIRST_COMPLETED
        )
    assert {task.result() for task in done} == {b"HTTP/1.1 503 Service Unavailable\r\n"}
    assert 2 * 1_500_000 <= service.budget.held_bytes <= tight.max_held_bytes
    for _, writer in streams:
        writer.close()
    async with asyncio.timeout(5):
        while service.budget.held_bytes:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await runner.cleanup()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "localhost"}, 200),
        ({"Host": "[::1]:5000"}, 200),
        ({"Host": ""}, 403),
    ],
)
async def test_a_name_that_is_not_ours_is_refused(page: RunningPage, headers: dict[str, str], status: int) -> None:
    async with aiohttp.ClientSession(page.url) as http, http.get("/", headers=headers) as response:
        assert response.status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 400),
        ({}, 400),
    ],
)
async def test_another_site_cannot_post(page: RunningPage, headers: dict[str, str], status: int) -> None:
    async with aiohttp.ClientSession(page.url) as http, http.post("/", headers=headers) as response:
        assert response.status == status
    own = {"Origin": page.url}
    async with aiohttp.ClientSession(page.url) as http, http.post("/", headers=own) as response:
        assert response.status == 400


async def test_where_it_is_served_to_others_names_are_theirs_to_give(
    page: RunningPage, settings: Settings, make_pool: PoolMaker
) -> None:
    for names, host, status in (("", "a.example", 200), ("a.example, b.example", "b.example:80", 200)):
        changed = settings.model_copy(update={"web_host": "0.0.0.0", "web_hosts": names})
        runner, url = await serve(changed, page.pool, None)
        async with aiohttp.ClientSession(url) as http, http.get("/", headers={"Host": host}) as response:
            assert response.status == status
        if names:
            async with aiohttp.ClientSession(url) as http, http.get("/", headers={"Host": "c.example"}) as response:
                assert response.status == 403
        await runner.cleanup()


async def test_one_address_has_limits_where_others_reach_the_page(
    page: RunningPage, settings: Settings, track_mp3: bytes
) -> None:
    changed = settings.model_copy(update={"web_host": "0.0.0.0", "user_burst": 2, "user_per_minute": 1.0})
    runner, url = await serve(changed, page.pool, None)
    await page.pool.until_ready()
    statuses = []
    async with aiohttp.ClientSession(url) as http:
        for _ in range(3):
            body = part("file", track_mp3, filename="a.mp3") + b"--x--\r\n"
            async with http.post("/api/classify", data=io.BytesIO(body), headers={"Content-Type": TYPE}) as response:
                statuses.append(response.status)
    assert statuses == [200, 200, 429]
    await runner.cleanup()


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nowhere"), ("DELETE", "/"), ("GET", "/static/page.css"), ("GET", "/")]
)
async def test_every_response_has_the_headers(page: RunningPage, method: str, path: str) -> None:
    async with aiohttp.ClientSession(page.url) as http, http.request(method, path) as response:
        for name in ("Content-Security-Policy", "X-Content-Type-Options", "Permissions-Policy", "Referrer-Policy"):
            assert name in response.headers
        assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert response.headers["Server"] == "edm-genre-bot"


async def test_idle_connections_leave_room_and_end(page: RunningPage, settings: Settings) -> None:
    adapter = WebAdapter(settings, GenreService(settings, page.pool))
    runner = web.AppRunner(adapter.application(), keepalive_timeout=1.0)
    await runner.setup()
    assert runner.server
    door = await asyncio.get_running_loop().create_server(Door(runner.server, 8), "127.0.0.1", 0)
    port = door.sockets[0].getsockname()[1]
    idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(12)]
    idle[0][1].write(b"GET / HTTP/1.1\r\nHost: 127.0")  # a head that never ends
    await asyncio.sleep(0.2)
    assert len(runner.server.connections) == 8
    await asyncio.sleep(1.5)
    assert len(runner.server.connections) == 0
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http, http.get("/healthz") as response:
        assert response.status == 200
    for _, writer in idle:
        writer.close()
    door.close()
    await runner.cleanup()


async def test_without_a_cache_it_answers_all_the_same(page: RunningPage, settings: Settings, track_mp3: bytes) -> None:
    runner, url = await serve(settings.model_copy(update={"cache_entries": 0}), page.pool, None)
    await page.pool.until_ready()
    async with aiohttp.ClientSession(url) as http:
        for _ in range(2):
            body = part("file", track_mp3, filename="a.mp3") + b"--x--\r\n"
            async with http.post("/api/classify", data=io.BytesIO(body), headers={"Content-Type": TYPE}) as response:
                assert response.status == 200
    await runner.cleanup()
