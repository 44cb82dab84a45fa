"""What all readers have in common: what they read from, what they give, and how they say that another should try."""

import io
import os
from collections.abc import Iterator, Sequence
from typing import IO, Protocol

import numpy as np

from classifier.arrays import FloatArray
from classifier.errors import ClassifierError, ErrorKind

Source = bytes | str | os.PathLike[str]
"""A file's content, or its path."""


class UnreliableSource(Exception):
    """A reader cannot read this source, or cannot be trusted with it; another one has to decide."""


class Reader(Protocol):
    """Mono blocks of a track, at the track's own sample rate."""

    rate_hz: int

    def blocks(self, start_s: float) -> Iterator[FloatArray]:
        """Yield consecutive blocks (n,) from `start_s` to the end of the track; nothing if it ends before."""
        ...

    def tail(self, duration_s: float) -> tuple[float, FloatArray]:
        """The last `duration_s` seconds (fewer if the track is shorter) and the second at which they start."""
        ...


def open_stream(source: Source) -> IO[bytes]:
    """A fresh binary stream over bytes or a file; raises `ClassifierError` (unreadable, empty)."""
    if isinstance(source, bytes):
        stream: IO[bytes] = io.BytesIO(source)
    else:
        try:
            stream = open(source, "rb")  # noqa: SIM115  (the caller closes it)
        except OSError as error:
            raise ClassifierError(ErrorKind.UNREADABLE, error.strerror or "") from error
    if not stream.read(1):
        stream.close()
        raise ClassifierError(ErrorKind.EMPTY)
    stream.seek(0)
    return stream


def joined(blocks: Sequence[FloatArray]) -> FloatArray:
    """Blocks as one array (n,); no samples for no blocks."""
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
