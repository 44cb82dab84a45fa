"""What the command line takes, and which of it goes together."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from classifier.bundle import DEFAULT_BUNDLE, REFERENCE_BUNDLE
from classifier.decoding import DEFAULT_OFFSET_S
from classifier.model import RuntimeName
from classifier.times import read_time
from classifier.versions import version_text

_SHIPPED = (DEFAULT_BUNDLE, REFERENCE_BUNDLE)


Options = argparse.Namespace


def read_arguments(arguments: Sequence[str] | None) -> Options:
    """The options of a call; what does not go together ends the program with a line and exit code 2."""
    parser = argparse.ArgumentParser(prog="python -m classifier", description="Name the EDM genre of music files.")
    parser.add_argument("--version", action="version", version=version_text())
    parser.add_argument("tracks", nargs="*", type=Path, metavar="TRACK", help="an audio file or a folder of them")
    _add_listening(parser.add_argument_group("what is listened to"))
    _add_output(parser)
    _add_library(parser.add_argument_group("for a collection of music"))
    _add_model(parser.add_argument_group("how it is computed"))
    options = parser.parse_args(arguments)
    for name, argument in (("--spectrogram", "spectrogram"), ("--timeline", "timeline"), ("--output", "output")):
        target = getattr(options, argument)
        if target and not target.absolute().parent.is_dir():
            parser.error(f"{name}: there is no folder {target.parent}")
    for is_one, complaint in _mismatches(options):
        if is_one:
            parser.error(complaint)
    return options


def _mismatches(given: Options) -> Iterator[tuple[object, str]]:
    """What does not go together, and whether it was given."""
    yield given.whole_track and given.spectrogram, "--spectrogram shows one window; a whole track has --timeline"
    yield given.timeline and not given.whole_track, "--timeline needs --whole-track"
    yield given.segments and not given.whole_track, "--segments needs --whole-track"
    yield given.dry_run and not given.write_tags, "--dry-run needs --write-tags"
    yield given.restore_tags and given.write_tags, "--restore-tags undoes --write-tags: one or the other"
    yield (
        given.skip_existing and not (given.output or given.write_tags),
        "--skip-existing needs --output or --write-tags: where would the answers be that exist?",
    )
    yield (
        given.skip_existing and given.output and not (given.json or given.csv),
        "--skip-existing reads --output again: with --json or --csv",
    )
    yield not (given.tracks or given.restore_tags), "name at least one track or folder"


def _add_listening(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--offset",
        type=_seconds,
        default=DEFAULT_OFFSET_S,
        metavar="S",
        help="analyse the 3 seconds after this second (default: %(default)g)",
    )
    group.add_argument(
        "--whole-track", action="store_true", help="analyse windows spread over the whole track, and its segments"
    )
    group.add_argument(
        "--no-listen-on",
        dest="listen_on",
        action="store_false",
        help="answer from those 3 seconds alone, even where they are not enough to be certain; without a key",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what comes out")
    form = group.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one line of JSON for each file, nothing else")
    form.add_argument("--csv", action="store_true", help="a table with a row for each file")
    group.add_argument(
        "--segments", action="store_true", help="with --whole-track: what it sounds like from when to when, too"
    )
    group.add_argument("--output", type=Path, metavar="FILE", help="write the answers there instead of to stdout")
    group.add_argument(
        "--spectrogram",
        type=Path,
        metavar="OUT.png",
        help="write a picture of the window; for several files the name of each is appended",
    )
    group.add_argument(
        "--timeline", type=Path, metavar="OUT.png", help="with --whole-track: write a picture of the track"
    )


def _add_library(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--write-tags",
        action="store_true",
        help="write genre, tempo, key and a comment into the files' tags, where they are sure (needs the extra tags)",
    )
    group.add_argument("--dry-run", action="store_true", help="with --write-tags: only say what would be written")
    group.add_argument(
        "--backup",
        type=Path,
        default=Path("replaced-tags.jsonl"),
        metavar="FILE",
        help="where the tags that are replaced are kept (default: %(default)s)",
    )
    group.add_argument("--restore-tags", type=Path, metavar="FILE", help="put the tags of such a file back")
    group.add_argument("--playlist", type=Path, metavar="FOLDER", help="write an M3U playlist for each genre there")
    group.add_argument(
        "--skip-existing",
        action="store_true",
        help="leave out the files that --output has an answer for already, or that have our tags",
    )


def _add_model(group: argparse._ArgumentGroup) -> None:
    model = group.add_mutually_exclusive_group()
    model.add_argument(
        "--model",
        choices=[bundle.name for bundle in _SHIPPED],
        default=DEFAULT_BUNDLE.name,
        help="which of the shipped models answers (default: %(default)s)",
    )
    model.add_argument("--bundle", type=Path, metavar="FOLDER", help="another model bundle instead")
    group.add_argument(
        "--runtime",
        type=RuntimeName,
        choices=list(RuntimeName),
        default=RuntimeName.LITERT,
        help="what runs the network (default: %(default)s; keras needs the extra training)",
    )
    group.add_argument(
        "--workers",
        type=_count,
        default=len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1,
        metavar="N",
        help="how many files are worked on at a time (default: as many as there are cores)",
    )


def _seconds(text: str) -> float:
    try:
        return read_time(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text:.40} is no time: 30, 12.5 or 1:30") from error


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:5]) < 1000:
        raise argparse.ArgumentTypeError(f"{text:.40} is no number from 1 to 999")
    return int(text)
