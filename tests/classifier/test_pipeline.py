"""The whole ladder on a file."""

import io
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ, decode_window, iter_windows
from classifier.description import BACKBONES, COLUMNS_BY_FAMILY
from classifier.errors import ClassifierError, ErrorKind
from classifier.genres import GENRES, SLUGS
from classifier.keys import Key
from classifier.model import GenreModel, HeadOutput
from classifier.pipeline import GenreClassifier
from classifier.probabilities import heard_scores, track_scores
from classifier.readers.source import Source
from classifier.results import (
    Classification,
    GenreScore,
    KeyEstimate,
    Note,
    Segment,
    Tempo,
    TrackClassification,
    Window,
    WindowAnswer,
)
from classifier.timeline import render_timeline
from tests.support.audio import dance_track, encode, mp3, pad_track
from tests.support.bundles import copied_bundle
from training.data.loops import dance_loop

ALWAYS, NEVER = dict.fromkeys(SLUGS, 0.0), dict[str, float]()
"""Thresholds of confidence that every answer reaches, and none."""


def calibrated(
    folder: Path, *, window: dict[str, Any], track: dict[str, Any], listening: dict[str, Any] | None = None
) -> GenreClassifier:
    """The shipped model with another calibration: what is not named is 1.0 (temperature), always certain and never
    refused; and without `listening` it does not listen on."""
    plain = {"temperature": 1.0, "certain_from": ALWAYS}
    changes = {"window": plain | window, "track": plain | track, "listening": listening}
    return GenreClassifier(copied_bundle(folder / "other", **changes))


def test_a_file_is_classified_as_its_steps_say(classifier: GenreClassifier, track_mp3: bytes) -> None:
    answer = classifier.classify(track_mp3, offset_s=12.0, listen_on=False)
    expected = classifier.model.predict(classifier.model.describe(decode_window(track_mp3, offset_s=12.0).samples))
    assert {score.genre: score.confidence for score in answer.scores} == pytest.approx(
        dict(zip(GENRES, expected.tolist(), strict=True))
    )
    assert [s.confidence for s in answer.scores] == sorted((s.confidence for s in answer.scores), reverse=True)
    assert answer.window == Window(12.0, 3.0)
    assert (answer.heard, answer.alone) == ((answer.window,), None)
    assert answer.model_version == classifier.model.metadata.model_version


def test_an_answer_carries_what_the_network_saw(classifier: GenreClassifier, track_mp3: bytes) -> None:
    model = classifier.model
    clip = classifier.classify(track_mp3, offset_s=12.0, listen_on=False)
    track = classifier.classify_track(track_mp3, budget=3)
    (row,) = clip.features
    assert len(row) == len(model.columns)
    np.testing.assert_array_equal(row, model.describe(decode_window(track_mp3, offset_s=12.0).samples))
    assert len(track.features) == len(track.parts) == 3
    second = decode_window(track_mp3, offset_s=track.parts[1].window.start_s)
    columns = dict(zip(model.columns, track.features[1], strict=True))
    expected = model.describe(second.samples)
    assert columns["mfcc1_mean"] == pytest.approx(expected[model.columns.index("mfcc1_mean")], rel=0.02)
    assert "features" not in clip.to_dict(file="")


@pytest.mark.parametrize("certain", [True, False])
def test_a_low_confidence_is_said(tmp_path: Path, track_mp3: bytes, certain: bool) -> None:
    """Windows and tracks have a threshold each: the other one's lies on the other side."""
    own, others = ({"certain_from": dict.fromkeys(SLUGS, value)} for value in ((0.0, 1.0) if certain else (1.0, 0.0)))
    window = calibrated(tmp_path / "window", window=own, track=others).classify(track_mp3)
    assert window.certain is certain
    assert window.familiar
    assert window.notes == (() if certain else (Note.NOT_SURE,))
    assert window.title == window.genre.name + ("" if certain else "?")
    track = calibrated(tmp_path / "track", window=others, track=own).classify_track(track_mp3, budget=2)
    assert track.certain is certain
    assert track.familiar


def test_a_genre_without_a_threshold_is_never_certain(tmp_path: Path, track_mp3: bytes) -> None:
    """For windows only: the track of the same genre stays certain; and the other way round."""
    plain = calibrated(tmp_path / "plain", window={}, track={})
    window_slug, track_slug = plain.classify(track_mp3).genre.slug, plain.classify_track(track_mp3).genre.slug
    for name, window, track in (("window", {window_slug}, set()), ("track", set(), {track_slug})):
        without = [
            {"certain_from": {slug: 0.0 for slug in SLUGS if slug not in left_out}} for left_out in (window, track)
        ]
        wary = calibrated(tmp_path / name, window=without[0], track=without[1])
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
    strict = calibrated(tmp_path, window={"ood_threshold": -1e9, "certain_from": NEVER}, track={})
    assert strict.classify(track_mp3, offset_s=500.0).notes == (Note.MOVED_BACK, Note.UNFAMILIAR)


def test_notes_of_the_window_reach_the_answer(classifier: GenreClassifier, track_mp3: bytes) -> None:
    assert Note.MOVED_BACK in classifier.classify(track_mp3, offset_s=500.0).notes


def test_bytes_and_path_give_the_same_answer(classifier: GenreClassifier, track_mp3: bytes, tmp_path: Path) -> None:
    path = tmp_path / "track.mp3"
    path.write_bytes(track_mp3)
    assert classifier.classify(path) == classifier.classify(track_mp3)


def test_json_has_exactly_the_documented_shape() -> None:
    scores = tuple(GenreScore(genre, 1.0 / 16) for genre in GENRES)
    answer = Classification(
        window=Window(30.0, 3.0),
        scores=scores,
        certain=False,
        familiar=True,
        notes=(Note.SKIPPED_SILENCE, Note.NOT_SURE),
        model_version="some-1.0.0",
        heard=(Window(30.0, 3.0),),
        tempo=Tempo(127.5, 0.8768),
        key=KeyEstimate(Key(9, is_minor=True), 0.5),
    )
    text = answer.to_json(file="a “b”.mp3")
    assert "\n" not in text
    expected = {
        "file": "a “b”.mp3",
        "genre": {"slug": "ambient", "name": "Ambient", "emoji": "🌌"},
        "confidence": 0.0625,
        "certain": False,
        "familiar": True,
        "tempo": {"bpm": 127.5, "confidence": 0.877},
        "key": {"name": "A minor", "camelot": "8A", "confidence": 0.5},
        "scores": [{"slug": genre.slug, "confidence": 0.0625} for genre in GENRES],
        "window": {
            "start_s": 30.0, "end_s": 33.0, "slug": "ambient", "confidence": 0.0625, "certain": False, "familiar": True,
        },
        "heard": [{"start_s": 30.0, "end_s": 33.0}],
        "notes": ["skipped_silence", "not_sure"],
        "model_version": "some-1.0.0",
    }  # fmt: skip
    assert json.loads(text) == expected
    listened = replace(
        answer,
        heard=(Window(30.0, 3.0), Window(8.5, 3.0)),
        alone=WindowAnswer((GenreScore(GENRES[13], 0.9),), certain=True, familiar=False),
    )
    alone = {"slug": "techno", "confidence": 0.9, "certain": True, "familiar": False}
    assert json.loads(listened.to_json(file="a “b”.mp3")) == expected | {
        "window": {"start_s": 30.0, "end_s": 33.0} | alone,
        "heard": [{"start_s": 30.0, "end_s": 33.0}, {"start_s": 8.5, "end_s": 11.5}],
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
    """A runtime whose one network says of windows, in their order, what a test wants it to."""

    backbones = frozenset(BACKBONES)

    def __init__(self, answers: FloatArray, ood_scores: tuple[float, ...], columns: int) -> None:
        self._answers = answers
        self._ood_scores = np.array(ood_scores, np.float32)
        self.columns = columns

    def embed(self, backbone: str, spectrogram: FloatArray) -> FloatArray:
        return np.zeros(len(COLUMNS_BY_FAMILY[backbone]), np.float32)

    def infer(self, rows: FloatArray) -> HeadOutput:
        assert len(rows) in {1, len(self._answers)}  # the asked window alone, or all
        return HeadOutput(self._answers[: len(rows), np.newaxis], self._ood_scores[: len(rows)])


def scripted(
    classifier: GenreClassifier, answers: FloatArray, ood_scores: tuple[float, ...] | None = None
) -> GenreClassifier:
    """The classifier with a network that says `answers` (n, 16)."""
    model = classifier.model
    runtime = Scripted(answers, ood_scores or (-9.0,) * len(answers), len(model.columns))
    classifier.model = GenreModel(model.metadata, runtime)
    return classifier


def test_the_parts_of_a_track_are_weighed_as_its_vote_is(tmp_path: Path) -> None:
    """The part in the middle of three has all three windows around it, so it must say what the vote says.

    Two windows are sure of a genre that the third gives no chance at all: how much that counts depends on what stands
    in for a probability of zero. With 1e-9 there, they win; with 1e-12, the genre that is a little likely in all three.
    """
    small = 10**-3.5
    answers = np.zeros((3, 16), np.float32)
    answers[:, :3] = [[1.0 - small, small, 0.0], [0.0, small, 1.0 - small], [1.0 - small, small, 0.0]]
    classifier = scripted(calibrated(tmp_path, window={}, track={}), answers)
    track = classifier.classify_track(encode(dance_track(9.0), "FLAC"))
    assert len(track.parts) == 3
    assert track.parts[1].genre == track.genre == GENRES[1]
    assert track.parts[1].confidence == pytest.approx(track.confidence, rel=1e-5)


def test_shares_are_the_mean_probabilities_of_the_windows(tmp_path: Path) -> None:
    """Not shares of parts: a window that is torn counts for both. What is less than a percent is left out."""
    answers = np.zeros((3, 16), np.float32)
    answers[:, :4] = [[0.6, 0.4, 0.0, 0.0], [0.6, 0.38, 0.02, 0.0], [0.0, 0.9, 0.0, 0.1]]
    classifier = scripted(calibrated(tmp_path, window={}, track={"temperature": 3.0}), answers)
    track = classifier.classify_track(encode(dance_track(9.0), "FLAC"))
    assert [share.genre for share in track.shares] == [GENRES[1], GENRES[0], GENRES[3]]
    assert [share.confidence for share in track.shares] == pytest.approx([0.56, 0.4, 0.1 / 3], abs=1e-5)
    assert json.loads(track.to_json(file=""))["shares"][0] == {"slug": GENRES[1].slug, "share": pytest.approx(0.56)}


PLACES = 4
TEMPERATURES = (1.0, 1.1, 1.3, 1.7, 2.5)
"""Another one for each number of windows, so that none stands in for another."""


def hesitant(folder: Path, *, window: dict[str, Any] | None = None, **listening: Any) -> GenreClassifier:
    """The shipped model, never certain of one window, and always of what it hears beside."""
    plain = {"places": PLACES, "temperatures": TEMPERATURES, "certain_from": ALWAYS}
    return calibrated(folder, window={"certain_from": NEVER} | (window or {}), track={}, listening=plain | listening)


@pytest.mark.parametrize(("offset_s", "beside_s"), [(30.0, [3.5, 13.5, 23.5, 33.5]), (31.0, [3.5, 13.5, 23.5])])
def test_where_one_window_is_not_certain_more_are_heard(
    tmp_path: Path, track: FloatArray, offset_s: float, beside_s: list[float]
) -> None:
    classifier, content = hesitant(tmp_path, window={"temperature": 1.4}), encode(track, "FLAC")
    answer = classifier.classify(content, offset_s=offset_s)
    assert answer.heard[0] == answer.window == Window(offset_s, 3.0)
    assert [window.start_s for window in answer.heard[1:]] == pytest.approx(beside_s, abs=0.1)
    assert (answer.certain, answer.familiar, answer.notes) == (True, True, ())

    model = classifier.model
    samples = [decode_window(content, offset_s=window.start_s).samples for window in answer.heard]
    rows = np.stack([model.describe(window) for window in samples])
    np.testing.assert_array_equal(answer.features[0], rows[0])
    assert len(answer.features) == len(answer.heard)
    windows = model.predict(np.array(answer.features, np.float32))
    np.testing.assert_allclose(windows, model.predict(rows), atol=0.05)  # a place between two samples at most
    expected = heard_scores(windows, TEMPERATURES[len(beside_s)])
    assert {score.genre: score.confidence for score in answer.scores} == pytest.approx(
        dict(zip(GENRES, expected.tolist(), strict=True)), abs=1e-5
    )

    alone = classifier.classify(content, offset_s=offset_s, listen_on=False)
    assert answer.alone == WindowAnswer(alone.scores, certain=False, familiar=True)
    assert (alone.heard, alone.alone, alone.notes) == ((alone.window,), None, (Note.NOT_SURE,))
    assert alone.confidence == pytest.approx(windows[0].max(), abs=1e-5)


def test_a_certain_window_is_enough(tmp_path: Path, track_mp3: bytes) -> None:
    classifier = hesitant(tmp_path, window={"certain_from": ALWAYS})
    answer = classifier.classify(track_mp3)
    assert (answer.certain, answer.heard, answer.alone) == (True, (answer.window,), None)
    alone = classifier.classify(track_mp3, listen_on=False)
    assert replace(answer, tempo=alone.tempo, key=alone.key) == alone  # for them more of it was heard


def test_tempo_and_key_are_heard_all_over_the_track(tmp_path: Path) -> None:
    """Of a window alone there is no key; with the rest of the track there is, whether the genre needs it or not."""
    loop = dance_loop(27, seconds=40.0)
    wav = encode(loop.samples, "WAV", rate_hz=SAMPLE_RATE_HZ)
    for certain_from in (ALWAYS, NEVER):
        classifier = hesitant(tmp_path / str(len(certain_from)), window={"certain_from": certain_from})
        answer = classifier.classify(wav, offset_s=5.0)
        assert answer.tempo is not None
        assert answer.tempo.bpm == pytest.approx(loop.bpm, rel=0.01)
        assert answer.key is not None
        assert answer.key.key == loop.key
        assert classifier.classify(wav, offset_s=5.0, listen_on=False).key is None


def test_a_bundle_without_listening_never_listens_on(tmp_path: Path, track_mp3: bytes) -> None:
    classifier = calibrated(tmp_path, window={"certain_from": NEVER}, track={}, listening=None)
    answer = classifier.classify(track_mp3)
    assert (answer.certain, answer.heard, answer.alone) == (False, (answer.window,), None)


def test_damaged_windows_are_left_out(tmp_path: Path, track: FloatArray) -> None:
    """Samples that are no numbers; where nothing else is left, the first answer stays."""
    classifier = hesitant(tmp_path)
    damaged = track.copy()
    damaged[10 * 44_100 : 20 * 44_100] = np.nan
    answer = classifier.classify(encode(damaged, "WAV", subtype="FLOAT"))
    assert [window.start_s for window in answer.heard] == pytest.approx([30.0, 3.5, 23.5, 33.5])
    damaged[: 29 * 44_100], damaged[33 * 44_100 :] = np.nan, np.nan
    content = encode(damaged, "WAV", subtype="FLOAT")
    alone = classifier.classify(content)
    assert (alone.heard, alone.alone) == ((alone.window,), None)
    assert alone == classifier.classify(content, listen_on=False)


def test_a_track_that_is_gone_keeps_its_first_answer(tmp_path: Path, track: FloatArray) -> None:
    classifier = hesitant(tmp_path)
    whole: Source = encode(track, "WAV", subtype="FLOAT")
    assert len(classifier.classify(whole).heard) == 1 + PLACES
    gone = classifier.classify_window(decode_window(whole, offset_s=30.0), source=tmp_path / "gone.wav")
    assert (gone.heard, gone.certain, gone.notes) == ((gone.window,), False, (Note.NOT_SURE,))


def test_a_track_with_nothing_else_to_hear_keeps_its_first_answer(tmp_path: Path) -> None:
    answer = hesitant(tmp_path).classify(encode(dance_track(4.0), "FLAC"))
    assert (answer.heard, answer.alone, answer.notes) == ((answer.window,), None, (Note.MOVED_BACK, Note.NOT_SURE))


def test_what_is_heard_has_thresholds_of_its_own(tmp_path: Path, track: FloatArray) -> None:
    """Notes of the window stay; its reservations give way to those of what was heard."""
    content = encode(track, "FLAC")
    for name, changes, notes in (
        ("sure", {}, ()),
        ("not sure", {"certain_from": NEVER}, (Note.NOT_SURE,)),
        ("unfamiliar", {"ood_threshold": -1e9}, (Note.UNFAMILIAR,)),
    ):
        answer = hesitant(tmp_path / name, window={"ood_threshold": -1e9}, **changes).classify(content, offset_s=500.0)
        assert answer.notes == (Note.MOVED_BACK, *notes)
        assert (answer.certain, answer.familiar) == (not notes, Note.UNFAMILIAR not in notes)
        assert answer.alone is not None
        assert (answer.alone.certain, answer.alone.familiar) == (False, False)


def test_what_says_more_counts_more_and_the_mean_score_refuses(tmp_path: Path, track: FloatArray) -> None:
    """The asked window says nothing (a weight of 0.05), one of the others everything, the rest nothing."""
    answers = np.full((1 + PLACES, 16), 1 / 16, np.float32)
    answers[2] = np.eye(16)[7]
    scores = (3.0, -1.0, -1.0, -1.0, 1.0)  # 0.2 on average
    content = encode(track, "FLAC")
    for name, ood_threshold, familiar in (("below", 0.19, False), ("above", 0.21, True)):
        classifier = hesitant(tmp_path / name, ood_threshold=ood_threshold)
        answer = scripted(classifier, answers, scores).classify(content)
        assert answer.genre == GENRES[7]
        odds = np.exp(np.log(1e-12) * (np.log(16) + 0.05) / (np.log(16) + 0.25) / TEMPERATURES[PLACES])
        assert answer.confidence == pytest.approx(1 / (1 + 15 * odds), abs=1e-4)
        assert (answer.certain, answer.familiar) == (familiar, familiar)
        assert answer.alone is not None
        assert [score.confidence for score in answer.alone.scores] == pytest.approx([1 / 16] * 16)


def test_a_track_has_a_tempo_where_something_beats(classifier: GenreClassifier, track_mp3: bytes) -> None:
    answer = classifier.classify_track(track_mp3)
    assert answer.tempo is not None
    assert answer.tempo.bpm == pytest.approx(128.0, rel=0.005)
    assert answer.tempo.is_sure
    assert classifier.classify_track(mp3(pad_track(30.0))).tempo is None


def test_segments_and_shares_cover_the_track_once(classifier: GenreClassifier) -> None:
    pad, beat = pad_track(60.0), dance_track(60.0, bpm=174.0)
    answer = classifier.classify_track(mp3(np.concatenate([pad, beat])), budget=12)
    ends = [segment.window.end_s for segment in answer.segments]
    assert [segment.window.start_s for segment in answer.segments[1:]] == pytest.approx(ends[:-1])
    assert ends[-1] == pytest.approx(120.0, abs=0.2)
    assert all(a.genre != b.genre for a, b in pairwise(answer.segments))
    assert 0.85 < sum(share.confidence for share in answer.shares) <= 1.0 + 1e-6
    assert all(share.confidence >= 0.01 for share in answer.shares)
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
        scores=scores,
        parts=parts,
        shares=(GenreScore(first, 0.75), GenreScore(second, 0.25)),
        certain=False,
        familiar=True,
        tempo=Tempo(128.0, 1.0),
        key=None,
        model_version="m-1",
    )
    picture = Image.open(io.BytesIO(render_timeline(answer))).convert("RGB")
    assert picture.size == (960, 540)
    left, right, above = picture.getpixel((290, 300)), picture.getpixel((720, 450)), picture.getpixel((720, 200))
    assert left != right
    assert sum(above) < 120  # nothing above a part that is half sure


def test_the_whole_track_as_json(classifier: GenreClassifier, track_mp3: bytes) -> None:
    answer = json.loads(classifier.classify_track(track_mp3, budget=4).to_json(file="a.mp3"))
    assert list(answer) == [
        "file", "genre", "confidence", "certain", "familiar", "tempo", "key", "scores", "shares", "segments", "windows",
        "model_version",
    ]  # fmt: skip
    assert len(answer["scores"]) == 16
    assert set(answer["segments"][0]) == {"start_s", "end_s", "slug", "confidence"}
