"""The whole ladder on a file."""

import io
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from classifier.decoding import decode_window, iter_windows
from classifier.errors import ClassifierError, ErrorKind
from classifier.features import extract_features
from classifier.genres import GENRES
from classifier.pipeline import GenreClassifier
from classifier.results import Classification, GenreScore, Note, Segment, TrackClassification, Window
from classifier.timeline import render_timeline
from tests.support.audio import dance_track, encode, mp3, pad_track


def test_a_file_is_classified_as_its_steps_say(classifier: GenreClassifier, track_mp3: bytes) -> None:
    answer = classifier.classify(track_mp3, offset_s=12.0)
    expected = classifier.model.predict(extract_features(decode_window(track_mp3, offset_s=12.0).samples))
    assert {score.genre: score.confidence for score in answer.scores} == pytest.approx(
        dict(zip(GENRES, expected.tolist(), strict=True))
    )
    assert [s.confidence for s in answer.scores] == sorted((s.confidence for s in answer.scores), reverse=True)
    assert answer.window == Window(12.0, 3.0)
    assert answer.model_version == classifier.model.metadata.model_version


def test_an_answer_carries_what_the_network_saw(classifier: GenreClassifier, track_mp3: bytes) -> None:
    model = classifier.model
    clip, track = classifier.classify(track_mp3, offset_s=12.0), classifier.classify_track(track_mp3, budget=3)
    assert len(clip.features) == len(model.columns)
    np.testing.assert_array_equal(clip.features, extract_features(decode_window(track_mp3, offset_s=12.0).samples))
    assert len(track.features) == len(track.parts) == 3
    second = decode_window(track_mp3, offset_s=track.parts[1].window.start_s)
    columns = dict(zip(model.columns, track.features[1], strict=True))
    expected = extract_features(second.samples)
    assert columns["mfcc1_mean"] == pytest.approx(expected[model.columns.index("mfcc1_mean")], rel=0.02)
    assert "features" not in clip.to_dict(file="")


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


def test_a_whole_track_is_the_mean_of_its_windows_log_probabilities(
    classifier: GenreClassifier, track_mp3: bytes
) -> None:
    answer = classifier.classify_track(track_mp3, budget=24)
    logs = np.log([classifier.model.predict(extract_features(a.samples)) for a in iter_windows(track_mp3)])
    expected = np.exp(logs.mean(axis=0)) / np.exp(logs.mean(axis=0)).sum()
    assert {score.genre: score.confidence for score in answer.scores} == pytest.approx(
        dict(zip(GENRES, expected.tolist(), strict=True)), abs=1e-6
    )
    assert len(answer.parts) == 13
    assert answer.certain == (answer.confidence >= classifier.model.metadata.certain_from)


def test_segments_and_shares_cover_the_track_once(classifier: GenreClassifier) -> None:
    pad, beat = pad_track(60.0), dance_track(60.0, bpm=174.0)
    answer = classifier.classify_track(mp3(np.concatenate([pad, beat])), budget=12)
    ends = [segment.window.end_s for segment in answer.segments]
    assert [segment.window.start_s for segment in answer.segments[1:]] == pytest.approx(ends[:-1])
    assert ends[-1] == pytest.approx(120.0, abs=0.2)
    assert all(a.genre != b.genre for a, b in pairwise(answer.segments))
    assert sum(share.confidence for share in answer.shares) == pytest.approx(1.0)
    assert answer.segments[0].genre != answer.segments[-1].genre  # two kinds of music are heard as two


def test_a_silent_track_is_refused_whole(classifier: GenreClassifier) -> None:
    with pytest.raises(ClassifierError) as caught:
        classifier.classify_track(encode(np.zeros(60 * 44_100, np.float32), "FLAC"))
    assert caught.value.kind is ErrorKind.SILENT


def test_the_timeline_has_the_colours_of_its_genres(classifier: GenreClassifier, track_mp3: bytes) -> None:
    first, second = GENRES[4], GENRES[11]
    parts = (
        Segment(Window(0.0, 60.0), first, 1.0),
        Segment(Window(60.0, 60.0), second, 0.5),
    )
    scores = tuple(GenreScore(genre, 1 / 16) for genre in GENRES)
    picture = Image.open(io.BytesIO(render_timeline(TrackClassification(scores, parts, False, "m-1")))).convert("RGB")
    assert picture.size == (960, 540)
    left, right, above = picture.getpixel((290, 300)), picture.getpixel((720, 450)), picture.getpixel((720, 200))
    assert left != right
    assert sum(above) < 120  # nothing above a part that is half sure


def test_the_whole_track_as_json(classifier: GenreClassifier, track_mp3: bytes) -> None:
    answer = json.loads(classifier.classify_track(track_mp3, budget=4).to_json(file="a.mp3"))
    assert list(answer) == [
        "file", "genre", "confidence", "certain", "scores", "shares", "segments", "windows", "model_version"
    ]  # fmt: skip
    assert len(answer["scores"]) == 16
    assert set(answer["segments"][0]) == {"start_s", "end_s", "slug", "confidence"}
