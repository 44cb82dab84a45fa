"""Tokens and passwords never reach a log, whichever library writes the line."""

import logging
from urllib.parse import quote

_MASK = "•••"


class RedactingFormatter(logging.Formatter):
    """Masks secrets in the finished line: message, arguments and traceback alike."""

    def __init__(self, layout: str, secrets: list[str]) -> None:
        super().__init__(layout)
        written = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""), quote(secret))}
        self._secrets = sorted(written, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, _MASK)
        return line
