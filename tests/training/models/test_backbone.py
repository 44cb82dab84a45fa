"""The embedding keeps what differs between windows; the shipped backbone has the published numbers."""

from pathlib import Path

import numpy as np
import pytest

import training.models.backbone
from classifier.description import MUSICNN, MUSICNN_SIZE
from classifier.mel import MelArray, decoded, extract_mel
from tests.support.audio import dance_track, pad_track
from tests.support.bundles import shipped_backbones
from training.bundle.assemble import load_backbones
from training.cli.main import main
from training.errors import TrainingError
from training.models.backbone import fit_reduction, pool, split
from training.models.mlp import round_to_half
from training.models.musicnn import NETWORKS, load_musicnn
from training.models.quantised import quantise


@pytest.fixture(scope="module")
def mels() -> MelArray:
    """192 pictures: music, at every place and at every loudness a different one."""
    music = np.concatenate([dance_track(9.0, rate_hz=22_050), pad_track(9.0, rate_hz=22_050)])
    random = np.random.default_rng(0)
    starts = random.integers(0, len(music) - 66_150, 12)
    base = np.stack([extract_mel(music[start : start + 66_150]) for start in starts])
    noisy = np.repeat(base, 16, axis=0) * random.uniform(0.3, 1.0, (192, 1, 96))
    return noisy.astype(np.uint8)


def test_the_components_stand_by_themselves_the_largest_first() -> None:
    random = np.random.default_rng(0)
    pooled = (random.normal(size=(600, 300)) @ random.normal(size=(300, 400)) + 3.0).astype(np.float32)
    reduction = fit_reduction(pooled)
    embedding = pooled @ reduction.weights + reduction.offset
    assert embedding.shape == (600, MUSICNN_SIZE)
    np.testing.assert_allclose(embedding.mean(axis=0), 0.0, atol=1e-3)
    covariance = np.cov(embedding.T)
    spread = np.diag(covariance)
    assert (np.diff(spread) < 1e-3).all()
    np.testing.assert_allclose(covariance, np.diag(spread), atol=1e-3 * spread[0])
    assert spread.sum() > 0.6 * 400  # of standardised channels


def test_a_channel_that_is_nearly_always_silent_says_little() -> None:
    random = np.random.default_rng(0)
    pooled = random.normal(size=(600, 300)).astype(np.float32)
    pooled[:, 7] = 0.0
    pooled[11, 7] = 1e-4
    reduction = fit_reduction(pooled)
    assert np.abs(reduction.weights[7]).max() * 1e-4 < 0.1
    assert np.isfinite(reduction.weights).all()


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(TrainingError, match=f"at least {MUSICNN_SIZE} pictures are needed, found {MUSICNN_SIZE - 1}"):
        fit_reduction(np.zeros((MUSICNN_SIZE - 1, 300), np.float32))


def test_the_shipped_backbone_has_the_published_numbers(musicnn_wheel: Path) -> None:
    """After the front end number by number; how near that one is, `test_quantised` says."""
    shipped = shipped_backbones()[MUSICNN]
    for name in NETWORKS:
        network = load_musicnn(musicnn_wheel, name)
        round_to_half(network)
        rest = shipped.get_layer(f"{name.lower()}_rest")
        with_numbers = [layer for layer in rest.layers if layer.weights and layer.name != "scale"]
        assert len(with_numbers) == 3 + 3  # convolutions, and their normalisations
        for layer in with_numbers:
            for ours, published in zip(layer.get_weights(), network.get_layer(layer.name).get_weights(), strict=True):
                np.testing.assert_allclose(ours, published, rtol=1e-3, atol=1e-6)  # rounded to half precision


@pytest.mark.slow
def test_the_shipped_backbone_hears_what_the_published_networks_hear(musicnn_wheel: Path, mels: MelArray) -> None:
    shipped = shipped_backbones()[MUSICNN]
    fronts, rest = split(shipped)
    logarithms = decoded(mels[::16])
    pools = [np.asarray(load_musicnn(musicnn_wheel, name)(logarithms)["pooled"]) for name in NETWORKS]
    published = np.concatenate(pools, axis=1) @ shipped.get_layer("reduction").get_weights()[0]
    published += shipped.get_layer("reduction").get_weights()[1]
    ours = np.asarray(rest([front(logarithms) for front in fronts]))
    np.testing.assert_allclose(ours, np.asarray(shipped(logarithms)), rtol=1e-4, atol=1e-4)
    assert np.sqrt(np.square(ours - published).mean()) < 0.05 * published.std()


@pytest.mark.slow
def test_a_backbone_is_made_from_the_wheel_and_pictures(
    musicnn_wheel: Path, mels: MelArray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reduction needs as many pictures as it has components; eight bits are chosen well enough for a tenth."""
    monkeypatch.setattr(training.models.backbone, "quantise", lambda network, mels: quantise(network, mels[::12]))
    np.savez(tmp_path / "mels.npz", mel=mels)
    out = tmp_path / "backbone.keras"
    call = ["backbone", "--wheel", str(musicnn_wheel), "--mels", str(tmp_path / "mels.npz"), "--out", str(out)]
    assert main(call) == 0
    backbone = load_backbones(out)[MUSICNN]
    embedding = pool(backbone, mels[:18])
    np.testing.assert_allclose(embedding, backbone(decoded(mels[:18]), training=False), rtol=1e-3, atol=1e-3)
    assert embedding.shape == (18, MUSICNN_SIZE)
    same, other = np.linalg.norm(embedding[0] - embedding[1]), np.linalg.norm(embedding[0] - embedding[17])
    assert 0.0 < same < other  # two colours of one window are closer than two windows
    for weight in backbone.get_weights():
        np.testing.assert_array_equal(weight, weight.astype(np.float16))
