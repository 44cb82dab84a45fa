"""Both runtimes give the same answers, as probabilities, for one row and for many; and what is made of them."""

import functools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.bundle import DEFAULT_BUNDLE, KERAS_FILE, REFERENCE_BUNDLE
from classifier.description import BACKBONES, COLUMNS_BY_FAMILY, FAMILIES, FEATURES, MN04, MUSICNN, RHYTHM_FAMILY
from classifier.errors import ClassifierError, ErrorKind
from classifier.features import extract_features
from classifier.loudness import LEVEL, levelled
from classifier.mel import decoded, extract_mel
from classifier.mel32k import extract_mel32k
from classifier.model import GenreModel, KerasRuntime, RuntimeName
from classifier.rhythm import extract_rhythm
from tests.support.audio import dance_track, noise, pad_track

BUNDLES = pytest.mark.parametrize("bundle", [DEFAULT_BUNDLE, REFERENCE_BUNDLE], ids=lambda bundle: bundle.name)


@functools.cache
def loaded(bundle: Path, runtime: RuntimeName) -> GenreModel:
    """Once for all: Keras takes seconds to read one."""
    return GenreModel.load(bundle, runtime=runtime)


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
    litert, keras = loaded(bundle, RuntimeName.LITERT), loaded(bundle, RuntimeName.KERAS)
    rows = rows_around(litert, windows)
    answers = litert.predict(rows)
    np.testing.assert_allclose(answers, keras.predict(rows), atol=1e-5)
    assert answers.std() > 0.01  # not the same answer for everything
    ours, theirs = litert.infer(rows), keras.infer(rows)
    np.testing.assert_allclose(ours.members, theirs.members, atol=1e-5)
    np.testing.assert_allclose(ours.ood_score, theirs.ood_score, rtol=1e-5, atol=1e-4)
    assert ours.members.shape == (len(rows), 5 if bundle == DEFAULT_BUNDLE else 1, 16)
    assert ours.ood_score.shape == (len(rows),)


def heard(samples: FloatArray) -> dict[str, FloatArray]:
    """What each backbone reads of a window: the spectrogram of the window at its level."""
    level = levelled(samples)
    return {MUSICNN: decoded(extract_mel(level)), MN04: extract_mel32k(level)}


def families(model: GenreModel, row: FloatArray) -> dict[str, FloatArray]:
    """A row of the default model, cut into its families."""
    ends = np.cumsum([len(COLUMNS_BY_FAMILY[name]) for name in FAMILIES])
    assert ends[-1] == len(row) == len(model.columns)
    return dict(zip(FAMILIES, np.split(row, ends[:-1]), strict=True))


@pytest.mark.parametrize(("backbone", "gap"), [(MUSICNN, 5e-3), (MN04, 2e-5)])
def test_litert_and_keras_hear_the_same(backbone: str, gap: float, windows: list[FloatArray]) -> None:
    """Within `gap` of the largest value: LiteRT keeps the constants, which are more than the weights, in half precision
    (found: 2e-3 for MusiCNN, 4e-6 for mn04)."""
    litert, keras = loaded(DEFAULT_BUNDLE, RuntimeName.LITERT), loaded(DEFAULT_BUNDLE, RuntimeName.KERAS)
    for samples in windows:
        spectrogram = heard(samples)[backbone]
        ours, theirs = litert.embed(backbone, spectrogram), keras.embed(backbone, spectrogram)
        assert (ours.shape, ours.dtype) == ((len(COLUMNS_BY_FAMILY[backbone]),), np.float32)
        assert np.abs(ours - theirs).max() < gap * np.abs(theirs).max()
        assert ours.std() > 0.01


@BUNDLES
def test_litert_and_keras_answer_the_same_for_sounds(bundle: Path, windows: list[FloatArray]) -> None:
    """Each by its own embeddings (found: 4e-4)."""
    litert, keras = loaded(bundle, RuntimeName.LITERT), loaded(bundle, RuntimeName.KERAS)
    for samples in windows:
        np.testing.assert_allclose(
            litert.predict(litert.describe(samples)), keras.predict(keras.describe(samples)), atol=2e-3
        )


@BUNDLES
def test_the_whole_network_takes_what_a_person_has_at_hand(bundle: Path, windows: list[FloatArray]) -> None:
    """`model.keras` by its named inputs gives what the steps give: describe, infer, mean over the members."""
    spectrograms = [heard(samples) for samples in windows]
    inputs = {
        FEATURES: np.stack([extract_features(samples) for samples in windows]),
        RHYTHM_FAMILY: np.stack([extract_rhythm(extract_mel(levelled(samples))) for samples in windows]),
        **{f"mel_{name}": np.stack([of[name] for of in spectrograms]) for name in BACKBONES},
    }
    network = KerasRuntime(bundle / KERAS_FILE).model
    outputs = network({name: inputs[name] for name in network.input}, training=False)
    model = loaded(bundle, RuntimeName.KERAS)
    rows = np.stack([model.describe(samples) for samples in windows])
    output = model.infer(rows)
    np.testing.assert_allclose(outputs["genres"], output.members.mean(axis=1), atol=1e-4)
    np.testing.assert_allclose(outputs["ood_score"][:, 0], output.ood_score, atol=1e-3)
    embeddings = {name: outputs[name] for name in BACKBONES if name in outputs}
    assert embeddings.keys() == (set(BACKBONES) if bundle == DEFAULT_BUNDLE else set())
    for name, embedding in embeddings.items():
        np.testing.assert_allclose(embedding, [families(model, row)[name] for row in rows], rtol=1e-3, atol=1e-3)


def test_a_row_stands_in_the_order_of_its_columns(window: FloatArray) -> None:
    model = GenreModel.load()
    spectrograms = heard(window)
    expected = [
        extract_features(window),
        extract_rhythm(extract_mel(levelled(window))),
        *(model.embed(name, spectrograms[name]) for name in BACKBONES),
    ]
    np.testing.assert_array_equal(model.describe(window), np.concatenate(expected))
    assert model.columns == tuple(name for family in FAMILIES for name in COLUMNS_BY_FAMILY[family])


def decibels(samples: FloatArray, gain_db: float) -> FloatArray:
    return (samples * 10.0 ** (gain_db / 20.0)).astype(np.float32)


def test_a_quiet_copy_gets_the_same_row_but_for_the_122_features(windows: list[FloatArray]) -> None:
    """At -20 dB and at -40 dB: as at the lowest level, where all three are described. The features keep the level."""
    model = GenreModel.load()
    for samples in windows:
        level_dbfs = 10.0 * np.log10(np.mean(np.square(samples, dtype=np.float64)))
        lowest = families(model, model.describe(decibels(samples, LEVEL.lowest_dbfs - level_dbfs - 1e-4)))
        for gain_db in (-20.0, -40.0):
            copy = families(model, model.describe(decibels(samples, gain_db)))
            for name in (RHYTHM_FAMILY, *BACKBONES):
                gap = np.abs(copy[name] - lowest[name]).max() / np.abs(lowest[name]).max()
                assert gap < 0.02, (name, gap)
            assert np.abs(copy[FEATURES] - lowest[FEATURES]).max() > 1.0


def test_a_window_within_the_range_of_levels_is_described_as_it_is(window: FloatArray) -> None:
    model = GenreModel.load()
    np.testing.assert_array_equal(levelled(window), window)
    np.testing.assert_array_equal(model.log_mel(window), extract_mel(window))
    row = families(model, model.describe(window))
    np.testing.assert_array_equal(row[MN04], model.embed(MN04, extract_mel32k(window)))
    quiet = decibels(window, -20.0)
    np.testing.assert_array_equal(families(model, model.describe(quiet))[FEATURES], extract_features(quiet))
    assert not np.array_equal(model.log_mel(quiet), extract_mel(quiet))


def test_silence_has_a_row_of_numbers() -> None:
    model = GenreModel.load()
    assert not model.log_mel(np.zeros(66_150, np.float32)).any()
    assert np.isfinite(model.describe(np.zeros(66_150, np.float32))).all()


def test_a_spectrogram_at_hand_is_taken(window: FloatArray) -> None:
    model = GenreModel.load()
    mel = model.log_mel(window)
    np.testing.assert_array_equal(model.describe(window, mel=mel), model.describe(window))
    plain, reversed_ = (families(model, model.describe(window, mel=m)) for m in (mel, mel[::-1]))
    assert [name for name in FAMILIES if not np.array_equal(plain[name], reversed_[name])] == [RHYTHM_FAMILY, MUSICNN]


def test_the_reference_describes_with_features_alone_and_hears_nothing(window: FloatArray) -> None:
    model = GenreModel.load(REFERENCE_BUNDLE)
    np.testing.assert_array_equal(model.describe(window), extract_features(window))
    for backbone, spectrogram in heard(window).items():
        with pytest.raises(ValueError, match=rf"reference-.* has no backbone {backbone}"):
            model.embed(backbone, spectrogram)


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


def test_without_tensorflow_the_extra_that_has_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ClassifierError, match=r'needs keras: pip install "edm-genre-bot\[training\]"') as caught:
        GenreModel.load(runtime=RuntimeName.KERAS)
    assert caught.value.kind is ErrorKind.NOT_INSTALLED


def test_a_runtime_that_is_installed_and_does_not_load_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Path) -> None:
        raise ImportError("libstdc++.so.6: cannot open shared object file")

    monkeypatch.setattr("classifier.model.LiteRtRuntime", fails)
    with pytest.raises(ClassifierError, match=r"libstdc\+\+.so.6: cannot open") as caught:
        GenreModel.load()
    assert caught.value.kind is ErrorKind.MODEL_UNUSABLE
