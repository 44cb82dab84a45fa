"""MusiCNN (Pons & Serra 2019, ISC licence) as Keras layers, with the published numbers.

The package `musicnn` on PyPI carries the networks inside its wheel as TensorFlow 1 checkpoints. Here its architecture
is written so that it runs fast everywhere. Neighbouring frames are stacked as channels, where the published graph
convolves over a single one. And most front-end filters are dead: weight decay has taken their kernels to zero, so that
they answer one constant to everything; those are left out, and their constants go into the next layer. The answers are
the same.
"""

import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import layers, ops

from classifier.arrays import FloatArray
from classifier.mel import MEL
from training.errors import TrainingError

NETWORKS = ("MSD_musicnn", "MTT_musicnn")
"""Trained to tag the Million Song Dataset and MagnaTagATune."""

_CHECKPOINT_FILES = {".index": "network.index", ".data-00000-of-00001": "network.data-00000-of-00001"}
_TIMBRAL_BANDS = (38, 67)
"""0.4 and 0.7 of the 96 bands."""
_TIMBRAL_FRAMES = 7
_TIMBRAL_FILTERS = 204
_TEMPORAL_FRAMES = (128, 64, 32)
_TEMPORAL_FILTERS = 51
_STACKED_FRAMES = 8
"""Of the temporal convolutions; a larger stack takes more memory, a smaller one more steps."""
_MIDDLE_FILTERS = 64
_MIDDLE_FRAMES = 7
_PENULTIMATE = 200
_TAGS = 50
_EPSILON = 1e-3
FRONT_END = len(_TIMBRAL_BANDS) + len(_TEMPORAL_FRAMES)
"""Convolutions that look at the spectrogram itself."""
_NORMALISATION = ("gamma", "beta", "moving_mean", "moving_variance")
_DEAD_VARIANCE = 1e-10


Numbers = Mapping[str, FloatArray]
"""A checkpoint's tensors by their names."""

Heard = Callable[[int, Any, int], Any]
"""A front-end convolution with what comes right after it: its index, stacked frames (n, t, bands, frames) and the
distance between them → the strongest answer of each filter (n, 187, filters)."""


def load_musicnn(wheel: Path, name: str) -> keras.Model:
    """The network with the numbers from the package's wheel. Raises `TrainingError` where they are not in there.

    Input (n, 187, 96): logarithms as `classifier.mel.decoded` gives them. Outputs: `pooled`, maximum and mean over time
    of every living channel; `penultimate` (n, 200); `tags` (n, 50) from 0 to 1.
    """
    numbers = read_checkpoint(wheel, name)
    living = [living_filters(numbers, index) for index in range(FRONT_END)]
    model = _build(name, [len(filters) for filters in living])
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(_weights_of(layer.name, numbers, living))
    return model


def read_checkpoint(wheel: Path, name: str) -> Numbers:
    """All tensors of a network in the wheel. Raises `TrainingError` for another file."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(wheel) as archive:
                for suffix, target in _CHECKPOINT_FILES.items():
                    (Path(folder) / target).write_bytes(archive.read(f"musicnn/{name}/{suffix}"))
        except (OSError, zipfile.BadZipFile, KeyError) as error:
            raise TrainingError(f"{wheel}: not the wheel of the package musicnn: {error}") from error
        reader = tf.train.load_checkpoint(str(Path(folder) / "network"))
        return {key: reader.get_tensor(key) for key in reader.get_variable_to_shape_map()}


def living_filters(numbers: Numbers, index: int) -> npt.NDArray[np.intp]:
    """Which filters of a front-end convolution (0 to 4) answer more than one constant.

    Their answers varied while the network was trained: the moving variance of a dead filter has decayed from 1 to
    nothing.
    """
    return np.flatnonzero(numbers[f"batch_normalization_{index + 1}/moving_variance"] > _DEAD_VARIANCE)


def constants(numbers: Numbers, index: int) -> FloatArray:
    """What each filter of a front-end convolution answers if its kernel is zero: normalised max(0, bias)."""
    scope = f"batch_normalization_{index + 1}"
    mean, variance = numbers[f"{scope}/moving_mean"], numbers[f"{scope}/moving_variance"]
    answer = np.maximum(numbers[f"{_scope('conv2d', index)}/bias"], 0.0)
    return numbers[f"{scope}/gamma"] * (answer - mean) / np.sqrt(variance + _EPSILON) + numbers[f"{scope}/beta"]


def _build(name: str, filters: list[int]) -> keras.Model:
    mel = keras.Input((MEL.frames, MEL.n_mels), name="mel")
    with_channel = layers.Reshape((MEL.frames, MEL.n_mels, 1))(mel)
    centred = layers.Reshape((MEL.frames, MEL.n_mels))(_normalised(with_channel, 0))

    def heard(index: int, stacked: keras.KerasTensor, dilation: int) -> keras.KerasTensor:
        convolution = front_end_convolution(index, filters[index], dilation, activation="relu", use_bias=True)
        return ops.max(_normalised(convolution(stacked), index + 1), axis=2)

    front = layers.Concatenate(name="front_end")(front_end(centred, heard))
    pools = pooled(front)
    hidden = layers.Dense(_PENULTIMATE, activation="relu", name="dense")(_normalised(pools, 9))
    penultimate = _normalised(hidden, 10)
    tags = layers.Dense(_TAGS, activation="sigmoid", name="dense_1")(penultimate)
    return keras.Model(mel, {"pooled": pools, "penultimate": penultimate, "tags": tags}, name=name.lower())


def _weights_of(layer: str, numbers: Numbers, living: list[npt.NDArray[np.intp]]) -> list[FloatArray]:
    """A layer's numbers in the order and shapes of Keras."""
    if layer == "dense":
        return _hidden(numbers, living)
    if layer == "dense_1":
        return [numbers["dense_1/kernel"], numbers["dense_1/bias"]]
    kind, index = layer.rstrip("0123456789"), int(layer.lstrip("abcdefghijklmnopqrstuvwxyz"))
    if kind == "normalisation":
        return _normalisation(index, numbers, living)
    return _convolution(index, numbers, living)


def _normalisation(index: int, numbers: Numbers, living: list[npt.NDArray[np.intp]]) -> list[FloatArray]:
    parts = [numbers[f"{_scope('batch_normalization', index)}/{part}"] for part in _NORMALISATION]
    if index == 9:
        return [part[_pool_order(living)] for part in parts]
    return [part[living[index - 1]] if 1 <= index <= FRONT_END else part for part in parts]


def _convolution(index: int, numbers: Numbers, living: list[npt.NDArray[np.intp]]) -> list[FloatArray]:
    kernel, bias = numbers[f"{_scope('conv2d', index)}/kernel"], numbers[f"{_scope('conv2d', index)}/bias"]
    if index < len(_TIMBRAL_BANDS):  # (frames, bands, 1, filters): all frames become channels
        return [kernel.transpose(2, 1, 0, 3)[..., living[index]], bias[living[index]]]
    if index < FRONT_END:  # (frames, 1, 1, filters): as many frames as are stacked become channels
        stacked = kernel.reshape(-1, 1, _STACKED_FRAMES, kernel.shape[-1])
        return [stacked[..., living[index]], bias[living[index]]]
    kernel = kernel[:, :, 0, :]
    if index > FRONT_END:
        return [kernel, bias]
    dead = np.setdiff1d(np.arange(kernel.shape[1]), _front_end_order(living))
    all_constants = np.concatenate([constants(numbers, number) for number in range(FRONT_END)])
    return [kernel[:, _front_end_order(living)], bias + np.einsum("tif,i->f", kernel[:, dead], all_constants[dead])]


def _hidden(numbers: Numbers, living: list[npt.NDArray[np.intp]]) -> list[FloatArray]:
    """The penultimate layer without the pools of dead filters; what those always add goes into its bias."""
    kernel, order = numbers["dense/kernel"], _pool_order(living)
    gamma, beta, mean, variance = (numbers[f"batch_normalization_9/{part}"] for part in _NORMALISATION)
    answers = np.repeat(np.concatenate([constants(numbers, number) for number in range(FRONT_END)]), 2)
    dead = np.setdiff1d(np.arange(len(answers)), order)
    always = gamma[dead] * (answers[dead] - mean[dead]) / np.sqrt(variance[dead] + _EPSILON) + beta[dead]
    return [kernel[order], numbers["dense/bias"] + always @ kernel[dead]]


def _front_end_order(living: list[npt.NDArray[np.intp]]) -> npt.NDArray[np.intp]:
    """Where the living front-end channels stand in the published network."""
    sizes = [_TIMBRAL_FILTERS] * len(_TIMBRAL_BANDS) + [_TEMPORAL_FILTERS] * len(_TEMPORAL_FRAMES)
    starts = np.cumsum([0, *sizes[:-1]])
    return np.concatenate([start + filters for start, filters in zip(starts, living, strict=True)])


def _pool_order(living: list[npt.NDArray[np.intp]]) -> npt.NDArray[np.intp]:
    """Where our pools stand in the published network, which keeps maximum and mean of a channel side by side."""
    front_end = len(_TIMBRAL_BANDS) * _TIMBRAL_FILTERS + len(_TEMPORAL_FRAMES) * _TEMPORAL_FILTERS
    channels = np.concatenate([_front_end_order(living), front_end + np.arange(3 * _MIDDLE_FILTERS)])
    return np.concatenate([2 * channels, 2 * channels + 1])


def _scope(kind: str, number: int) -> str:
    return f"{kind}_{number}" if number else kind


def _normalised(values: keras.KerasTensor, number: int) -> keras.KerasTensor:
    return layers.BatchNormalization(epsilon=_EPSILON, name=f"normalisation{number}")(values)


def front_end(mel: Any, heard: Heard) -> list[Any]:
    """What the front end hears in a spectrogram (n, 187, 96): five of (n, 187, filters).

    The first two convolutions look for timbres at any height, the other three for what happens in any one band, over
    seconds. Before the first frame and after the last there are zeros. Tensors may be those of Keras or of TensorFlow.
    """
    half = _TIMBRAL_FRAMES // 2
    timbral = _stacked(_padded(mel, half, half), _TIMBRAL_FRAMES)
    found = [heard(index, timbral, 1) for index in range(len(_TIMBRAL_BANDS))]
    longest = max(_TEMPORAL_FRAMES)
    before = (longest - 1) // 2
    temporal = _stacked(_padded(mel, before, longest - 1 - before), _STACKED_FRAMES)
    for index, frames in enumerate(_TEMPORAL_FRAMES, start=len(_TIMBRAL_BANDS)):
        start = before - (frames - 1) // 2
        seen = temporal[:, start : start + MEL.frames + frames - _STACKED_FRAMES]
        found.append(heard(index, seen, _STACKED_FRAMES))
    return found


def front_end_convolution(
    index: int, filters: int, dilation: int, *, activation: str | None = None, use_bias: bool = False
) -> layers.Conv2D:
    """The layer of a front-end convolution, `convolution0` to `convolution4`."""
    if index < len(_TIMBRAL_BANDS):
        kernel = (1, _TIMBRAL_BANDS[index])
    else:
        kernel = (_TEMPORAL_FRAMES[index - len(_TIMBRAL_BANDS)] // _STACKED_FRAMES, 1)
    name = f"convolution{index}"
    return layers.Conv2D(
        filters, kernel, dilation_rate=(dilation, 1), activation=activation, use_bias=use_bias, name=name
    )


def pooled(front: keras.KerasTensor) -> keras.KerasTensor:
    """What follows the front end (n, 187, filters): three convolutions over time, and the pools of every channel."""
    first = _middle(front, FRONT_END)
    second = layers.Add()([_middle(first, FRONT_END + 1), first])
    third = layers.Add()([_middle(second, FRONT_END + 2), second])
    every = layers.Concatenate(name="channels")([front, first, second, third])
    pools = [layers.GlobalMaxPooling1D()(every), layers.GlobalAveragePooling1D()(every)]
    return layers.Concatenate(name="pooled")(pools)


def _padded(mel: Any, before: int, after: int) -> Any:
    return ops.pad(mel, ((0, 0), (before, after), (0, 0)))


def _stacked(mel: Any, frames: int) -> Any:
    """Each frame with those after it as channels: (n, t, 96) → (n, t - frames + 1, 96, frames)."""
    count = mel.shape[1] - frames + 1
    return ops.stack([mel[:, start : start + count] for start in range(frames)], axis=-1)


def _middle(values: keras.KerasTensor, index: int) -> keras.KerasTensor:
    half = _MIDDLE_FRAMES // 2
    padded = layers.ZeroPadding1D(half)(values)
    filters = layers.Conv1D(_MIDDLE_FILTERS, _MIDDLE_FRAMES, activation="relu", name=f"convolution{index}")
    return _normalised(filters(padded), index + 1)
