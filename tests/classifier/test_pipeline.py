"""The whole ladder on a file."""

import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from classifier.arrays import FloatArray
from classifier.decoding import decode_window, iter_windows
from classifier.description import EMBEDDING_SIZE
from classifier.errors import ClassifierError, ErrorKind
from classifier.genres import GENRES
from classifier.mel import MelArray
from classifier.model import GenreModel, HeadOutput
from classifier.pipeline import GenreClassifier
from classifier.probabilities import track_scores
from classifier.results import Classification, GenreScore, Note, Segment, TrackClassification, Window
from classifier.timeline import render_timeline
from tests.support.audio import dance_track, encode, mp3, pad_track
from tests.support.bundles import copied_bundle


def calibrated(folder: Path, *, window: dict[str, Any], track: dict[str, Any]) -> GenreClassifier:
    """The shipped model with another calibration; what is not named is 1.0 (temperature), 0.0 (certain) and never."""
    plain = {"temperature": 1.0, "certain_from": 0.0}
    return GenreClassifier(copied_bundle(folder / "other", window=plain | window, track=plain | track))


def test_a_file_is_classified_as_its_steps_say(classifier: GenreClassifier, track_mp3: bytes) -> None:
    answer = classifier.classify(track_mp3, offset_s=12.0)
    expected = classifier.model.predict(classifier.model.describe(decode_window(track_mp3, offset_s=12.0).samples))
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
    np.testing.assert_array_equal(clip.features, model.describe(decode_window(track_mp3, offset_s=12.0).samples))
    assert len(track.features) == len(track.parts) == 3
    second = decode_window(track_mp3, offset_s=track.parts[1].window.start_s)
    columns = dict(zip(model.columns, track.features[1], strict=True))
    expected = model.describe(second.samples)
    assert columns["mfcc1_mean"] == pytest.approx(expected[model.columns.index("mfcc1_mean")], rel=0.02)
    assert "features" not in clip.to_dict(file="")


@pytest.mark.parametrize(("threshold", "certain"), [(0.0, True), (1.0, False)])
def test_a_low_confidence_is_said(tmp_path: Path, track_mp3: bytes, threshold: float, certain: bool) -> None:
    """Windows and tracks have a threshold each: the other one's lies on the other side."""
    own, others = {"certain_from": threshold}, {"certain_from": 1.0 - threshold}
    window = calibrated(tmp_path / "window", window=own, track=others).classify(track_mp3)
    assert window.certain is certain
    assert window.familiar
    assert window.notes == (() if certain else (Note.NOT_SURE,))
    assert window.title == window.genre.name + ("" if certain else "?")
    track = calibrated(tmp_path / "track", window=others, track=own).classify_track(track_mp3, budget=2)
    assert track.certain is certain
    assert track.familiar


def test_an_unreliable_genre_is_never_certain(tmp_path: Path, track_mp3: bytes) -> None:
    """Unreliable for windows only: the track of the same genre stays certain; and the other way round."""
    plain = calibrated(tmp_path / "plain", window={}, track={})
    window_slug, track_slug = plain.classify(track_mp3).genre.slug, plain.classify_track(track_mp3).genre.slug
    for name, window, track in (("window", (window_slug,), ()), ("track", (), (track_slug,))):
        wary = calibrated(tmp_path / name, window={"unreliable_genres": window}, track={"unreliable_genres": track})
        answer, whole = wary.classify(track_mp3), wary.classify_track(track_mp3)
        assert (answer.certain, whole.certain) == (not window, not track)
        assert (answer.familiar, whole.familiar) == (True, True)
        assert (Note.NOT_SURE in answer.notes) == bool(window)


def test_what_is_out_of_distribution_is_none_of_the_genres(tmp_path: Path, track_mp3: bytes) -> None:
    """A threshold just above and just below the score of the very window, and of the mean over the track."""
    model = calibrated(tmp_path / "plain", window={}, track={}).model
    sound = model.describe(decode_window(track_mp3, offset_s=12.0).samples)
    window = float(model.infer(sound).ood_score[0])
    for name, ood_threshold, familiar in (("below", window - 1e-3, False), ("above", window + 1e-3, True)):
        strict = calibrated(tmp_path / name, window={"ood_threshold": ood_threshold}, track={"ood_threshold": -1e9})
        answer = strict.classify(track_mp3, offset_s=12.0)
        assert (answer.familiar, answer.certain) == (familiar, familiar)  # sure of itself otherwise
        assert answer.notes == (() if familiar else (Note.UNFAMILIAR,))
        assert answer.title == (answer.genre.name if familiar else "?")
        assert json.loads(answer.to_json(file=""))["familiar"] is familiar


def test_a_track_is_refused_by_the_mean_over_its_windows(tmp_path: Path, track_mp3: bytes) -> None:
    model = calibrated(tmp_path / "plain", window={}, track={}).model
    rows = np.stack([model.describe(audio.samples) for audio in iter_windows(track_mp3)])
    mean = float(model.infer(rows).ood_score.mean())
    for name, ood_threshold, familiar in (("below", mean - 0.01, False), ("above", mean + 0.01, True)):
        strict = calibrated(tmp_path / name, window={"ood_threshold": -1e9}, track={"ood_threshold": ood_threshold})
        answer = strict.classify_track(track_mp3, budget=24)
        assert (answer.familiar, answer.certain) == (familiar, familiar)


def test_notes_of_the_window_come_before_reservations(tmp_path: Path, track_mp3: bytes) -> None:
    strict = calibrated(tmp_path, window={"ood_threshold": -1e9, "certain_from": 1.0}, track={})
    assert strict.classify(track_mp3, offset_s=500.0).notes == (Note.MOVED_BACK, Note.UNFAMILIAR)


def test_notes_of_the_window_reach_the_answer(classifier: GenreClassifier, track_mp3: bytes) -> None:
    assert Note.MOVED_BACK in classifier.classify(track_mp3, offset_s=500.0).notes


def test_bytes_and_path_give_the_same_answer(classifier: GenreClassifier, track_mp3: bytes, tmp_path: Path) -> None:
    path = tmp_path / "track.mp3"
    path.write_bytes(track_mp3)
    assert classifier.classify(path) == classifier.classify(track_mp3)


def test_json_has_exactly_the_documented_shape() -> None:
    scores = tuple(GenreScore(genre, 1.0 / 16) for genre in GENRES)
    notes = (Note.SKIPPED_SILENCE, Note.NOT_SURE)
    answer = Classification(
        window=Window(30.0, 3.0), scores=scores, certain=False, familiar=True, notes=notes, model_version="some-1.0.0"
    )
    text = answer.to_json(file="a “b”.mp3")
    assert "\n" not in text
    assert json.loads(text) == {
        "file": "a “b”.mp3",
        "genre": {"slug": "ambient", "name": "Ambient", "emoji": "🌌"},
        "confidence": 0.0625,
        "certain": False,
        "familiar": True,
        "scores": [{"slug": genre.slug, "confidence": 0.0625} for genre in GENRES],
        "window": {"start_s": 30.0, "end_s": 33.0},
        "notes": ["skipped_silence", "not_sure"],
        "model_version": "some-1.0.0",
    }


def test_a_whole_track_is_the_mean_of_its_windows_log_probabilities(tmp_path: Path, track_mp3: bytes) -> None:
    """With the temperature of windows for each of them, and that of tracks for their vote."""
    classifier = calibrated(tmp_path, window={"temperature": 1.5}, track={"temperature": 3.0})
    answer = classifier.classify_track(track_mp3, budget=24)
    model = classifier.model
    windows = [model.predict(model.describe(audio.samples)) for audio in iter_windows(track_mp3)]
    expected = track_scores(np.stack(windows), 3.0)
    assert {score.genre: score.confidence for score in answer.scores} == pytest.approx(
        dict(zip(GENRES, expected.tolist(), strict=True)), abs=1e-5
    )
    assert len(answer.parts) == 13


class Scripted:
    """A runtime whose one network says of the windows of a track what a test wants it to."""

    has_backbone = True

    def __init__(self, answers: FloatArray, columns: int) -> None:
        self._answers = answers
        self.columns = columns

    def embed(self, mel: MelArray) -> FloatArray:
        return np.zeros(EMBEDDING_SIZE, np.float32)

    def infer(self, rows: FloatArray) -> HeadOutput:
        assert len(rows) == len(self._answers)
        return HeadOutput(self._answers[:, np.newaxis], np.full(len(rows), -9.0, np.float32))


def test_the_parts_of_a_track_are_weighed_as_its_vote_is(tmp_path: Path) -> None:
    """The part in the middle of three has all three windows around it, so it must say what the vote says.

    Two windows are sure of a genre that the third gives no chance at all: how much that counts depends on what stands
    in for a probability of zero. With 1e-9 there, they win; with 1e-12, the genre that is a little likely in all three.
    """
    small = 10**-3.5
    answers = np.zeros((3, 16), np.float32)
    answers[:, :3] = [[1.0 - small, small, 0.0], [0.0, small, 1.0 - small], [1.0 - small, small, 0.0]]
    classifier = calibrated(tmp_path, window={}, track={})
    model = classifier.model
    classifier.model = GenreModel(model.metadata, Scripted(answers, len(model.columns)))
    track = classifier.classify_track(encode(dance_track(9.0), "FLAC"))
    assert len(track.parts) == 3
    assert track.parts[1].genre == track.genre == GENRES[1]
    assert track.parts[1].confidence == pytest.approx(track.confidence, rel=1e-5)


def test_a_track_has_a_tempo_where_something_beats(classifier: GenreClassifier, track_mp3: bytes) -> None:
    answer = classifier.classify_track(track_mp3)
    assert answer.tempo_bpm == pytest.approx(128.0, rel=0.005)
    assert classifier.classify_track(mp3(pad_track(30.0))).tempo_bpm is None


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
    answer = TrackClassification(
        scores=scores, parts=parts, certain=False, familiar=True, tempo_bpm=128.0, model_version="m-1"
    )
    picture = Image.open(io.BytesIO(render_timeline(answer))).convert("RGB")
    assert picture.size == (960, 540)
    left, right, above = picture.getpixel((290, 300)), picture.getpixel((720, 450)), picture.getpixel((720, 200))
    assert left != right
    assert sum(above) < 120  # nothing above a part that is half sure


def test_the_whole_track_as_json(classifier: GenreClassifier, track_mp3: bytes) -> None:
    answer = json.loads(classifier.classify_track(track_mp3, budget=4).to_json(file="a.mp3"))
    assert list(answer) == [
        "file", "genre", "confidence", "certain", "familiar", "tempo_bpm", "scores", "shares", "segments", "windows",
        "model_version",
    ]  # fmt: skip
    assert len(answer["scores"]) == 16
    assert set(answer["segments"][0]) == {"start_s", "end_s", "slug", "confidence"}
