"""Noise and tones from formulas: each generator gives a few variants, the same ones in every run."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import signal

from training.data.sounds.audio import RATE_HZ, Audio, stable_number
from training.data.sounds.sources import Kind

LENGTH_S = 24.0
_SAMPLES = round(LENGTH_S * RATE_HZ)
_PEAKS_DBFS = (-1.0, -6.0, -14.0, -26.0)
"""Loudest sample of the variants in turn: what people post is not always loud."""

_LARGEST_CLICK = 6.0
"""Over the smallest: one that is much larger would leave the rest silent."""

Samples = npt.NDArray[np.float64]
Random = np.random.Generator
Generator = Callable[[Random], Samples]


@dataclass(frozen=True, slots=True)
class Signal:
    """A generator's `variants`: random numbers go in, `LENGTH_S` of samples come out."""

    kind: Kind
    name: str
    variants: int
    generate: Generator

    def audio(self, variant: int) -> Audio:
        """One variant, its loudest sample at one of `_PEAKS_DBFS`."""
        samples = self.generate(np.random.default_rng([stable_number(self.name), variant]))
        peak = 10 ** (_PEAKS_DBFS[variant % len(_PEAKS_DBFS)] / 20)
        return Audio((samples * (peak / max(np.abs(samples).max(), 1e-9))).astype(np.float32))


def coloured(exponent: float) -> Generator:
    """Noise whose power falls with frequency as f^-exponent: 0 white, 1 pink, 2 brown, -1 blue, -2 violet."""

    def generate(random: Random) -> Samples:
        spectrum = np.fft.rfft(random.standard_normal(_SAMPLES))
        frequencies = np.fft.rfftfreq(_SAMPLES, 1 / RATE_HZ)
        return np.fft.irfft(spectrum * np.maximum(frequencies, 20.0) ** (-exponent / 2), _SAMPLES)

    return generate


def _time() -> Samples:
    return np.arange(_SAMPLES) / RATE_HZ


def _slow(random: Random, rate_hz: float) -> Samples:
    """A random curve between 0 and 1 that changes about `rate_hz` times a second."""
    points = random.uniform(0, 1, max(4, round(LENGTH_S * rate_hz) + 3))
    return np.interp(_time(), np.linspace(0, LENGTH_S, len(points)), points)


def _band(samples: Samples, low_hz: float, high_hz: float) -> Samples:
    sections = signal.butter(2, (low_hz, high_hz), "bandpass", fs=RATE_HZ, output="sos")
    return np.asarray(signal.sosfilt(sections, samples))


def _narrow(random: Random) -> Samples:
    low_hz = random.uniform(100, 4_000)
    return _band(random.standard_normal(_SAMPLES), low_hz, low_hz * random.uniform(1.2, 2.5))


def _wind(random: Random) -> Samples:
    """Bands of noise that swell and fade on their own: gusts."""
    gusts = np.zeros(_SAMPLES)
    for low_hz in (60, 180, 420, 900):
        noise = _band(random.standard_normal(_SAMPLES), low_hz, low_hz * 2.5)
        gusts += noise * _slow(random, random.uniform(0.2, 0.8)) ** 2 * (200 / low_hz) ** 0.5
    return gusts


def _surf(random: Random) -> Samples:
    period_s, phase = random.uniform(5, 9), random.uniform(0, 6)
    swell = (0.5 + 0.5 * np.sin(2 * np.pi * _time() / period_s + phase)) ** 3
    return coloured(1.0)(random) * (0.05 + swell)


def _rain(random: Random) -> Samples:
    drops = np.zeros(_SAMPLES)
    count = int(random.integers(1_500, 30_000))
    drops[random.integers(0, _SAMPLES, count)] = random.exponential(1.0, count)
    hiss = random.standard_normal(_SAMPLES) * random.uniform(0.01, 0.05)
    return _band(drops, 1_500, 9_000) + hiss


def _crackle(random: Random) -> Samples:
    """Dust on a record: a hiss, a rumble and clicks of all sizes."""
    clicks = np.zeros(_SAMPLES)
    count = int(random.integers(200, 1_500))
    clicks[random.integers(0, _SAMPLES, count)] = np.minimum(random.pareto(2.0, count), _LARGEST_CLICK)
    rumble = coloured(2.0)(random)
    hiss = random.standard_normal(_SAMPLES) * 0.04
    return _band(clicks, 400, 8_000) + rumble / np.abs(rumble).max() * 0.1 + hiss


def _hum(random: Random) -> Samples:
    """The mains and its overtones above a little noise."""
    base_hz = random.choice([50.0, 60.0])
    hum = np.zeros(_SAMPLES)
    for number in range(1, 12):
        hum += random.uniform(0, 1) / number * np.sin(2 * np.pi * base_hz * number * _time() + random.uniform(0, 6))
    return hum + coloured(1.0)(random) * random.uniform(0.0005, 0.01)


def _engine(random: Random) -> Samples:
    """Bursts of noise at the rate of a motor whose speed wanders."""
    rate_hz = random.uniform(12, 60) * (0.8 + 0.4 * _slow(random, 0.2))
    phase = np.cumsum(rate_hz) / RATE_HZ
    bursts = np.exp(-6 * (phase % 1)) * random.standard_normal(_SAMPLES)
    return _band(bursts, 40, random.uniform(600, 3_000))


def _radio(random: Random) -> Samples:
    """Between two stations: noise that fades, a whistle that drifts."""
    whistle_hz = 400 + 1_800 * _slow(random, 0.3)
    whistle = np.sin(2 * np.pi * np.cumsum(whistle_hz) / RATE_HZ) * _slow(random, 0.5) * 0.3
    return _band(random.standard_normal(_SAMPLES), 200, 3_500) * (0.3 + _slow(random, 1.0)) + whistle


def _gated(random: Random) -> Samples:
    """Noise switched on and off without any beat: scraping, rustling, typing."""
    gate = np.repeat(random.random(round(LENGTH_S * 25)) < random.uniform(0.15, 0.5), RATE_HZ // 25)[:_SAMPLES]
    smooth = np.convolve(gate, np.ones(400) / 400, mode="same")
    return _band(random.standard_normal(_SAMPLES), 500, 9_000) * smooth


def _sine(random: Random) -> Samples:
    return np.sin(2 * np.pi * random.uniform(60, 4_000) * _time())


def _sweep(random: Random) -> Samples:
    period_s = random.choice([2.0, 6.0, 24.0])
    low_hz, high_hz = random.uniform(40, 200), random.uniform(2_000, 10_000)
    position = (_time() % period_s) / period_s
    return np.sin(2 * np.pi * np.cumsum(low_hz * (high_hz / low_hz) ** position) / RATE_HZ)


def _partials(base_hz: float, strengths: Samples) -> Samples:
    numbers = np.arange(1, len(strengths) + 1)
    return np.asarray(
        sum(s * np.sin(2 * np.pi * base_hz * n * _time()) for n, s in zip(numbers, strengths, strict=True))
    )


def _chord(random: Random) -> Samples:
    """A held chord of an organ's or a string machine's kind."""
    root_hz = 110 * 2 ** (random.integers(0, 18) / 12)
    steps = random.choice(np.array([[0, 4, 7], [0, 3, 7], [0, 5, 7], [0, 4, 10]]))
    strengths = random.uniform(0, 1, 8) / np.arange(1, 9)
    return np.asarray(sum(_partials(root_hz * 2 ** (step / 12), strengths) for step in steps))


def _beating(random: Random) -> Samples:
    base_hz = random.uniform(100, 900)
    return np.sin(2 * np.pi * base_hz * _time()) + np.sin(2 * np.pi * (base_hz + random.uniform(0.3, 6)) * _time())


def _vibrato(random: Random) -> Samples:
    depth_hz, rate_hz = random.uniform(3, 60), random.uniform(3, 8)
    base_hz = random.uniform(200, 1_500)
    phase = base_hz * _time() - depth_hz / (2 * np.pi * rate_hz) * np.cos(2 * np.pi * rate_hz * _time())
    return np.sin(2 * np.pi * phase)


def _events(times_s: Samples, length_s: float, sound: Callable[[int, Samples], Samples]) -> Samples:
    """`sound(number, time)` at each of the times, added up."""
    samples = np.zeros(_SAMPLES)
    time = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    for number, start in enumerate((times_s * RATE_HZ).astype(int)):
        part = sound(number, time)[: max(_SAMPLES - start, 0)]
        samples[start : start + len(part)] += part
    return samples


def _metronome(random: Random) -> Samples:
    """Clicks at a steady tempo, the first of each bar higher."""
    period_s, beats = 60 / random.uniform(50, 200), int(random.integers(2, 5))
    low_hz = random.uniform(600, 1_500)

    def click(number: int, time: Samples) -> Samples:
        return np.sin(2 * np.pi * low_hz * (1.5 if number % beats == 0 else 1.0) * time) * np.exp(-time * 90)

    return _events(np.arange(0, LENGTH_S, period_s), 0.1, click)


def _beeps(random: Random) -> Samples:
    """An alarm: tones of equal length with equal pauses."""
    period_s, pitch_hz = random.uniform(0.2, 1.2), random.uniform(400, 3_000)
    return np.sign(np.sin(2 * np.pi * pitch_hz * _time())) * ((_time() % period_s) < period_s / 2)


def _dialled(random: Random) -> Samples:
    """Digits on a telephone's keys: pairs of tones (ITU-T Q.23)."""
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477)
    pairs = [(random.choice(rows), random.choice(columns)) for _ in range(200)]

    def digit(number: int, time: Samples) -> Samples:
        first, second = pairs[number]
        return np.sin(2 * np.pi * first * time) + np.sin(2 * np.pi * second * time)

    return _events(np.cumsum(random.uniform(0.2, 0.5, 60)), 0.12, digit)


def _morse(random: Random) -> Samples:
    """Short and long tones as in Morse code, of random letters."""
    unit_s, pitch_hz = random.uniform(0.05, 0.1), random.uniform(450, 900)
    units = np.concatenate(
        [
            [1] * length + [0] * pause
            for length, pause in zip(random.choice([1, 3], 400), random.choice([1, 3], 400), strict=True)
        ]
    )
    keyed = np.repeat(units, round(unit_s * RATE_HZ))
    return np.sin(2 * np.pi * pitch_hz * _time()) * np.resize(keyed, _SAMPLES)


def _bells(random: Random) -> Samples:
    """Struck metal: partials that are no multiples, fading at different rates, at times without a beat."""
    ratios, decays = np.array([0.56, 0.92, 1.19, 1.7, 2.0, 2.74, 3.76]), random.uniform(0.5, 3.0, 7)
    pitches_hz = random.uniform(200, 1_200, 60)

    def bell(number: int, time: Samples) -> Samples:
        partials = [
            np.sin(2 * np.pi * pitches_hz[number] * r * time) * np.exp(-time * d)
            for r, d in zip(ratios, decays, strict=True)
        ]
        return np.asarray(sum(partials))

    return _events(np.cumsum(random.uniform(0.4, 2.5, 40)), 4.0, bell)


def _scale(random: Random) -> Samples:
    """A scale up and down, each note plucked once."""
    steps = np.array([0, 2, 4, 5, 7, 9, 11, 12, 11, 9, 7, 5, 4, 2])
    root_hz, period_s = 130 * 2 ** (random.integers(0, 24) / 12), random.uniform(0.2, 0.7)

    def note(number: int, time: Samples) -> Samples:
        pitch_hz = root_hz * 2 ** (steps[number % len(steps)] / 12)
        return np.asarray(sum(np.sin(2 * np.pi * pitch_hz * n * time) * np.exp(-time * 3 * n) / n for n in range(1, 6)))

    return _events(np.arange(0, LENGTH_S, period_s), 1.5, note)


SIGNALS = (
    Signal(Kind.NOISE, "white", 4, coloured(0.0)),
    Signal(Kind.NOISE, "pink", 4, coloured(1.0)),
    Signal(Kind.NOISE, "brown", 4, coloured(2.0)),
    Signal(Kind.NOISE, "blue", 3, coloured(-1.0)),
    Signal(Kind.NOISE, "violet", 2, coloured(-2.0)),
    Signal(Kind.NOISE, "narrow-band", 4, _narrow),
    Signal(Kind.NOISE, "wind", 5, _wind),
    Signal(Kind.NOISE, "surf", 4, _surf),
    Signal(Kind.NOISE, "rain", 5, _rain),
    Signal(Kind.NOISE, "crackle", 5, _crackle),
    Signal(Kind.NOISE, "hum", 5, _hum),
    Signal(Kind.NOISE, "engine", 5, _engine),
    Signal(Kind.NOISE, "radio", 4, _radio),
    Signal(Kind.NOISE, "rustle", 4, _gated),
    Signal(Kind.TONES, "sine", 4, _sine),
    Signal(Kind.TONES, "sweep", 4, _sweep),
    Signal(Kind.TONES, "chord", 6, _chord),
    Signal(Kind.TONES, "beating", 3, _beating),
    Signal(Kind.TONES, "vibrato", 3, _vibrato),
    Signal(Kind.TONES, "metronome", 6, _metronome),
    Signal(Kind.TONES, "beeps", 4, _beeps),
    Signal(Kind.TONES, "dialled", 4, _dialled),
    Signal(Kind.TONES, "morse", 4, _morse),
    Signal(Kind.TONES, "bells", 6, _bells),
    Signal(Kind.TONES, "scale", 6, _scale),
)
