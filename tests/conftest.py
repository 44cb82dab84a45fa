"""Fixtures that several rooms share. One BLAS thread, as in production: set before numpy is imported."""

import gc
import os
import tempfile

from classifier.process import set_up_process

set_up_process()
gc.disable()  # until everything is imported

from collections import Counter  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import pytest  # noqa: E402

from classifier.arrays import FloatArray  # noqa: E402
from classifier.decoding import SAMPLE_RATE_HZ, WINDOW_S  # noqa: E402
from classifier.pipeline import GenreClassifier  # noqa: E402
from tests.support.audio import dance_track, mp3  # noqa: E402
from tests.support.made import MADE_FOLDER  # noqa: E402

_SLOW_AS = 60
"""Other tests that a slow one takes the time of."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Processes that test together share what they make."""
    folder = tempfile.TemporaryDirectory(prefix="made-for-tests-")
    config.add_cleanup(folder.cleanup)
    os.environ[MADE_FOLDER] = folder.name  # which they inherit


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, so that at the end no process works while the others have nothing."""
    takes: Counter[Path] = Counter()
    for item in items:
        takes[item.path] += _SLOW_AS if item.get_closest_marker("slow") else 1
    items.sort(key=lambda item: takes[item.path], reverse=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """What was imported stays, so it is not looked through for garbage again and again."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def track() -> FloatArray:
    """40 seconds of a synthetic dance track, mono, 44.1 kHz."""
    return dance_track(40.0)


@pytest.fixture(scope="session")
def track_mp3(track: FloatArray) -> bytes:
    return mp3(track)


@pytest.fixture(scope="session")
def window() -> FloatArray:
    """One window (66150,) of the same kind of music at 22,050 Hz."""
    samples = dance_track(WINDOW_S, rate_hz=SAMPLE_RATE_HZ)
    assert samples.dtype == np.float32
    return samples


@pytest.fixture(scope="session")
def classifier() -> GenreClassifier:
    """The shipped model in LiteRT."""
    return GenreClassifier()
