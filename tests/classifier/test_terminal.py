"""Names of any bytes, on terminals and in other programs."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.terminal import printable, unicode_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Träck 🎵 01.mp3", "Träck 🎵 01.mp3"),
        ("🌴⛓️👩‍🎤.mp3", "🌴⛓️👩‍🎤.mp3"),
        ("a\nb\tc\x1b[31m\x07.mp3", "a\\nb\\tc\\x1b[31m\\x07.mp3"),
        ("\u202e3pm.exe\u2066", "\\u202e3pm.exe\\u2066"),
        ("caf\udce9.m4a", "caf\\xe9.m4a"),
        ("\u2028\u2029\x85", "\\u2028\\u2029\\x85"),
    ],
)
def test_what_is_not_shown_is_escaped(name: str, shown: str) -> None:
    assert printable(name) == shown


@given(st.text(st.characters(codec=None)))
def test_nothing_that_is_printed_moves_the_cursor_or_turns_the_line(name: str) -> None:
    shown = printable(name)
    assert not {"Cc", "Cs", "Zl", "Zp"} & set(map(unicodedata.category, shown))
    assert not set(shown) & set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    shown.encode("utf-8")


@given(st.text(st.characters(codec=None)))
def test_every_parser_reads_the_name(name: str) -> None:
    json.dumps(unicode_name(name), ensure_ascii=False).encode("utf-8")
