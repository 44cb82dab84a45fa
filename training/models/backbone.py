"""The backbone: one Keras model from the log-mel spectrogram to the embedding that the head of the default model reads.

Both MusiCNN networks listen to the window; what their channels answer at most and on average is standardised and
reduced to its principal components. Nothing here has seen a genre: only the reduction is fitted, to pictures without
labels.
"""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import layers
from sklearn.decomposition import PCA

from classifier.arrays import FloatArray
from classifier.description import MUSICNN, MUSICNN_SIZE
from classifier.mel import MEL, MelArray, decoded
from training.errors import TrainingError
from training.models.mlp import round_to_half
from training.models.musicnn import NETWORKS, load_musicnn
from training.models.quantised import quantise

_BATCH = 32
_LEAST_SHARE = 0.01
_REDUCTION = "reduction"


@dataclass(frozen=True, slots=True, eq=False)
class Reduction:
    """A linear map of pooled channels to the embedding (n, 192): `pooled @ weights + offset`."""

    weights: FloatArray
    offset: FloatArray


def build_backbone(wheel: Path, mels: MelArray) -> keras.Model:
    """The backbone with the published numbers of MusiCNN, reduced so that it keeps what differs between `mels`.

    The reduction is fitted to the networks as they were published; then their front ends are put into eight bits.

    Parameters: `wheel` of the package musicnn; `mels` (n, 187, 96) of n windows of music, n ≥ 192. The model maps
    logarithms (n, 187, 96) to an embedding (n, 192). Its numbers are rounded to half precision, in which they are kept.
    Raises `TrainingError` for another wheel, or too few pictures.
    """
    networks = [load_musicnn(wheel, name) for name in NETWORKS]
    mel = keras.Input((MEL.frames, MEL.n_mels), name="mel")
    pooled = layers.Concatenate(name="pools")([_pooling(network)(mel) for network in networks])
    reduction = fit_reduction(pool(keras.Model(mel, pooled), mels))
    quantised = [quantise(network, mels) for network in networks]
    pools = layers.Concatenate(name="pools")([rest(front(mel)) for front, rest in quantised])
    embed = layers.Dense(MUSICNN_SIZE, name=_REDUCTION)
    backbone = keras.Model(mel, embed(pools), name=MUSICNN)
    embed.set_weights([reduction.weights, reduction.offset])
    round_to_half(backbone)
    return backbone


def split(backbone: keras.Model) -> tuple[list[keras.Model], keras.Model]:
    """The quantised front ends of a backbone, and one model of everything after them: their steps → embedding."""
    fronts = [backbone.get_layer(f"{name.lower()}_front") for name in NETWORKS]
    steps = [keras.Input(front.output_shape[1:]) for front in fronts]
    rests = [backbone.get_layer(f"{name.lower()}_rest") for name in NETWORKS]
    pools = layers.Concatenate()([rest(answers) for rest, answers in zip(rests, steps, strict=True)])
    return fronts, keras.Model(steps, backbone.get_layer(_REDUCTION)(pools))


def read_mels(path: Path) -> MelArray:
    """The array `mel` (n, 187, 96) uint8 of an .npz file. Raises `TrainingError` for another file."""
    try:
        mels = np.load(path)["mel"]
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"{path}: has no array 'mel' that can be read: {error}") from error
    if mels.dtype != np.uint8 or mels.shape[1:] != (MEL.frames, MEL.n_mels):
        raise TrainingError(f"{path}: 'mel' is {mels.dtype} {mels.shape}, not uint8 (n, {MEL.frames}, {MEL.n_mels})")
    return mels


def fit_reduction(pooled: FloatArray) -> Reduction:
    """Standardise each channel and keep the 192 principal components with the largest variance.

    Raises `TrainingError` for fewer than 192 rows.
    """
    if len(pooled) < MUSICNN_SIZE:
        raise TrainingError(f"at least {MUSICNN_SIZE} pictures are needed, found {len(pooled)}")
    mean, scale = pooled.mean(axis=0, dtype=np.float64), pooled.std(axis=0, dtype=np.float64)
    scale = np.maximum(scale, _LEAST_SHARE * np.median(scale))  # a channel that is nearly always silent says little
    components = PCA(MUSICNN_SIZE, random_state=0).fit((pooled - mean) / scale).components_
    weights = (components / scale).T
    return Reduction(weights.astype(np.float32), (-mean @ weights).astype(np.float32))


def pool(pooling: keras.Model, mels: MelArray) -> FloatArray:
    """What a model answers to pictures (n, 187, 96), in batches that need little memory."""
    batches = (mels[start : start + _BATCH] for start in range(0, len(mels), _BATCH))
    return np.concatenate([np.asarray(pooling.predict_on_batch(decoded(batch)), np.float32) for batch in batches])


def _pooling(network: keras.Model) -> keras.Model:
    """The part of a network up to its pooled channels."""
    return keras.Model(network.input, network.get_layer("pooled").output, name=network.name.lower())
