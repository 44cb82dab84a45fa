"""Noise and tones have the spectra and the beats that their formulas promise."""

import numpy as np
import pytest

from classifier.loudness import SILENCE_DBFS
from training.data.sounds.audio import RATE_HZ
from training.data.sounds.signals import LENGTH_S, SIGNALS, Signal, coloured
from training.data.sounds.sources import Kind


def by_name(name: str) -> Signal:
    return next(signal for signal in SIGNALS if signal.name == name)


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_each_variant_is_sound_of_the_stated_length_and_never_too_loud(signal: Signal) -> None:
    samples = signal.audio(0).samples
    assert samples.shape == (round(LENGTH_S * RATE_HZ),)
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() == pytest.approx(10 ** (-1 / 20), rel=1e-3)
    assert np.std(samples) > 1e-3


def test_variants_differ_and_are_the_same_in_every_run() -> None:
    wind = by_name("wind")
    assert np.array_equal(wind.audio(1).samples, wind.audio(1).samples)
    assert not np.array_equal(wind.audio(1).samples, wind.audio(2).samples)


def test_later_variants_are_quieter() -> None:
    assert np.abs(by_name("sine").audio(3).samples).max() == pytest.approx(10 ** (-26 / 20), rel=1e-3)


@pytest.mark.parametrize(("exponent", "octave_db"), [(0.0, 0.0), (1.0, -3.01), (2.0, -6.02), (-1.0, 3.01)])
def test_coloured_noise_falls_by_its_exponent(exponent: float, octave_db: float) -> None:
    power = np.abs(np.fft.rfft(coloured(exponent)(np.random.default_rng(3)))) ** 2
    low, high = (power[round(f * LENGTH_S) : round(1.2 * f * LENGTH_S)].mean() for f in (1_000, 2_000))
    assert 10 * np.log10(high / low) == pytest.approx(octave_db, abs=0.5)


def test_a_sine_is_one_line_in_the_spectrum() -> None:
    power = np.abs(np.fft.rfft(by_name("sine").audio(0).samples * np.hanning(round(LENGTH_S * RATE_HZ)))) ** 2
    peak = int(power.argmax())
    assert power[peak - 3 : peak + 4].sum() > 0.999 * power.sum()


def test_a_metronome_clicks_at_equal_intervals() -> None:
    samples = np.abs(by_name("metronome").audio(0).samples)
    frames = samples[: len(samples) // 441 * 441].reshape(-1, 441).max(axis=1) > 0.1 * samples.max()
    onsets = np.flatnonzero(frames[1:] & ~frames[:-1])
    assert len(onsets) > 15
    assert np.ptp(np.diff(onsets)) <= 2  # hundredths of a second


def test_there_are_enough_recordings_of_both_kinds() -> None:
    assert sum(signal.variants for signal in SIGNALS if signal.kind is Kind.NOISE) >= 50
    assert sum(signal.variants for signal in SIGNALS if signal.kind is Kind.TONES) >= 36


@pytest.mark.parametrize("name", ["crackle", "rain"])
def test_noise_of_single_clicks_is_no_silence_to_the_decoder(name: str) -> None:
    sparse = by_name(name)
    for variant in range(sparse.variants):
        assert np.std(sparse.audio(variant).samples) > 10 ** (SILENCE_DBFS / 20)
