"""Altered copies are the same music: as long, at the level that was drawn, with its windows in their places."""

import numpy as np
import pytest

from classifier.decoding import SAMPLE_RATE_HZ, WINDOW_S, iter_windows
from tests.support.audio import dance_track, encode, sine
from training.data.copies import through_codec, toned

CENTRES_HZ = np.geomspace(40.0, SAMPLE_RATE_HZ / 2, 9)


def drawn_db(seed: int) -> np.ndarray:
    """What the equaliser of this seed adds at its nine centres."""
    random = np.random.default_rng(seed)
    bands = random.uniform(-3.5, 3.5, 9)
    return bands + random.uniform(-6.0, 6.0)


def level_db(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))))


@pytest.mark.parametrize("band", [0, 2, 4, 6, 7])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_sine_changes_its_level_as_its_band_was_asked_to(band: int, seed: int) -> None:
    frequency_hz = round(CENTRES_HZ[band] * WINDOW_S) / WINDOW_S  # whole periods
    before = sine(WINDOW_S, frequency_hz)
    after = toned(before, np.random.default_rng(seed))
    expected_db = np.interp(np.log(frequency_hz), np.log(CENTRES_HZ), drawn_db(seed))
    assert level_db(after) - level_db(before) == pytest.approx(expected_db, abs=0.01)
    assert abs(expected_db) > 0.05
    assert (after.shape, after.dtype) == (before.shape, np.float32)


def test_between_two_bands_the_curve_is_a_line_over_the_logarithm_of_the_frequency() -> None:
    frequency_hz = round(float(np.sqrt(CENTRES_HZ[4] * CENTRES_HZ[5])) * WINDOW_S) / WINDOW_S
    before = sine(WINDOW_S, frequency_hz)
    gain_db = level_db(toned(before, np.random.default_rng(3))) - level_db(before)
    assert gain_db == pytest.approx(drawn_db(3)[4:6].mean(), abs=0.02)


def test_a_window_of_an_odd_length_keeps_it() -> None:
    assert toned(sine(1.0, 440.0)[:-1], np.random.default_rng(0)).shape == (22_049,)


def test_every_copy_is_drawn_anew_and_silence_stays_silent(window: np.ndarray) -> None:
    random = np.random.default_rng(0)
    assert not np.allclose(toned(window, random), toned(window, random), atol=1e-3)
    assert not toned(np.zeros_like(window), random).any()


def test_the_copy_of_a_file_has_its_windows() -> None:
    track = encode(dance_track(10.0), "WAV")
    before, after = list(iter_windows(track)), list(iter_windows(through_codec(track)))
    assert [audio.window for audio in after] == [audio.window for audio in before]
    assert len(after) == 3
    for old, new in zip(before, after, strict=True):
        assert np.corrcoef(old.samples, new.samples)[0, 1] > 0.98  # the same music in the same place
        assert not np.allclose(old.samples, new.samples, atol=1e-3)  # but not the same samples


def test_silence_in_a_track_moves_nothing() -> None:
    music = dance_track(3.0)
    track = encode(np.concatenate([music, np.zeros(2 * len(music), np.float32), music]), "WAV")
    starts_s = [[audio.window.start_s for audio in iter_windows(file)] for file in (track, through_codec(track))]
    assert starts_s == [[0.0, 9.0], [0.0, 9.0]]


def test_a_copy_is_a_small_mono_file() -> None:
    track = encode(np.repeat(dance_track(9.0)[:, np.newaxis], 2, axis=1), "WAV")
    assert len(through_codec(track)) == pytest.approx(9.0 * 48_000 / 8, rel=0.1)
