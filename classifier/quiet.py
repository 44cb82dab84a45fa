"""Silence for native code that writes to the process' stderr, past Python, and for libraries that log what we tell."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """What is written to file descriptor 2 inside the block is dropped."""
    if sys.stderr is not None:
        sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # there is no stderr
        yield
        return
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def quieten(package: str) -> None:
    """The loggers of a package that has been imported say nothing more, but for what is critical; and that where all
    others do: handlers of their own are taken away."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == package:
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(logging.CRITICAL)
