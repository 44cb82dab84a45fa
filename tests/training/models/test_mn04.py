"""Our mn04 answers what the published one does, also with numbers of half precision."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.bundle import DEFAULT_BUNDLE, LITERT_FILE
from classifier.description import MN04
from classifier.mel32k import extract_mel32k
from classifier.model import LiteRtRuntime
from tests.support.bundles import shipped_backbones
from tests.support.mn04 import Published, published
from training.errors import TrainingError
from training.models.mn04 import EMBEDDING_SIZE, LABELS, embedding_part, load_mn04


@pytest.fixture(scope="module")
def weights() -> Path:
    path = os.environ.get("MN04_WEIGHTS")
    if not path:
        pytest.skip("MN04_WEIGHTS names no file")
    return Path(path)


@pytest.fixture(scope="module")
def network(weights: Path) -> keras.Model:
    return load_mn04(weights)


@pytest.fixture(scope="module")
def reference() -> Published:
    return published()


@pytest.fixture(scope="module")
def mels(reference: Published) -> FloatArray:
    return np.stack([extract_mel32k(samples) for samples in reference.samples])


def test_the_shipped_network_hears_what_the_published_one_does(mels: FloatArray, reference: Published) -> None:
    """Half precision, also of biases, costs about a hundredth; other windows are a tenth away and more."""
    shipped = shipped_backbones()[MN04]
    embedding = np.asarray(shipped(mels, training=False))
    assert embedding.shape == (4, EMBEDDING_SIZE)
    assert relative_error(embedding, reference.embedding).max() < 2e-2
    assert relative_error(embedding, reference.embedding[::-1]).min() > 0.1
    for weight in shipped.get_weights():
        np.testing.assert_array_equal(weight, weight.astype(np.float16))


def test_what_serves_hears_the_same(mels: FloatArray, reference: Published) -> None:
    runtime = LiteRtRuntime(DEFAULT_BUNDLE / LITERT_FILE)
    embedding = np.stack([runtime.embed(MN04, mel) for mel in mels])
    assert relative_error(embedding, reference.embedding).max() < 2e-2


def test_its_answers_are_the_published_ones(network: keras.Model, mels: FloatArray, reference: Published) -> None:
    answers = network(mels, training=False)
    assert answers["embedding"].shape == (4, EMBEDDING_SIZE)
    assert answers["logits"].shape == (4, LABELS)
    assert np.ptp(reference.embedding, axis=0).max() > 1.0  # the windows do not sound the same to it
    # The rhythm's samples are rounded in the repository, the others are exact.
    for name, expected in (("embedding", reference.embedding), ("logits", reference.logits)):
        exact, rounded = relative_error(answers[name], expected)[:3], relative_error(answers[name], expected)[3]
        assert exact.max() < 1e-5
        assert rounded < 1e-4


def test_half_precision_costs_little(weights: Path, mels: FloatArray, reference: Published) -> None:
    network = load_mn04(weights)
    network.set_weights(
        [
            values.astype(np.float16).astype(np.float32) if values.ndim > 1 else values
            for values in network.get_weights()
        ]
    )
    lost = relative_error(network(mels, training=False)["embedding"], reference.embedding)
    assert 1e-4 < lost.max() < 1e-2


def test_the_embedding_needs_no_labels(network: keras.Model, mels: FloatArray) -> None:
    part = embedding_part(network)
    np.testing.assert_array_equal(part(mels, training=False), network(mels, training=False)["embedding"])
    assert part.name == "mn04"
    assert part.count_params() < 0.53 * network.count_params()


def test_it_survives_a_file(network: keras.Model, mels: FloatArray, tmp_path: Path) -> None:
    part = embedding_part(network)
    part.save(tmp_path / "mn04.keras")
    loaded = keras.models.load_model(tmp_path / "mn04.keras", compile=False, safe_mode=True)
    np.testing.assert_array_equal(loaded(mels, training=False), part(mels, training=False))


def test_files_without_its_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    with pytest.raises(TrainingError, match=r"some.npz: not the numbers of mn04"):
        load_mn04(path)
    path.write_bytes(b"no archive")
    with pytest.raises(TrainingError, match=r"some.npz: not the numbers of mn04"):
        load_mn04(path)
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(TrainingError, match=r"some.npz: not the numbers of mn04"):
        load_mn04(path)
    np.savez(path, **{"features.0.0.weight": np.zeros((8, 1, 3, 3), np.float32)})
    with pytest.raises(TrainingError, match=r"some.npz: not the numbers of mn04: .*features.0.1.weight"):
        load_mn04(path)


def test_arrays_of_another_shape_are_refused(weights: Path, tmp_path: Path) -> None:
    with np.load(weights) as archive:
        numbers = {name: archive[name] for name in archive.files}
    numbers["features.16.0.weight"] = numbers["features.16.0.weight"][:, :32]
    np.savez(tmp_path / "narrow.npz", **numbers)
    with pytest.raises(TrainingError, match=r"narrow.npz: not the numbers of mn04: .*shape"):
        load_mn04(tmp_path / "narrow.npz")


def relative_error(found: FloatArray, expected: FloatArray) -> FloatArray:
    """Of each row: the length of the difference by that of what is expected."""
    return np.linalg.norm(np.asarray(found) - expected, axis=1) / np.linalg.norm(expected, axis=1)
