"""Rhythm and embedding for rows whose audio is gone: altered spectrograms are what altered audio would give."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.signal import butter, sosfilt

from classifier.arrays import FloatArray
from classifier.bundle import columns_of
from classifier.description import EMBEDDING_NAMES, EMBEDDING_SIZE, FAMILIES
from classifier.features import FEATURE_NAMES
from classifier.mel import MelArray, decoded, extract_mel
from classifier.rhythm import RHYTHM_NAMES, extract_rhythm
from tests.support.audio import dance_track, noise, pad_track
from training.cli.main import main
from training.data.augment import enrich_table, equalised, filtered, lowpassed, read_mels, shifted
from training.data.tables import read_tables
from training.errors import TrainingError

WINDOW = 66_150


@pytest.fixture(scope="module")
def sound() -> FloatArray:
    """Five windows of music with hiss up to the top."""
    return dance_track(15.0, rate_hz=22_050) + 0.3 * pad_track(15.0, rate_hz=22_050) + noise(15.0) / 20


def spectrograms(samples: FloatArray) -> MelArray:
    return np.stack([extract_mel(part) for part in samples.reshape(-1, WINDOW)])


@pytest.fixture
def table(tmp_path: Path, sound: FloatArray) -> Path:
    """Windows 0, 1 and 2 of track a, 0 and 2 of track b; and their spectrograms."""
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(5, 122)), columns=list(FEATURE_NAMES), dtype=np.float32)
    path = tmp_path / "t.parquet"
    frame.assign(label="house", track=list("aaabb"), window=[0, 1, 2, 0, 2]).to_parquet(path)
    np.savez(tmp_path / "mels.npz", mel=spectrograms(sound))
    return path


def embed(mels: MelArray) -> FloatArray:
    """Stands in for the network: the same sum over the mean frame in every place."""
    return np.repeat(decoded(mels).mean(axis=1).sum(axis=1, keepdims=True), EMBEDDING_SIZE, axis=1)


def test_a_low_pass_on_spectrograms_is_a_low_pass_on_audio(sound: FloatArray) -> None:
    plain = spectrograms(sound)
    behind = sosfilt(butter(8, 7000.0, fs=22_050, output="sos"), sound).astype(np.float32)
    real, drawn = decoded(spectrograms(behind)), decoded(lowpassed(plain))
    by_band, without = (np.abs(picture - real).mean(axis=(0, 1)) for picture in (drawn, decoded(plain)))
    assert by_band.mean() < 0.02
    assert by_band.max() < 0.1
    assert by_band[92:].mean() < without[92:].mean() / 3  # the bands that it is about, from 7 kHz on
    np.testing.assert_array_equal(lowpassed(plain)[..., :70], plain[..., :70])


def test_a_gain_on_spectrograms_is_a_gain_on_audio(sound: FloatArray) -> None:
    louder = spectrograms(sound * np.float32(10 ** (6.0 / 20)))
    drawn = filtered(spectrograms(sound), np.full(96, 6.0))
    assert np.abs(decoded(louder) - decoded(drawn)).max() < 0.08  # three steps: both were rounded
    np.testing.assert_array_equal(filtered(louder, np.zeros(96)), louder)


def test_equalised_rows_differ_in_loudness_and_tone(sound: FloatArray) -> None:
    mels = spectrograms(sound)
    frame = pd.DataFrame(0.0, range(5), list(FEATURE_NAMES))
    moved, heard = equalised(frame, mels)
    assert set(moved["variant"]) == {"equalised"}
    assert (moved.drop(columns=["mfcc1_mean", "variant"]) == 0.0).all(axis=None)
    assert moved["mfcc1_mean"].nunique() == 5
    low, high = ((decoded(heard) - decoded(mels))[:, :, part].mean(axis=(1, 2)) for part in (slice(10), slice(60, 90)))
    assert np.abs(low - high).min() > 0.005  # no row got a mere gain
    again, _ = equalised(frame, mels)
    assert again.equals(moved)


def test_a_shifted_picture_is_that_of_the_shifted_audio(sound: FloatArray) -> None:
    frame = pd.DataFrame({"track": ["a", "a"], "window": [0, 1]}).join(pd.DataFrame(0.0, [0, 1], list(FEATURE_NAMES)))
    moved, mels = shifted(frame, spectrograms(sound[: 2 * WINDOW]))
    start = round(93 * 256 / 16_000 * 22_050)
    real = decoded(extract_mel(sound[start : start + WINDOW]))
    assert mels.shape == (1, 187, 96)
    assert moved["variant"].tolist() == ["shifted"]
    gap = np.abs(decoded(mels[0]) - real)
    assert gap[:90].mean() < 0.02
    assert gap[97:].mean() < 0.3  # half a hop beside the grid: three seconds are 187.5 hops
    assert np.abs(decoded(spectrograms(sound)[0]) - real).mean() > 0.5


def test_every_row_gets_all_families(table: Path, tmp_path: Path, sound: FloatArray) -> None:
    out = tmp_path / "out.parquet"
    altered = tmp_path / "low.parquet"
    pd.read_parquet(table).assign(mfcc1_mean=7.0).to_parquet(altered)
    rows = enrich_table(table, altered, tmp_path / "mels.npz", embed=embed, out=out)
    assert rows == 5 + 5 + 5 + 2  # windows 0 and 1, 1 and 2 of track a; nothing follows window 0 of track b
    done = pd.read_parquet(out)
    assert done["variant"].tolist() == ["plain"] * 5 + ["lowpass7k"] * 5 + ["equalised"] * 5 + ["shifted"] * 2
    assert read_tables([out]).columns == columns_of(FAMILIES)
    mels = spectrograms(sound)
    np.testing.assert_allclose(done.loc[3, list(RHYTHM_NAMES)].astype(float), extract_rhythm(mels[3]), atol=1e-4)
    np.testing.assert_allclose(
        done.loc[8, list(RHYTHM_NAMES)].astype(float), extract_rhythm(lowpassed(mels)[3]), atol=1e-4
    )
    np.testing.assert_allclose(done.loc[3, EMBEDDING_NAMES[0]], decoded(mels[3]).mean(axis=0).sum(), rtol=1e-4)
    assert (done.loc[5:9, "mfcc1_mean"] == 7.0).all()
    plain = pd.read_parquet(table)
    np.testing.assert_allclose(done.loc[16, "mfcc3_std"], plain.loc[[1, 2], "mfcc3_std"].mean(), rtol=1e-5)


def test_without_an_altered_table_there_is_no_low_pass(table: Path, tmp_path: Path) -> None:
    assert enrich_table(table, None, tmp_path / "mels.npz", embed=embed, out=tmp_path / "out.parquet") == 5 + 5 + 2


def test_rows_of_another_table_are_refused(table: Path, tmp_path: Path) -> None:
    mels, out = tmp_path / "mels.npz", tmp_path / "out.parquet"
    other = tmp_path / "other.parquet"
    pd.read_parquet(table).assign(track=list("aaabc")).to_parquet(other)
    with pytest.raises(TrainingError, match=r"other.parquet: its rows are not those of .*t.parquet"):
        enrich_table(table, other, mels, embed=embed, out=out)
    np.savez(mels, mel=np.zeros((4, 187, 96), np.uint8))
    with pytest.raises(TrainingError, match="4 spectrograms for the 5 rows"):
        enrich_table(table, None, mels, embed=embed, out=out)
    assert not out.exists()


def test_a_file_without_pictures_is_one_line_and_exit_code_1(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "other.npz", mel=np.zeros((5, 187, 96), np.float32))
    call = [
        "enrich",
        "--table",
        str(table),
        "--mels",
        str(tmp_path / "other.npz"),
        "--out",
        str(tmp_path / "o.parquet"),
    ]
    assert main(call) == 1
    assert "'mel' is float32 (5, 187, 96), not uint8 (n, 187, 96)" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, b"no archive"])
def test_a_file_that_is_no_archive_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    if content:
        path.write_bytes(content)
    with pytest.raises(TrainingError, match=r"some.npz: has no array 'mel'"):
        read_mels(path)
