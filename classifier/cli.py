"""The command line of the classifier: tracks or folders in, a line (or JSON, or a picture) for each out."""

import argparse
import contextlib
import csv
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from classifier.batch import Outcome, Task, outcomes
from classifier.bundle import DEFAULT_BUNDLE, REFERENCE_BUNDLE
from classifier.decoding import DEFAULT_OFFSET_S
from classifier.errors import ClassifierError
from classifier.folders import audio_files
from classifier.model import RuntimeName
from classifier.results import Classification, Note, Segment, TrackClassification, clock
from classifier.terminal import printable, unicode_name
from classifier.times import read_time
from classifier.versions import version_text

if TYPE_CHECKING:
    from tqdm import tqdm

_SHIPPED = (DEFAULT_BUNDLE, REFERENCE_BUNDLE)
_LONGEST_NAME = 255
"""Bytes of a file's name, on most systems."""
_SAID_BY_THE_VERDICT = {Note.NOT_SURE, Note.UNFAMILIAR}
_CSV_COLUMNS = ("file", "start_s", "end_s", "slug", "confidence", "certain", "familiar", "tempo_bpm", "heard")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 1 if a file failed, 2 for a wrong call."""
    parser = _parser()
    options = parser.parse_args(arguments)
    for option, target in (("--spectrogram", options.spectrogram), ("--timeline", options.timeline)):
        if target and not target.absolute().parent.is_dir():
            parser.error(f"{option}: there is no folder {target.parent}")
    if options.whole_track and options.spectrogram:
        parser.error("--spectrogram shows one window; a whole track has --timeline")
    if options.timeline and not options.whole_track:
        parser.error("--timeline needs --whole-track")
    if not options.tracks and not options.warm_up:
        parser.error("name at least one track or folder")
    task = Task(
        bundle=options.bundle or DEFAULT_BUNDLE.with_name(options.model),
        runtime=options.runtime,
        offset_s=options.offset,
        listen_on=options.listen_on,
        whole_track=options.whole_track,
        with_picture=bool(options.spectrogram or options.timeline),
    )
    if options.warm_up:
        from classifier.warmup import warm_up

        _say("Compiling what is computed often: the first time half a minute.")
        warm_up()
    unread: list[str] = []
    files = list(_files(options.tracks, say=unread.append))
    for line in unread:
        _say(line)
    try:
        found = outcomes(files, task, workers=options.workers)
    except ClassifierError as error:
        _complain(task.bundle, error)
        return 1
    failed = _tell(files, found, options)
    return int(failed or bool(unread) or (not files and not options.warm_up))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m classifier", description="Name the EDM genre of music files.")
    parser.add_argument("--version", action="version", version=version_text())
    parser.add_argument("tracks", nargs="*", type=Path, metavar="TRACK", help="an audio file or a folder of them")
    parser.add_argument(
        "--offset",
        type=_seconds,
        default=DEFAULT_OFFSET_S,
        metavar="S",
        help="analyse the 3 seconds after this second (default: %(default)g)",
    )
    parser.add_argument(
        "--whole-track", action="store_true", help="analyse windows spread over the whole track, and its segments"
    )
    parser.add_argument(
        "--no-listen-on",
        dest="listen_on",
        action="store_false",
        help="answer from those 3 seconds alone, even where they are not enough to be certain",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="one line of JSON for each file, nothing else on stdout")
    output.add_argument("--csv", action="store_true", help="a table on stdout: a row for each window or segment")
    parser.add_argument(
        "--spectrogram",
        type=Path,
        metavar="OUT.png",
        help="write a picture of the window; for several files the name of each is appended",
    )
    parser.add_argument(
        "--timeline", type=Path, metavar="OUT.png", help="with --whole-track: write a picture of the track"
    )
    model = parser.add_mutually_exclusive_group()
    model.add_argument(
        "--model",
        choices=[bundle.name for bundle in _SHIPPED],
        default=DEFAULT_BUNDLE.name,
        help="which of the shipped models answers (default: %(default)s)",
    )
    model.add_argument("--bundle", type=Path, metavar="FOLDER", help="another model bundle instead")
    parser.add_argument(
        "--runtime",
        type=RuntimeName,
        choices=list(RuntimeName),
        default=RuntimeName.LITERT,
        help="what runs the network (default: %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=_count,
        default=len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1,
        metavar="N",
        help="how many files are worked on at a time (default: as many as there are cores)",
    )
    parser.add_argument(
        "--warm-up", action="store_true", help="compile and cache what the first use would wait half a minute for"
    )
    return parser


def _seconds(text: str) -> float:
    try:
        return read_time(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text:.40} is no time: 30, 12.5 or 1:30") from error


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:5]) < 1000:
        raise argparse.ArgumentTypeError(f"{text:.40} is no number from 1 to 999")
    return int(text)


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


def _tell(files: Sequence[Path], found: Iterable[Outcome], options: argparse.Namespace) -> bool:
    """Write every outcome as it comes; returns whether one was an error."""
    failed = False
    write = _writer(options)
    with _progress(len(files)) as bar:
        for number, (file, outcome) in enumerate(zip(files, found, strict=True), start=1):
            with bar.external_write_mode() if bar else contextlib.nullcontext():
                if isinstance(outcome, ClassifierError):
                    _complain(file, outcome)
                    failed = True
                else:
                    write(file, outcome.answer)
                    sys.stdout.flush()
                    if outcome.picture_png is not None:
                        target = _picture_path(options, file, number if len(files) > 1 else None)
                        failed |= not _write_picture(target, outcome.picture_png)
            if bar:
                bar.update()
    return failed


def _writer(options: argparse.Namespace) -> Callable[[Path, Classification | TrackClassification], object]:
    """What writes an answer to stdout in the form that was asked for."""
    if not options.csv:
        form = _json if options.json else sentence
        return lambda file, answer: print(form(file, answer))
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(_CSV_COLUMNS)
    return lambda file, answer: rows.writerows(_rows(file, answer))


@contextlib.contextmanager
def _progress(files: int) -> Iterator["tqdm[NoReturn] | None"]:
    """A bar on stderr, where that is a terminal and there are several files."""
    if files < 2 or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=files, unit="file", leave=False) as bar:
        yield bar


def _json(file: Path, answer: Classification | TrackClassification) -> str:
    """One line of JSON, which is ASCII where the terminal has no more."""
    line = answer.to_json(file=unicode_name(file))
    try:
        line.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return json.dumps(json.loads(line))
    return line


def _rows(file: Path, answer: Classification | TrackClassification) -> Iterator[tuple[str, ...]]:
    """A row for the asked window with the answer, or for each segment of a track.

    The last four columns say the same in all of a file's rows; the last one how many windows its answer rests on.
    """
    if isinstance(answer, TrackClassification):
        segments, tempo_bpm, heard = answer.segments, answer.tempo_bpm, len(answer.parts)
    else:
        segments, tempo_bpm = (Segment(answer.window, answer.genre, answer.confidence),), None
        heard = len(answer.heard)
    tempo = f"{tempo_bpm:.1f}" if tempo_bpm else ""
    name = unicode_name(file)
    about = (str(answer.certain).lower(), str(answer.familiar).lower(), tempo, str(heard))
    for segment in segments:
        start_s, end_s = segment.window.start_s, segment.window.end_s
        yield (
            name, f"{start_s:.3f}", f"{end_s:.3f}", segment.genre.slug, f"{segment.confidence:.6f}", *about,
        )  # fmt: skip


def _write_picture(target: Path, picture: bytes) -> bool:
    try:
        target.write_bytes(picture)
    except OSError as error:
        _say(f"{target}: the picture cannot be written: {error.strerror}")
        return False
    return True


def _picture_path(options: argparse.Namespace, file: Path, number: int | None) -> Path:
    """Where a picture goes: of several each has a number and its file's name, as much of it as a name may have."""
    target: Path = options.timeline or options.spectrogram
    if number is None:
        return target
    start = os.fsencode(f"{target.stem}-{number}-")
    room = _LONGEST_NAME - len(start) - len(os.fsencode(target.suffix))
    stem = os.fsencode(file.stem)[: max(0, room)].decode("utf-8", "ignore")
    return target.with_name(f"{os.fsdecode(start)}{stem}{target.suffix}")


def sentence(file: Path, answer: Classification | TrackClassification) -> str:
    """An answer in words: its verdict on a line, and below it what else is to be known.

    That is the segments of a track, or of a window what it says alone, where it was not enough, and its notes.
    """
    if isinstance(answer, TrackClassification):
        tempo = "" if answer.tempo_bpm is None else f", about {answer.tempo_bpm:.0f} BPM"
        windows = len(answer.parts)
        about = f"{windows} window{'s' * (windows > 1)}{tempo}"
        asides = tuple(map(_line, answer.segments)) if answer.familiar else ()
    else:
        about, alone = _heard(answer)
        asides = (*alone, *(note.sentence for note in answer.notes if note not in _SAID_BY_THE_VERDICT))
    return "\n    ".join((f"{printable(file)}: {_verdict(answer)}; {about})", *asides))


def _heard(clip: Classification) -> tuple[str, tuple[str, ...]]:
    """What an answer rests on, and what the asked window says alone where that is more."""
    window = f"{clip.window.start_s:.1f}–{clip.window.end_s:.1f} s"
    if clip.alone is None:
        return window, ()
    first, second = (score.genre.label for score in clip.alone.scores[:2])
    verdict = f"not sure, {first} or {second}" if clip.alone.familiar else "like none of the 16 genres"
    more = len(clip.heard) - 1
    return f"{window} and {more} more window{'s' * (more > 1)}", (f"{window} alone: {verdict}",)


def _verdict(answer: Classification | TrackClassification) -> str:
    """The genre, the two it may be, or that it is none; then a bracket with the next candidates, left open."""
    first, second, third, fourth = (f"{score.genre.label} {score.confidence:.0%}" for score in answer.scores[:4])
    over = "over the track: " if isinstance(answer, Classification) and answer.alone else ""
    if not answer.familiar:
        closest = " and ".join(score.genre.label for score in answer.scores[:2])
        return f"{over}like none of the 16 genres (closest: {closest}"
    if not answer.certain:
        return f"{over}not sure, perhaps {first} or {second} (then {third}, {fourth}"
    return f"{over}{first} (then {second}, {third}"


def _line(segment: Segment) -> str:
    start, end = clock(segment.window.start_s), clock(segment.window.end_s)
    return f"{start}–{end}  {segment.genre.label} {segment.confidence:.0%}"


def _complain(file: Path, error: ClassifierError) -> None:
    _say(f"{file}: {error}. {error.kind.advice}")


def _say(line: str) -> None:
    """A line on stderr, if there is one."""
    with contextlib.suppress(OSError, ValueError):
        print(printable(line), file=sys.stderr, flush=True)
