"""Reads audio with libsndfile what FFmpeg's libraries do not: MP3 in free format, and formats of old workstations."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import IO

import numpy as np
import soundfile

from classifier.arrays import FloatArray
from classifier.quiet import quiet_stderr
from classifier.readers.downmix import to_stereo
from classifier.readers.source import BLOCK_S, Part, UnreliableSource, check_range


class SndfileReader:
    """Reads what libsndfile reads, from the beginning on, and trusts no length; raises `UnreliableSource`, and
    `ClassifierError` (out of range)."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._duration_s: float | None = None
        self.good_s = self.bad_s = 0.0
        with self._opened() as file:
            check_range(file.samplerate, file.channels)
            self.rate_hz: int = file.samplerate
            self.channels = min(2, file.channels)

    def close(self) -> None:
        """Nothing is held open between two reads."""

    def blocks(self, start_s: float) -> Iterator[FloatArray]:
        skip = round(start_s * self.rate_hz)
        size = max(1, round(BLOCK_S * self.rate_hz))
        heard = 0
        with self._opened() as file:
            while len(block := _read(file, size)):
                heard += len(block)
                if skip < len(block):
                    yield to_stereo(block[max(0, skip) :], ())
                skip -= len(block)
        self._duration_s = self.good_s = heard / self.rate_hz

    def spans(self, starts_s: Sequence[float], duration_s: float) -> Iterator[tuple[float, FloatArray]]:
        """In one pass."""
        wanted = round(duration_s * self.rate_hz)
        held, held_from = np.zeros((0, self.channels), np.float32), 0
        blocks = self.blocks(0.0)
        for start_s in starts_s:
            start = round(start_s * self.rate_hz)
            while held_from + len(held) < start + wanted and (block := next(blocks, None)) is not None:
                held = np.concatenate([held, block])
                skip = max(0, min(start - held_from, len(held)))
                held, held_from = held[skip:], held_from + skip
            begin = max(0, start - held_from)
            yield start_s, held[begin : begin + wanted]

    def duration_s(self) -> float:
        if self._duration_s is None:
            for _ in self.blocks(0.0):
                pass
        return self._duration_s or 0.0

    def is_mostly_junk(self) -> bool:
        """Never: what libsndfile opens it reads."""
        return False

    @contextlib.contextmanager
    def _opened(self) -> Iterator[soundfile.SoundFile]:
        with self._part.open() as stream:
            try:
                file = soundfile.SoundFile(_SndfileStream(stream))
            except (soundfile.LibsndfileError, ValueError) as error:
                raise UnreliableSource(str(error)) from error
            with file:
                yield file


def _read(file: soundfile.SoundFile, size: int) -> FloatArray:
    """The next samples (n, channels); none at the end, and where the file cannot be read on."""
    try:
        with quiet_stderr():  # libmpg123 writes notes there about what it reads
            return np.asarray(file.read(size, dtype="float32", always_2d=True))
    except (soundfile.LibsndfileError, ValueError):  # ValueError: past the end that it announced
        return np.zeros((0, file.channels), np.float32)


class _SndfileStream:
    """What libsndfile needs of a stream. In damaged files it seeks to before the beginning: that moves nothing."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.tell = stream.tell
        self.read = stream.read
        self._seek = stream.seek

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> None:
        with contextlib.suppress(ValueError, OSError):
            self._seek(offset, whence)
