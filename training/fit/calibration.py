"""Making scores honest: temperatures, the confidence from which an answer counts as certain, and what is refused.

Everything here is chosen on answers to origins that the answering network never heard.
"""

import math
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from classifier.arrays import FloatArray
from classifier.bundle import Calibration, ListeningCalibration
from classifier.genres import SLUGS
from classifier.probabilities import softmax, tempered
from training.bundle.contents import Calibrations
from training.data.tables import BoolArray, IntArray
from training.evaluate.listening import listen_on
from training.evaluate.metrics import certain_answers
from training.evaluate.predictions import Predictions
from training.evaluate.rejection import OodScores
from training.evaluate.reliability import log_loss
from training.models.recipes import Recipe

FEWEST_ANSWERS, FEWEST_TRACKS = 20, 5
"""A genre that was answered less often, or for fewer tracks, is never certain: nobody can say how often it is right."""

REFUSED_SHARE, REFUSED_SHARE_OF_A_GENRE = 0.02, 0.04
"""Shares of EDM, and of any genre that has enough tracks, that may be called none of the genres."""

_TRACKS_OF_A_GENRE = 10


def calibrate(raw: Predictions, recipe: Recipe, *, edm: OodScores | None = None) -> Calibrations:
    """Fit temperatures and thresholds to what networks say of windows that they were not fitted to.

    `edm` are the scores of the same windows; without them nothing is refused.
    """
    temperature = fit_temperature(raw.probabilities, raw.labels)
    windows = raw.with_probabilities(tempered(raw.probabilities, temperature))
    tracks = windows.by_track()
    track_temperature = fit_temperature(tracks.probabilities, tracks.labels)
    voted = tracks.with_probabilities(tempered(tracks.probabilities, track_temperature))
    window = Calibration(
        temperature=temperature,
        certain_from=certain_thresholds(windows, accuracy=recipe.certain_accuracy),
        **_refusal(edm),
    )
    track = Calibration(
        temperature=track_temperature,
        certain_from=certain_thresholds(voted, accuracy=recipe.certain_accuracy),
        **_refusal(edm and edm.by_track()),
    )
    listening = _calibrate_listening(windows, ~certain_answers(windows, window), recipe, edm)
    return Calibrations(window, track, listening)


def _calibrate_listening(
    windows: Predictions, unsure: BoolArray, recipe: Recipe, edm: OodScores | None
) -> ListeningCalibration:
    """Chosen on the windows that are not certain, since only there it is listened on."""
    temperatures = [1.0]
    for places in range(1, recipe.listening_places + 1):
        heard = listen_on(windows, places=places)
        rows = np.flatnonzero(unsure & (heard.counts == places + 1))
        means = softmax(heard.log_probabilities[rows])
        temperatures.append(fit_temperature(means, windows.labels[rows]) if len(rows) else temperatures[-1])
    answers = windows.with_probabilities(heard.probabilities(tuple(temperatures))).where(unsure)
    return ListeningCalibration(
        places=recipe.listening_places,
        temperatures=tuple(temperatures),
        certain_from=certain_thresholds(answers, accuracy=recipe.certain_accuracy),
        **_refusal(edm and edm.listened(recipe.listening_places)),
    )


def _refusal(edm: OodScores | None) -> dict[str, Any]:
    """The fields of `Thresholds` that say what is refused."""
    if edm is None:
        return {}
    base, by_genre = refusal_thresholds(edm)
    return {"ood_threshold": base, "ood_by_genre": by_genre}


def refusal_thresholds(edm: OodScores) -> tuple[float, dict[str, float]]:
    """The lowest threshold that refuses no more than `REFUSED_SHARE` of all, and higher ones for some answers (slugs),
    so that it refuses no more than `REFUSED_SHARE_OF_A_GENRE` of any genre with ten tracks or more."""
    base = _keeping(edm.values, int(REFUSED_SHARE * len(edm.values)))
    return base, _spared(edm, base)


def _spared(edm: OodScores, base: float) -> dict[str, float]:
    """Higher thresholds for the answers that tracks of a genre get of which `base` would refuse too much."""
    limits = np.full(len(SLUGS), base)
    answered = edm.answers.argmax(axis=1)
    for rows in _genres(edm):
        refused = rows[edm.values[rows] >= limits[answered[rows]]]
        excess = len(refused) - int(REFUSED_SHARE_OF_A_GENRE * len(rows))
        for row in refused[np.argsort(edm.values[refused])][: max(0, excess)]:
            limits[answered[row]] = max(limits[answered[row]], _above(edm.values[row]))
    return {slug: float(limit) for slug, limit in zip(SLUGS, limits, strict=True) if limit > base}


def _genres(edm: OodScores) -> list[IntArray]:
    """The rows of each genre that has enough tracks."""
    rows = [np.flatnonzero(edm.labels == label) for label in np.unique(edm.labels)]
    return [of_one for of_one in rows if len(np.unique(edm.tracks[of_one])) >= _TRACKS_OF_A_GENRE]


def _keeping(scores: FloatArray, refused: int) -> float:
    """The lowest threshold, in steps of 1e-4, that no more than so many of the scores (n,) reach."""
    return _above(np.sort(scores)[::-1][refused])


def _above(score: float) -> float:
    """The next step of 1e-4 above a score."""
    return math.floor(float(score) * 10_000 + 1) / 10_000


def fit_temperature(probabilities: FloatArray, labels: IntArray) -> float:
    """The temperature with the lowest log loss on windows (n, 16) that were not trained on (Guo et al. 2017)."""

    def loss(log_temperature: float) -> float:
        return log_loss(tempered(probabilities, float(np.exp(log_temperature))), labels)

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.25), np.log(8.0)), method="bounded").x))


def certain_thresholds(answers: Predictions, *, accuracy: float) -> dict[str, float]:
    """For each genre (slug) the lowest confidence from which on at least `accuracy` of the answers naming it are right.

    Genres without such a confidence are left out, and so are those with too few answers above it to say.
    """
    thresholds = {}
    for label, slug in enumerate(SLUGS):
        named = answers.where(answers.predicted == label)
        order = np.argsort(-named.confidence, kind="stable")
        right = named.right[order]
        shares = np.cumsum(right) / np.arange(1, len(order) + 1)
        new = np.unique(named.tracks[order], return_index=True)[1]
        tracks = np.cumsum(np.isin(np.arange(len(order)), new))
        enough = (np.arange(1, len(order) + 1) >= FEWEST_ANSWERS) & (tracks >= FEWEST_TRACKS)
        good = np.flatnonzero((shares >= accuracy) & enough)
        if len(good):
            thresholds[slug] = math.ceil(named.confidence[order][good[-1]] * 10_000) / 10_000
    return thresholds
