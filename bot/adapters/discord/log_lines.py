"""One line in the log for what goes wrong on Discord's side; discord.py writes tracebacks, or ends the connection."""

import logging
from collections.abc import Callable
from typing import Any

import aiohttp
import discord

log = logging.getLogger(__name__)

_LOGGERS = ("discord.client", "discord.shard", "discord.gateway")
_PASSING = (discord.ConnectionClosed, discord.GatewayNotFound, discord.HTTPException, aiohttp.ClientError, OSError)


def on_one_line(record: logging.LogRecord) -> bool:
    """A filter that lets everything pass: what may pass by itself loses its traceback and keeps its reason."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, _PASSING):
        record.msg, record.args = f"{record.getMessage()} ({type(error).__name__}: {error})", None
        record.exc_info = record.exc_text = None
    return True


def quieten() -> None:
    """Put the filter in place; a second time does nothing."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(on_one_line)


def passing_over(event: str, parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A parser of gateway events that passes over what it cannot read; discord.py's would end the connection."""

    def parsed(data: Any) -> Any:
        try:
            return parse(data)
        except Exception as error:  # of whatever kind: one odd event must not stop the rest
            log.warning("Discord: an event %s cannot be read (%s); passed over", event, type(error).__name__)
            return None

    return parsed
