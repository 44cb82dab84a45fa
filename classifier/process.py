"""How a process computes: with one BLAS thread, without giving memory back between two windows, and as we have set it
up, whatever the host has set for others.

With two threads, the features of one window took two to three times as long on two cores. And glibc gives what is freed
back to the system at once, so that the next window's arrays are fetched page by page: a tenth of an answer's time.
"""

import ctypes
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
"""Of glibc's `malloc.h`."""
_KEPT_BYTES = 4 << 20
_FILE_BYTES = 1 << 20

_OWN = {"MPLBACKEND": "agg", "MATPLOTLIBRC": os.devnull, "KERAS_BACKEND": "tensorflow", "KERAS_HOME": os.devnull}
"""A notebook sets the first for whatever it starts, people's own files the others; ours is the Keras of TensorFlow, in
float32, and pictures that look alike everywhere."""


def set_up_process() -> None:
    """Before numpy is first imported; child processes inherit it."""
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    os.environ.update(_OWN)
    if not os.access(Path("~").expanduser(), os.W_OK):
        _use_own_folder()


def keep_freed_memory() -> None:
    """In a process that computes; one that is forked from it inherits this. What is larger than all that one window
    takes, such as a file, goes back."""
    _set_up_malloc({_M_MMAP_THRESHOLD: _KEPT_BYTES, _M_TRIM_THRESHOLD: 2 * _KEPT_BYTES, _M_TOP_PAD: _KEPT_BYTES // 4})


def give_back_files() -> None:
    """In a process that files only pass through: left to itself, glibc keeps the places of large ones, with holes."""
    _set_up_malloc({_M_MMAP_THRESHOLD: _FILE_BYTES})


def _set_up_malloc(options: Mapping[int, int]) -> None:
    """Where the C library is glibc; musl has no such call."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        for option, size in options.items():
            mallopt(option, size)


def _own_folder() -> Path | None:
    """A folder among the temporary files that belongs to this user alone. None where there is none."""
    folder = Path(tempfile.gettempdir()) / f"edm-genre-bot-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        facts = folder.stat(follow_symlinks=False)
    except OSError:
        return None
    return None if facts.st_uid != os.getuid() or facts.st_mode & 0o077 else folder


def _use_own_folder() -> None:
    """Where a service's user has no home, matplotlib's list of fonts goes elsewhere."""
    os.environ.setdefault("MPLCONFIGDIR", str(_own_folder() or Path(tempfile.mkdtemp(prefix="edm-genre-bot-"))))
