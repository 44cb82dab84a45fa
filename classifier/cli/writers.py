"""What writes answers: words, lines of JSON or a table, to a stream that is a terminal, a pipe or a file."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from classifier.cli.wording import sentence
from classifier.results import Classification, TrackClassification
from classifier.terminal import unicode_name

Found = Classification | TrackClassification
Write = Callable[[Path, Found], object]

_ANSWER = (
    "file", "genre", "confidence", "certain", "familiar", "second", "second_confidence", "tempo_bpm",
    "tempo_confidence", "key", "camelot", "key_confidence", "start_s", "end_s", "heard",
)  # fmt: skip
_SEGMENT = ("file", "genre", "confidence", "certain", "familiar", "start_s", "end_s", "segment", "segment_confidence")


def text_writer(out: TextIO, *, segments: bool) -> Write:
    return lambda file, answer: print(sentence(file, answer, segments=segments), file=out)


def json_writer(out: TextIO) -> Write:
    return lambda file, answer: print(_json(file, answer, out.encoding), file=out)


def csv_writer(out: TextIO, *, segments: bool, with_heading: bool = True) -> Write:
    """A row for each answer; or for each segment, beside the answer."""
    rows = csv.writer(out, lineterminator="\n")
    if with_heading:
        rows.writerow(_SEGMENT if segments else _ANSWER)
    if segments:
        return lambda file, answer: rows.writerows(_segments(file, answer))
    return lambda file, answer: rows.writerow(_row(file, answer))


def _json(file: Path, answer: Found, encoding: str) -> str:
    """One line of JSON, which is ASCII where the terminal has no more."""
    line = answer.to_json(file=unicode_name(file))
    try:
        line.encode(encoding)
    except UnicodeEncodeError:
        return json.dumps(json.loads(line))
    return line


def _genre(file: Path, answer: Found) -> tuple[str, ...]:
    yes_or_no = (str(answer.certain).lower(), str(answer.familiar).lower())
    return (unicode_name(file), answer.genre.slug, f"{answer.confidence:.6f}", *yes_or_no)


def _row(file: Path, answer: Found) -> tuple[str, ...]:
    """The answer; `start_s` and `end_s` are what was asked for, `heard` how many windows the answer rests on."""
    if isinstance(answer, TrackClassification):
        start_s, end_s = answer.parts[0].window.start_s, answer.parts[-1].window.end_s
        heard = len(answer.parts)
    else:
        start_s, end_s, heard = answer.window.start_s, answer.window.end_s, len(answer.heard)
    second = answer.scores[1]
    tempo, key = answer.tempo, answer.key
    return (
        *_genre(file, answer),
        second.genre.slug,
        f"{second.confidence:.6f}",
        *((f"{tempo.bpm:.1f}", f"{tempo.confidence:.3f}") if tempo else ("", "")),
        *((key.key.name, key.key.camelot, f"{key.confidence:.3f}") if key else ("", "", "")),
        f"{start_s:.3f}",
        f"{end_s:.3f}",
        str(heard),
    )


def _segments(file: Path, answer: Found) -> Iterator[tuple[str, ...]]:
    for segment in answer.segments if isinstance(answer, TrackClassification) else ():
        window = segment.window
        times = (f"{window.start_s:.3f}", f"{window.end_s:.3f}")
        yield (*_genre(file, answer), *times, segment.genre.slug, f"{segment.confidence:.6f}")
