"""Every text a person reads, in their language: Project Fluent files in `bot/locales`."""

from functools import lru_cache
from pathlib import Path

from babel.core import negotiate_locale
from babel.numbers import format_decimal, format_percent
from fluent.runtime import FluentBundle, FluentResource

DEFAULT_LANGUAGE = "en"
_LOCALES = Path(__file__).with_name("locales")
LANGUAGES = tuple(
    sorted((path.stem for path in _LOCALES.glob("*.ftl")), key=lambda code: (code != DEFAULT_LANGUAGE, code))
)
"""A language is a file there, and nothing else; ours comes first."""


class Texts:
    """The texts of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._bundle = FluentBundle([language], use_isolating=False)
        source = (_LOCALES / f"{language}.ftl").read_text(encoding="utf-8")
        self._bundle.add_resource(FluentResource(source))

    def __call__(self, key: str, **values: str | int | float) -> str:
        """The text for a key. Raises KeyError for a key or a value that is missing: a test goes through all of them."""
        message = self._bundle.get_message(key)
        if message.value is None:
            raise KeyError(key)
        text, errors = self._bundle.format_pattern(message.value, values)
        if errors:
            raise KeyError(f"{key}: {errors[0]}")
        return str(text)

    def percent(self, share: float) -> str:
        """A share from 0 to 1 as a whole percentage, written as the language does (87%, 87 %)."""
        return format_percent(share, locale=self.language)

    def seconds(self, seconds: float) -> str:
        """Seconds with at most one decimal, written as the language does (30.5, 30,5)."""
        return format_decimal(round(seconds, 1), format="0.#", locale=self.language)


@lru_cache(maxsize=len(LANGUAGES))
def texts_in(language: str) -> Texts:
    """The texts of a language of `LANGUAGES`."""
    return Texts(language)


def best_language(accept_language: str) -> str:
    """The best of our languages for an HTTP `Accept-Language` header (RFC 9110)."""
    weighted: list[tuple[float, str]] = []
    for item in accept_language.split(","):
        tag, _, weight = item.partition(";q=")
        try:
            weighted.append((-float(weight or 1), tag.strip().replace("-", "_")))
        except ValueError:
            continue
    wanted = [tag for weight, tag in sorted(weighted, key=lambda pair: pair[0]) if tag and weight]
    return negotiate_locale(wanted, LANGUAGES) or DEFAULT_LANGUAGE
