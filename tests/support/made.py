"""What takes long to make, made once for all tests."""

import contextlib
import functools
import hashlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np

from classifier.arrays import FloatArray

MADE_FOLDER = "TESTS_MADE_FOLDER"

P = ParamSpec("P")
T = TypeVar("T", bytes, FloatArray)


def made_once(make: Callable[P, T]) -> Callable[P, T]:
    """Keeps what a function makes: music and files take longer to make than most tests to do something with them.

    An array is kept so that nobody writes into it. Where several processes test, what one has made is there for all, in
    the folder that `MADE_FOLDER` names.
    """
    kept: dict[tuple[object, ...], T] = {}

    def told(argument: object) -> object:
        if isinstance(argument, np.ndarray):
            return argument.shape, argument.dtype.str, hashlib.blake2b(np.ascontiguousarray(argument)).digest()
        return argument

    @functools.wraps(make)
    def once(*args: P.args, **kwargs: P.kwargs) -> T:
        key = (*map(told, args), *((name, told(value)) for name, value in sorted(kwargs.items())))
        if key not in kept:
            made = _shared(f"{make.__module__}.{make.__qualname__}{key}", lambda: make(*args, **kwargs))
            if isinstance(made, np.ndarray):
                made.setflags(write=False)
            kept[key] = made
        return kept[key]

    return once


def _shared(key: str, make: Callable[[], T]) -> T:
    """What another process has made; else what this one makes, for the others, too."""
    if (folder := os.environ.get(MADE_FOLDER)) is None:
        return make()
    path = Path(folder) / hashlib.sha256(key.encode()).hexdigest()
    with contextlib.suppress(FileNotFoundError):
        made: T = pickle.loads(path.read_bytes())
        return made
    made = make()
    begun = path.with_suffix(f".{os.getpid()}")
    begun.write_bytes(pickle.dumps(made))
    begun.replace(path)
    return made
