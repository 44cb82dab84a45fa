"""Reads audio with libsndfile: fast and exact, but it guesses the length of an MP3 and reads no AAC, WMA or WebM.

What it cannot be trusted with it leaves to another reader.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import IO, Self

import soundfile

from classifier.arrays import FloatArray
from classifier.readers.source import Source, UnreliableSource, joined, open_stream

BLOCK_S = 0.5
"""Length of the blocks that libsndfile is read in, in seconds."""


class SndfileReader:
    """Reads what libsndfile reads exactly; raises `UnreliableSource` where FFmpeg should look instead."""

    def __init__(self, source: Source) -> None:
        self._stream = open_stream(source)
        try:
            self._file = soundfile.SoundFile(_SndfileStream(self._stream))
        except soundfile.LibsndfileError as error:
            self._stream.close()
            raise UnreliableSource(str(error)) from error
        self.rate_hz: int = self._file.samplerate
        self._length_is_exact = self._file.format != "MP3" and self._file.seekable()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._stream.close()

    def blocks(self, start_s: float) -> Iterator[FloatArray]:
        start = round(start_s * self.rate_hz)
        if self._length_is_exact and start >= self._file.frames:
            return
        size = max(1, round(BLOCK_S * self.rate_hz))
        try:
            self._file.seek(start)
            while len(block := self._file.read(size, dtype="float32", always_2d=True)):
                yield block.mean(axis=1)
        except (soundfile.LibsndfileError, ValueError) as error:  # ValueError: past the end that it announced
            raise UnreliableSource(str(error)) from error
        if not self._length_is_exact or self._file.tell() < self._file.frames:
            raise UnreliableSource("the end may be a guess")

    def tail(self, duration_s: float) -> tuple[float, FloatArray]:
        if not self._length_is_exact:
            raise UnreliableSource("the end may be a guess")
        start_s = max(0.0, self._file.frames / self.rate_hz - duration_s)
        return start_s, joined(list(self.blocks(start_s)))


class _SndfileStream:
    """What libsndfile needs of a stream. In damaged files it seeks to before the beginning: that moves nothing."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.tell = stream.tell
        self.read = stream.read
        self._seek = stream.seek

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> None:
        with contextlib.suppress(ValueError, OSError):
            self._seek(offset, whence)
