"""Making scores honest: temperatures, the confidence from which an answer counts as certain, and what is refused.

Everything here is chosen on answers to origins that the answering network never heard.
"""

import math

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
        ood_threshold=edm and edm_threshold(edm),
    )
    track = Calibration(
        temperature=track_temperature,
        certain_from=certain_thresholds(voted, accuracy=recipe.certain_accuracy),
        ood_threshold=edm and edm_threshold(edm.by_track()),
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
        ood_threshold=edm and edm_threshold(edm.listened(recipe.listening_places)),
    )


def edm_threshold(edm: OodScores) -> float:
    """The lowest threshold that refuses no more than `REFUSED_SHARE` of all, and `REFUSED_SHARE_OF_A_GENRE` of any
    genre with ten tracks or more."""
    threshold = _refusing(edm.values, REFUSED_SHARE)
    for label in np.unique(edm.labels):
        rows = edm.labels == label
        if len(np.unique(edm.tracks[rows])) >= _TRACKS_OF_A_GENRE:
            threshold = max(threshold, _refusing(edm.values[rows], REFUSED_SHARE_OF_A_GENRE))
    return threshold


def _refusing(scores: FloatArray, share: float) -> float:
    """The lowest threshold, in steps of 1e-4, that no more than a share of the scores (n,) reach."""
    highest_kept = np.sort(scores)[::-1][int(share * len(scores))]
    return math.floor(float(highest_kept) * 10_000 + 1) / 10_000


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
