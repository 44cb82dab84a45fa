"""Add rhythm and embedding to a table whose audio is not at hand, but whose log-mel spectrograms are.

Altered copies of rows come along: behind a low-pass, so that a band limit does not give a genre away; with another
loudness and tone, as other masters would give it; and shifted by half a window where the next one of the same track
follows, so that a beat's place in the window does not matter.
"""

from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
import numpy.typing as npt
import pandas as pd

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ
from classifier.description import EMBEDDING_NAMES
from classifier.features import FEATURE_NAMES
from classifier.mel import MEL, MelArray, decoded
from classifier.rhythm import RHYTHM_NAMES, extract_rhythm
from training.data.sampling import MFCC1_PER_DB
from training.data.tables import PLAIN, write_table
from training.errors import TrainingError

LOWPASS = "lowpass7k"
SHIFTED = "shifted"
EQUALISED = "equalised"
Embed = Callable[[MelArray], FloatArray]

_LOWPASS_HZ, _LOWPASS_ORDER = 7000.0, 8
_TONE_SEED, _TONE_DB = 5, 2.5
"""Standard deviation of the loudness and of each shape of a tone curve."""


def read_mels(path: Path) -> MelArray:
    """The array `mel` (n, 187, 96) uint8 of a .npz file. Raises `TrainingError` for another file."""
    try:
        mels = np.load(path)["mel"]
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"{path}: has no array 'mel' that can be read: {error}") from error
    if mels.dtype != np.uint8 or mels.shape[1:] != (MEL.frames, MEL.n_mels):
        raise TrainingError(f"{path}: 'mel' is {mels.dtype} {mels.shape}, not uint8 (n, {MEL.frames}, {MEL.n_mels})")
    return mels


def enrich_table(table: Path, altered: Path | None, mels: Path, *, embed: Embed, out: Path) -> int:
    """Write a table with all families of columns; returns its number of rows.

    `embed` maps log-mel spectrograms (n, 187, 96) to embeddings (n, 192). `altered` has the rows of `table` behind a
    low-pass at 7 kHz. Raises `TrainingError` where rows and spectrograms do not go together.
    """
    plain, spectrograms = pd.read_parquet(table), read_mels(mels)
    parts = [(plain.assign(variant=PLAIN), spectrograms)]
    if altered:
        filtered = pd.read_parquet(altered)
        if not filtered["track"].equals(plain["track"]):
            raise TrainingError(f"{altered}: its rows are not those of {table}")
        parts.append((filtered.assign(variant=LOWPASS), lowpassed(spectrograms)))
    if len(plain) != len(spectrograms):
        raise TrainingError(f"{mels}: {len(spectrograms)} spectrograms for the {len(plain)} rows of {table}")
    parts += [equalised(plain, spectrograms), shifted(plain, spectrograms)]
    whole = pd.concat([_described(frame, seen, embed) for frame, seen in parts], ignore_index=True)
    write_table(whole, out)
    return len(whole)


def lowpassed(mels: MelArray) -> MelArray:
    """The spectrograms (n, 187, 96) of the same sound behind a Butterworth low-pass of 8th order at 7 kHz.

    The filter runs at 22,050 Hz: the bilinear transform that makes it bends frequencies by a tangent.
    """
    centres = librosa.mel_frequencies(MEL.n_mels + 2, fmin=0.0, fmax=MEL.sample_rate_hz / 2)[1:-1]
    bent = np.tan(np.pi * centres / SAMPLE_RATE_HZ) / np.tan(np.pi * _LOWPASS_HZ / SAMPLE_RATE_HZ)
    return filtered(mels, -10.0 * np.log10(1.0 + bent ** (2 * _LOWPASS_ORDER)))


def equalised(frame: pd.DataFrame, mels: MelArray) -> tuple[pd.DataFrame, MelArray]:
    """The rows with another loudness and tone each, as other masters would have.

    The loudness changes `mfcc1_mean` and the spectrograms; the tone only the spectrograms, since what it would do to
    the other features cannot be told without the audio.
    """
    random = np.random.default_rng(_TONE_SEED)
    place = np.linspace(-1.0, 1.0, MEL.n_mels)
    shapes = np.stack([np.ones(MEL.n_mels), place, np.cos(np.pi * place), np.sin(2 * np.pi * place)])
    strengths_db = random.normal(0.0, _TONE_DB, (len(mels), len(shapes)))
    moved = frame.copy().assign(variant=EQUALISED)
    moved["mfcc1_mean"] += strengths_db[:, 0] * MFCC1_PER_DB
    return moved, filtered(mels, strengths_db @ shapes)


def filtered(mels: MelArray, curves_db: npt.NDArray[np.float64]) -> MelArray:
    """The spectrograms (n, 187, 96) of the same sound behind filters: a gain in dB for each band, (n, 96) or (96,)."""
    gain = 10.0 ** (np.atleast_2d(curves_db)[:, np.newaxis] / 10)
    power = (10.0 ** decoded(mels) - 1.0) * gain.astype(np.float32)
    return np.clip(np.rint(np.log10(1.0 + power) * MEL.steps_per_unit), 0, 255).astype(np.uint8)


def shifted(frame: pd.DataFrame, mels: MelArray) -> tuple[pd.DataFrame, MelArray]:
    """Windows that begin in the middle of one and end in the middle of the next of the same track.

    Their spectrograms are cut out of both; their 122 features, which are means and deviations over frames, are taken
    as the mean of both, which is nearly what they would be.
    """
    place = {key: row for row, key in enumerate(zip(frame["track"], frame["window"], strict=True))}
    pairs = [(row, place[track, window + 1]) for (track, window), row in place.items() if (track, window + 1) in place]
    first, second = np.array(pairs, np.intp).reshape(-1, 2).T
    half = MEL.frames // 2
    names = list(FEATURE_NAMES)
    moved = frame.iloc[first].copy().assign(variant=SHIFTED)
    moved[names] = (frame.iloc[first][names].to_numpy() + frame.iloc[second][names].to_numpy()) / 2
    return moved, np.concatenate([mels[first][:, half:], mels[second][:, :half]], axis=1)


def _described(frame: pd.DataFrame, mels: MelArray, embed: Embed) -> pd.DataFrame:
    rhythm = np.stack([extract_rhythm(mel) for mel in mels]) if len(mels) else np.zeros((0, len(RHYTHM_NAMES)))
    embedding: FloatArray = embed(mels) if len(mels) else np.zeros((0, len(EMBEDDING_NAMES)), np.float32)
    added = pd.DataFrame(np.hstack([rhythm, embedding]), columns=[*RHYTHM_NAMES, *EMBEDDING_NAMES], dtype=np.float32)
    return pd.concat([frame.reset_index(drop=True), added], axis=1)
