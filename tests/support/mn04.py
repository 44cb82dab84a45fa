"""What the published code of EfficientAT makes of four generated windows, and those windows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from classifier.arrays import FloatArray
from tests.support.audio import noise, sine

_FILE = Path(__file__).parent / "mn04_reference.npz"
_MEL_STEPS_PER_UNIT = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """Noise, a sine, a sweep and a rhythm: `samples` (4, 66150) at 22,050 Hz; the published code's `mel` (4, 100, 128)
    of every third frame, in steps of 1/10,000; its `embedding` (4, 384) and AudioSet `logits` (4, 527)."""

    samples: FloatArray
    mel: FloatArray
    embedding: FloatArray
    logits: FloatArray


def published() -> Published:
    """The rhythm is kept as 16-bit integers: the published spectrogram of what was rounded differs by up to 0.0004."""
    with np.load(_FILE) as archive:
        rhythm = archive["rhythm"] * archive["rhythm_step"]
        return Published(
            samples=np.stack([noise(3.0, deviation=0.1, seed=7), sine(3.0, 440.0), sweep(3.0), rhythm]),
            mel=(archive["mel"] / _MEL_STEPS_PER_UNIT).astype(np.float32),
            embedding=archive["embedding"],
            logits=archive["logits"],
        )


def sweep(seconds: float, *, first_hz: float = 50.0, last_hz: float = 10_000.0, rate_hz: int = 22_050) -> FloatArray:
    """A sine of amplitude 0.5 that rises by the same interval in the same time: (n,) float32."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    growth = np.log(last_hz / first_hz) / seconds
    return (0.5 * np.sin(2 * np.pi * first_hz / growth * np.expm1(growth * time))).astype(np.float32)
