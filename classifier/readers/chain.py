"""Several files that were joined end to end, read as the one track that they are for a listener."""

from collections.abc import Iterator, Sequence

import numpy as np
import soxr

from classifier.arrays import FloatArray
from classifier.readers.source import Reader, joined


class ChainReader:
    """Links one after the other, at the sample rate and the number of channels of the first."""

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._readers = readers
        self.rate_hz, self.channels = readers[0].rate_hz, readers[0].channels

    @property
    def good_s(self) -> float:
        return sum(reader.good_s for reader in self._readers)

    @property
    def bad_s(self) -> float:
        return sum(reader.bad_s for reader in self._readers)

    def close(self) -> None:
        for reader in self._readers:
            reader.close()

    def blocks(self, start_s: float) -> Iterator[FloatArray]:
        from_s = 0.0
        for reader in self._readers:
            duration_s = reader.duration_s()
            if start_s < from_s + duration_s:
                yield from self._alike(reader, max(0.0, start_s - from_s))
            from_s += duration_s

    def spans(self, starts_s: Sequence[float], duration_s: float) -> Iterator[tuple[float, FloatArray]]:
        wanted = round(duration_s * self.rate_hz)
        for start_s in starts_s:
            parts: list[FloatArray] = []
            count = 0
            for block in self.blocks(start_s):
                parts.append(block)
                count += len(block)
                if count >= wanted:
                    break
            yield start_s, joined(parts, self.channels)[:wanted]

    def duration_s(self) -> float:
        return sum(reader.duration_s() for reader in self._readers)

    def is_mostly_junk(self) -> bool:
        return all(reader.is_mostly_junk() for reader in self._readers)

    def _alike(self, reader: Reader, start_s: float) -> Iterator[FloatArray]:
        """The blocks of a link, as those of the first link are."""
        stream = None
        if reader.rate_hz != self.rate_hz:
            stream = soxr.ResampleStream(reader.rate_hz, self.rate_hz, self.channels)
        for block in reader.blocks(start_s):
            alike = block
            if block.shape[1] > self.channels:
                alike = block.mean(axis=1, keepdims=True, dtype=np.float32)
            elif block.shape[1] < self.channels:
                alike = np.repeat(block, self.channels, axis=1)
            yield alike if stream is None else stream.resample_chunk(np.ascontiguousarray(alike))
        if stream is not None:
            yield stream.resample_chunk(np.zeros((0, self.channels), np.float32), last=True)
