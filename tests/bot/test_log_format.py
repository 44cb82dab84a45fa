"""No secret passes the log's formatter, wherever in a line it stands."""

import logging
import sys

import pytest
from bot.redaction import RedactingFormatter

TOKEN = "123456:AAE-secret_token"


@pytest.fixture
def formatter() -> RedactingFormatter:
    return RedactingFormatter("%(levelname)s %(name)s: %(message)s", [TOKEN, "pa ss", ""])


def record(message: str, *arguments: object, **more: object) -> logging.LogRecord:
    return logging.LogRecord("x", logging.INFO, "f.py", 1, message, arguments, more.get("exc_info"))  # type: ignore[arg-type]


def test_message_arguments_and_encoded_forms_are_masked(formatter: RedactingFormatter) -> None:
    for line in (
        record(f"GET /bot{TOKEN}/getMe"),
        record("GET %s", f"/bot{TOKEN}/getMe"),
        record("GET %s", f"/file/bot{TOKEN.replace(':', '%3A')}/a.mp3"),
        record("connecting to %r", "postgresql://bot:pa%20ss@db"),
    ):
        text = formatter.format(line)
        assert "•••" in text
        assert "secret" not in text
        assert "pa%20ss" not in text


def test_tracebacks_are_masked(formatter: RedactingFormatter) -> None:
    try:
        raise ValueError(f"bad address: https://api.telegram.org/bot{TOKEN}/getMe")
    except ValueError:
        text = formatter.format(record("failed", exc_info=sys.exc_info()))
    assert "Traceback" in text
    assert "secret" not in text


def test_other_lines_stay_as_they_are(formatter: RedactingFormatter) -> None:
    assert formatter.format(record("all well")) == "INFO x: all well"
