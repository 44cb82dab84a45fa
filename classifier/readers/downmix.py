"""From any number of channels to one or two, at the level that stereo has."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from classifier.arrays import FloatArray
from classifier.loudness import channel_levels

_SIDE = float(np.sqrt(0.5))
"""Channels beside the front pair enter 3 dB lower (ITU-R BS.775-4, table 2)."""

_CANCELLED = 0.1
"""A mean that is 20 dB below the louder channel: one is the opposite of the other."""

_GAINS: dict[str, tuple[float, float]] = {
    "FL": (1.0, 0.0), "FR": (0.0, 1.0), "DL": (1.0, 0.0), "DR": (0.0, 1.0),
    "FC": (_SIDE, _SIDE), "BC": (0.5, 0.5), "LFE": (0.0, 0.0), "LFE2": (0.0, 0.0),
    "FLC": (_SIDE, 0.0), "FRC": (0.0, _SIDE), "BL": (_SIDE, 0.0), "BR": (0.0, _SIDE),
    "SL": (_SIDE, 0.0), "SR": (0.0, _SIDE), "WL": (_SIDE, 0.0), "WR": (0.0, _SIDE),
    "TFL": (_SIDE, 0.0), "TFR": (0.0, _SIDE), "TBL": (_SIDE, 0.0), "TBR": (0.0, _SIDE),
}  # fmt: skip
"""What a channel gives to the left and to the right, by FFmpeg's names; the bass channel is left out, as there."""

_BY_COUNT: dict[int, tuple[str, ...]] = {
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}
"""What so many channels are where a file does not say: the order of WAVEFORMATEXTENSIBLE."""


_MOST_BESIDE = 3 * _SIDE


def to_stereo(channels: FloatArray, names: Sequence[str]) -> FloatArray:
    """Channels (n, c) with their names, as FFmpeg's libraries give them, to (n, 1) for one and (n, 2) for more.

    Left and right stay what they are, so that stereo inside of 5.1 is as loud as without. Of ambisonics the first
    channel is what a single microphone would have heard.
    """
    count = channels.shape[1]
    if count <= 2:
        return channels
    if any(name.startswith("AMBI") for name in names):
        return channels[:, :1]
    return np.asarray(channels @ _matrix(tuple(names), count), np.float32)


def mono(channels: FloatArray) -> tuple[FloatArray, bool]:
    """The mean (n,) of one or two channels (n, c); or, where two cancel each other out, the louder one, and True."""
    if channels.shape[1] < 2 or not len(channels):
        return channels.mean(axis=1, dtype=np.float32), False
    mean = np.asarray((channels[:, 0] + channels[:, 1]) * np.float32(0.5), np.float32)
    levels = channel_levels(channels)
    cancelled = bool(levels.max() > 0 and channel_levels(mean)[0] < _CANCELLED * levels.max())
    return (channels[:, int(levels.argmax())].copy(), True) if cancelled else (mean, False)


@lru_cache(maxsize=32)
def _matrix(names: tuple[str, ...], count: int) -> FloatArray:
    """Gains (count, 2). Channels beside the front pair give no more than they do in 7.1, however many there are."""
    known = [_GAINS[name] for name in names if name in _GAINS]
    if len(known) != count or not {"FL", "FR"} <= set(names):
        if count in _BY_COUNT:
            return _matrix(_BY_COUNT[count], count)
        known = [
            _GAINS["FL" if place == 0 else "FR" if place == 1 else ("SL", "SR")[place % 2]] for place in range(count)
        ]
    gains = np.asarray(known, np.float32)
    beside = gains.max(axis=1) < 1.0
    gains[beside] *= np.minimum(1.0, _MOST_BESIDE / np.maximum(gains[beside].sum(axis=0), 1e-9))
    return gains
