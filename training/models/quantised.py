"""MusiCNN with a front end in eight bits: half the time of its whole network, and nearly the same answers.

The front end does 95 % of the work, and its input has eight bits from the start. Here its weights are whole multiples
of one step for each filter, -127 to 127, and its answers whole steps from 0 to 255, in which the filter's strongest
answer to real music has been fitted. So a processor can compute with bytes. Everything after it stays as it is.

Weights are not rounded one by one: the error of each is made good by those that are still to be rounded, as far as the
frames of real music are alike (GPTQ; Frantar et al. 2022, https://arxiv.org/abs/2210.17323; the idea is that of optimal
brain surgeons, Hassibi & Stork 1993). That leaves a fifth of the error of plain rounding.
"""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import layers, ops

from classifier.arrays import FloatArray
from classifier.mel import MEL, MelArray, decoded
from training.models.musicnn import FRONT_END, front_end, front_end_convolution, pooled

DoubleArray = npt.NDArray[np.float64]

ANSWER_STEPS = 255
WEIGHT_STEPS = 127
LOUDEST = 255 / MEL.steps_per_unit
"""The largest logarithm of a spectrogram, in bytes 255."""

_HEADROOM = 1.25
"""How much more than to the music that was tried a filter may answer before it is cut off."""
_LEAST_SPAN = 0.01
"""Of a filter that answers to no music that was tried."""
_PICTURES_SEEN, _PATCHES_PER_PICTURE = 512, 64
"""Where frames are alike, a few tell; what a filter says at most, all of them have to."""
_BATCH = 16
_DAMPING = 0.01
"""Of the covariance's mean variance, added to its diagonal."""
_LEAST_WEIGHT = 0.01
_CENTRED = "centred"


@dataclass(frozen=True, slots=True, eq=False)
class _Statistics:
    """What a convolution sees in real music, patches flattened as its kernel is, and the most that its filters say."""

    mean: DoubleArray
    covariance: DoubleArray
    strongest: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Filters:
    """The filters of a convolution: weights in whole steps, the step of each filter, and what it adds."""

    steps: DoubleArray
    step: DoubleArray
    always: DoubleArray


def quantise(network: keras.Model, mels: MelArray) -> tuple[keras.Model, keras.Model]:
    """A MusiCNN network up to its pools as two: a front end in eight bits, and what follows.

    Parameters: `network` as `load_musicnn` gives it; `mels` (n, 187, 96) of real music. The first model maps logarithms
    (n, 187, 96) to whole numbers (n, 187, filters), the second those to the pools of `network`.
    """
    gain, offset = (float(part[0]) for part in _affine(network.get_layer("normalisation0")))
    silence = round(-offset / gain * MEL.steps_per_unit) / MEL.steps_per_unit
    statistics = _look(network, mels[np.random.default_rng(0).permutation(len(mels))], silence)
    filters, gains, offsets = [], [], []
    for index in range(FRONT_END):
        kernel, bias = network.get_layer(f"convolution{index}").get_weights()
        after_gain, after_offset = _affine(network.get_layer(f"normalisation{index + 1}"))
        span = np.maximum(statistics[index].strongest * _HEADROOM, _LEAST_SPAN)
        falls = after_gain < 0  # the strongest answer after the normalisation is the weakest before it
        per_step = span / ANSWER_STEPS
        sign = np.where(falls, -1.0, 1.0)
        scaled = kernel * (gain * sign / per_step)
        flat = scaled.reshape(-1, scaled.shape[-1]).astype(np.float64)
        steps, step = round_weights(flat, statistics[index].covariance)
        centre = bias + (offset + gain * silence) * kernel.sum(axis=(0, 1, 2))
        always = sign * centre / per_step + np.where(falls, ANSWER_STEPS, 0)
        always += statistics[index].mean @ (flat - steps * step)
        filters.append(_Filters(steps.reshape(kernel.shape), step, always))
        gains.append(sign * after_gain * per_step)
        offsets.append(after_offset + np.where(falls, after_gain * span, 0.0))
    front = _front(network.name, filters, silence)
    return front, _rest(network, np.concatenate(gains), np.concatenate(offsets))


def round_weights(weights: DoubleArray, covariance: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Weights (d, filters) as whole steps from -127 to 127, and the step of each filter, so that the answers to inputs
    of this covariance (d, d) change least."""
    count = len(weights)
    damped = covariance + _DAMPING * np.trace(covariance) / count * np.eye(count)
    order = np.argsort(-np.diag(damped))
    factor = np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T
    step = (np.maximum(np.abs(weights).max(axis=0), _LEAST_WEIGHT) / WEIGHT_STEPS).astype(np.float16).astype(np.float64)
    left, steps = weights[order].copy(), np.empty_like(weights)
    for place, weight in enumerate(order):
        steps[weight] = np.clip(np.rint(left[place] / step), -WEIGHT_STEPS, WEIGHT_STEPS)
        error = (left[place] - steps[weight] * step) / factor[place, place]
        left[place + 1 :] -= np.outer(factor[place, place + 1 :], error)
    return steps, step


def marked(front: keras.Model, mel: tf.Tensor) -> tf.Tensor:
    """What a quantised front end answers, in operations of TensorFlow that mark the range of everything that lies in
    steps: a converter to LiteRT makes bytes of it."""
    silence = -float(front.get_layer(_CENTRED).offset)

    def heard(index: int, stacked: tf.Tensor, dilation: int) -> tf.Tensor:
        (kernel,), (step, always) = kernels[index], scales[index]
        largest = WEIGHT_STEPS * step
        weights = tf.quantization.fake_quant_with_min_max_vars_per_channel(
            kernel * step, -largest, largest, narrow_range=True
        )
        answers = tf.nn.conv2d(stacked, weights, 1, "VALID", dilations=(1, dilation, 1, 1)) + always
        stepped = tf.quantization.fake_quant_with_min_max_args(answers, 0.0, ANSWER_STEPS)
        bands = stepped.shape[2]
        return tf.squeeze(tf.nn.max_pool2d(stepped, (1, bands), 1, "VALID"), 2)

    with tf.init_scope():
        kernels = [front.get_layer(f"convolution{index}").get_weights() for index in range(FRONT_END)]
        affine = [_affine(front.get_layer(f"steps{index}")) for index in range(FRONT_END)]
        scales = [(gain.astype(np.float32), offset.astype(np.float32)) for gain, offset in affine]
    centred = tf.quantization.fake_quant_with_min_max_args(mel - silence, -silence, LOUDEST - silence)
    return tf.concat(front_end(centred, heard), axis=-1)


def _front(name: str, filters: list[_Filters], silence: float) -> keras.Model:
    mel = keras.Input((MEL.frames, MEL.n_mels), name="mel")
    made: list[tuple[keras.Layer, list[DoubleArray]]] = []

    def heard(index: int, stacked: Any, dilation: int) -> Any:
        count = filters[index].steps.shape[-1]
        convolution = front_end_convolution(index, count, dilation)
        scale = _scale(f"steps{index}")
        made.append((convolution, [filters[index].steps]))
        made.append((scale, _scale_weights(filters[index].step, filters[index].always)))
        return ops.max(ops.round(ops.clip(scale(convolution(stacked)), 0.0, ANSWER_STEPS)), axis=2)

    found = front_end(layers.Rescaling(1.0, -silence, name=_CENTRED)(mel), heard)
    front = keras.Model(mel, layers.Concatenate(name="front_end")(found), name=f"{name}_front")
    for layer, weights in made:
        layer.set_weights(weights)
    return front


def _rest(network: keras.Model, gain: DoubleArray, offset: DoubleArray) -> keras.Model:
    steps = keras.Input((MEL.frames, len(gain)), name="steps")
    scale = _scale("scale")
    rest = keras.Model(steps, pooled(scale(steps)), name=f"{network.name}_rest")
    scale.set_weights(_scale_weights(gain, offset))
    for layer in rest.layers:
        if layer.weights and layer.name != scale.name:
            layer.set_weights(network.get_layer(layer.name).get_weights())
    return rest


def _scale(name: str) -> layers.BatchNormalization:
    """A layer of one gain and one offset for each channel, which Keras has under no other name."""
    return layers.BatchNormalization(epsilon=0.0, name=name)


def _scale_weights(gain: DoubleArray, offset: DoubleArray) -> list[DoubleArray]:
    return [gain, offset, np.zeros_like(gain), np.ones_like(gain)]


def _affine(normalisation: layers.BatchNormalization) -> tuple[DoubleArray, DoubleArray]:
    """A normalisation as gain and offset of each channel."""
    gamma, beta, mean, variance = (np.asarray(part, np.float64) for part in normalisation.get_weights())
    gain = gamma / np.sqrt(variance + normalisation.epsilon)
    return gain, beta - mean * gain


def _look(network: keras.Model, mels: MelArray, silence: float) -> list[_Statistics]:
    """What each convolution of the front end sees and says while the network listens to music."""
    kernels = [network.get_layer(f"convolution{index}").kernel.shape for index in range(FRONT_END)]
    outputs = [network.get_layer(f"convolution{index}").output for index in range(FRONT_END)]
    answering = keras.Model(network.input, outputs)
    random = np.random.default_rng(1)
    seen: list[list[FloatArray]] = [[] for _ in kernels]
    strongest: list[list[FloatArray]] = [[] for _ in kernels]

    def take(index: int, stacked: Any, dilation: int) -> None:
        seen[index].append(_patches(np.asarray(stacked), tuple(kernels[index][:2]), dilation, random))

    for start in range(0, len(mels), _BATCH):
        logarithms = decoded(mels[start : start + _BATCH])
        if start < _PICTURES_SEEN:
            front_end(tf.constant(logarithms - np.float32(silence)), take)
        for index, answers in enumerate(answering.predict_on_batch(logarithms)):
            strongest[index].append(answers.max(axis=(0, 1, 2)))
    found = []
    for patches, most in zip(seen, strongest, strict=True):
        every = np.concatenate(patches).astype(np.float64)
        found.append(_Statistics(every.mean(axis=0), np.cov(every.T), np.max(most, axis=0)))
    return found


def _patches(stacked: FloatArray, kernel: tuple[int, int], dilation: int, random: np.random.Generator) -> FloatArray:
    """Some of the pieces that a kernel lies upon, flattened: (patches, height · width · channels)."""
    pictures, frames, bands, _ = stacked.shape
    height, width = kernel
    count = pictures * _PATCHES_PER_PICTURE
    picture = random.integers(0, pictures, count)[:, np.newaxis, np.newaxis]
    top = random.integers(0, frames - (height - 1) * dilation, count)[:, np.newaxis, np.newaxis]
    left = random.integers(0, bands - width + 1, count)[:, np.newaxis, np.newaxis]
    rows = top + np.arange(height)[:, np.newaxis] * dilation
    return stacked[picture, rows, left + np.arange(width)].reshape(count, -1)
