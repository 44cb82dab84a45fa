"""Our MusiCNN answers what the published one does; and what was left out of it says nothing."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from classifier.arrays import FloatArray
from classifier.mel import decoded, extract_mel
from tests.support.audio import clicks, dance_track, noise, pad_track, sine
from tests.support.musicnn import published_tags
from training.errors import TrainingError
from training.models.musicnn import NETWORKS, constants, living_filters, load_musicnn, read_checkpoint

FRONT_END_KERNELS = [(7, 38), (7, 67), (128, 1), (64, 1), (32, 1)]
"""Frames and bands."""


@pytest.fixture(scope="module")
def logarithms() -> FloatArray:
    """Pictures (8, 187, 96) of music, noise, tones, clicks and silence."""
    sounds = [
        dance_track(3.0, rate_hz=22_050),
        dance_track(3.0, rate_hz=22_050, bpm=174.0, seed=3),
        pad_track(3.0, rate_hz=22_050),
        dance_track(3.0, rate_hz=22_050, bpm=140.0) + pad_track(3.0, rate_hz=22_050),
        noise(3.0),
        sine(3.0, 440.0),
        clicks(3.0, period_s=0.3),
        np.zeros(66_150, np.float32),
    ]
    return np.stack([decoded(extract_mel(samples)) for samples in sounds])


@pytest.mark.parametrize("name", NETWORKS)
def test_its_tags_are_those_of_the_published_graph(name: str, musicnn_wheel: Path, logarithms: FloatArray) -> None:
    expected = published_tags(musicnn_wheel, name, logarithms)
    answers = load_musicnn(musicnn_wheel, name)(logarithms, training=False)
    assert expected.max() > 0.3  # it hears something
    assert np.ptp(expected, axis=0).max() > 0.2  # and not the same in everything
    np.testing.assert_allclose(answers["tags"], expected, atol=1e-4)
    assert answers["penultimate"].shape == (8, 200)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_was_left_out_answers_a_constant(name: str, musicnn_wheel: Path, logarithms: FloatArray) -> None:
    """The published convolution, its activation and its normalisation, of the dead filters alone."""
    numbers = read_checkpoint(musicnn_wheel, name)
    picture = _normalised(logarithms[..., np.newaxis], numbers, "batch_normalization", slice(None))
    for index, (frames, bands) in enumerate(FRONT_END_KERNELS):
        scope = f"conv2d_{index}" if index else "conv2d"
        kernel = numbers[f"{scope}/kernel"]
        assert kernel.shape[:2] == (frames, bands)
        living = living_filters(numbers, index)
        dead = np.setdiff1d(np.arange(kernel.shape[-1]), living)
        assert 0 < len(living) < kernel.shape[-1]
        assert np.abs(kernel[..., dead]).max() < 1e-4
        assert np.abs(kernel[..., living]).max() > 0.05
        heard = tf.nn.relu(tf.nn.conv2d(picture, kernel[..., dead], 1, "VALID") + numbers[f"{scope}/bias"][dead])
        answers = _normalised(heard.numpy(), numbers, f"batch_normalization_{index + 1}", dead)
        expected = np.broadcast_to(constants(numbers, index)[dead], answers.shape)
        np.testing.assert_allclose(answers, expected, atol=1e-3)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_constants_go_into_the_next_layer(name: str, musicnn_wheel: Path) -> None:
    numbers = read_checkpoint(musicnn_wheel, name)
    left_out = []
    for index in range(len(FRONT_END_KERNELS)):
        answers = constants(numbers, index).copy()
        answers[living_filters(numbers, index)] = 0.0
        left_out.append(answers)
    always = np.einsum("tif,i->f", numbers["conv2d_5/kernel"][:, :, 0], np.concatenate(left_out))
    kernel, bias = load_musicnn(musicnn_wheel, name).get_layer("convolution5").get_weights()
    assert kernel.shape[1] == sum(len(living_filters(numbers, index)) for index in range(len(FRONT_END_KERNELS)))
    np.testing.assert_allclose(bias - numbers["conv2d_5/bias"], always, atol=3e-7)


def _normalised(
    values: FloatArray, numbers: dict[str, FloatArray], scope: str, which: slice | np.ndarray
) -> FloatArray:
    gamma, beta, mean, variance = (
        numbers[f"{scope}/{part}"][which] for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    return gamma * (values - mean) / np.sqrt(variance + 1e-3) + beta


@pytest.mark.parametrize("content", [None, b"no archive", {"other.py": b""}])
def test_another_file_is_refused(content: bytes | dict[str, bytes] | None, tmp_path: Path) -> None:
    path = tmp_path / "some.whl"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in content.items():
                archive.writestr(name, data)
    with pytest.raises(TrainingError, match=r"some.whl: not the wheel of the package musicnn"):
        read_checkpoint(path, NETWORKS[0])
