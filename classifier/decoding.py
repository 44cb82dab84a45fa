"""From a file to the window that is analysed: where to cut, what to do at the end of a track and in silence.

Reads only what it needs, with the one reader that `classifier.readers` chooses for a file.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soxr

from classifier.arrays import FloatArray
from classifier.errors import ClassifierError, ErrorKind
from classifier.loudness import is_silent
from classifier.readers import opened
from classifier.readers.downmix import mono
from classifier.readers.source import LONGEST_LOOK_S, Reader, Source, joined, tail
from classifier.results import Note, Window

SAMPLE_RATE_HZ = 22_050
WINDOW_S = 3.0
DEFAULT_OFFSET_S = 30.0
"""Where a track is listened to if nobody says: most have left their intro by then."""

_SHORTFALL_S = 0.03
"""A window may lack this much and is padded: encoders cut a track by up to one frame (1,152 samples)."""

_LOUDEST = 16.0
"""Samples 24 dB above full scale are none of music: of another scale, or damaged."""

_MOST_BAD = 1 / 3
"""Where more than this share of what is heard cannot be decoded, the rest is chance."""


@dataclass(frozen=True, slots=True, eq=False)
class AudioWindow:
    """Decoded audio: `samples` (n,) float32 mono at 22,050 Hz, where it lies in the track, and what was adjusted."""

    samples: FloatArray
    window: Window
    notes: tuple[Note, ...] = ()


def decode_window(source: Source, *, offset_s: float = 0.0, duration_s: float = WINDOW_S) -> AudioWindow:
    """Cut the window that starts `offset_s` seconds into the track.

    A track that ends before `offset_s + duration_s` gives its last full window (`Note.MOVED_BACK`); a silent window
    moves to the first part with sound after it, else to the first one of the track (`Note.SKIPPED_SILENCE`).

    Returns exactly `round(duration_s * 22050)` samples: the mean of two channels, or one of them where they cancel each
    other out (`Note.ONE_CHANNEL`). Raises `ClassifierError`, and `ValueError` for an offset or a duration that no track
    has.

    Four seconds of a tone, of which the last three are taken where more is asked for:

    >>> import io
    >>> import soundfile
    >>> wav = io.BytesIO()
    >>> soundfile.write(wav, np.sin(2 * np.pi * 440 * np.arange(4 * 44_100) / 44_100), 44_100, format="WAV")
    >>> audio = decode_window(wav.getvalue(), offset_s=30.0)
    >>> audio.samples.shape, audio.window.start_s
    ((66150,), 1.0)
    >>> [note.value for note in audio.notes]
    ['moved_back_to_track_end']
    """
    if not (math.isfinite(offset_s) and offset_s >= 0):
        raise ValueError(f"offset_s must be a number of seconds from 0 on, not {offset_s}")
    if not (math.isfinite(duration_s) and duration_s > 0):
        raise ValueError(f"duration_s must be a positive number of seconds, not {duration_s}")
    with opened(source) as reader:
        return _cut(reader, offset_s, duration_s)


def iter_windows(source: Source, *, duration_s: float = WINDOW_S) -> Iterator[AudioWindow]:
    """All full windows of a track, end to end without overlap, without the silent and the damaged ones.

    Reads the whole track in one pass. Raises `ClassifierError` as `decode_window` does.
    """
    with opened(source) as reader:
        yield from _sounding(_end_to_end(reader, duration_s), reader, duration_s)


def spread_windows(source: Source, *, budget: int, duration_s: float = WINDOW_S) -> Iterator[AudioWindow]:
    """At most `budget` windows, evenly spread over the track; all of it where it has no more.

    Silent and damaged ones are left out. Decodes only what is asked for. Raises `ClassifierError` as `decode_window`
    does.
    """
    with opened(source) as reader:
        length_s = reader.duration_s()
        if length_s < 2 * duration_s:
            yield _cut(reader, 0.0, duration_s)
        elif length_s <= budget * duration_s:
            yield from _sounding(_end_to_end(reader, duration_s), reader, duration_s)
        else:
            starts_s = np.linspace(0.0, length_s - duration_s, budget).tolist()
            yield from _sounding(reader.spans(starts_s, duration_s), reader, duration_s)


def windows_beside(
    source: Source, asked: Window, *, budget: int, duration_s: float = WINDOW_S
) -> Iterator[AudioWindow]:
    """At most `budget` windows in the middles of as many equal parts of a track, none of them silent or over `asked`.

    A track that is too short for so many gives what there is. Raises `ClassifierError` as `decode_window` does.
    """
    with opened(source) as reader:
        length_s = reader.duration_s()
        count = min(budget, int(length_s / duration_s))
        middles_s = (np.arange(count) + 0.5) / max(count, 1) * length_s
        starts_s = np.clip(middles_s - duration_s / 2, 0.0, None).tolist()
        beside = [start_s for start_s in starts_s if abs(start_s - asked.start_s) >= duration_s]
        if beside:
            yield from _sounding(reader.spans(beside, duration_s), reader, duration_s)


def _cut(reader: Reader, offset_s: float, duration_s: float) -> AudioWindow:
    """The window of `decode_window`, with any reader."""
    wanted = math.ceil(duration_s * reader.rate_hz)
    start_s, samples = offset_s, _take(reader.blocks(offset_s), wanted, reader.channels)
    notes: tuple[Note, ...] = ()
    if len(samples) < wanted:
        start_s, samples = tail(reader, duration_s)
        notes = (Note.MOVED_BACK,)
        if len(samples) < wanted - _SHORTFALL_S * reader.rate_hz:
            raise _too_short(reader, f"{len(samples) / reader.rate_hz:.2f} s")
    _refuse_chance(reader)
    if abs(start_s - offset_s) <= _SHORTFALL_S:
        notes = ()
    if is_silent(samples):
        start_s, samples = _first_sound(reader, start_s, wanted) or _first_sound(reader, 0.0, wanted) or _no_sound()
        notes = (Note.SKIPPED_SILENCE,)
    return _finished(reader, samples, start_s, duration_s, notes)


def _end_to_end(reader: Reader, duration_s: float) -> Iterator[tuple[float, FloatArray]]:
    """All full windows of a track and where they start."""
    wanted = round(duration_s * reader.rate_hz)
    pending = np.zeros((0, reader.channels), np.float32)
    index = 0
    for block in reader.blocks(0.0):
        pending = np.concatenate([pending, block])
        while len(pending) >= wanted:
            yield index * duration_s, pending[:wanted]
            pending = pending[wanted:]
            index += 1
    if not index:
        raise _too_short(reader, f"{len(pending) / reader.rate_hz:.2f} s")


def _sounding(
    stretches: Iterator[tuple[float, FloatArray]], reader: Reader, duration_s: float
) -> Iterator[AudioWindow]:
    """The windows that are whole and sound. Raises where all that sound are damaged."""
    least = (duration_s - _SHORTFALL_S) * reader.rate_hz
    damage: ClassifierError | None = None
    found = False
    for start_s, samples in stretches:
        if len(samples) < least or is_silent(samples):
            continue
        try:
            yield _finished(reader, samples, start_s, duration_s, ())
            found = True
        except ClassifierError as error:
            damage = error
    if damage and not found:
        raise damage
    _refuse_chance(reader)


def _too_short(reader: Reader, detail: str) -> ClassifierError:
    """Why there is no window: damage, where that is most of the file."""
    return ClassifierError(ErrorKind.DAMAGED if reader.is_mostly_junk() else ErrorKind.TOO_SHORT, detail)


def _refuse_chance(reader: Reader) -> None:
    if reader.bad_s > _MOST_BAD * (reader.good_s + reader.bad_s):
        raise ClassifierError(ErrorKind.DAMAGED, f"{reader.bad_s:.1f} s cannot be decoded")


def _first_sound(reader: Reader, from_s: float, wanted: int) -> tuple[float, FloatArray] | None:
    """The first `wanted` samples from `from_s` on that start with sound, or the track's last ones if they sound."""
    position_s = from_s
    blocks = reader.blocks(from_s)
    for block in blocks:
        if not is_silent(block):
            samples = _take(blocks, wanted, reader.channels, block)
            if len(samples) == wanted:
                return position_s, samples
            tail_start_s, samples = tail(reader, wanted / reader.rate_hz)
            return tail_start_s, samples
        position_s += len(block) / reader.rate_hz
        if position_s - from_s > LONGEST_LOOK_S:
            break
    return None


def _no_sound() -> tuple[float, FloatArray]:
    raise ClassifierError(ErrorKind.SILENT)


def _take(blocks: Iterator[FloatArray], wanted: int, channels: int, *first: FloatArray) -> FloatArray:
    """The next `wanted` samples; fewer at the end of the track."""
    parts = list(first)
    count = sum(map(len, parts))
    while count < wanted and (block := next(blocks, None)) is not None:
        parts.append(block)
        count += len(block)
    return joined(parts, channels)[:wanted]


def _finished(
    reader: Reader, samples: FloatArray, start_s: float, duration_s: float, notes: tuple[Note, ...]
) -> AudioWindow:
    """One channel, resampled to 22,050 Hz as librosa does (soxr, high quality) and bring to the exact length."""
    if not np.isfinite(samples).all():
        raise ClassifierError(ErrorKind.DAMAGED, "samples that are no numbers")
    if (loudest := float(np.abs(samples).max())) > _LOUDEST:
        raise ClassifierError(ErrorKind.DAMAGED, f"samples of {loudest:.3g} times full scale")
    samples, is_one = mono(samples)
    notes = (*notes, Note.ONE_CHANNEL) if is_one else notes
    if reader.rate_hz != SAMPLE_RATE_HZ:
        samples = soxr.resample(samples, reader.rate_hz, SAMPLE_RATE_HZ, quality="HQ")
    length = round(duration_s * SAMPLE_RATE_HZ)
    exact = np.zeros(length, np.float32)
    exact[: min(length, len(samples))] = samples[:length]
    return AudioWindow(exact, Window(start_s, duration_s), notes)
