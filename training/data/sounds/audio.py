"""Reading and writing the recordings: any file to samples, and samples to one of the formats that people post."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from classifier.arrays import FloatArray
from classifier.errors import ClassifierError
from classifier.readers import opened
from classifier.readers.downmix import mono
from training.errors import TrainingError

RATE_HZ = 44_100
"""Of everything that is written."""

_SUFFIXES = (".mp3", ".ogg", ".flac")
"""Taken in turn, so that a kind of sound cannot be told by the trace of its encoder."""

_PEAK = 0.9
_BLOCK = 16_384
"""Samples written at once: libsndfile's Vorbis encoder keeps them all on the stack."""

_HEADERLESS = {".gsm": (8_000, "GSM610"), ".raw": (8_000, "PCM_16")}
"""Rate and encoding of files without a header, as telephony and speech codecs have them."""


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """Mono `samples` (n,) float32 at `rate_hz`."""

    samples: FloatArray
    rate_hz: int = RATE_HZ

    @property
    def length_s(self) -> float:
        return len(self.samples) / self.rate_hz

    def resampled(self) -> "Audio":
        """The same at `RATE_HZ`."""
        if self.rate_hz == RATE_HZ:
            return self
        return Audio(soxr.resample(self.samples, self.rate_hz, RATE_HZ, quality="HQ").astype(np.float32))


def read_audio(path: Path, *, most_s: float = 600.0) -> Audio:
    """The first `most_s` seconds of a file. Raises `TrainingError` for what is no audio."""
    try:
        if headerless := _HEADERLESS.get(path.suffix.lower()):
            rate_hz, encoding = headerless
            samples, _ = soundfile.read(
                path, dtype="float32", format="RAW", subtype=encoding, samplerate=rate_hz, channels=1
            )
            return Audio(samples[: round(most_s * rate_hz)], rate_hz)
        with opened(path) as reader:
            blocks, count = [], 0
            for block in reader.blocks(0.0):
                blocks.append(mono(block)[0])
                count += len(block)
                if count >= most_s * reader.rate_hz:
                    break
            samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
            return Audio(samples[: round(most_s * reader.rate_hz)], round(reader.rate_hz))
    except (ClassifierError, soundfile.LibsndfileError) as error:
        raise TrainingError(f"{path.name}: {error}") from error


def write_audio(audio: Audio, stem: Path) -> Path:
    """Write `stem` with one of the endings, chosen by its name; what is louder than full scale is turned down."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    resampled = audio.resampled().samples
    peak = float(np.abs(resampled).max(initial=0.0))
    if peak > _PEAK:
        resampled = resampled * np.float32(_PEAK / peak)
    path = stem.with_name(stem.name + _SUFFIXES[stable_number(stem.name) % len(_SUFFIXES)])
    with soundfile.SoundFile(path, "w", RATE_HZ, 1) as file:
        for start in range(0, len(resampled), _BLOCK):
            file.write(resampled[start : start + _BLOCK])
    return path


def join(parts: Sequence[Audio], *, seed: int, gaps_s: tuple[float, float] = (0.1, 0.5)) -> Audio:
    """One after the other with silence of random length between them."""
    random = np.random.default_rng(seed)
    pieces: list[FloatArray] = []
    for part in parts:
        pieces += [part.resampled().samples, np.zeros(round(random.uniform(*gaps_s) * RATE_HZ), np.float32)]
    return Audio(np.concatenate(pieces[:-1]))


def repeated(audio: Audio, length_s: float) -> Audio:
    """The same again and again, `length_s` long."""
    samples = audio.resampled().samples
    return Audio(np.resize(samples, round(length_s * RATE_HZ)))


def stable_number(text: str) -> int:
    """A number that is the same in every run, unlike `hash`."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])
