"""EfficientAT's mn04 (Schmid, Koutini & Widmer 2023, MIT licence) as Keras layers, with the published numbers.

A MobileNetV3-large (Howard et al. 2019) of 0.4 times the width that was trained to tag AudioSet. Its batch
normalisations are folded into the convolutions before them: the answers are the same, and there is less to run.
"""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import layers

from classifier.arrays import FloatArray
from classifier.mel32k import MEL32K
from training.errors import TrainingError

EMBEDDING_SIZE = 384
"""Channels of the last convolution."""

LABELS = 527
"""Sound events of AudioSet."""

_EPSILON = 1e-3
"""Of the batch normalisations."""
_FIRST_CHANNELS = 8
_HIDDEN = 512

Numbers = Mapping[str, FloatArray]
"""The network's arrays by their published names."""


@dataclass(frozen=True, slots=True)
class _Block:
    """An inverted residual block: expansion, depthwise convolution, perhaps squeeze-and-excitation, projection."""

    kernel: int
    expanded: int
    channels: int
    stride: int = 1
    squeezed: int = 0
    """Channels in the middle of the squeeze-and-excitation; 0: there is none."""
    activation: str = "relu"


_HARD_SWISH = "hard_silu"
"""x · min(max(x + 3, 0), 6) / 6; this is its name in Keras."""

_BLOCKS = (
    _Block(3, 8, 8),
    _Block(3, 24, 16, stride=2),
    _Block(3, 32, 16),
    _Block(5, 32, 16, stride=2, squeezed=8),
    _Block(5, 48, 16, squeezed=16),
    _Block(5, 48, 16, squeezed=16),
    _Block(3, 96, 32, stride=2, activation=_HARD_SWISH),
    _Block(3, 80, 32, activation=_HARD_SWISH),
    _Block(3, 72, 32, activation=_HARD_SWISH),
    _Block(3, 72, 32, activation=_HARD_SWISH),
    _Block(3, 192, 48, squeezed=48, activation=_HARD_SWISH),
    _Block(3, 272, 48, squeezed=72, activation=_HARD_SWISH),
    _Block(5, 272, 64, stride=2, squeezed=72, activation=_HARD_SWISH),
    _Block(5, 384, 64, squeezed=96, activation=_HARD_SWISH),
    _Block(5, 384, 64, squeezed=96, activation=_HARD_SWISH),
)
"""MobileNetV3-large's, with 0.4 times the channels, rounded to multiples of 8."""


def load_mn04(path: Path) -> keras.Model:
    """The network with the published numbers from an .npz. Raises `TrainingError` where they are not in there.

    Input (n, 300, 128) as `classifier.mel32k.extract_mel32k` gives it. Outputs: `embedding` (n, 384), the mean over
    time and bands of the last convolution's channels; `logits` (n, 527) of AudioSet's labels.
    """
    numbers = _read(path)
    model = _build()
    for layer in model.layers:
        if not layer.weights:
            continue
        try:
            layer.set_weights(_weights_of(layer.name, numbers))
        except (KeyError, ValueError) as error:
            raise TrainingError(f"{path}: not the numbers of mn04: {error}") from error
    return model


def embedding_part(model: keras.Model) -> keras.Model:
    """The part of `load_mn04`'s network from the spectrogram to the embedding: about half of its numbers."""
    return keras.Model(model.input, model.get_layer("embedding").output, name=model.name)


def _read(path: Path) -> Numbers:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: np.asarray(archive[name], np.float32) for name in archive.files}
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(f"{path}: not the numbers of mn04: {error}") from error


def _build() -> keras.Model:
    mel = keras.Input((MEL32K.frames, MEL32K.n_mels), name="mel32k")
    values = layers.Reshape((MEL32K.frames, MEL32K.n_mels, 1))(mel)
    values = _convolution(values, "features-0", _FIRST_CHANNELS, kernel=3, stride=2, activation=_HARD_SWISH)
    for number, block in enumerate(_BLOCKS, start=1):
        values = _inverted_residual(values, block, f"features-{number}-block")
    values = _convolution(values, f"features-{len(_BLOCKS) + 1}", EMBEDDING_SIZE, activation=_HARD_SWISH)
    embedding = layers.GlobalAveragePooling2D(name="embedding")(values)
    hidden = layers.Dense(_HIDDEN, activation=_HARD_SWISH, name="classifier-2")(embedding)
    logits = layers.Dense(LABELS, name="classifier-5")(hidden)
    return keras.Model(mel, {"embedding": embedding, "logits": logits}, name="mn04")


def _inverted_residual(values: keras.KerasTensor, block: _Block, name: str) -> keras.KerasTensor:
    """Layers are numbered as the published ones: the parts that a block lacks leave no gap."""
    entered, part = values, 0
    if block.expanded != entered.shape[-1]:
        values = _convolution(values, f"{name}-{part}", block.expanded, activation=block.activation)
        part += 1
    values = _depthwise(values, f"{name}-{part}", block)
    part += 1
    if block.squeezed:
        values = _squeeze_and_excitation(values, f"{name}-{part}-conc_se_layers-0", block.squeezed)
        part += 1
    values = _convolution(values, f"{name}-{part}", block.channels)
    if block.stride == 1 and block.channels == entered.shape[-1]:
        values = layers.Add()([values, entered])
    return values


def _convolution(
    values: keras.KerasTensor, name: str, channels: int, *, kernel: int = 1, stride: int = 1, activation: str = "linear"
) -> keras.KerasTensor:
    convolution = layers.Conv2D(channels, kernel, strides=stride, activation=activation, name=name)
    return convolution(_padded(values, kernel))


def _depthwise(values: keras.KerasTensor, name: str, block: _Block) -> keras.KerasTensor:
    convolution = layers.DepthwiseConv2D(block.kernel, strides=block.stride, activation=block.activation, name=name)
    return convolution(_padded(values, block.kernel))


def _padded(values: keras.KerasTensor, kernel: int) -> keras.KerasTensor:
    """With as many zeros on every side; "same" of Keras has fewer before than after, where the stride is 2."""
    return layers.ZeroPadding2D(kernel // 2)(values) if kernel > 1 else values


def _squeeze_and_excitation(values: keras.KerasTensor, name: str, squeezed: int) -> keras.KerasTensor:
    """Each channel times a factor from 0 to 1 that depends on the means of all."""
    means = layers.GlobalAveragePooling2D(keepdims=True)(values)
    hidden = layers.Conv2D(squeezed, 1, activation="relu", name=f"{name}-fc1")(means)
    factors = layers.Conv2D(values.shape[-1], 1, activation="sigmoid", name=f"{name}-fc2")(hidden)
    return layers.Multiply()([values, factors])


def _weights_of(layer: str, numbers: Numbers) -> list[FloatArray]:
    """A layer's numbers in the order and shapes of Keras."""
    name = layer.replace("-", ".")
    if name.startswith("classifier"):
        return [numbers[f"{name}.weight"].T, numbers[f"{name}.bias"]]
    if "_se_" in name:
        return [numbers[f"{name}.weight"].T[np.newaxis, np.newaxis], numbers[f"{name}.bias"]]
    return _folded(name, numbers)


def _folded(name: str, numbers: Numbers) -> list[FloatArray]:
    """Kernel and bias of a convolution together with the normalisation after it.

    The published kernels are (out, in, bands, frames), Keras wants (frames, bands, in, out); those of depthwise
    convolutions have one input channel, and Keras wants (frames, bands, channels, 1).
    """
    kernel, normalisation = numbers[f"{name}.0.weight"], f"{name}.1"
    scale = numbers[f"{normalisation}.weight"] / np.sqrt(numbers[f"{normalisation}.running_var"] + _EPSILON)
    bias = numbers[f"{normalisation}.bias"] - numbers[f"{normalisation}.running_mean"] * scale
    folded = (kernel * scale[:, np.newaxis, np.newaxis, np.newaxis]).transpose(3, 2, 1, 0)
    is_depthwise = kernel.shape[1] == 1 and "block" in name
    return [folded.swapaxes(2, 3) if is_depthwise else folded, bias]
