"""Both runtimes give the same answers, as probabilities, for one row and for many; and what is made of them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.bundle import DEFAULT_BUNDLE, KERAS_FILE, REFERENCE_BUNDLE
from classifier.description import EMBEDDING_NAMES, EMBEDDING_SIZE
from classifier.features import extract_features
from classifier.mel import decoded, extract_mel
from classifier.model import GenreModel, KerasRuntime, RuntimeName
from classifier.rhythm import extract_rhythm
from tests.support.audio import dance_track, noise, pad_track

BUNDLES = pytest.mark.parametrize("bundle", [DEFAULT_BUNDLE, REFERENCE_BUNDLE], ids=lambda bundle: bundle.name)


@pytest.fixture(scope="module")
def windows(window: FloatArray) -> list[FloatArray]:
    """Windows of four kinds of sound."""
    return [window, dance_track(3.0, rate_hz=22_050, bpm=174.0), pad_track(3.0, rate_hz=22_050), noise(3.0)]


def rows_around(model: GenreModel, windows: list[FloatArray]) -> FloatArray:
    """What describes the windows, and rows spread around that."""
    rows = np.stack([model.describe(samples) for samples in windows])
    spread = np.random.default_rng(1).normal(1.0, 0.3, (40, *rows.shape))
    return np.vstack([rows, *(rows * spread)]).astype(np.float32)


@BUNDLES
def test_litert_and_keras_agree(bundle: Path, windows: list[FloatArray]) -> None:
    litert, keras = (GenreModel.load(bundle, runtime=runtime) for runtime in (RuntimeName.LITERT, RuntimeName.KERAS))
    rows = rows_around(litert, windows)
    answers = litert.predict(rows)
    np.testing.assert_allclose(answers, keras.predict(rows), atol=1e-5)
    assert answers.std() > 0.01  # not the same answer for everything
    ours, theirs = litert.infer(rows), keras.infer(rows)
    np.testing.assert_allclose(ours.members, theirs.members, atol=1e-5)
    np.testing.assert_allclose(ours.ood_score, theirs.ood_score, rtol=1e-5, atol=1e-4)
    assert ours.members.shape == (len(rows), 5 if bundle == DEFAULT_BUNDLE else 1, 16)
    assert ours.ood_score.shape == (len(rows),)


def test_litert_and_keras_hear_the_same(windows: list[FloatArray]) -> None:
    litert, keras = (GenreModel.load(runtime=runtime) for runtime in (RuntimeName.LITERT, RuntimeName.KERAS))
    for samples in windows:
        ours, theirs = litert.embed(extract_mel(samples)), keras.embed(extract_mel(samples))
        assert (ours.shape, ours.dtype) == ((EMBEDDING_SIZE,), np.float32)
        assert np.abs(ours - theirs).max() < 1e-5 * np.abs(theirs).max()


@BUNDLES
def test_the_whole_network_takes_what_a_person_has_at_hand(bundle: Path, windows: list[FloatArray]) -> None:
    """`model.keras` by its named inputs gives what the steps give: describe, infer, mean over the members."""
    mels = [extract_mel(samples) for samples in windows]
    inputs = {
        "features": np.stack([extract_features(samples) for samples in windows]),
        "rhythm": np.stack([extract_rhythm(mel) for mel in mels]),
        "mel": np.stack([decoded(mel) for mel in mels]),
    }
    network = KerasRuntime(bundle / KERAS_FILE).model
    outputs = network({name: inputs[name] for name in network.input}, training=False)
    model = GenreModel.load(bundle)
    output = model.infer(np.stack([model.describe(samples) for samples in windows]))
    np.testing.assert_allclose(outputs["genres"], output.members.mean(axis=1), atol=1e-4)
    np.testing.assert_allclose(outputs["ood_score"][:, 0], output.ood_score, atol=1e-3)
    assert ("embedding" in outputs) == (bundle == DEFAULT_BUNDLE)


def test_a_row_stands_in_the_order_of_its_columns(window: FloatArray) -> None:
    model = GenreModel.load()
    mel = extract_mel(window)
    expected = [extract_features(window), extract_rhythm(mel), model.embed(mel)]
    np.testing.assert_array_equal(model.describe(window), np.concatenate(expected))
    assert model.columns[-EMBEDDING_SIZE:] == EMBEDDING_NAMES


def test_a_spectrogram_at_hand_is_taken(window: FloatArray) -> None:
    model, mel = GenreModel.load(), extract_mel(window)
    np.testing.assert_array_equal(model.describe(window, mel=mel), model.describe(window))
    assert not np.array_equal(model.describe(window, mel=mel[::-1]), model.describe(window))


def test_the_reference_describes_with_features_alone_and_hears_nothing(window: FloatArray) -> None:
    model = GenreModel.load(REFERENCE_BUNDLE)
    np.testing.assert_array_equal(model.describe(window), extract_features(window))
    with pytest.raises(ValueError, match=r"reference-.* has no backbone"):
        model.embed(extract_mel(window))


@BUNDLES
def test_one_row_and_many_rows_are_the_same(bundle: Path, windows: list[FloatArray]) -> None:
    model = GenreModel.load(bundle)
    rows = rows_around(model, windows)
    together = model.predict(rows)
    for row, expected in zip(rows[:20], together, strict=False):
        np.testing.assert_allclose(model.predict(row), expected, atol=1e-6)
    assert together.shape == (len(rows), 16)
    np.testing.assert_allclose(together.sum(axis=1), 1.0, atol=1e-5)


@BUNDLES
def test_another_shape_is_refused(bundle: Path) -> None:
    model = GenreModel.load(bundle)
    with pytest.raises(ValueError, match=str(len(model.columns))):
        model.predict(np.zeros(len(model.columns) - 1, np.float32))


@BUNDLES
def test_nothing_is_written_to_stderr(bundle: Path) -> None:
    code = (
        "import numpy as np; from pathlib import Path; from classifier.model import GenreModel\n"
        f"model = GenreModel.load(Path({str(bundle)!r}))\n"
        "print(model.predict(model.describe(np.zeros(66150, np.float32))).sum())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(run.stdout) == pytest.approx(1.0, abs=1e-5)
    assert run.stderr == ""
