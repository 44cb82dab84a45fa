"""Heads that lie: what they say is set right, from what is there, before a reader sees the file.

Recorders that write into a pipe never come back to fill in sizes; taggers put tags where none belong.
"""

import io
import os
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import IO

from classifier.readers.source import Part

_HEAD_BYTES = 1_000_000
"""Chunks before the sound are looked for in so many bytes."""

_EXTENSIBLE, _PCM = 0xFFFE, 1
_W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_W64_FORMAT = bytes.fromhex("666d7420f3acd3118cd100c04f8edb8a")
_W64_DATA = bytes.fromhex("64617461f3acd3118cd100c04f8edb8a")
_MAGIC = re.compile(rb"(RIFF|RF64|BW64|RIFX).{4}WAVE|FORM.{4}AIF[FC]|fLaC\x00|OggS\x00\x02|.{4}ftyp", re.DOTALL)
_NEXT_CHUNK = re.compile(rb"fmt [\x10-\x40]\0\0\0|fmt \0\0\0[\x10-\x40]|data")
_FRAME_ID = re.compile(rb"[A-Z0-9]{3,4}")


def repaired(part: Part) -> Part:
    """The part without tags in front of it, and with its sizes as they are."""
    with part.open() as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        head = stream.read(_HEAD_BYTES)
        start = _start_of_sound(stream, head)
        if start:
            stream.seek(start)
            head = stream.read(_HEAD_BYTES)
    try:
        repairs = _repairs(head, size - start)
    except struct.error:  # the head itself is cut off
        repairs = {}
    if not start and not repairs:
        return part
    return replace(part, start=part.start + start, repairs=repairs)


def _repairs(head: bytes, length: int) -> dict[int, bytes]:
    """What is to be read in the place of what a head says, in a file of this length. Raises struct.error."""
    if head[:4] in (b"RIFF", b"RF64", b"BW64", b"RIFX") and head[8:12] == b"WAVE":
        return _wave_repairs(head, length)
    if head[:16] == _W64_RIFF:
        return _w64_repairs(head, length)
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _aiff_repairs(head, length)
    return {8: b"\xff\xff\xff\xff"} if head[:4] == b".snd" else {}  # "unknown": to the end of the file


def _start_of_sound(stream: IO[bytes], head: bytes) -> int:
    """Where the sound file begins behind ID3v2 tags; 0 without a tag, and where nothing is recognised behind it."""
    start = 0
    while head[start : start + 3] == b"ID3" and len(head) >= start + 10:
        stated = start + id3_size(head[start:])
        real = _end_of_frames(head, start)
        for end in (real, stated):
            if end is not None and _begins_sound(_read_at(stream, end, 16)):
                start = end
                break
        else:
            found = _MAGIC.search(head, start + 10)
            return found.start() if found else start
    return start


def id3_size(tag: bytes) -> int:
    """What an ID3v2 tag states as its length in bytes, its head of ten and its foot included (id3.org, 3.1)."""
    a, b, c, d = (byte & 0x7F for byte in tag[6:10])
    return 10 + (a << 21 | b << 14 | c << 7 | d) + (10 if tag[5] & 0x10 else 0)


def _end_of_frames(head: bytes, start: int) -> int | None:
    """Where the frames of a tag and the zeros behind them end, whatever it states; None where that cannot be told."""
    major, at = head[start + 3], start + 10
    width, ids = (6, 3) if major == 2 else (10, 4)
    while at + width <= len(head) and _FRAME_ID.fullmatch(head[at : at + ids]):
        if major == 2:
            size = int.from_bytes(head[at + 3 : at + 6], "big")
        elif major == 4:
            a, b, c, d = (byte & 0x7F for byte in head[at + 4 : at + 8])
            size = a << 21 | b << 14 | c << 7 | d
        else:
            size = int.from_bytes(head[at + 4 : at + 8], "big")
        at += width + size
    while at < len(head) and head[at] == 0:
        at += 1
    return at if at < len(head) else None


def _begins_sound(head: bytes) -> bool:
    is_mpeg = len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 6 != 0 and head[2] & 12 != 12
    return is_mpeg or head[:3] == b"ID3" or bool(_MAGIC.match(head))


def _read_at(stream: IO[bytes], position: int, count: int) -> bytes:
    stream.seek(position)
    return stream.read(count)


def _wave_repairs(head: bytes, length: int) -> dict[int, bytes]:
    order = ">" if head[:4] == b"RIFX" else "<"
    repairs: dict[int, bytes] = {}
    at, long_size = 12, None
    while at + 8 <= len(head):
        kind, size = head[at : at + 4], struct.unpack(order + "I", head[at + 4 : at + 8])[0]
        if kind == b"ds64" and len(head) >= at + 24:
            (long_size,) = struct.unpack("<Q", head[at + 16 : at + 24])
            repairs[at] = b"JUNK"
        elif kind == b"fmt ":
            repairs |= _valid_bits(head, at + 8, size, order)
        elif kind == b"data":
            stated = long_size if long_size is not None and size in (0, 0xFFFFFFFF) else size
            there = _size_there(head, at + 8, stated, length)
            if there < 0xFFFFFFFF:
                repairs[0] = b"RIFX" if order == ">" else b"RIFF"
                repairs[4] = struct.pack(order + "I", min(length - 8, 0xFFFFFFFE))
                repairs[at + 4] = struct.pack(order + "I", there)
                return repairs
            return {place: right for place, right in repairs.items() if right != b"JUNK"}
        elif at + 8 + size > length:  # a chunk that cannot be so long: it ends where the next one begins
            found = _NEXT_CHUNK.search(head, at + 8)
            if not found:
                break
            repairs[at + 4] = struct.pack(order + "I", found.start() - at - 8)
            at = found.start()
            continue
        at += 8 + size + size % 2
    return {}


def _size_there(head: bytes, start: int, stated: int, length: int) -> int:
    """The length of the sound: what is stated, if chunks follow it or the file ends there, else all that is there."""
    there = length - start
    if not 0 < stated <= there:
        return there
    behind = start + stated + stated % 2
    if behind >= length - 1:
        return stated
    if behind + 8 > len(head):
        return stated  # too far away to be looked at: what is lost is not the sound's end but a lie of its size
    kind, size = head[behind : behind + 4], struct.unpack("<I", head[behind + 4 : behind + 8])[0]
    is_chunk = all(0x20 <= byte < 0x7F for byte in kind) and behind + 8 + size <= length + 1
    return stated if is_chunk or head[behind : behind + 3] in (b"ID3", b"TAG") else there


def _valid_bits(head: bytes, at: int, size: int, order: str) -> dict[int, bytes]:
    """Samples with fewer valid bits than they have room lie at its upper end: they are read as what they fill.

    FFmpeg takes 24 valid bits in 32 for a floating-point format of the nineties.
    """
    tag, channels, _, _, block, bits = struct.unpack(order + "HHIIHH", head[at : at + 16].ljust(16, b"\0"))
    room = 8 * block // channels if channels else 0
    repairs = {}
    if tag == _EXTENSIBLE and size >= 40:
        valid = struct.unpack(order + "H", head[at + 18 : at + 20])[0]
        subformat = struct.unpack(order + "H", head[at + 24 : at + 26])[0]
        if subformat == _PCM and valid != room and room in (8, 16, 24, 32):
            repairs[at + 18] = struct.pack(order + "H", room)
        tag = subformat
    if tag == _PCM and bits != room and room in (16, 24, 32) and bits < room:
        repairs[at + 14] = struct.pack(order + "H", room)
    return repairs


def _w64_repairs(head: bytes, length: int) -> dict[int, bytes]:
    repairs = {16: struct.pack("<Q", length)}
    at = 40
    while at + 24 <= len(head):
        kind, size = head[at : at + 16], struct.unpack("<Q", head[at + 16 : at + 24])[0]
        if kind == _W64_DATA:
            stated, there = size - 24, length - at - 24
            if not 0 < stated <= there:
                repairs[at + 16] = struct.pack("<Q", there + 24)
            return repairs
        if kind == _W64_FORMAT:
            repairs |= _valid_bits(head, at + 24, size - 24, "<")
        if size < 24:
            break
        at += (size + 7) // 8 * 8
    return {}


def _aiff_repairs(head: bytes, length: int) -> dict[int, bytes]:
    repairs = {4: struct.pack(">I", min(length - 8, 0xFFFFFFFF))}
    frames_at, frame_bytes = None, 0
    for kind, at, size in _iff_chunks(head):
        if kind == b"COMM" and len(head) >= at + 16:
            channels, _, bits = struct.unpack(">HIH", head[at + 8 : at + 16])
            packed = head[8:12] == b"AIFC" and head[at + 26 : at + 30] not in (
                b"NONE",
                b"sowt",
                b"twos",
                b"in24",
                b"in32",
            )
            frames_at, frame_bytes = at + 10, 0 if packed else channels * ((bits + 7) // 8)
        elif kind == b"SSND":
            there = max(0, length - at - 8)
            if 8 < size <= there:
                return repairs if frames_at is None else {}
            repairs[at + 4] = struct.pack(">I", there)
            if frames_at and frame_bytes:
                repairs[frames_at] = struct.pack(">I", max(0, there - 8) // frame_bytes)
            return repairs
    return {}


def _iff_chunks(head: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and size of the chunks of an IFF file."""
    stream = io.BytesIO(head)
    at = 12
    while at + 8 <= len(head):
        stream.seek(at)
        kind, size = struct.unpack(">4sI", stream.read(8))
        yield kind, at, size
        at += 8 + size + size % 2
