"""Files that were joined end to end: where one ends and the next begins.

A radio recording in Ogg is a chain of songs, each with heads of its own, and `cat` makes chains of all that has a head.
FFmpeg reads the first link, or mixes up their times. MPEG streams need no cut: they have no heads.
"""

import os
import re
from typing import IO

from classifier.readers.foreign import top_boxes
from classifier.readers.source import Part

_OGG_FIRST_PAGE = b"OggS\x00\x02"
"""Capture pattern, version 0, and the flag of a stream's first page (RFC 3533, 6)."""

_MATROSKA = re.compile(rb"\x1aE\xdf\xa3.{1,60}?\x42\x82.(webm|matroska)", re.DOTALL)
_FLAC = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")
_LONGEST_MARK = 80
_BLOCK_BYTES = 1 << 20


def links(part: Part) -> list[Part]:
    """The files that a file was joined from, in their order; the file itself where it is one."""
    with part.open() as stream:
        head = stream.read(12)
        size = stream.seek(0, os.SEEK_END)
        if head.startswith(b"OggS"):
            starts = _ogg_starts(stream)
        elif head.startswith(b"\x1aE\xdf\xa3"):
            starts = _found(stream, _MATROSKA)
        elif head.startswith(b"fLaC"):
            starts = _found(stream, _FLAC)
        elif head[4:8] == b"ftyp":
            starts = _mp4_starts(stream)
        else:
            return [part]
    if len(starts) < 2:
        return [part]
    starts[0] = 0
    ends = [*starts[1:], size]
    return [Part(part.source, part.start + start, end - start) for start, end in zip(starts, ends, strict=True)]


def _ogg_starts(stream: IO[bytes]) -> list[int]:
    """First pages that follow each other directly belong to one link with several tracks."""
    starts, behind = [], -1
    for at in _found(stream, re.compile(re.escape(_OGG_FIRST_PAGE))):
        if at != behind:
            starts.append(at)
        stream.seek(at + 26)
        segments = stream.read(1)
        behind = at + 27 + (segments[0] + sum(stream.read(segments[0])) if segments else 0)
    return starts


def _mp4_starts(stream: IO[bytes]) -> list[int]:
    """Each `moov` with the `ftyp` before it begins a file."""
    boxes = top_boxes(stream)
    if sum(kind == b"moov" for kind, _, _ in boxes) < 2:
        return []
    starts = [at for kind, at, _ in boxes if kind == b"ftyp"]
    return starts if len(starts) >= 2 else [at for kind, at, _ in boxes if kind == b"moov"]


def _found(stream: IO[bytes], mark: re.Pattern[bytes]) -> list[int]:
    """Where a mark stands in a stream."""
    found: list[int] = []
    stream.seek(0)
    at, kept = 0, b""
    while block := stream.read(_BLOCK_BYTES):
        content = kept + block
        for match in mark.finditer(content):
            if not found or at + match.start() > found[-1]:
                found.append(at + match.start())
        kept = content[-_LONGEST_MARK:]
        at += len(content) - len(kept)
    return found
