"""A front end in eight bits says what the published one says, in whole steps, in Keras and as bytes in LiteRT."""

import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from classifier.mel import MelArray, decoded, extract_mel
from tests.support.audio import dance_track, pad_track
from training.models.musicnn import FRONT_END, load_musicnn
from training.models.quantised import ANSWER_STEPS, WEIGHT_STEPS, marked, quantise, round_weights


@pytest.fixture(scope="module")
def mels() -> MelArray:
    """Thirty windows of two pieces."""
    music = np.concatenate([dance_track(9.0, rate_hz=22_050), pad_track(9.0, rate_hz=22_050)])
    starts = np.linspace(0, len(music) - 66_150, 30).astype(int)
    return np.stack([extract_mel(music[start : start + 66_150]) for start in starts])


@pytest.fixture(scope="module")
def network(musicnn_wheel: Path) -> keras.Model:
    """The smaller of the two."""
    return load_musicnn(musicnn_wheel, "MSD_musicnn")


@pytest.fixture(scope="module")
def quantised(network: keras.Model, mels: MelArray) -> tuple[keras.Model, keras.Model]:
    return quantise(network, mels[::2])


def test_its_pools_are_those_of_the_network(
    network: keras.Model, quantised: tuple[keras.Model, keras.Model], mels: MelArray
) -> None:
    """Of windows, too, that its steps were not chosen for."""
    front, rest = quantised
    expected = np.asarray(network(decoded(mels[1::2]))["pooled"])
    found = np.asarray(rest(front(decoded(mels[1::2]))))
    assert np.sqrt(np.square(found - expected).mean()) < 0.02 * expected.std()


def test_weights_and_answers_are_whole_steps(quantised: tuple[keras.Model, keras.Model], mels: MelArray) -> None:
    front, _ = quantised
    for index in range(FRONT_END):
        (kernel,) = front.get_layer(f"convolution{index}").get_weights()
        np.testing.assert_array_equal(kernel, np.rint(kernel))
        assert 100 < np.abs(kernel).max() <= WEIGHT_STEPS
    steps = np.asarray(front(decoded(mels)))
    np.testing.assert_array_equal(steps, np.rint(steps))
    assert (steps.min(), steps.max()) >= (0, 0.7 * ANSWER_STEPS)
    assert steps.max() <= ANSWER_STEPS


def test_the_converter_makes_bytes_of_it_that_say_the_same(
    quantised: tuple[keras.Model, keras.Model], mels: MelArray
) -> None:
    front, _ = quantised
    one = tf.TensorSpec((1, *mels.shape[1:]), tf.float32)
    function = tf.function(lambda mel: marked(front, mel), input_signature=[one]).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    with warnings.catch_warnings(action="ignore"):  # that no ranges of its input are given: they are marked
        interpreter = tf.lite.Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    details = interpreter.get_tensor_details()
    kernels = [detail for detail in details if len(detail["shape"]) == 4 and detail["dtype"] == np.int8]
    assert len([kernel for kernel in kernels if len(kernel["quantization_parameters"]["scales"]) > 1]) == FRONT_END
    for mel in decoded(mels[:4]):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], mel[np.newaxis])
        interpreter.invoke()
        found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        gap = np.abs(found - np.asarray(front(mel[np.newaxis])))
        assert gap.max() <= 1.0  # a half may be rounded up here and down there
        assert (gap > 0.1).mean() < 0.01


def test_together_rounded_weights_err_less_than_one_by_one() -> None:
    """Inputs like those of a spectrogram, where neighbours are alike."""
    random = np.random.default_rng(0)
    places = np.arange(100)
    covariance = np.exp(-np.abs(places[:, np.newaxis] - places) / 8.0)
    weights = random.normal(size=(100, 20))
    steps, step = round_weights(weights, covariance)
    plain = np.rint(weights / step)

    def error(rounded: np.ndarray) -> float:
        missing = weights - rounded * step
        return float(np.einsum("df,de,ef->f", missing, covariance, missing).mean())

    assert error(steps) < 0.3 * error(plain)
    assert np.abs(steps).max() <= WEIGHT_STEPS
