"""MPEG audio frames by their heads (ISO/IEC 11172-3, 2.4.1.3; 13818-3 for the lower sample rates)."""

import os
import re
from dataclasses import replace

from classifier.readers.source import Part

_SYNC = re.compile(rb"\xff[\xe2-\xe7\xf2-\xff]")
_KBPS = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""By whether it is MPEG 1, and by layer."""

_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""By the version's two bits."""

_FRAMES = 6
"""So many frames in a row are no chance."""

_LOOK_BYTES = 4_000_000
_LONGEST_FREE_FRAME = 8192


def is_free_format(part: Part) -> bool:
    """Whether a part begins with MPEG frames of no stated bit rate, whose length only the next head tells."""
    with part.open() as stream:
        head = stream.read(3 * _LONGEST_FREE_FRAME)
    if len(head) < 4 or not _SYNC.match(head) or head[2] >> 4 != 0 or head[2] >> 2 & 3 == 3:
        return False
    mark = re.compile(
        re.escape(head[:2]) + b"[" + re.escape(bytes([head[2] & 0xFD])) + re.escape(bytes([head[2] | 2])) + b"]"
    )
    heads = {found.start() for found in mark.finditer(head)}
    lengths = [at for at in heads if 24 <= at <= _LONGEST_FREE_FRAME]
    return any({2 * length + padding for padding in (-1, 0, 1)} & heads for length in lengths)


def without_junk(part: Part) -> Part:
    """The part from its first MPEG frames on; as it is where it begins with them, or has none."""
    with part.open() as stream:
        if _frames_in_a_row(stream.read(_FRAMES * _LONGEST_FREE_FRAME), 0):
            return part
        stream.seek(0)
        head = stream.read(_LOOK_BYTES)
        size = stream.seek(0, os.SEEK_END)
    for found in _SYNC.finditer(head):
        if _frames_in_a_row(head, found.start()):
            start = found.start()
            left = None if part.length is None else size - start
            return replace(part, start=part.start + start, length=left) if start else part
    return part


def _frames_in_a_row(content: bytes, start: int) -> bool:
    at = start
    kind = content[start + 1 : start + 2]
    for number in range(_FRAMES):
        if content[at + 1 : at + 2] != kind:
            return False
        length = frame_bytes(content[at : at + 4])
        if not length:
            return False
        at += length
        if at >= len(content):
            return at == len(content) and number > 0
    return True


def frame_bytes(head: bytes) -> int:
    """The length of the frame that begins with these four bytes; 0 where they are no head, and in free format."""
    if len(head) < 4 or not _SYNC.match(head):
        return 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    rate, hz = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or rate in (0, 15) or hz == 3:
        return 0
    bits, padding = _KBPS[version == 3, layer][rate - 1] * 1000, head[2] >> 1 & 1
    rate_hz = _HZ[version][hz]
    if layer == 1:
        return (12 * bits // rate_hz + padding) * 4
    return (72 if layer == 3 and version != 3 else 144) * bits // rate_hz + padding


def samples_per_frame(head: bytes) -> int:
    """How many samples the frame that begins with these four bytes has in each channel; 0 where they are no head."""
    if not frame_bytes(head):
        return 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    return 384 if layer == 1 else 576 if layer == 3 and version != 3 else 1152
