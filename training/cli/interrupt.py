"""Ctrl-C, and being told to end: within two seconds, with one line, whatever native code is running."""

import contextlib
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM)
_GRACE_S = 1.2
"""After so long the program is ended where it stands: native code does not look at signals."""


INTERRUPTED = 128
"""Exit codes of what a signal ended begin here, and say which (as those of shells)."""


class Interrupted(BaseException):
    """A signal asked for the end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = INTERRUPTED + number


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Within the block SIGINT and SIGTERM raise `Interrupted`; if that is not seen in time, the program ends."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    watcher = threading.Thread(target=_watch, args=(ours,), daemon=True)
    watcher.start()
    before = {number: signal.signal(number, _raise) for number in _ENDING}
    wakeup = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        theirs.close()
        watcher.join(0.1)


def end_workers() -> None:
    """Kill the processes that this one has started."""
    for child in multiprocessing.active_children():
        child.kill()


def _raise(number: int, _: FrameType | None) -> None:
    raise Interrupted(number)


def _watch(wakes: socket.socket) -> None:
    """Wait for a signal's number, then for the block to end; else end the program."""
    with wakes:
        while (number := wakes.recv(1)) and number[0] not in _ENDING:
            pass
        if not number:
            return
        wakes.settimeout(_GRACE_S)
        with contextlib.suppress(TimeoutError):
            while wakes.recv(1):  # nothing more: the block has ended
                pass
            return
    end_workers()
    print("interrupted", file=sys.stderr, flush=True)
    os._exit(INTERRUPTED + number[0])
