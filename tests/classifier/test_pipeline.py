"""The whole ladder on a file."""

import json
from pathlib import Path

import pytest

from classifier.decoding import decode_window
from classifier.features import extract_features
from classifier.genres import GENRES
from classifier.pipeline import GenreClassifier
from classifier.results import Classification, GenreScore, Note, Window


def test_a_file_is_classified_as_its_steps_say(classifier: GenreClassifier, track_mp3: bytes) -> None:
    answer = classifier.classify(track_mp3, offset_s=12.0)
    expected = classifier.model.predict(extract_features(decode_window(track_mp3, offset_s=12.0).samples))
    assert {score.genre: score.confidence for score in answer.scores} == pytest.approx(
        dict(zip(GENRES, expected.tolist(), strict=True))
    )
    assert [s.confidence for s in answer.scores] == sorted((s.confidence for s in answer.scores), reverse=True)
    assert answer.window == Window(12.0, 3.0)
    assert answer.model_version == classifier.model.metadata.model_version


def test_a_low_confidence_is_said(classifier: GenreClassifier, track_mp3: bytes) -> None:
    answer = classifier.classify(track_mp3)
    threshold = classifier.model.metadata.certain_from
    assert answer.certain == (answer.confidence >= threshold)
    assert (Note.NOT_SURE in answer.notes) != answer.certain


def test_notes_of_the_window_reach_the_answer(classifier: GenreClassifier, track_mp3: bytes) -> None:
    assert Note.MOVED_BACK in classifier.classify(track_mp3, offset_s=500.0).notes


def test_bytes_and_path_give_the_same_answer(classifier: GenreClassifier, track_mp3: bytes, tmp_path: Path) -> None:
    path = tmp_path / "track.mp3"
    path.write_bytes(track_mp3)
    assert classifier.classify(path) == classifier.classify(track_mp3)


def test_json_has_exactly_the_documented_shape() -> None:
    scores = tuple(GenreScore(genre, 1.0 / 16) for genre in GENRES)
    answer = Classification(Window(30.0, 3.0), scores, False, (Note.SKIPPED_SILENCE, Note.NOT_SURE), "reference-1.0.0")
    text = answer.to_json(file="a “b”.mp3")
    assert "\n" not in text
    assert json.loads(text) == {
        "file": "a “b”.mp3",
        "genre": {"slug": "ambient", "name": "Ambient", "emoji": "🌌"},
        "confidence": 0.0625,
        "scores": [{"slug": genre.slug, "confidence": 0.0625} for genre in GENRES],
        "window": {"start_s": 30.0, "end_s": 33.0},
        "notes": ["skipped_silence", "not_sure"],
        "model_version": "reference-1.0.0",
    }
