"""From a folder of audio to a feature table: one folder per genre, every file cut into 3-second windows.

Each window is described with all families of columns, the embedding by the shipped model's backbone.

Resumable: each finished file is one row group in a folder beside the table; a second run skips what is there.
"""

import hashlib
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tqdm import tqdm

from classifier.decoding import WINDOW_S, AudioWindow, iter_windows, spread_windows
from classifier.errors import ClassifierError
from classifier.formats import AUDIO_SUFFIXES
from classifier.genres import SLUGS
from classifier.readers.source import Source
from classifier.threads import limit_blas_threads
from training.data.copies import CODEC, TONE, through_codec, toned
from training.data.tables import PLAIN, check_table_name, write_table
from training.errors import TrainingError

SOURCE = "extracted"
"""What the tables made here say of where their rows come from."""

if TYPE_CHECKING:
    from classifier.model import GenreModel


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


@dataclass(frozen=True, slots=True)
class Extraction:
    """What came of a run: the table's number of windows, and each file that was passed over with its reason."""

    windows: int
    refused: tuple[str, ...]


def extract_table(
    audio: Path,
    out: Path,
    *,
    workers: int,
    budget: int | None = None,
    non_edm: bool = False,
    origin: str | None = None,
    copies: Sequence[str] = (),
    quiet: bool = False,
) -> Extraction:
    """Extract all windows, or `budget` spread ones, of all files below `audio` into the table `out` (.csv or .parquet).

    Below `audio` lies one folder per genre, named by its slug; with `non_edm` one per kind of other sound. The folder
    that a file lies in below that is its origin, unless `origin` names one for all. `copies` (of `COPIES`) adds altered
    copies. A bad file is reported and passed over. The work of an interrupted run is kept in `<out>.parts` and removed
    when the table is complete.

    Raises `TrainingError` for a folder that has no genre folders or no audio.
    """
    check_table_name(out)
    parts = out.with_name(out.name + ".parts")
    found = _clips(audio, parts, budget=budget, non_edm=non_edm, origin=origin, copies=tuple(copies))
    clips = list(found)
    if not clips:
        raise TrainingError(f"{audio}: no audio below folders named {', '.join(SLUGS[:3])} …")
    parts.mkdir(parents=True, exist_ok=True)
    refused = tuple(_extract_all([clip for clip in clips if not clip.part.exists()], workers, quiet))
    done = [pd.read_parquet(clip.part) for clip in clips if clip.part.exists()]
    if not done:
        raise TrainingError(f"{audio}: none of the {len(clips)} files could be read; the first: {refused[0]}")
    table = pd.concat(done, ignore_index=True)
    write_table(table, out)
    for leftover in parts.iterdir():
        leftover.unlink()
    parts.rmdir()
    return Extraction(windows=len(table), refused=refused)


def _clips(
    audio: Path, parts: Path, *, budget: int | None, non_edm: bool, origin: str | None, copies: tuple[str, ...]
) -> Iterator[Clip]:
    if not audio.is_dir():
        raise TrainingError(f"{audio}: no such folder")
    for folder in sorted(p for p in audio.iterdir() if p.is_dir()):
        if not non_edm and folder.name not in SLUGS:
            raise TrainingError(f"{folder}: not the name of a genre. Known: {', '.join(SLUGS)}")
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file():
                track = path.relative_to(audio).as_posix()
                above = path.parent.relative_to(folder).as_posix()
                state = path.stat()
                about = (track, state.st_size, state.st_mtime_ns, budget, origin, *copies)
                key = hashlib.sha256("\0".join(map(str, about)).encode()).hexdigest()[:24]
                named = origin if origin is not None else "" if above == "." else above
                yield Clip(path, folder.name, track, named, copies, budget, parts / f"{key}.parquet")


@lru_cache(maxsize=1)
def _model() -> "GenreModel":
    """The shipped model, loaded once in each worker process."""
    from classifier.model import GenreModel

    return GenreModel.load()


def _extract_all(clips: list[Clip], workers: int, quiet: bool) -> Iterator[str]:
    limit_blas_threads()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool, tqdm(total=len(clips), disable=quiet) as progress:
        for future in as_completed([pool.submit(_extract_clip, clip) for clip in clips]):
            progress.update()
            if reason := future.result():
                progress.write(reason)
                yield reason


def _extract_clip(clip: Clip) -> str | None:
    """Write the windows of one file and of its copies; returns why it was passed over, or None."""
    model = _model()
    frames = []
    try:
        for variant, windows in _variants(clip):
            described = [(model.describe(audio.samples), round(audio.window.start_s / WINDOW_S)) for audio in windows]
            if not described:
                return f"{clip.path}: only silence"
            rows, numbers = zip(*described, strict=True)
            frame = pd.DataFrame(np.stack(rows), columns=list(model.columns))
            frames.append(frame.assign(window=numbers, variant=variant))
    except ClassifierError as error:
        return f"{clip.path}: {error}"
    table = pd.concat(frames, ignore_index=True).assign(
        label=clip.label, track=clip.track, origin=clip.origin, source=SOURCE
    )
    write_table(table, clip.part)
    return None


def _variants(clip: Clip) -> Iterator[tuple[str, Iterator[AudioWindow]]]:
    """The windows as they were recorded, and those of each copy."""
    random = np.random.default_rng(int(clip.part.stem, 16))

    def windows(source: Source) -> Iterator[AudioWindow]:
        return iter_windows(source) if clip.budget is None else spread_windows(source, budget=clip.budget)

    yield PLAIN, windows(clip.path)
    if TONE in clip.copies:
        yield TONE, (replace(audio, samples=toned(audio.samples, random)) for audio in windows(clip.path))
    if CODEC in clip.copies:
        yield CODEC, windows(through_codec(clip.path))
