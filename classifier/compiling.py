"""The first time after an install, librosa's functions are compiled, by one process at a time.

Numba keeps on disk what it has compiled for librosa. Where several processes do that for the first time at once, one
can keep what another has half replaced; each later process then jumps to nowhere, until the files are deleted. That was
seen with three processes of a fresh installation.
"""

import contextlib
import hashlib
import importlib.util
import os
import sys
from importlib.metadata import version
from pathlib import Path

from classifier.process import own_folder

with contextlib.suppress(ImportError):  # where there is no such call, nobody can wait for another
    import fcntl


def ensure_compiled() -> None:
    """Call before librosa is imported: compiles everything if that was never done here, or waits for who is at it."""
    mark = _mark()
    if mark is None or "fcntl" not in globals() or mark.exists():
        return
    try:
        lock = mark.with_suffix(".lock").open("a")
    except OSError:
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists():
            from classifier.warmup import warm_up

            warm_up()
            with contextlib.suppress(OSError):
                mark.touch()


def _mark() -> Path | None:
    """The file that says that it has been done, for this librosa with this Numba on this machine; it goes with the
    temporary files. None where no such file can be."""
    folder, librosa = own_folder(), importlib.util.find_spec("librosa")
    if folder is None or librosa is None or librosa.origin is None:
        return None
    kept = os.environ.get("NUMBA_CACHE_DIR", "")
    what = (
        sys.version,
        version("numba"),
        librosa.origin,
        os.stat(librosa.origin).st_mtime_ns,
        kept,
        os.path.isdir(kept),
    )
    return folder / f"compiled-{hashlib.sha256(repr(what).encode()).hexdigest()[:16]}"
