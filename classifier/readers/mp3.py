"""Reads an MP3 that is nothing but frames, one behind the other, by where each of them lies.

Each frame says how long it is, so where the seconds lie is found by hopping from head to head, without FFmpeg's reading
every byte: a sixth of the time, and what lies in between need not be decoded. A file in which the hopping loses its
way (junk, tags in the middle, a changing sample rate) is left to the reader that walks through.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO

import av
import numpy as np

from classifier.arrays import FloatArray
from classifier.readers.ffmpeg import BlockMaker, FfmpegReader, decoded_frames
from classifier.readers.mpeg import frame_bytes, samples_per_frame
from classifier.readers.source import BLOCK_S, Part, joined

_CHUNK_BYTES = 1 << 20
_WALKED_S = 60.0
"""So near to the beginning walking is as fast, and needs no look at the rest."""
_PREROLL_FRAMES = 12
"""A frame borrows bits from up to nine earlier ones."""
_MOST_SILENT_FRAMES = 5
_TAG_FRAME_BYTES, _TAG_OFFSET, _DECODER_DELAY = 3000, 141, 529
_END_TAG, _END_TAG_BYTES = b"TAG", 128


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Where the frames of a part lie: the position of each, and of the end; the first one starts at `zero_s`."""

    positions: "array[int]"
    length_s: float
    zero_s: float
    padding_s: float
    """So much of the last frames is what an encoder has filled up."""

    def __len__(self) -> int:
        return len(self.positions) - 1

    @property
    def end_s(self) -> float:
        return self.start_s(len(self))

    def start_s(self, number: int) -> float:
        """The second of the track at which a frame starts."""
        return self.zero_s + number * self.length_s

    def size(self, number: int) -> int:
        """The length of a frame in bytes."""
        return self.positions[number + 1] - self.positions[number]

    def at(self, second: float) -> int:
        """The frame that sounds at a second of the track; the nearest one there is."""
        return min(max(0, int((second - self.zero_s) / self.length_s)), len(self))


class Mp3Reader:
    """A track that `FfmpegReader` has opened, read frame by frame."""

    def __init__(self, reader: FfmpegReader, part: Part) -> None:
        self._walking, self._part = reader, part
        self._frames: Frames | None = None
        self._has_looked = False
        self._last: FfmpegReader | _Heard = reader

    @property
    def rate_hz(self) -> int:
        return self._walking.rate_hz

    @property
    def channels(self) -> int:
        return self._walking.channels

    @property
    def good_s(self) -> float:
        return self._last.good_s

    @property
    def bad_s(self) -> float:
        return self._last.bad_s

    def close(self) -> None:
        self._walking.close()

    def is_mostly_junk(self) -> bool:
        return self._walking.is_mostly_junk()

    def duration_s(self) -> float:
        frames = self._found_frames()
        return frames.end_s if frames else self._walking.duration_s()

    def blocks(self, start_s: float) -> Iterator[FloatArray]:
        frames = self._found_frames() if start_s >= _WALKED_S else None
        if frames is None:
            self._last = self._walking
            yield from self._walking.blocks(start_s)
            return
        self._last = heard = _Heard()
        held: list[FloatArray] = []
        with self._walking.reading() as (_, stream):
            for block in self._decoded(stream.codec_context, frames, (start_s, frames.end_s), heard):
                held.append(block)
                if sum(map(len, held)) >= BLOCK_S * self.rate_hz:
                    yield np.concatenate(held)
                    held = []
        if held:
            yield np.concatenate(held)

    def spans(self, starts_s: Sequence[float], duration_s: float) -> Iterator[tuple[float, FloatArray]]:
        frames = self._found_frames()
        if frames is None:
            self._last = self._walking
            yield from self._walking.spans(starts_s, duration_s)
            return
        self._last = heard = _Heard()
        wanted = round(duration_s * self.rate_hz)
        with self._walking.reading() as (_, stream):
            for start_s in starts_s:
                stretch = (start_s, start_s + duration_s)
                blocks = list(self._decoded(stream.codec_context, frames, stretch, heard))
                yield start_s, joined(blocks, self.channels)[:wanted]

    def _decoded(
        self, codec: av.AudioCodecContext, frames: Frames, stretch: tuple[float, float], heard: "_Heard"
    ) -> Iterator[FloatArray]:
        """The sound from one second of the track on, until a frame ends behind another."""
        from_s, to_s = stretch
        first, last = max(0, frames.at(from_s) - _PREROLL_FRAMES), min(len(frames), frames.at(to_s) + 1)
        skip = round((from_s - frames.start_s(first)) * self.rate_hz)
        left = round((frames.end_s - frames.padding_s - from_s) * self.rate_hz)
        to_block = BlockMaker(self.rate_hz, self.channels)
        silence = np.zeros((round(frames.length_s * self.rate_hz), self.channels), np.float32)
        codec.flush_buffers()
        with self._part.open() as content:
            content.seek(frames.positions[first])
            for number in range(first, last):
                found = decoded_frames(codec, av.Packet(content.read(frames.size(number))))
                if found is None:
                    heard.bad_s += frames.length_s
                else:
                    heard.good_s += frames.length_s
                if skip >= len(silence):
                    skip -= len(silence)
                    continue
                block = joined([silence] if found is None else [to_block(frame) for frame in found], self.channels)
                yield block[skip:][: max(0, left)]
                left -= len(block) - skip
                skip = 0

    def _found_frames(self) -> Frames | None:
        if not self._has_looked:
            self._has_looked = True
            self._frames = self._find_frames()
        return self._frames

    def _find_frames(self) -> Frames | None:
        """None where the file is not frames alone, or does not soon begin to sound."""
        begun: list[int] = []
        with self._walking.reading() as (container, stream):
            for packet in islice(container.demux(stream), _MOST_SILENT_FRAMES):
                if packet.pos is None or not packet.size:
                    return None
                begun.append(packet.pos)
                found = decoded_frames(stream.codec_context, packet)
                if found:
                    break
            else:
                return None
        with self._part.open() as content:
            padding = _end_padding(content, begun[0])
            content.seek(begun[0])
            length = samples_per_frame(content.read(4))
            positions = _hop(content, begun[0])
        if positions is None or not length or found[0].sample_rate != self.rate_hz:
            return None
        left_out = len(begun) * length - sum(frame.samples for frame in found)  # an encoder's delay: FFmpeg removes it
        return Frames(positions, length / self.rate_hz, -left_out / self.rate_hz, padding / self.rate_hz)


@dataclass(slots=True)
class _Heard:
    """How much of what was read could be decoded, and how much could not."""

    good_s: float = 0.0
    bad_s: float = 0.0


def _end_padding(stream: IO[bytes], first: int) -> int:
    """How many samples an encoder has filled the last frames up with, as the frame before the first one says it; FFmpeg
    removes them. Of the tag that LAME and others write (http://gabriel.mp3-tech.org/mp3infotag.html)."""
    stream.seek(max(0, first - _TAG_FRAME_BYTES))
    before = stream.read(min(first, _TAG_FRAME_BYTES))
    at = max(before.rfind(b"Xing\0\0\0\x0f"), before.rfind(b"Info\0\0\0\x0f"))
    tag = before[at + _TAG_OFFSET :] if at >= 0 else b""
    return max(0, ((tag[1] & 0x0F) << 8 | tag[2]) - _DECODER_DELAY) if len(tag) > 2 else 0


def _hop(stream: IO[bytes], start: int) -> "array[int] | None":
    """The positions of all frames from `start` on and of their end; None where they do not reach to the end of the file
    or to an ID3v1 tag there."""
    stream.seek(start)
    kind = stream.read(4)
    positions = array("Q")
    lengths: dict[bytes, int] = {}
    stream.seek(start)
    base, at = start, 0
    while True:
        chunk = stream.read(_CHUNK_BYTES)
        size = len(chunk)
        while at <= size - 4:
            head = chunk[at : at + 3]
            length = lengths.get(head)
            if length is None:
                length = lengths[head] = _length(chunk[at : at + 4], kind)
            if not length:
                positions.append(base + at)
                stream.seek(base + at)
                left = stream.read(_END_TAG_BYTES + 1)
                return positions if left.startswith(_END_TAG) and len(left) == _END_TAG_BYTES else None
            positions.append(base + at)
            at += length
        if size < _CHUNK_BYTES:
            positions.append(base + at)
            return positions if at == size else None
        base, at = base + at, 0
        stream.seek(base)


def _length(head: bytes, kind: bytes) -> int:
    """The length of a frame of the same version, layer and sample rate as the first; 0 of anything else."""
    alike = head[1] | 1 == kind[1] | 1 and head[2] & 0x0C == kind[2] & 0x0C
    return frame_bytes(head) if alike else 0
