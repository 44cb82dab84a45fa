"""One recording: every window of it, and of its altered copies, as a row of a feature table."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from classifier.decoding import WINDOW_S, AudioWindow, iter_windows, spread_windows
from classifier.errors import ClassifierError, ErrorKind
from classifier.readers.source import Source
from training.data.copies import CODEC, TONE, through_codec, toned
from training.data.tables import PLAIN

if TYPE_CHECKING:
    from classifier.model import GenreModel

SOURCE = "extracted"
"""What the tables made here say of where their rows come from."""


@dataclass(frozen=True, slots=True)
class Clip:
    """An audio file with its genre; `track` is its path inside the folder, `part` the file its windows go to.

    `origin` is empty where the track is one of its own; `copies` are the altered copies that are described, too.
    """

    path: Path
    label: str
    track: str
    origin: str
    copies: tuple[str, ...]
    budget: int | None
    part: Path


def described(clip: Clip, source: Source) -> pd.DataFrame | str:
    """The rows of one file (its path, or its content) and of its copies; or why it is passed over."""
    frames = []
    try:
        model = _model()
        for variant, windows in _variants(clip, source):
            found = [(model.describe(audio.samples), round(audio.window.start_s / WINDOW_S)) for audio in windows]
            if not found:
                return f"{clip.path}: only silence"
            rows, numbers = zip(*found, strict=True)
            frame = pd.DataFrame(np.stack(rows), columns=list(model.columns))
            frames.append(frame.assign(window=numbers, variant=variant))
    except ClassifierError as error:
        return f"{clip.path}: {error}"
    except Exception as error:  # of whatever library: one file does not end the work on the others
        return f"{clip.path}: {ErrorKind.DAMAGED.message} ({type(error).__name__}: {error})"
    table = pd.concat(frames, ignore_index=True)
    return table.assign(label=clip.label, track=clip.track, origin=clip.origin, source=SOURCE)


@lru_cache(maxsize=1)
def _model() -> "GenreModel":
    """The shipped model, loaded once in each process."""
    from classifier.model import GenreModel

    return GenreModel.load()


def _variants(clip: Clip, source: Source) -> Iterator[tuple[str, Iterator[AudioWindow]]]:
    """The windows as they were recorded, and those of each copy."""
    random = np.random.default_rng(int(clip.part.stem, 16))

    def windows(of: Source) -> Iterator[AudioWindow]:
        return iter_windows(of) if clip.budget is None else spread_windows(of, budget=clip.budget)

    yield PLAIN, windows(source)
    if TONE in clip.copies:
        yield TONE, (replace(audio, samples=toned(audio.samples, random)) for audio in windows(source))
    if CODEC in clip.copies:
        yield CODEC, windows(through_codec(source))
