"""`python -m bot`: start whatever is configured."""

import argparse
import asyncio
import importlib.util
import logging
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config import Settings

_LEAST_LEVELS = {
    "httpx": logging.WARNING,  # logs the address of each request
    "httpcore": logging.WARNING,
    "alembic": logging.WARNING,
    "aiosqlite": logging.INFO,
    "discord": logging.INFO,  # below that, libraries log what people write
    "telegram": logging.INFO,
}

_INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bot; returns the exit code: 0 after a stop, 1 if it could not run, 2 for a wrong setting or argument, 130
    after Ctrl-C before it ran."""
    try:
        return _run(_parser().parse_args(arguments))
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(options: argparse.Namespace) -> int:
    try:
        from config import SettingsError, load_settings
    except Exception as error:  # whatever runs in a file that is not ours
        print(_shadowed(error), file=sys.stderr)
        return 2
    try:
        settings = load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    _set_up_logging(settings)
    _hide_secrets(settings)

    from bot.app import CannotRun, check, migrate, run
    from classifier.process import give_back_files

    give_back_files()

    try:
        if options.migrate:
            asyncio.run(migrate(settings))
        else:
            asyncio.run(check(settings, print) if options.check else run(settings))
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1
    except Exception:  # through the log, so that no secret in it is shown
        logging.getLogger(__name__).exception("The bot broke down")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    from classifier.versions import version_text

    parser = argparse.ArgumentParser(
        prog="python -m bot",
        description="Answer music with its genre: on Discord, on Telegram, and on a page in the browser.",
        epilog="Everything is set by environment variables or a file .env: docs/SETTINGS.md",
    )
    parser.add_argument("--version", action="version", version=version_text())
    once = parser.add_mutually_exclusive_group()
    once.add_argument(
        "--check", action="store_true", help="try settings, model, database and tokens once, say what works, and end"
    )
    once.add_argument(
        "--migrate",
        action="store_true",
        help="bring the database's tables up to date, as each start does, and end",
    )
    return parser


def _shadowed(error: Exception) -> str:
    """What to do where a file of the same name in the working folder takes the place of one of our packages."""
    found = importlib.util.find_spec("config")
    where = found.origin if found else "config"
    return f"{where} stands in the way of the bot's package config ({error}): start it in another folder"


def _hide_secrets(settings: "Settings") -> None:
    """Take tokens and passwords out of the environment that workers inherit, and close this process to others."""
    from bot.confinement import hide_memory

    for name in settings.secret_names():
        os.environ.pop(name, None)
        os.environ.pop(name.lower(), None)
    hide_memory()


def _set_up_logging(settings: "Settings") -> None:
    """One handler for everything, through which no secret passes; libraries that log requests and messages say less."""
    from bot.log_format import JsonFormatter, TextFormatter

    handler = logging.StreamHandler()
    formatter = JsonFormatter if settings.log_format == "json" else TextFormatter
    handler.setFormatter(formatter(settings.secrets()))
    logging.basicConfig(level=settings.log_level, handlers=[handler])
    logging.captureWarnings(True)
    for name, least in _LEAST_LEVELS.items():
        logging.getLogger(name).setLevel(max(least, logging.getLogger().level))


if __name__ == "__main__":
    sys.exit(main())
