"""Odd files as uploads: page and API hear the same second as the command line, and refuse for the same reason."""

import base64
import io
import re
from pathlib import Path

import aiohttp
import numpy as np
import pytest
import soundfile

from bot.failures import failure_of
from classifier.bundle import REFERENCE_BUNDLE
from config import Settings
from tests.bot.web.conftest import RunningPage
from tests.support.odd import second_of
from tests.support.odd_files import HEARD, LENGTH_S, REFUSED, content_of

_EXCERPT = re.compile(r"data:audio/wav;base64,([^\"]+)")


@pytest.fixture(scope="session")
def answering() -> Path:
    """The small model: where something is heard does not depend on it."""
    return REFERENCE_BUNDLE


@pytest.fixture
def settings() -> Settings:
    return Settings(_env_file=None, workers=1, max_upload_mb=40.0, listen_on=False)


def form(content: bytes, *, offset: str = "", whole_track: bool = False) -> aiohttp.FormData:
    data = aiohttp.FormData({"offset": offset})
    data.add_field("file", io.BytesIO(content), filename="song.mp3", content_type="audio/mpeg")
    if whole_track:
        data.add_field("whole_track", "1")
    return data


@pytest.mark.slow
async def test_an_upload_is_heard_at_the_second_that_it_names(page: RunningPage) -> None:
    async with aiohttp.ClientSession(page.url) as http:
        for name, (_, within_s) in HEARD.items():
            content = content_of(name)
            for offset, start_s in (("8", 8.0), ("500", LENGTH_S - 3.0)):
                async with http.post("/", data=form(content, offset=offset)) as response:
                    found = _EXCERPT.search(await response.text())
                assert (response.status, bool(found)) == (200, True), name
                assert found
                samples, _ = soundfile.read(io.BytesIO(base64.b64decode(found[1])), dtype="float32")
                tolerance_s = within_s if offset != "500" else 0.25
                assert abs(second_of(np.asarray(samples)) - start_s) <= tolerance_s, name
            async with http.post("/api/classify", data=form(content, whole_track=True)) as response:
                answer = await response.json()
            assert answer["segments"][0]["start_s"] == 0.0, name
            assert answer["segments"][-1]["end_s"] == pytest.approx(LENGTH_S, abs=2.5), name


@pytest.mark.parametrize("name", REFUSED)
async def test_an_upload_is_refused_for_the_true_reason(page: RunningPage, name: str) -> None:
    make, kind = REFUSED[name]
    content = make()
    async with aiohttp.ClientSession(page.url) as http:
        for how in ({"offset": "0"}, {"offset": "500"}, {"whole_track": True}):
            async with http.post("/api/classify", data=form(content, **how)) as response:  # type: ignore[arg-type]
                assert (await response.json())["error"]["kind"] == failure_of(kind, "").kind
