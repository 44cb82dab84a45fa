"""The command line of the classifier: tracks or folders in, a line (or JSON, or a picture) for each out."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from classifier.bundle import DEFAULT_BUNDLE
from classifier.decoding import AudioWindow, decode_window
from classifier.errors import ClassifierError
from classifier.formats import AUDIO_SUFFIXES
from classifier.model import RuntimeName
from classifier.pipeline import GenreClassifier
from classifier.results import Classification, Note
from classifier.warmup import warm_up

DEFAULT_OFFSET_S = 30.0
"""Most tracks have left their intro by then."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 1 if a file failed, 2 for a wrong call."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.spectrogram and not options.spectrogram.absolute().parent.is_dir():
        parser.error(f"--spectrogram: there is no folder {options.spectrogram.parent}")
    if not options.tracks and not options.warm_up:
        parser.error("name at least one track or folder")
    try:
        classifier = GenreClassifier(options.bundle, runtime=options.runtime)
    except ClassifierError as error:
        _complain(options.bundle, error)
        return 1
    if options.warm_up:
        warm_up()
    files = list(_files(options.tracks))
    failed = _run(files, classifier, options)
    return int(failed or (not files and not options.warm_up))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m classifier", description="Name the EDM genre of music files.")
    parser.add_argument("tracks", nargs="*", type=Path, metavar="TRACK", help="an audio file or a folder of them")
    parser.add_argument(
        "--offset",
        type=_seconds,
        default=DEFAULT_OFFSET_S,
        metavar="S",
        help="analyse the 3 seconds after this second (default: %(default)g)",
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON for each file, nothing else on stdout")
    parser.add_argument(
        "--spectrogram",
        type=Path,
        metavar="OUT.png",
        help="write a picture of the window; for several files the name of each is appended",
    )
    parser.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE, help="folder of another model bundle")
    parser.add_argument(
        "--runtime",
        type=RuntimeName,
        choices=list(RuntimeName),
        default=RuntimeName.LITERT,
        help="what runs the network (default: %(default)s)",
    )
    parser.add_argument(
        "--warm-up", action="store_true", help="compile and cache what the first use would wait half a minute for"
    )
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds from 0 on")
    return value


def _files(tracks: Iterable[Path]) -> Iterator[Path]:
    for track in tracks:
        if track.is_dir():
            found = sorted(p for p in track.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES and p.is_file())
            if not found:
                print(f"{track}: no audio files in this folder", file=sys.stderr)
            yield from found
        else:
            yield track


def _run(files: list[Path], classifier: GenreClassifier, options: argparse.Namespace) -> bool:
    failed = False
    for number, file in enumerate(files, start=1):
        try:
            audio = decode_window(file, offset_s=options.offset)
            answer = classifier.classify_window(audio)
        except ClassifierError as error:
            _complain(file, error)
            failed = True
            continue
        print(answer.to_json(file=str(file)) if options.json else _sentence(file, answer), flush=True)
        if options.spectrogram:
            target = _picture_path(options.spectrogram, file, number if len(files) > 1 else None)
            failed |= not _write_picture(target, audio, answer)
    return failed


def _write_picture(target: Path, audio: AudioWindow, answer: Classification) -> bool:
    from classifier.spectrogram import render_spectrogram

    try:
        target.write_bytes(render_spectrogram(audio.samples, window=audio.window, title=answer.title))
    except OSError as error:
        print(f"{target}: the picture cannot be written: {error.strerror}", file=sys.stderr)
        return False
    return True


def _picture_path(target: Path, file: Path, number: int | None) -> Path:
    return target if number is None else target.with_name(f"{target.stem}-{number}-{file.stem}{target.suffix}")


def _sentence(file: Path, answer: Classification) -> str:
    first, *others = (f"{score.genre.name} {score.confidence:.0%}" for score in answer.scores[:3])
    doubt = "" if answer.certain else "not sure, perhaps "
    window = f"{answer.window.start_s:.1f}–{answer.window.end_s:.1f} s"
    asides = "".join(f"\n    {note.sentence}" for note in answer.notes if note is not Note.NOT_SURE)
    return f"{file}: {doubt}{answer.genre.emoji} {first} (then {', '.join(others)}; {window}){asides}"


def _complain(file: Path, error: ClassifierError) -> None:
    print(f"{file}: {error}. {error.kind.advice}", file=sys.stderr)
