"""One call of the command line: from the named files to the exit code."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from classifier.batch import Answered, Outcome, Task, outcomes
from classifier.bundle import DEFAULT_BUNDLE
from classifier.cli.arguments import Options, read_arguments
from classifier.cli.library import Playlists, Summary, TagWriter, answered_in, restore_tags
from classifier.cli.writers import Write, csv_writer, json_writer, text_writer
from classifier.errors import ClassifierError
from classifier.folders import audio_files
from classifier.terminal import printable, unicode_name

if TYPE_CHECKING:
    from tqdm import tqdm

_LONGEST_NAME = 255
"""Bytes of a file's name, on most systems."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 1 if a file failed, 2 for a wrong call."""
    options = read_arguments(arguments)
    task = Task(
        bundle=options.bundle or DEFAULT_BUNDLE.with_name(options.model),
        runtime=options.runtime,
        offset_s=options.offset,
        listen_on=options.listen_on,
        whole_track=options.whole_track,
        with_picture=bool(options.spectrogram or options.timeline),
    )
    unread: list[str] = []
    files = list(_files(options.tracks, say=unread.append))
    for line in unread:
        _say(line)
    nothing = not files and not options.restore_tags
    try:
        if options.restore_tags and not restore_tags(options.restore_tags, say=_say):
            return 1
        left = _left(files, options)
        try:
            found = outcomes(left, task, workers=options.workers)
        except ClassifierError as error:
            _complain(task.bundle, error)
            return 1
        with _output(options) as write:
            run = _Run(options, write, skipped=len(files) - len(left))
            run.go(left, found)
    except ClassifierError as error:
        _say(f"{error}. {error.kind.advice}")
        return 1
    return int(bool(run.summary.failed) or run.is_incomplete or bool(unread) or nothing)


def _files(tracks: Iterable[Path], *, say: Callable[[str], object]) -> Iterator[Path]:
    """What was named, and the music in the named folders; `say` gets a line for a folder that has none."""
    for track in tracks:
        if os.path.isdir(track):  # Path.is_dir() raises for a name that is too long
            problems: list[str] = []
            found = list(audio_files(track, say=problems.append))
            if not found and not problems:
                problems.append(f"{track}: no audio files in this folder")
            for problem in problems:
                say(problem)
            yield from found
        else:
            yield Path("/dev/stdin") if track == Path("-") else track


def _left(files: Sequence[Path], options: Options) -> list[Path]:
    """The files that still need an answer."""
    if not options.skip_existing:
        return list(files)
    if options.output:
        answered = answered_in(options.output, is_json=options.json)
        return [file for file in files if unicode_name(file) not in answered]
    from classifier.tags import has_our_tags

    return [file for file in files if not has_our_tags(file)]


@contextlib.contextmanager
def _output(options: Options) -> Iterator[Write]:
    """What writes an answer in the form that was asked for, to where it was."""
    with contextlib.ExitStack() as stack:
        out, goes_on = sys.stdout, False
        if options.output:
            goes_on = options.skip_existing and options.output.exists() and options.output.stat().st_size > 0
            opened = options.output.open("a" if goes_on else "w", encoding="utf-8", errors="backslashreplace")
            out = stack.enter_context(opened)
        if options.csv:
            write = csv_writer(out, segments=options.segments, with_heading=not goes_on)
        else:
            write = json_writer(out) if options.json else text_writer(out, segments=options.segments)

        def written_at_once(file: Path, answer: object) -> None:
            write(file, answer)  # type: ignore[arg-type]
            out.flush()

        yield written_at_once


@dataclass(slots=True, init=False)
class _Run:
    """What is done with every outcome as it comes, and at the end."""

    summary: Summary
    is_incomplete: bool
    """Whether a picture, a tag or a playlist could not be written."""

    _options: Options
    _write: Write
    _tags: TagWriter | None
    _playlists: Playlists | None

    def __init__(self, options: Options, write: Write, *, skipped: int) -> None:
        self.summary = Summary(skipped=skipped)
        self.is_incomplete = False
        self._options = options
        self._write = write
        self._tags = TagWriter(options.backup, dry_run=options.dry_run, say=_say) if options.write_tags else None
        self._playlists = Playlists(options.playlist) if options.playlist else None

    def go(self, files: Sequence[Path], found: Iterable[Outcome]) -> None:
        with _progress(len(files)) as bar:
            for number, (file, outcome) in enumerate(zip(files, found, strict=True), start=1):
                with bar.external_write_mode() if bar else contextlib.nullcontext():
                    if isinstance(outcome, ClassifierError):
                        _complain(file, outcome)
                        self.summary.failed += 1
                    else:
                        self._take(file, outcome, number if len(files) > 1 else None)
                if bar:
                    bar.update()
        if self._playlists:
            with self._complaining(self._playlists.folder, "the playlists"):
                self._playlists.write()
        if len(files) + self.summary.skipped > 1:
            for line in self.summary.lines():
                _say(line)
        if self._tags and not self._options.dry_run:
            kept = f"; what they replaced is in {self._options.backup}" if self._tags.written else ""
            _say(f"Tags written: {self._tags.written}{kept}.")

    def _take(self, file: Path, answered: Answered, number: int | None) -> None:
        self._write(file, answered.answer)
        self.summary.add(answered.answer)
        if answered.picture_png is not None:
            target = _picture_path(self._options, file, number)
            with self._complaining(target, "the picture"):
                target.write_bytes(answered.picture_png)
        if self._playlists:
            self._playlists.add(file, answered.answer)
        if self._tags:
            try:
                self._tags.write(file, answered.answer)
            except ClassifierError as error:
                _complain(file, error)
                self.is_incomplete = True

    @contextlib.contextmanager
    def _complaining(self, target: Path, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            _say(f"{target}: {what} cannot be written: {error.strerror}")
            self.is_incomplete = True


@contextlib.contextmanager
def _progress(files: int) -> Iterator["tqdm[NoReturn] | None"]:
    """A bar on stderr, where that is a terminal and there are several files."""
    if files < 2 or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=files, unit="file", leave=False) as bar:
        yield bar


def _picture_path(options: Options, file: Path, number: int | None) -> Path:
    """Where a picture goes: of several each has a number and its file's name, as much of it as a name may have."""
    target: Path = options.timeline or options.spectrogram
    if number is None:
        return target
    start = os.fsencode(f"{target.stem}-{number}-")
    room = _LONGEST_NAME - len(start) - len(os.fsencode(target.suffix))
    stem = os.fsencode(file.stem)[: max(0, room)].decode("utf-8", "ignore")
    return target.with_name(f"{os.fsdecode(start)}{stem}{target.suffix}")


def _complain(file: Path, error: ClassifierError) -> None:
    _say(f"{file}: {error}. {error.kind.advice}")


def _say(line: str) -> None:
    """A line on stderr, if there is one."""
    with contextlib.suppress(OSError, ValueError):
        print(printable(line), file=sys.stderr, flush=True)
