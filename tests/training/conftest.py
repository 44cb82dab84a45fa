"""What the training's tests share: the package musicnn's wheel, and networks that TensorFlow has compiled."""

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def kept_networks() -> Iterator[None]:
    """A training keeps the network that it had last, set back; tests take turns with a few. And the backbones that it
    takes over, which never change, are loaded once."""
    if (mlp := sys.modules.get("training.models.mlp")) is None:  # of no use to what is tested, and slow to import
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mlp, "_kept_network", functools.lru_cache(maxsize=8)(mlp._kept_network.__wrapped__))
        if run := sys.modules.get("training.fit.run"):
            patch.setattr(run, "load_backbones", functools.cache(run.load_backbones))
        yield


@pytest.fixture
def blank_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports for tests of their words: drawing takes longer than all else. Others draw every kind."""
    monkeypatch.setattr("training.report.document.to_png", lambda _: b"not drawn")


@pytest.fixture(scope="session")
def musicnn_wheel() -> Path:
    """The wheel that MUSICNN_WHEEL names, where the backbone's numbers come from: no dependency, so not installed.

    Without it, tests that need these numbers are skipped.
    """
    path = os.environ.get("MUSICNN_WHEEL")
    if not path:
        pytest.skip("MUSICNN_WHEEL does not name the wheel: pip download --no-deps musicnn==0.1.0")
    return Path(path)
