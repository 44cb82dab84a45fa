"""What `classifier` itself offers: everything it names, nothing loaded before it is used, one model for all calls."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import classifier
from classifier import GenreClassifier, classify, classify_track, quick


def test_everything_that_is_named_is_there() -> None:
    for name in classifier.__all__:
        assert getattr(classifier, name) is not None
    assert len(set(classifier.__all__)) == len(classifier.__all__)
    assert set(classifier.__all__) <= set(dir(classifier))
    assert set(classifier._MODULE_BY_NAME) == set(classifier.__all__)  # type: ignore[attr-defined]


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(AttributeError, match="no attribute 'classfy'"):
        _ = classifier.classfy  # type: ignore[attr-defined]


def test_light_names_load_nothing_heavy() -> None:
    code = (
        "import sys; from classifier import GENRES, Classification, ClassifierError, ErrorKind, Note, Window\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(*loaded & {'numpy', 'librosa', 'matplotlib', 'av', 'pydantic'})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_one_call_says_what_the_classifier_says(classifier: GenreClassifier, track_mp3: bytes, tmp_path: Path) -> None:
    path = tmp_path / "track.mp3"
    path.write_bytes(track_mp3)
    assert classify(path) == classifier.classify(track_mp3, offset_s=30.0)
    assert classify(track_mp3, offset_s=5.0) == classifier.classify(track_mp3, offset_s=5.0)
    assert classify_track(path) == classifier.classify_track(track_mp3)


def test_the_model_is_loaded_once_also_for_threads(track_mp3: bytes) -> None:
    quick._classifier.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(classify, [track_mp3] * 4))
    assert len(answers) == 1
    assert quick._classifier.cache_info().misses == 1
