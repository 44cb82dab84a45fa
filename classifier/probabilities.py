"""What is done with probabilities after the network: logarithms, temperature, and the vote of a track's windows.

One floor for all of them, so that a track's vote, its parts and the figures of a training say the same of a window.
"""

import numpy as np
import numpy.typing as npt

from classifier.arrays import FloatArray

SMALLEST_PROBABILITY = 1e-12
"""Stands in for a probability below it wherever a logarithm is taken."""

_LEAST_WEIGHT = 0.05


def log_probabilities(probabilities: FloatArray) -> npt.NDArray[np.float64]:
    """Natural logarithms of probabilities of any shape; none is below that of `SMALLEST_PROBABILITY`."""
    return np.log(np.maximum(probabilities.astype(np.float64), SMALLEST_PROBABILITY))


def softmax(logits: npt.NDArray[np.floating]) -> FloatArray:
    """Probabilities (n, classes) float32 from logits."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def tempered(probabilities: FloatArray, temperature: float) -> FloatArray:
    """Temperature scaling of softmax outputs (n, classes): softmax(log p / T), as in Guo et al. 2017.

    A temperature above 1 makes the answers less confident; their order never changes.

    >>> [f"{p:.3f}" for p in tempered(np.array([[0.8, 0.2]], np.float32), 2.0)[0]]
    ['0.667', '0.333']
    """
    return softmax(log_probabilities(probabilities) / temperature)


def track_scores(probabilities: FloatArray, temperature: float) -> FloatArray:
    """What windows (n, 16) of one track say together, (16,): their mean log-probability, normalised and tempered.

    Windows are no independent witnesses: a temperature above 1 makes up for what they have in common.

    >>> windows = np.array([[0.8, 0.2], [0.5, 0.5]], np.float32)
    >>> [f"{score:.3f}" for score in track_scores(windows, 1.0)]
    ['0.667', '0.333']
    """
    logs = log_probabilities(probabilities).mean(axis=0)
    return softmax(logs[np.newaxis] / temperature)[0]


def window_weights(probabilities: FloatArray) -> npt.NDArray[np.float64]:
    """How much each window (n, 16) counts where a few of a track are heard together, (n,): the more it says, the more.

    That is the entropy that it lacks, in nats; and a little for those that say nothing.
    """
    entropy = -(probabilities * log_probabilities(probabilities)).sum(axis=-1)
    return np.log(probabilities.shape[-1]) - entropy + _LEAST_WEIGHT


def heard_scores(probabilities: FloatArray, temperature: float) -> FloatArray:
    """What a few windows (n, 16) of a track say together, (16,): their weighted mean log-probability, tempered."""
    logs = np.average(log_probabilities(probabilities), axis=0, weights=window_weights(probabilities))
    return softmax(logs[np.newaxis] / temperature)[0]
