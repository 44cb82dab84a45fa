"""`python -m bot`: start whatever is configured."""

import asyncio
import logging
import sys
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
_LAYOUT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def main() -> int:
    """Run the bot; returns the exit code: 0 after a stop, 1 if it could not run, 2 for a wrong setting."""
    from config import SettingsError, load_settings

    try:
        settings = load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    _set_up_logging(settings)

    from bot.app import CannotRun, run

    try:
        asyncio.run(run(settings))
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1
    except Exception:  # through the log, so that no secret in it is shown
        logging.getLogger(__name__).exception("The bot broke down")
        return 1
    return 0


def _set_up_logging(settings: "Settings") -> None:
    """One handler for everything, through which no secret passes; libraries that log requests and messages say less."""
    from bot.redaction import RedactingFormatter

    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter(_LAYOUT, settings.secrets()))
    logging.basicConfig(level=settings.log_level, handlers=[handler])
    logging.captureWarnings(True)
    for name, least in _LEAST_LEVELS.items():
        logging.getLogger(name).setLevel(max(least, logging.getLogger().level))


if __name__ == "__main__":
    sys.exit(main())
