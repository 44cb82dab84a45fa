"""Many files, one answer each, in their order, by as many processes as the machine has cores."""

import multiprocessing
import os
import sys
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path

from classifier.decoding import decode_window
from classifier.errors import ClassifierError, ErrorKind
from classifier.model import RuntimeName
from classifier.pipeline import GenreClassifier
from classifier.pool import EndsItsProcess, WorkerPool
from classifier.readers.source import settled
from classifier.results import Classification, TrackClassification

_FILES_PER_WORKER = 2
"""Starting a process for fewer takes longer than it saves."""
_OUT_OF_TURN = 4
"""Files per worker that are begun before the answer whose turn it is: a slow one does not make the others wait, and few
answers wait for it."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of every file. `with_picture` is a spectrogram, of a whole track its timeline."""

    bundle: Path
    runtime: RuntimeName
    offset_s: float
    listen_on: bool
    whole_track: bool
    with_picture: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """What was found in a file; `picture_png` where one was asked for."""

    answer: Classification | TrackClassification
    picture_png: bytes | None


Outcome = Answered | ClassifierError


def outcomes(files: Sequence[Path], task: Task, *, workers: int) -> Iterator[Outcome]:
    """An answer or an error for each file, in their order, as soon as those before it are there.

    Raises `ClassifierError` (model unusable) before the first. A file that ends the process that reads it costs no
    other file its answer.
    """
    load_classifier(task)
    workers = min(workers, len(files) // _FILES_PER_WORKER)
    if workers < 2:
        return (answered(file, task) for file in files)
    return _by_many(files, task, workers)


@lru_cache(maxsize=1)
def load_classifier(task: Task) -> GenreClassifier:
    """The task's model, loaded once in each process. Raises `ClassifierError` (model unusable)."""
    return GenreClassifier(task.bundle, runtime=task.runtime)


def answered(file: Path, task: Task) -> Outcome:
    """The answer for one file."""
    try:
        return _answer(file, task)
    except ClassifierError as error:
        return error
    except Exception as error:  # of whatever library: one file does not end the work on the others
        return ClassifierError(ErrorKind.DAMAGED, f"{type(error).__name__}: {error}")


def _answer(file: Path, task: Task) -> Answered:
    classifier, source = load_classifier(task), settled(file)
    if task.whole_track:
        track = classifier.classify_track(source)
        if not task.with_picture:
            return Answered(track, None)
        from classifier.timeline import render_timeline

        return Answered(track, render_timeline(track))
    audio = decode_window(source, offset_s=task.offset_s)
    clip = classifier.classify_window(audio, source=source if task.listen_on else None)
    if not task.with_picture:
        return Answered(clip, None)
    from classifier.spectrogram import render_spectrogram

    return Answered(clip, render_spectrogram(audio.samples, window=audio.window, title=clip.title))


def _by_many(files: Sequence[Path], task: Task, workers: int) -> Generator[Outcome]:
    found: dict[int, Outcome] = {}
    given: set[int] = set()
    coming = iter(enumerate(files))
    with _pool(task, workers) as pool:
        for turn, file in enumerate(files):
            for number, other in islice(coming, workers * _OUT_OF_TURN if not turn else 1):
                if os.path.isfile(other) or not os.path.exists(other):  # a pipe can be read by this process alone
                    pool.give((number, other))
                    given.add(number)
            while turn in given and turn not in found:
                (number, other), outcome = pool.take()
                if isinstance(outcome, EndsItsProcess):
                    outcome = ClassifierError(ErrorKind.DAMAGED, "it ends the process that reads it")
                found[number] = outcome
            yield found.pop(turn) if turn in given else answered(file, task)


def _pool(task: Task, workers: int) -> WorkerPool[tuple[int, Path], Outcome]:
    """Where processes can be forked, they have everything that this one has imported."""
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    return WorkerPool(
        partial(_answered_in_turn, task),
        workers=workers,
        context=context,
        start=partial(load_classifier, task),
    )


def _answered_in_turn(task: Task, numbered: tuple[int, Path]) -> Outcome:
    return answered(numbered[1], task)
