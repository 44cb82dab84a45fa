"""From a folder of audio to a feature table: one folder per genre, every file cut into 3-second windows.

Each window is described with all families of columns, the embedding by the shipped model's backbone.

Resumable: each finished file is one row group in a folder beside the table; a second run skips what is there.
"""

import hashlib
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tqdm import tqdm

from classifier.errors import ClassifierError
from classifier.formats import AUDIO_SUFFIXES
from classifier.genres import SLUGS
from classifier.threads import limit_blas_threads
from training.data.tables import PLAIN, check_table_name, write_table
from training.errors import TrainingError

if TYPE_CHECKING:
    from classifier.model import GenreModel


@dataclass(frozen=True, slots=True)
class Clip:
    """An audio file with its genre; `track` is its path inside the folder, `part` the file its windows go to."""

    path: Path
    label: str
    track: str
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
    quiet: bool = False,
) -> Extraction:
    """Extract all windows, or `budget` spread ones, of all files below `audio` into the table `out` (.csv or .parquet).

    Below `audio` lies one folder per genre, named by its slug; with `non_edm` one per kind of other sound. A bad file
    is reported and passed over. The work of an interrupted run is kept in `<out>.parts` and removed when the table is
    complete.
    Raises `TrainingError` for a folder that has no genre folders or no audio.
    """
    check_table_name(out)
    parts = out.with_name(out.name + ".parts")
    clips = list(_clips(audio, parts, budget=budget, non_edm=non_edm))
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


def _clips(audio: Path, parts: Path, *, budget: int | None, non_edm: bool) -> Iterator[Clip]:
    if not audio.is_dir():
        raise TrainingError(f"{audio}: no such folder")
    for folder in sorted(p for p in audio.iterdir() if p.is_dir()):
        if not non_edm and folder.name not in SLUGS:
            raise TrainingError(f"{folder}: not the name of a genre. Known: {', '.join(SLUGS)}")
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file():
                track = path.relative_to(audio).as_posix()
                state = path.stat()
                key = hashlib.sha256(f"{track}\0{state.st_size}\0{state.st_mtime_ns}\0{budget}".encode()).hexdigest()[
                    :24
                ]
                yield Clip(path, folder.name, track, budget, parts / f"{key}.parquet")


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
    """Write the windows of one file; returns why it was passed over, or None."""
    from classifier.decoding import WINDOW_S, iter_windows, spread_windows

    model = _model()
    rows, numbers = [], []
    try:
        windows = iter_windows(clip.path) if clip.budget is None else spread_windows(clip.path, budget=clip.budget)
        for audio in windows:
            rows.append(model.describe(audio.samples))
            numbers.append(round(audio.window.start_s / WINDOW_S))
    except ClassifierError as error:
        return f"{clip.path}: {error}"
    if not rows:
        return f"{clip.path}: only silence"
    frame = pd.DataFrame(np.stack(rows), columns=list(model.columns)).assign(
        window=numbers, label=clip.label, track=clip.track, source="", variant=PLAIN
    )
    write_table(frame, clip.part)
    return None
