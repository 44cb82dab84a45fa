"""Without the lines that TensorFlow's own code writes past Python: start-up notices and notes to its developers."""

import contextlib
import os
import re
import sys
import threading
from collections.abc import Iterator

_THEIRS = re.compile(rb"(WARNING: All log messages before absl::|[IWE]\d{4} \d\d:\d\d:|[IWE]0000 00:00:\d)")
"""How they begin: absl's lines of information, of warnings and of errors that stop nothing."""


@contextlib.contextmanager
def without_tensorflow_lines() -> Iterator[None]:
    """Whatever is written to file descriptor 2 inside the block passes on, line by line, but for TensorFlow's own."""
    if sys.stderr is not None:
        sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # there is no stderr
        yield
        return
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)
    sieve = threading.Thread(target=_sieve, args=(reading, kept), daemon=True)
    sieve.start()
    try:
        yield
    finally:
        if sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.flush()
        os.dup2(kept, 2)
        sieve.join(1.0)  # a process that was started inside may still hold the other end
        os.close(kept)


def _sieve(reading: int, out: int) -> None:
    with open(reading, "rb") as lines, contextlib.suppress(OSError):
        for line in lines:
            if not _THEIRS.match(line):
                os.write(out, line)
