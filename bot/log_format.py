"""How a log line looks: text or JSON, and without tokens and passwords, whichever library writes it."""

import json
import logging
from urllib.parse import quote

_MASK = "•••"
_LAYOUT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class Redaction:
    """Masks secrets, however they are written in an address."""

    def __init__(self, secrets: list[str]) -> None:
        written = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""), quote(secret))}
        self._secrets = sorted(written, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        return text


class TextFormatter(logging.Formatter):
    """One line for people; message, arguments and traceback are masked alike."""

    def __init__(self, secrets: list[str]) -> None:
        super().__init__(_LAYOUT)
        self._redacted = Redaction(secrets)

    def format(self, record: logging.LogRecord) -> str:
        return self._redacted(super().format(record))


class JsonFormatter(logging.Formatter):
    """One object a line, for programs that collect logs."""

    def __init__(self, secrets: list[str]) -> None:
        super().__init__()
        self._redacted = Redaction(secrets)

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": self._redacted(record.getMessage()),
        }
        if record.exc_info:
            told["traceback"] = self._redacted(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False)
