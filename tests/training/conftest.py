"""The wheel of the package musicnn, where the backbone's numbers come from; it is no dependency, so not installed."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def musicnn_wheel() -> Path:
    """The wheel that MUSICNN_WHEEL names; without it, tests that need its numbers are skipped."""
    path = os.environ.get("MUSICNN_WHEEL")
    if not path:
        pytest.skip("MUSICNN_WHEEL does not name the wheel: pip download --no-deps musicnn==0.1.0")
    return Path(path)
