"""How alike tracks are: one is most like itself, and what is known of pairs is told in order."""

import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.bundle import REFERENCE_BUNDLE
from classifier.pipeline import GenreClassifier
from classifier.similarity import cosine_of, similarity
from tests.support.audio import encode, noise, pad_track
from training.data.loops import dance_loop


@pytest.fixture(scope="module", params=["default", "reference"])
def judged(request: pytest.FixtureRequest, classifier: GenreClassifier) -> GenreClassifier:
    return classifier if request.param == "default" else GenreClassifier(REFERENCE_BUNDLE)


def rows(classifier: GenreClassifier, samples: FloatArray) -> tuple[tuple[float, ...], ...]:
    return classifier.classify_track(encode(samples, "WAV", rate_hz=22_050)).features


def test_the_halves_of_a_track_are_more_alike_than_two_tracks(judged: GenreClassifier) -> None:
    loop = dance_loop(27, seconds=36.0).samples
    first, second = (rows(judged, half) for half in (loop[: 18 * 22_050], loop[18 * 22_050 :]))
    pad, hiss = (rows(judged, samples) for samples in (pad_track(18.0, rate_hz=22_050), noise(18.0)))
    assert similarity(judged.model, first, first) == 1.0
    assert similarity(judged.model, first, second) > 0.95
    assert similarity(judged.model, first, pad) < 0.9
    assert similarity(judged.model, first, hiss) < 0.95
    assert similarity(judged.model, pad, first) == pytest.approx(similarity(judged.model, first, pad))


def test_a_track_without_a_window_is_none(classifier: GenreClassifier) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (numpy's own)
        similarity(classifier.model, [], [])


def test_the_cosine_of_nothing_is_nothing() -> None:
    assert cosine_of(np.zeros(3, np.float32), np.ones(3, np.float32)) == 0.0
    assert cosine_of(np.ones(3, np.float32), -np.ones(3, np.float32)) == pytest.approx(-1.0)
