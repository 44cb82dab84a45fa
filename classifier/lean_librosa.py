"""librosa without what it imports and what nothing here calls: `from classifier.lean_librosa import librosa`.

librosa imports Numba, with all of LLVM, and large parts of SciPy for functions that are not used here: half of what a
worker takes in memory, and more than half of the time until it is ready. So stand-ins take their places while librosa
is imported, and go when it is. It keeps all its functions, also in a program that uses this package: they find the real
SciPy when they ask for it, and what Numba compiles of them is compiled when it is first called.
"""

import contextlib
import functools
import importlib
import sys
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

_MODULES = (
    *("numba", "scipy.interpolate", "scipy.ndimage", "scipy.signal", "scipy.sparse", "scipy.spatial.distance"),
    *("resampy", "samplerate"),  # looking for them takes time even where they are not installed
)
_DECORATORS = ("guvectorize", "jit", "stencil", "vectorize")
"""Of Numba, as librosa uses them."""


class _StandIn(ModuleType):
    """Stands for a module of which nothing is needed yet; whoever asks it for something gets the real one's."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self.__name__ == "numba" and name in _DECORATORS:
            return functools.partial(_compiled_later, name)
        if self.__name__ == "scipy.spatial.distance":  # of which librosa takes a function while it is imported
            return functools.partial(_called_later, self.__name__, name)
        _leave(self)
        return getattr(importlib.import_module(self.__name__), name)


class _CompiledLater:
    """A function that is compiled when it is first called, with those of its kind that it calls."""

    def __init__(self, function: FunctionType, compile_it: Callable[[FunctionType], Any]) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._compile_it = compile_it

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.compiled(*arguments, **named)

    @functools.cached_property
    def compiled(self) -> Any:
        names = self._function.__globals__
        for name in self._function.__code__.co_names:
            if isinstance(called := names.get(name), _CompiledLater):
                names[name] = called.compiled
        return self._compile_it(self._function)


def _compiled_later(decorator: str, *arguments: Any, **named: Any) -> Any:
    """What `numba.<decorator>` is for librosa, which calls it with a function or with what is to be known of one."""

    def compile_it(function: FunctionType) -> Any:
        decorate = getattr(importlib.import_module("numba"), decorator)
        return decorate(function) if is_bare else decorate(*arguments, **named)(function)

    is_bare = len(arguments) == 1 and isinstance(arguments[0], FunctionType)
    later = functools.partial(_CompiledLater, compile_it=compile_it)
    return later(arguments[0]) if is_bare else later


def _called_later(module: str, function: str, *arguments: Any, **named: Any) -> Any:
    return getattr(importlib.import_module(module), function)(*arguments, **named)


@contextlib.contextmanager
def _stand_ins() -> Iterator[None]:
    """For all of the modules that nobody has imported so far."""
    added = [_StandIn(name) for name in _MODULES if name not in sys.modules]
    sys.modules.update({module.__name__: module for module in added})
    try:
        yield
    finally:
        for module in added:
            _leave(module)


def _leave(module: ModuleType) -> None:
    if sys.modules.get(module.__name__) is module:
        del sys.modules[module.__name__]


with _stand_ins():
    import librosa
    import librosa.core.spectrum
    import librosa.feature.spectral
    from librosa.filters import mel as mel_filters

__all__ = ["hann", "librosa", "mel_filters"]


def hann(length: int) -> npt.NDArray[np.float64]:
    """The periodic Hann window (length,), for `librosa.stft(window=hann)`: by its name, SciPy would be asked for it."""
    return np.hanning(length + 1)[:-1]
