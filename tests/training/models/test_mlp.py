"""A trained network is served as dense layers with numbers of half precision, and answers as it did."""

from itertools import pairwise

import keras
import numpy as np
import pytest

from training.models.mlp import build_network, callbacks, for_serving, round_to_half
from training.models.recipes import DEFAULT, REFERENCE, Recipe

INPUTS = 40


@pytest.fixture(scope="module")
def trained() -> keras.Model:
    """A small network that has learned something: its normalisations have moved far from where they began."""
    keras.utils.set_random_seed(4)
    random = np.random.default_rng(4)
    recipe = Recipe(units=(32, 24, 16), dropout=(0.1, 0.1), input_dropout=0.1, l2=1e-3, learning_rate=1e-2)
    network = build_network(recipe, inputs=INPUTS)
    rows = random.normal(0.5, 2.0, (2_000, INPUTS)).astype(np.float32)
    genres = np.eye(16, dtype=np.float32)[(rows[:, :16] + rows[:, 16:32]).argmax(axis=1)]
    network.fit(rows, genres, epochs=6, batch_size=64, verbose=0)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            layer.set_weights([gamma * random.uniform(0.5, 2.0, gamma.shape), beta + 0.3, mean, variance])
    return network


def test_it_answers_as_the_network_did(trained: keras.Model) -> None:
    rows = np.random.default_rng(5).normal(0.5, 2.0, (500, INPUTS)).astype(np.float32)
    before, after = (np.asarray(network(rows, training=False)) for network in (trained, for_serving(trained)))
    np.testing.assert_allclose(after, before, atol=1e-2)
    assert (after.argmax(axis=1) == before.argmax(axis=1)).mean() > 0.98
    assert before.max(axis=1).mean() > 0.3  # it is sure of something
    assert len(set(before.argmax(axis=1).tolist())) > 12


def test_only_dense_layers_are_left(trained: keras.Model) -> None:
    served = for_serving(trained)
    assert [type(layer) for layer in served.layers] == [keras.layers.Dense] * 4
    assert [layer.units for layer in served.layers] == [32, 24, 16, 16]
    assert [layer.activation.__name__ for layer in served.layers] == ["relu", "relu", "relu", "softmax"]
    assert served.input_shape == (None, INPUTS)
    assert served.name == trained.name


def test_half_precision_keeps_its_numbers_exactly(trained: keras.Model) -> None:
    for weight in for_serving(trained).get_weights():  # biases, too
        assert weight.dtype == np.float32
        np.testing.assert_array_equal(weight, weight.astype(np.float16))
    assert any((weight != weight.astype(np.float16)).any() for weight in trained.get_weights())


def test_a_folded_layer_by_hand() -> None:
    """One input of 2 through relu(3 x + 1) = 7, normalised to 2 (7 - 3) / √(3 + ε) + 0.5, times 0.25."""
    network = keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(1, activation="relu"),
            keras.layers.BatchNormalization(epsilon=1.0),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1, activation="linear"),
        ]
    )
    first, normalisation, _, last = network.layers
    first.set_weights([np.array([[3.0]]), np.array([1.0])])
    normalisation.set_weights([np.array([2.0]), np.array([0.5]), np.array([3.0]), np.array([3.0])])
    last.set_weights([np.array([[0.25]]), np.array([-1.0])])
    served = for_serving(network)
    assert [weight.tolist() for weight in served.get_weights()] == [[[3.0]], [1.0], [[0.25]], [-1.625]]
    assert float(np.asarray(served(np.array([[2.0]])))[0, 0]) == (2 * (7 - 3) / 2 + 0.5) * 0.25 - 1.0


def test_rounding_is_to_the_nearest() -> None:
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    network.set_weights([np.array([[0.1]]), np.array([1.0 + 2**-12])])
    round_to_half(network)
    assert [weight.item() for weight in network.get_weights()] == [float(np.float16(0.1)), 1.0]


def test_the_network_is_the_one_that_was_asked_for() -> None:
    network = build_network(REFERENCE, inputs=122)
    described = [
        (type(layer).__name__, getattr(layer, "units", None) or getattr(layer, "rate", None))
        for layer in network.layers
    ]
    assert described == [
        ("Dense", 128),
        ("BatchNormalization", None),
        ("Dropout", 0.4),
        ("Dense", 64),
        ("BatchNormalization", None),
        ("Dropout", 0.3),
        ("Dense", 32),
        ("Dense", 16),
    ]
    dense = [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    assert [layer.activation.__name__ for layer in dense] == ["relu", "relu", "relu", "softmax"]
    assert [layer.kernel_regularizer is not None for layer in dense] == [True, True, False, False]
    assert isinstance(network.optimizer, keras.optimizers.Adam)
    assert float(network.optimizer.learning_rate) == pytest.approx(5e-4)


def test_the_learning_rate_falls_after_epoch_20_and_the_best_weights_come_back() -> None:
    stop, schedule = callbacks(REFERENCE)
    rates = [schedule.schedule(epoch, 0.0) for epoch in range(40)]
    assert rates[:20] == [5e-4] * 20
    assert all(later < earlier for earlier, later in pairwise(rates[19:]))
    assert stop.restore_best_weights


def test_where_nothing_stops_the_training_only_the_rate_is_scheduled() -> None:
    (schedule,) = callbacks(DEFAULT, stops=False)
    assert isinstance(schedule, keras.callbacks.LearningRateScheduler)
