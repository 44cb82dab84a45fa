"""What is no sound file at all, or one that nobody may open: told by its bytes, before any decoder sees it.

Archives, web pages and playlists often have the name of music. What lies inside of them, or what they point to, is
never opened.
"""

import os
import re
import struct
from typing import IO

from classifier.errors import ClassifierError, ErrorKind

HEAD_BYTES = 4096
"""So much of a file is looked at here."""

_ARCHIVES = {
    b"PK\x03\x04": "ZIP", b"PK\x05\x06": "ZIP", b"PK\x07\x08": "ZIP", b"Rar!\x1a\x07": "RAR",
    b"7z\xbc\xaf\x27\x1c": "7-Zip", b"\x1f\x8b\x08": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard", b"!<arch>\n": "ar", b"MSCF": "CAB", b"xar!": "xar", b"\x04\x22\x4d\x18": "LZ4",
    b"\x60\xea": "ARJ", b"LZIP": "lzip", b"\x1f\x9d": "compress",
}  # fmt: skip
_OTHERS = {
    b"\x89PNG": "a picture", b"\xff\xd8\xff\xe0": "a picture", b"\xff\xd8\xff\xe1": "a picture", b"GIF8": "a picture",
    b"%PDF": "a document", b"\xd0\xcf\x11\xe0": "a document", b"\x00\x05\x16\x07": "a side file of macOS",
    b"\x00\x05\x16\x00": "a side file of macOS", b"MThd": "MIDI, which has no sound", b"\x7fELF": "a program",
    b"MZ": "a program", b"bplist": "a property list",
}  # fmt: skip
_PLAYLIST = re.compile(
    rb"#extm3u|\[playlist\]|ffconcat version|<\?xml[^>]*>\s*(<!--.*?-->\s*)*<playlist|<playlist\b|<asx\b|<smil\b|"
    rb"\[reference\]|<\?xml[^>]*>\s*(<!--.*?-->\s*)*<mpd\b|<mpd\b|<\?wpl|<\?zpl",
    re.DOTALL,
)
_WEB_PAGE = re.compile(
    rb"(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<!doctype\s+html|<html\b|<head\b|<body\b|<script\b|<title\b|<meta\b|<div\b|"
    rb"<iframe\b|<h1\b|<p>|<a\s+href)",
    re.DOTALL,
)
_PLAIN_LIST = re.compile(rb"(https?://\S+|(\w:)?[\w .()&',/\\-]+\.(mp3|m4a|ogg|opus|flac|wav|wma|aac|aiff?))", re.I)

_PROTECTED_ENTRIES = frozenset([b"enca", b"drms", b"drmi", b"aavd", b"encv", b"p608"])
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_ENCRYPTION = tuple(
    map(
        bytes.fromhex,
        (
            "fbb3112223bdd211b4b700a0c955fc6e",  # Content Encryption Object
            "14e68a292226174cb935dae07ee9289c",  # Extended Content Encryption Object
            "338505438169e6499b74ad12cb86d58c",  # Advanced Content Encryption Object
        ),
    )
)
"""Global identifiers in the order of their bytes (Microsoft, Advanced Systems Format Specification, 10.1)."""

_TS_PACKET = 188
_MOST_HEADER_BYTES = 64_000_000


def refuse_foreign(stream: IO[bytes]) -> None:
    """Raise `ClassifierError` (web page, archive, playlist, protected, not audio) for what no reader is to open."""
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    if archive := _archive(head):
        raise ClassifierError(ErrorKind.ARCHIVE, archive)
    for signature, name in _OTHERS.items():
        if head.startswith(signature):
            raise ClassifierError(ErrorKind.NOT_AUDIO, name)
    if kind := _text_kind(head):
        raise ClassifierError(kind)
    if _is_protected(stream, head):
        raise ClassifierError(ErrorKind.PROTECTED)


def _archive(head: bytes) -> str | None:
    for signature, name in _ARCHIVES.items():
        if head.startswith(signature):
            return name
    if head[257:262] == b"ustar" or _is_old_tar(head):
        return "tar"
    return "LZH" if head[2:5] == b"-lh" else None


def _is_old_tar(head: bytes) -> bool:
    """An old tar has the sum of its first 512 bytes in octal digits, those of the sum counted as spaces."""
    block, digits = head[:512], head[148:156].strip(b" \0")
    if len(block) < 512 or not block[0] or not re.fullmatch(rb"[0-7]{3,7}", digits):
        return False
    return sum(block) - sum(block[148:156]) + 8 * 0x20 == int(digits, 8)


def _text_kind(head: bytes) -> ErrorKind | None:
    text = _as_text(head)
    if text is None:
        return None
    text = text.lstrip().lower()
    if _PLAYLIST.match(text):
        return ErrorKind.PLAYLIST
    if _WEB_PAGE.match(text) or (text.startswith(b"<") and b"<html" in text):
        return ErrorKind.WEB_PAGE
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith(b"#")]
    whole = lines if len(head) < HEAD_BYTES else lines[:-1]  # the last one may be cut
    return ErrorKind.PLAYLIST if whole and all(map(_PLAIN_LIST.fullmatch, whole)) else None


def _as_text(head: bytes) -> bytes | None:
    """The bytes as UTF-8; None where they are no text."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            text = head[2:].decode(encoding, errors="ignore").lstrip()
            return text.encode() if text.startswith(("<", "#", "[")) else None
    head = head.removeprefix(b"\xef\xbb\xbf")
    return None if b"\0" in head else head


def _is_protected(stream: IO[bytes], head: bytes) -> bool:
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"):
        return _has_only_protected_sound(stream)
    if head.startswith(_ASF_HEADER):
        (size,) = struct.unpack("<Q", head[16:24].ljust(8, b"\0"))
        stream.seek(0)
        header = stream.read(min(size, _MOST_HEADER_BYTES))
        return any(identifier in header for identifier in _ASF_ENCRYPTION)
    if head.startswith(b"\x1aE\xdf\xa3"):
        stream.seek(0)
        before_sound = stream.read(1_000_000).partition(b"\x1fC\xb6u")[0]  # the first cluster
        return b"\x6d\x80" in before_sound and b"\x50\x35" in before_sound and b"\x47\xe1" in before_sound
    return _is_scrambled(stream, head)


def _is_scrambled(stream: IO[bytes], head: bytes) -> bool:
    """A transport stream most of whose packets with content are scrambled (ISO/IEC 13818-1, table 2-3)."""
    if len(head) < 3 * _TS_PACKET or any(head[at] != 0x47 for at in range(0, 3 * _TS_PACKET, _TS_PACKET)):
        return False
    stream.seek(0)
    start = stream.read(2000 * _TS_PACKET)
    flags = [start[at + 3] for at in range(0, len(start) - 3, _TS_PACKET) if start[at] == 0x47 and start[at + 3] & 0x10]
    return sum(bool(flag & 0xC0) for flag in flags) > len(flags) / 2


def _has_only_protected_sound(stream: IO[bytes]) -> bool:
    entries: list[bytes] = []
    for kind, start, size in top_boxes(stream):
        if kind == b"moov":
            stream.seek(start)
            entries += _sample_entries(stream.read(min(size, _MOST_HEADER_BYTES)))
    protected = [entry in _PROTECTED_ENTRIES for entry in entries]
    return any(protected) and not any(entry in _SOUND_ENTRIES for entry in entries)


_SOUND_ENTRIES = frozenset(
    [
        b"mp4a",
        b"alac",
        b"ac-3",
        b"ec-3",
        b"Opus",
        b"fLaC",
        b".mp3",
        b"samr",
        b"sawb",
        b"sowt",
        b"twos",
        b"lpcm",
        b"ulaw",
    ]
)


def _sample_entries(moov: bytes) -> list[bytes]:
    """The first sample entry of each track (ISO/IEC 14496-12, 8.5.2)."""
    return [moov[at + 16 : at + 20] for at in (found.start() for found in re.finditer(b"stsd", moov))]


def top_boxes(stream: IO[bytes]) -> list[tuple[bytes, int, int]]:
    """The outermost boxes of an MP4 (ISO/IEC 14496-12, 4.2): kind, where each starts, and its size in bytes."""
    end = stream.seek(0, os.SEEK_END)
    boxes: list[tuple[bytes, int, int]] = []
    at = 0
    while at + 8 <= end and len(boxes) < 100_000:
        stream.seek(at)
        head = stream.read(16)
        size, kind = struct.unpack(">I4s", head[:8])
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack(">Q", head[8:])
        if size == 0:
            size = end - at
        if size < 8:
            break
        boxes.append((kind, at, min(size, end - at)))
        at += size
    return boxes
