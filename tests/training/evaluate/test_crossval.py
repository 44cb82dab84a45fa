"""Folds keep tracks together, evaluate what may be evaluated, and a source that is left out is really out."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from classifier.genres import SLUGS
from tests.support.tables import hand_made
from training.data.tables import FeatureTable
from training.errors import TrainingError
from training.evaluate.crossval import cross_validate, leave_one_source_out
from training.models.learner import Predictor


@dataclass
class Rote:
    """Learns the names of its tracks by heart and remembers its lessons."""

    name: str = "Rote"
    lessons: list[FeatureTable] = field(default_factory=list)

    def fit(self, train: FeatureTable, *, seed: int) -> Predictor:
        self.lessons.append(train)
        return Memory(frozenset(train.tracks.tolist()))


@dataclass(frozen=True)
class Memory:
    """Right on every track it knows; takes all others for ambient."""

    tracks: frozenset[str]

    def predict(self, table: FeatureTable) -> np.ndarray:
        known = [track in self.tracks for track in table.tracks]
        return np.eye(16, dtype=np.float32)[np.where(known, table.labels, 0)]


def table(*, tracks: int = 10, windows: int = 3, genres: Sequence[str] = ("house", "techno")) -> FeatureTable:
    labels = [genre for genre in genres for _ in range(tracks * windows)]
    names = [f"{genre}{track}" for genre in genres for track in range(tracks) for _ in range(windows)]
    sources = ["songs" if track % 2 else "guide" for _ in genres for track in range(tracks) for _ in range(windows)]
    return hand_made(labels, names, sources=sources)


def silent(_: str) -> None:
    """Takes progress."""


def test_no_model_is_measured_on_a_track_it_learned() -> None:
    said: list[str] = []
    result = cross_validate(Rote(), table(), seed=1, progress=said.append)
    answers = result.answers()
    assert len(answers) == 60
    assert not answers.right.any()  # Rote is right on every track it has seen
    assert len(said) == 5
    assert "fold 5 of 5" in said[-1]


def test_altered_copies_and_near_labels_train_but_are_never_measured() -> None:
    plain = table()
    variants, qualities = plain.variants.astype("<U9"), plain.qualities.astype("<U9")
    variants[::3], qualities[1::3] = "lowpass", "near"
    learner = Rote()
    data = replace(plain, variants=variants, qualities=qualities)
    result = cross_validate(learner, data, seed=1, progress=silent)
    assert len(result.evaluated) == 20
    assert result.evaluated.is_plain.all()
    assert not (result.evaluated.qualities == "near").any()
    assert sum(map(len, learner.lessons)) == 4 * 60  # each row trains in four of five folds


def test_a_source_is_left_out_with_all_its_genres() -> None:
    """Trap exists in one source only, so it trains with the other genres but is not tested."""
    both = table(tracks=10, windows=1)
    trap = hand_made(["trap"] * 5, [f"trap{n}" for n in range(5)], sources=["songs"] * 5)
    data = hand_made(
        [SLUGS[label] for label in (*both.labels, *trap.labels)],
        [*both.tracks, *trap.tracks],
        sources=[*both.sources, *trap.sources],
    )
    usual = cross_validate(Rote(), data, seed=1, progress=silent).answers()
    learner = Rote()
    results = leave_one_source_out(learner, data, usual, seed=1, progress=silent)
    assert [(r.source, r.slug, r.windows, r.tracks) for r in results] == [
        ("guide", "house", 5, 5),
        ("guide", "techno", 5, 5),
        ("songs", "house", 5, 5),
        ("songs", "techno", 5, 5),
    ]
    without_guide, without_songs = learner.lessons
    assert set(without_guide.sources) == {"songs"}
    assert set(without_songs.sources) == {"guide"}
    assert SLUGS.index("trap") not in without_songs.labels
    assert all(r.recall == r.track_recall == r.usual_recall == 0.0 for r in results)


def test_both_figures_of_a_source_are_those_of_its_own_windows() -> None:
    data = table(tracks=10, windows=1)
    right = np.eye(16, dtype=np.float32)[data.labels]
    usual = cross_validate(Rote(), data, seed=1, progress=silent).answers()
    results = leave_one_source_out(Rote(), data, replace(usual, probabilities=right), seed=1, progress=silent)
    assert {(r.recall, r.usual_recall, r.usual_track_recall) for r in results} == {(0.0, 1.0, 1.0)}


def test_a_source_without_which_nothing_can_be_learned_is_passed_over() -> None:
    class Choosy(Rote):
        def fit(self, train: FeatureTable, *, seed: int) -> Predictor:
            if set(train.sources) == {"guide"}:
                raise TrainingError("too little")
            return super().fit(train, seed=seed)

    data, said = table(windows=1), []
    usual = cross_validate(Rote(), data, seed=1, progress=silent).answers()
    results = leave_one_source_out(Choosy(), data, usual, seed=1, progress=said.append)
    assert {result.source for result in results} == {"guide"}
    assert said[-1] == "Rote: the source songs cannot be left out: too little"
