"""No secret passes the log's formatter, wherever in a line it stands."""

import json
import logging
import sys

import pytest

from bot.log_format import JsonFormatter, TextFormatter

TOKEN = "123456:AAE-secret_token"


@pytest.fixture(params=[TextFormatter, JsonFormatter])
def formatter(request: pytest.FixtureRequest) -> logging.Formatter:
    made: logging.Formatter = request.param([TOKEN, "pa ss", ""])
    return made


def record(message: str, *arguments: object, **more: object) -> logging.LogRecord:
    return logging.LogRecord("x", logging.INFO, "f.py", 1, message, arguments, more.get("exc_info"))  # type: ignore[arg-type]


def test_message_arguments_and_encoded_forms_are_masked(formatter: logging.Formatter) -> None:
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


def test_tracebacks_are_masked(formatter: logging.Formatter) -> None:
    try:
        raise ValueError(f"bad address: https://api.telegram.org/bot{TOKEN}/getMe")
    except ValueError:
        text = formatter.format(record("failed", exc_info=sys.exc_info()))
    assert "Traceback" in text
    assert "secret" not in text


def test_other_lines_stay_as_they_are(formatter: logging.Formatter) -> None:
    line = formatter.format(record("all well"))
    if isinstance(formatter, JsonFormatter):
        told = json.loads(line)
        assert (told["level"], told["logger"], told["message"]) == ("INFO", "x", "all well")
    else:
        assert line.endswith(" INFO x: all well")
