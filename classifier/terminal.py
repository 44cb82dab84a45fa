"""Names as a terminal, a log or another program may have them: nothing in them moves the cursor, turns the line or ends
it, and everything is Unicode."""

import os
import unicodedata

_ESCAPED = frozenset(["Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"])
"""Unicode's general categories of what is not shown: controls, formats (the bidirectional ones among them),
surrogates (bytes of a name that are no UTF-8), separators of lines and paragraphs, and what is not assigned."""

_KEPT = frozenset("\u200d\ufe0f")
"""Joiner and variation selector: they make one emoji out of several characters."""


def printable(text: str | os.PathLike[str]) -> str:
    r"""The text with everything escaped that is not shown.

    >>> printable("caf\udce9\n\u202e3pm.exe")
    'caf\\xe9\\n\\u202e3pm.exe'
    """
    return "".join(map(_shown, os.fspath(text)))


def unicode_name(name: str | os.PathLike[str]) -> str:
    r"""A file's name as text that every parser reads: bytes that are no UTF-8 stand in it as hexadecimal numbers.

    >>> unicode_name("caf\udce9.mp3")
    'caf\\xe9.mp3'
    """
    text = os.fspath(name)
    try:
        return os.fsencode(text).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # halves of characters, which no file's name has
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _shown(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _ESCAPED:
        return character
    if "\udc80" <= character <= "\udcff":  # a byte that is no UTF-8, as Python keeps it
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
