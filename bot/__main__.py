"""`python -m bot`: start whatever is configured."""

import asyncio
import logging
import sys


def main() -> int:
    """Run the bot; returns the exit code: 0 after a stop, 1 if it could not run, 2 for a wrong setting."""
    from config import SettingsError, load_settings

    try:
        settings = load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")

    from bot.app import CannotRun, run

    try:
        asyncio.run(run(settings))
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
