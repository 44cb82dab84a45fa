"""Every text in every language, with the same values; numbers and languages as people write them."""

import re
from pathlib import Path

import pytest
from fluent.syntax import FluentParser, ast

import bot
from bot.assistant import CommandName
from bot.conversation import Mode, Platform
from bot.failures import FailureKind
from bot.texts import LANGUAGES, best_language, texts_in
from classifier.results import Note

BOT = Path(bot.__file__).parent


def messages(language: str) -> dict[str, set[str]]:
    """Key → the names of the values its text uses."""
    resource = FluentParser().parse((BOT / "locales" / f"{language}.ftl").read_text(encoding="utf-8"))
    junk = [entry for entry in resource.body if isinstance(entry, ast.Junk)]
    assert not junk
    found = {}
    for entry in resource.body:
        if isinstance(entry, ast.Message):
            assert entry.id.name not in found, f"{entry.id.name} stands twice"
            found[entry.id.name] = set(
                re.findall(
                    r"\$(\w+)",
                    (BOT / "locales" / f"{language}.ftl").read_text()[
                        entry.span.start : entry.span.end  # type: ignore[union-attr]
                    ],
                )
            )
    return found


def test_every_language_has_every_key_with_the_same_values() -> None:
    english = messages("en")
    for language in LANGUAGES:
        assert messages(language) == english


def test_no_text_is_left_untranslated() -> None:
    english = texts_in("en")
    same = {"result-sure", "music-tempo", "music-key"}
    for language in set(LANGUAGES) - {"en"}:
        other = texts_in(language)
        for key, values in messages("en").items():
            filled = dict.fromkeys(values, "1")
            if key not in same:
                assert english(key, **filled) != other(key, **filled), (language, key)


def test_every_failure_command_mode_platform_and_note_has_its_texts() -> None:
    keys = messages("en").keys()
    for kind in FailureKind:
        assert {f"failure-{kind}", f"failure-{kind}-advice"} <= keys
    for name in CommandName:
        assert f"command-{name}" in keys
    for mode in Mode:
        assert f"mode-{mode}" in keys
    for platform in Platform:
        assert f"help-{platform}" in keys
    for note in Note:
        assert f"note-{note.replace('_', '-')}" in keys


def test_every_key_is_used() -> None:
    source = "\n".join(path.read_text() for path in BOT.rglob("*.*") if path.suffix in {".py", ".html"})
    for key in messages("en"):
        assert key in source or key.startswith(("command-", "failure-", "help-", "mode-", "note-", "tonic-")), key


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en;q=0.3, es;q=0.7", "es"),
        ("de-DE,de;q=0.9,en;q=0.2", "en"),
        ("fr", "en"),
        ("es;q=0, en;q=0.1", "en"),
        ("*", "en"),
        (";q=,,;q=x", "en"),
    ],
)
def test_the_best_language_of_a_browser(header: str, language: str) -> None:
    assert best_language(header) == language


def test_numbers_are_written_as_the_language_does() -> None:
    assert texts_in("en").percent(0.874) == "87%"
    assert texts_in("es").percent(0.874) == "87\xa0%"
    assert texts_in("en").seconds(30.0) == "30"
    assert texts_in("es").seconds(30.54) == "30,5"


def test_a_missing_key_or_value_is_noticed() -> None:
    with pytest.raises(KeyError):
        texts_in("en")("no-such-key")
    with pytest.raises(KeyError):
        texts_in("en")("failure-too-large")
