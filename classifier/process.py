"""How a process computes: with one BLAS thread, and without giving its memory back between two windows.

With two threads, the features of one window took two to three times as long on two cores. And glibc gives what is freed
back to the system at once, so that the next window's arrays are fetched page by page: a tenth of an answer's time.
"""

import ctypes
import os
import sys

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
"""Of glibc's `malloc.h`."""
_KEPT_BYTES = 32 << 20


def set_up_process() -> None:
    """Ask for both, before numpy is first imported; child processes inherit the first only."""
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    if sys.platform == "linux":
        _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Where the C library is glibc; musl has no such call."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, 2 * _KEPT_BYTES)
        mallopt(_M_TOP_PAD, _KEPT_BYTES // 4)
