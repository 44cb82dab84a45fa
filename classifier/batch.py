"""Many files, one answer each, in their order, by as many processes as the machine has cores."""

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from classifier.decoding import decode_window
from classifier.errors import ClassifierError, ErrorKind
from classifier.model import RuntimeName
from classifier.pipeline import GenreClassifier
from classifier.readers.source import settled
from classifier.results import Classification, TrackClassification

_FILES_PER_WORKER = 2
"""Starting a process for fewer takes longer than it saves."""
_AHEAD = 4
"""Files that are given out for each worker: a slow one does not make the others wait, and few answers wait for it."""


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
    waiting: deque[tuple[Path, Callable[[], Outcome]]] = deque()
    left = iter(files)
    others = set(multiprocessing.active_children())
    pool = _pool(task, workers)
    try:
        while True:
            while len(waiting) < workers * _AHEAD and (file := next(left, None)) is not None:
                waiting.append((file, _given_out(pool, file, task)))
            if not waiting:
                return
            file, outcome = waiting.popleft()
            try:
                yield outcome()
            except BrokenProcessPool:  # by this file, or by one of the others that were given out
                pool.shutdown(wait=False, cancel_futures=True)
                yield _alone(file, task)
                pool = _pool(task, workers)
                waiting = deque((other, _given_out(pool, other, task)) for other, _ in waiting)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        if waiting:  # nobody wants the rest: Python would wait for what is being worked on
            for worker in set(multiprocessing.active_children()) - others:
                worker.kill()


def _given_out(pool: ProcessPoolExecutor, file: Path, task: Task) -> Callable[[], Outcome]:
    """What waits for a file's outcome. A pipe can be read by this process alone."""
    if file.is_file() or not file.exists():
        try:
            return _result_of(pool.submit(answered, file, task))
        except BrokenProcessPool as error:
            return _raising(error)
    return lambda: answered(file, task)


def _result_of(future: "Future[Outcome]") -> Callable[[], Outcome]:
    return future.result


def _raising(error: BrokenProcessPool) -> Callable[[], Outcome]:
    def outcome() -> Outcome:
        raise error

    return outcome


def _alone(file: Path, task: Task) -> Outcome:
    """The outcome of a file in a process of its own, which may end with it."""
    with _pool(task, 1) as pool:
        try:
            return pool.submit(answered, file, task).result()
        except BrokenProcessPool:
            return ClassifierError(ErrorKind.DAMAGED, "it ends the process that reads it")


def _pool(task: Task, workers: int) -> ProcessPoolExecutor:
    """Where processes can be forked, they have everything that this one has imported."""
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    return ProcessPoolExecutor(workers, context, _start, (task,))


def _start(task: Task) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches the whole group: without a word
    load_classifier(task)
