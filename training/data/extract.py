"""From a folder of audio to a feature table: one folder per genre, every file cut into 3-second windows.

Each window is described with all families of columns, the embedding by the shipped model's backbone.

Resumable: each finished file is one row group in a folder beside the table; a second run skips what is there.
"""

import hashlib
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from classifier.folders import album_folders, audio_files
from classifier.genres import SLUGS
from classifier.pool import EndsItsProcess, WorkerPool
from classifier.process import keep_freed_memory, set_up_process
from classifier.terminal import printable, unicode_name
from training.data.clips import Clip, described
from training.data.tables import check_table_name, write_bytes, write_table
from training.errors import TrainingError
from training.progress import Progress


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
    scheduler: str | None = None,
    quiet: bool = False,
) -> Extraction:
    """Extract all windows, or `budget` spread ones, of all files below `audio` into the table `out` (.csv or .parquet).

    Below `audio` lies one folder per genre, named by its slug; with `non_edm` one per kind of other sound. The folder
    that a file lies in below that is its origin, unless `origin` names one for all. `copies` (of `COPIES`) adds altered
    copies. With `scheduler` (`tcp://host:8786`) a Dask cluster works on the files, and `workers` means nothing. A bad
    file is reported and passed over. The work of an interrupted run is kept in `<out>.parts` and removed
    when the table is complete.

    Raises `TrainingError` for a folder that has no genre folders or no audio, and for a cluster that is of no use.
    """
    check_table_name(out)
    parts = out.with_name(out.name + ".parts")
    unread: list[str] = []
    found = _clips(audio, parts, budget=budget, non_edm=non_edm, origin=origin, copies=tuple(copies), say=unread.append)
    clips = list(found)
    if not clips:
        raise TrainingError(f"{audio}: no audio below folders named {', '.join(SLUGS[:3])} …")
    parts.mkdir(parents=True, exist_ok=True)
    left = [clip for clip in clips if not clip.part.exists()]
    refused = (*unread, *_extract_all(left, workers, scheduler, quiet))
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
    audio: Path,
    parts: Path,
    *,
    budget: int | None,
    non_edm: bool,
    origin: str | None,
    copies: tuple[str, ...],
    say: Progress,
) -> Iterator[Clip]:
    if not audio.is_dir():
        raise TrainingError(f"{audio}: no such folder")
    for folder in album_folders(audio):
        if not non_edm and folder.name not in SLUGS:
            raise TrainingError(f"{folder}: not the name of a genre. Known: {', '.join(SLUGS)}")
        for path in audio_files(folder, say=say):
            track = unicode_name(path.relative_to(audio))
            above = unicode_name(path.parent.relative_to(folder))
            state = path.stat()
            about = (track, state.st_size, state.st_mtime_ns, budget, origin, *copies)
            key = hashlib.sha256("\0".join(map(str, about)).encode()).hexdigest()[:24]
            named = origin if origin is not None else "" if above == "." else above
            yield Clip(path, folder.name, track, named, copies, budget, parts / f"{key}.parquet")


def _extract_all(clips: list[Clip], workers: int, scheduler: str | None, quiet: bool) -> Iterator[str]:
    """Why each file was passed over."""
    set_up_process()
    with tqdm(total=len(clips), disable=quiet) as progress:
        for reason in _in_cluster(clips, scheduler) if scheduler else _in_processes(clips, workers):
            progress.update()
            if reason:
                progress.write(printable(reason))
                yield reason


def _in_cluster(clips: list[Clip], scheduler: str) -> Iterator[str | None]:
    try:
        from training.data.cluster import described_by_all
    except ImportError as error:
        raise TrainingError(f"--scheduler needs the extra `cluster`: {error}") from error

    for clip, found in described_by_all(clips, scheduler):
        if isinstance(found, str):
            yield found
        else:
            write_bytes(found, clip.part)
            yield None


def _in_processes(clips: list[Clip], workers: int) -> Iterator[str | None]:
    """For each file why it was passed over, or None."""
    context = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
    context.set_forkserver_preload(["classifier.model", "training.data.clips"])  # once for all workers
    with WorkerPool(_extract_clip, workers=workers, context=context, start=keep_freed_memory) as pool:
        for clip in clips:
            pool.give(clip)
        while pool:
            clip, reason = pool.take()
            yield f"{clip.path}: ends the process that reads it" if isinstance(reason, EndsItsProcess) else reason


def _extract_clip(clip: Clip) -> str | None:
    """Write the windows of one file and of its copies; returns why it was passed over, or None."""
    found = described(clip, clip.path)
    if isinstance(found, str):
        return found
    write_table(found, clip.part)
    return None
