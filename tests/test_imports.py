"""What must not be loaded: TensorFlow while serving, anything heavy in the bot's own process or before it answers."""

import subprocess
import sys
from pathlib import Path

import pytest

from classifier.bundle import DEFAULT_BUNDLE


def loaded_by(program: str) -> set[str]:
    code = f"{program}\nimport sys\nprint(*(name.partition('.')[0] for name in sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_the_bot_process_stays_small() -> None:
    heavy = {"tensorflow", "keras", "librosa", "numba", "scipy", "sklearn", "matplotlib", "av", "numpy", "pandas"}
    assert not heavy & loaded_by("import bot.app, bot.__main__")


def test_the_page_is_there_before_the_database_and_the_platforms() -> None:
    assert not {"sqlalchemy", "alembic", "discord", "telegram"} & loaded_by("import bot.app, bot.__main__")


def test_workers_have_nothing_of_the_settings() -> None:
    loaded = loaded_by("import bot.executors.preload, bot.executors.worker")
    assert "librosa" in loaded
    assert not {"config", "pydantic", "aiohttp", "sqlalchemy"} & loaded


def test_classifying_with_litert_needs_no_tensorflow(tmp_path: Path, track_mp3: bytes) -> None:
    path = tmp_path / "track.mp3"
    path.write_bytes(track_mp3)
    loaded = loaded_by(
        "from classifier.pipeline import GenreClassifier\n"
        "from classifier.warmup import warm_up\n"
        "classifier = GenreClassifier()\n"
        "warm_up()\n"
        f"classifier.classify({str(path)!r})"
    )
    assert "ai_edge_litert" in loaded
    assert not {"tensorflow", "keras", "pandas", "sklearn", "numba", "llvmlite"} & loaded


@pytest.mark.parametrize("package", ["tensorflow", "sklearn"])
def test_serving_works_where_the_training_extra_is_not_installed(package: str) -> None:
    loaded_by(
        f"import sys; sys.modules[{package!r}] = None\n"
        "from classifier.model import GenreModel\n"
        f"GenreModel.load(__import__('pathlib').Path({str(DEFAULT_BUNDLE)!r}))"
    )
