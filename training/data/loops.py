"""Loops whose tempo and key are known because they were made at them: beats, basses and chords from formulas.

They are what tempo and key are measured on. A loop is made of a beat (`BEATS`), chords of a progression
(`PROGRESSIONS`) in a sound (`SOUNDS`), a bass on their roots, and noise; a chance decides on tuning and levels.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.polynomial import polyval

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ
from classifier.keys import Key

_STEPS = 16
"""A bar of four beats has so many."""
_PEAK = 0.8


@dataclass(frozen=True, slots=True)
class Beat:
    """When a bar's drums are heard, in sixteenths, and between which tempos (beats a minute) such music lies."""

    kick: tuple[int, ...]
    snare: tuple[int, ...]
    hat: tuple[int, ...]
    slowest_bpm: float
    fastest_bpm: float
    genre: str | None = None
    """A genre (slug) that has such a beat."""


BEATS: dict[str, Beat] = {
    "four-on-the-floor": Beat((0, 4, 8, 12), (4, 12), (2, 6, 10, 14), 112.0, 132.0, "house"),
    "hard four": Beat((0, 4, 8, 12), (), (2, 6, 10, 14), 150.0, 190.0, "hardstyle"),
    "rolling": Beat((0, 4, 8, 12), (), (1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15), 134.0, 148.0, "psytrance"),
    "two-step": Beat((0, 10), (4, 12), (0, 2, 4, 6, 8, 10, 12, 14), 164.0, 180.0, "dnb"),
    "breakbeat": Beat((0, 2, 10), (4, 12), (0, 2, 4, 6, 8, 10, 12, 14), 120.0, 142.0),
    "half-time": Beat((0, 6), (8,), (0, 2, 4, 6, 8, 10, 12, 14), 132.0, 150.0, "dubstep"),
    "dembow": Beat((0, 4, 8, 12), (3, 6, 11, 14), (0, 2, 4, 6, 8, 10, 12, 14), 88.0, 112.0, "moombahton_reggaeton"),
    "slow": Beat((0, 10), (4, 12), (0, 2, 4, 6, 8, 10, 12, 14), 70.0, 95.0, "lofi"),
}

PROGRESSIONS: dict[bool, tuple[tuple[tuple[int, bool], ...], ...]] = {
    False: (
        ((0, False), (7, False), (9, True), (5, False)),
        ((0, False), (9, True), (5, False), (7, False)),
        ((5, False), (7, False), (0, False), (0, False)),
        ((0, False), (5, False), (0, False), (7, False)),
    ),
    True: (
        ((0, True), (8, False), (3, False), (10, False)),
        ((0, True), (5, True), (10, False), (3, False)),
        ((0, True), (8, False), (10, False), (0, True)),
        ((0, True), (0, True), (5, True), (7, True)),
    ),
}
"""Chords of major and of minor (True) keys, a bar each: root in semitones over the tonic, and whether it is minor."""

SOUNDS: dict[str, Callable[[int], float]] = {
    "saw": lambda n: 1.0 / n,
    "square": lambda n: (n % 2) / n,
    "organ": lambda n: 1.0 if n in {1, 2, 4} else 0.0,
    "soft": lambda n: 1.0 / n**3,
}
"""Strength of each harmonic."""
_HARMONICS = 12


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop, mono at 22,050 Hz, and what it is; `bpm` is None without a beat, `key` None without notes."""

    samples: FloatArray
    beat: str
    bpm: float | None
    key: Key | None


def dance_loop(seed: int, *, seconds: float, has_notes: bool = True, has_beat: bool = True) -> Loop:
    """Chords and drums by chance: the same for the same seed."""
    chance = np.random.default_rng(seed)
    style = list(BEATS)[seed % len(BEATS)]
    beat = BEATS[style]
    bpm = float(np.round(chance.uniform(beat.slowest_bpm, beat.fastest_bpm), 1))
    key = Key(int(chance.integers(12)), is_minor=bool(chance.integers(2)))
    sound = str(chance.choice(list(SOUNDS)))
    count = round(seconds * SAMPLE_RATE_HZ)
    mix = chance.uniform(0.002, 0.03) * chance.standard_normal(count)
    if has_beat:
        mix += _drums(count, beat, bpm, chance)
    if has_notes:
        is_plucked = has_beat and bool(chance.integers(2))  # eighths are a beat, too
        notes = _notes(count, key, bpm, SOUNDS[sound], chance, is_plucked=is_plucked)
        mix += chance.uniform(0.25, 0.7) * notes
    samples = (_PEAK * mix / np.abs(mix).max()).astype(np.float32)
    return Loop(samples, style, bpm if has_beat else None, key if has_notes else None)


def _drums(count: int, beat: Beat, bpm: float, chance: np.random.Generator) -> FloatArray:
    """A kick that falls, a snare of noise over a tone, and a hat of noise that rises in every frequency."""
    time_s = np.arange(round(0.4 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    kick_hz = chance.uniform(42.0, 60.0)
    kick = np.sin(2 * np.pi * (kick_hz * time_s + 6.0 * (1 - np.exp(-35.0 * time_s)))) * np.exp(-9.0 * time_s)
    snare = 0.5 * chance.standard_normal(len(time_s)) * np.exp(-22.0 * time_s)
    snare += 0.4 * np.sin(2 * np.pi * 190.0 * time_s) * np.exp(-30.0 * time_s)
    hat = np.diff(chance.standard_normal(len(time_s) + 1)) * np.exp(-70.0 * time_s)
    mix = np.zeros(count, np.float32)
    step_s = 60.0 / bpm / 4
    levels = ((beat.kick, kick, 1.0), (beat.snare, snare, chance.uniform(0.4, 0.9)), (beat.hat, hat, 0.15))
    for steps, drum, level in levels:
        for bar in range(int(count / SAMPLE_RATE_HZ / step_s / _STEPS) + 1):
            for step in steps:
                start = round((bar * _STEPS + step) * step_s * SAMPLE_RATE_HZ)
                part = mix[start : start + len(drum)]
                part += level * drum[: len(part)]
    return mix.astype(np.float32)


def _notes(
    count: int,
    key: Key,
    bpm: float,
    strength: Callable[[int], float],
    chance: np.random.Generator,
    *,
    is_plucked: bool,
) -> FloatArray:
    """A chord a bar, held or in eighths, and a bass on its root."""
    progressions = PROGRESSIONS[key.is_minor]
    progression = progressions[int(chance.integers(len(progressions)))]
    tuning = 2.0 ** (chance.uniform(-0.25, 0.25) / 12)
    bar_s = 240.0 / bpm
    time_s = np.arange(count) / SAMPLE_RATE_HZ
    bars = (time_s // bar_s).astype(int)
    pulse = np.exp(-6.0 * (time_s % (bar_s / 8))) if is_plucked else 1.0
    mix = np.zeros(count)
    for place, (root, is_minor) in enumerate(progression):
        here = np.flatnonzero(bars % len(progression) == place)
        chord = (key.tonic + root) % 12
        pitches = [36 + chord, *(48 + chord + step for step in (0, 3 if is_minor else 4, 7, 12))]
        for pitch in pitches:
            frequency_hz = 440.0 * tuning * 2.0 ** ((pitch + 12 - 69) / 12)
            turned = np.exp(2j * np.pi * frequency_hz * time_s[here])
            harmonics = [0j]  # the sum over n of strength · sin(n · angle + phase) is a polynomial in exp(i · angle)
            for harmonic in range(1, _HARMONICS + 1):
                level = strength(harmonic) * (1.5 if pitch == pitches[0] else 0.5)
                if level and harmonic * frequency_hz < SAMPLE_RATE_HZ / 2.2:
                    harmonics += [0j] * (harmonic - len(harmonics))
                    harmonics.append(level * np.exp(1j * chance.uniform(0, 2 * np.pi)))
            mix[here] += polyval(turned, harmonics).imag
    return np.asarray(mix * pulse / np.abs(mix).max(), np.float32)
