"""What all readers have in common: what they read from, what they give, and the one choice of a reader for a file."""

import io
import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol, cast

import numpy as np

from classifier.arrays import FloatArray
from classifier.errors import ClassifierError, ErrorKind

Source = bytes | str | os.PathLike[str]
"""A file's content, or its path."""

MOST_PIPED_BYTES = 1_000_000_000
"""What comes out of a pipe has to be kept in memory; more than this is refused."""


BLOCK_S = 0.5
"""Length of the blocks that readers give, in seconds."""

LONGEST_LOOK_S = 600.0
"""How far sound is searched for, so that an hour of silence is refused in about a second."""

_RATES_HZ = (4_000, 768_000)
_MOST_CHANNELS = 64


class UnreliableSource(Exception):
    """A reader cannot read this source; another one may."""


class Reader(Protocol):
    """A track as blocks (n, channels) float32 at the track's own sample rate; one or two channels, full scale 1.0.

    Seconds count the sound from its first sample on, whatever time stamps a file has.
    """

    @property
    def rate_hz(self) -> int: ...

    @property
    def channels(self) -> int: ...

    @property
    def good_s(self) -> float:
        """How much of what was last read could be decoded."""
        ...

    @property
    def bad_s(self) -> float:
        """How much of it could not."""
        ...

    def blocks(self, start_s: float) -> Iterator[FloatArray]:
        """Yield consecutive blocks from `start_s` to the end of the track; nothing if it ends before."""
        ...

    def spans(self, starts_s: Sequence[float], duration_s: float) -> Iterator[tuple[float, FloatArray]]:
        """The stretches of `duration_s` from each of the ascending `starts_s`, shorter where the track ends."""
        ...

    def duration_s(self) -> float:
        """Length of the track."""
        ...

    def is_mostly_junk(self) -> bool:
        """Whether most of the file cannot be decoded."""
        ...

    def close(self) -> None: ...


def is_in_range(rate_hz: int, channels: int) -> bool:
    """Whether music is recorded like this."""
    return _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1] and 1 <= channels <= _MOST_CHANNELS


def check_range(rate_hz: int, channels: int) -> None:
    """Raise `ClassifierError` (out of range) where no music is recorded like this."""
    if not is_in_range(rate_hz, channels):
        raise ClassifierError(ErrorKind.OUT_OF_RANGE, f"{rate_hz} Hz, {channels} channels")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A stretch of a file's bytes that is a file of its own; without `length` to the end.

    `repairs` are bytes that are read in the place of others, by their position in the part.
    """

    source: bytes | Path
    start: int = 0
    length: int | None = None
    repairs: dict[int, bytes] = field(default_factory=dict)

    def open(self) -> IO[bytes]:
        """A fresh binary stream; raises `ClassifierError` (unreadable, empty)."""
        stream = _opened(self.source)
        if self.start == 0 and self.length is None and not self.repairs:
            return stream
        return cast(IO[bytes], _PartStream(stream, self))

    def size(self) -> int:
        """Length in bytes."""
        with self.open() as stream:
            return stream.seek(0, os.SEEK_END)


def whole(source: Source) -> Part:
    """A source as a part. Raises `ClassifierError` (unreadable)."""
    lasting = settled(source)
    return Part(lasting if isinstance(lasting, bytes) else Path(lasting))


def settled(source: Source) -> Source:
    """A source that can be opened as often as is needed: a pipe is read into memory, once.

    Raises `ClassifierError` (unreadable).
    """
    if isinstance(source, bytes):
        return source
    path = Path(source)
    try:
        if path.is_file() or path.is_dir() or not path.exists():
            return path
        with path.open("rb") as pipe:
            content = pipe.read(MOST_PIPED_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: no name that a file can have
        raise ClassifierError(ErrorKind.UNREADABLE, getattr(error, "strerror", None) or str(error)) from error
    if len(content) > MOST_PIPED_BYTES:
        raise ClassifierError(ErrorKind.UNREADABLE, "there is no end of it")
    return content


def joined(blocks: Sequence[FloatArray], channels: int) -> FloatArray:
    """Blocks as one array (n, channels); no samples for no blocks."""
    return np.concatenate(blocks) if blocks else np.zeros((0, channels), np.float32)


def tail(reader: Reader, duration_s: float) -> tuple[float, FloatArray]:
    """The last `duration_s` seconds of a track (fewer if it is shorter) and the second at which they start."""
    wanted = round(duration_s * reader.rate_hz)
    near_end_s = max(0.0, reader.duration_s() - duration_s - 1.0)
    for from_s in (near_end_s, 0.0) if near_end_s else (0.0,):
        last: deque[FloatArray] = deque()
        kept = heard = 0
        for block in reader.blocks(from_s):
            last.append(block)
            heard += len(block)
            kept += len(block)
            while kept - len(last[0]) >= wanted:
                kept -= len(last.popleft())
        if heard >= wanted or (last and from_s == 0.0):
            samples = np.concatenate(list(last))[-wanted:]
            return round(from_s + (heard - len(samples)) / reader.rate_hz, 6), samples
    return 0.0, np.zeros((0, 1), np.float32)


def _opened(source: bytes | Path) -> IO[bytes]:
    if isinstance(source, bytes):
        stream: IO[bytes] = io.BytesIO(source)
    else:
        try:
            stream = source.open("rb")
        except (OSError, ValueError) as error:
            raise ClassifierError(ErrorKind.UNREADABLE, getattr(error, "strerror", None) or str(error)) from error
    if not stream.read(1):
        stream.close()
        raise ClassifierError(ErrorKind.EMPTY)
    stream.seek(0)
    return stream


class _PartStream(io.RawIOBase):
    """A part as a stream of its own."""

    def __init__(self, stream: IO[bytes], part: Part) -> None:
        super().__init__()
        self._stream, self._start, self._repairs = stream, part.start, part.repairs
        end = stream.seek(0, os.SEEK_END)
        self._size = max(0, end - part.start if part.length is None else min(part.length, end - part.start))
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self._size - self._position)
        count = left if size is None or size < 0 else min(size, left)
        self._stream.seek(self._start + self._position)
        content = self._stream.read(count)
        for at, right in self._repairs.items():
            place = at - self._position
            if -len(right) < place < len(content):
                repaired = bytearray(content)
                for number, byte in enumerate(right):
                    if 0 <= place + number < len(content):
                        repaired[place + number] = byte
                content = bytes(repaired)
        self._position += len(content)
        return content

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._stream.close()
        super().close()
