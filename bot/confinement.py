"""What a worker may not do: a file that people sent has the decoders' whole attention there, and may want more.

Linux offers the rest through the C library; elsewhere only the limits hold.
"""

import contextlib
import ctypes
import math
import resource
import signal
import sys
import time

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
"""Of `linux/prctl.h`."""


def confine(memory_bytes: int) -> None:
    """From here on this process has so much memory for data, writes into no file, gains no rights by starting a
    program, shows its memory to nobody, and ends with the process that it was forked from, even while it is stopped."""
    _limit(resource.RLIMIT_DATA, memory_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    hide_memory()


def limit_processor_time(more_s: float) -> None:
    """This process may use the processor for so long from now on, or a little longer; then the system ends it, whoever
    watches it or not. Without end for `math.inf`."""
    used_s = time.process_time()
    with contextlib.suppress(OSError, ValueError):
        _, hardest = resource.getrlimit(resource.RLIMIT_CPU)
        limit = hardest if math.isinf(more_s) else math.ceil(used_s + more_s)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, hardest))


def hide_memory() -> None:
    """Others of the same user cannot read this process's memory or the environment that it was started with."""
    _prctl(_PR_SET_DUMPABLE, 0)


def _limit(kind: int, value: int) -> None:
    _, hardest = resource.getrlimit(kind)
    allowed = value if hardest == resource.RLIM_INFINITY else min(value, hardest)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(kind, (allowed, allowed))


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
