"""Add rhythm and embedding to a table whose audio is not at hand, but whose log-mel pictures are.

Altered copies of rows come along: behind a low-pass, so that a band limit does not give a genre away, and shifted by
half a window where the next one of the same track follows, so that a beat's place in the window does not matter.
"""

from pathlib import Path

import keras
import librosa
import numpy as np
import pandas as pd

from classifier.description import EMBEDDING_NAMES
from classifier.features import FEATURE_NAMES, FloatArray
from classifier.mel import MEL, MelArray, decoded
from classifier.rhythm import RHYTHM_NAMES, extract_rhythm
from training.backbone import pool
from training.errors import TrainingError
from training.extraction import write_table
from training.tables import PLAIN

LOWPASS = "lowpass7k"
SHIFTED = "shifted"
_LOWPASS_HZ, _LOWPASS_ORDER = 7000.0, 8


def read_mels(path: Path) -> MelArray:
    """The array `mel` (n, 187, 96) uint8 of a .npz file. Raises `TrainingError` for another file."""
    try:
        mels = np.load(path)["mel"]
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"{path}: has no array 'mel' that can be read: {error}") from error
    if mels.dtype != np.uint8 or mels.shape[1:] != (MEL.frames, MEL.n_mels):
        raise TrainingError(f"{path}: 'mel' is {mels.dtype} {mels.shape}, not uint8 (n, {MEL.frames}, {MEL.n_mels})")
    return mels


def enrich_table(table: Path, altered: Path | None, mels: Path, *, backbone: keras.Model, out: Path) -> int:
    """Write a table with all families of columns; returns its number of rows.

    `altered` has the rows of `table` behind a low-pass at 7 kHz. Raises `TrainingError` where rows and pictures do
    not go together.
    """
    plain, pictures = pd.read_parquet(table), read_mels(mels)
    parts = [(plain.assign(variant=PLAIN), pictures)]
    if altered:
        filtered = pd.read_parquet(altered)
        if not filtered["track"].equals(plain["track"]):
            raise TrainingError(f"{altered}: its rows are not those of {table}")
        parts.append((filtered.assign(variant=LOWPASS), lowpassed(pictures)))
    if len(plain) != len(pictures):
        raise TrainingError(f"{mels}: {len(pictures)} pictures for the {len(plain)} rows of {table}")
    parts.append(shifted(plain, pictures))
    whole = pd.concat([_described(frame, seen, backbone) for frame, seen in parts], ignore_index=True)
    write_table(whole, out)
    return len(whole)


def lowpassed(mels: MelArray) -> MelArray:
    """The pictures (n, 187, 96) of the same sound behind a Butterworth low-pass of 8th order at 7 kHz."""
    centres = librosa.mel_frequencies(MEL.n_mels + 2, fmin=0.0, fmax=MEL.sample_rate_hz / 2)[1:-1]
    gain = 1.0 / (1.0 + (centres / _LOWPASS_HZ) ** (2 * _LOWPASS_ORDER))
    power = (10.0 ** decoded(mels) - 1.0) * gain.astype(np.float32)
    return np.clip(np.rint(np.log10(1.0 + power) * MEL.steps_per_unit), 0, 255).astype(np.uint8)


def shifted(frame: pd.DataFrame, mels: MelArray) -> tuple[pd.DataFrame, MelArray]:
    """Windows that begin in the middle of one and end in the middle of the next of the same track.

    Their pictures are cut out of both; their 122 features, which are means and deviations over frames, are taken as the
    mean of both, which is nearly what they would be.
    """
    place = {key: row for row, key in enumerate(zip(frame["track"], frame["window"], strict=True))}
    pairs = [(row, place[track, window + 1]) for (track, window), row in place.items() if (track, window + 1) in place]
    first, second = np.array(pairs, np.intp).reshape(-1, 2).T
    half = MEL.frames // 2
    names = list(FEATURE_NAMES)
    moved = frame.iloc[first].copy().assign(variant=SHIFTED)
    moved[names] = (frame.iloc[first][names].to_numpy() + frame.iloc[second][names].to_numpy()) / 2
    return moved, np.concatenate([mels[first][:, half:], mels[second][:, :half]], axis=1)


def _described(frame: pd.DataFrame, mels: MelArray, backbone: keras.Model) -> pd.DataFrame:
    rhythm = np.stack([extract_rhythm(mel) for mel in mels]) if len(mels) else np.zeros((0, len(RHYTHM_NAMES)))
    embedding: FloatArray = pool(backbone, mels) if len(mels) else np.zeros((0, len(EMBEDDING_NAMES)), np.float32)
    added = pd.DataFrame(np.hstack([rhythm, embedding]), columns=[*RHYTHM_NAMES, *EMBEDDING_NAMES], dtype=np.float32)
    return pd.concat([frame.reset_index(drop=True), added], axis=1)
