"""Does the same music get the same answer? Measured on audio: a finished bundle hears windows and altered copies."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from classifier.arrays import FloatArray
from classifier.decoding import spread_windows
from classifier.errors import ClassifierError
from classifier.folders import audio_files
from classifier.model import GenreModel
from training.data.copies import CODEC, TONE, through_codec, toned
from training.errors import TrainingError

QUIET = "-20 dB"
_QUIET_GAIN = np.float32(0.1)
_NEAR_S = 0.2


@dataclass(frozen=True, slots=True)
class Invariance:
    """The share (0 to 1) of windows that keep their genre, by what was done to them."""

    tracks: int
    windows: int
    unchanged: dict[str, float]


def measure_invariance(bundle: Path, audio: Path, *, windows: int, seed: int) -> Invariance:
    """Answer at most `windows` windows of each file below `audio`, as they are and altered.

    A codec may move windows by some milliseconds, as it does where people post such files. Raises `TrainingError` for a
    folder without music, and `ClassifierError` for a bundle that cannot be used.
    """
    model, random = GenreModel.load(bundle), np.random.default_rng(seed)
    kept: dict[str, list[bool]] = {QUIET: [], TONE: [], CODEC: []}
    tracks, unread = 0, list[str]()
    for path in audio_files(audio, say=unread.append):
        try:
            plain = list(spread_windows(path, budget=windows))
            coded = {w.window.start_s: w.samples for w in spread_windows(through_codec(path), budget=windows)}
        except ClassifierError:
            continue
        tracks += bool(plain)
        for window in plain:
            samples, start_s = window.samples, window.window.start_s
            answer = _genre(model, samples)
            kept[QUIET].append(_genre(model, samples * _QUIET_GAIN) == answer)
            kept[TONE].append(_genre(model, toned(samples, random)) == answer)
            nearest = _nearest(coded, start_s)
            if nearest is not None:
                kept[CODEC].append(_genre(model, nearest) == answer)
    if not tracks:
        raise TrainingError("; ".join(unread) or f"{audio}: no music that can be read")
    shares = {alteration: float(np.mean(stayed)) for alteration, stayed in kept.items() if stayed}
    return Invariance(tracks=tracks, windows=len(kept[QUIET]), unchanged=shares)


def _nearest(windows: dict[float, FloatArray], start_s: float) -> FloatArray | None:
    """The window that starts within `_NEAR_S` of a second; None where there is none."""
    near_s = [other_s for other_s in windows if abs(other_s - start_s) < _NEAR_S]
    return windows[near_s[0]] if near_s else None


def _genre(model: GenreModel, samples: FloatArray) -> int:
    return int(model.predict(model.describe(samples)).argmax())
