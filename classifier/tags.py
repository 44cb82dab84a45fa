"""What a DJ's program reads of a file: genre, tempo, key and a comment, written into its tags.

The files are written anew beside themselves, checked to have the very same audio, and put in place in one step. Only
these four tags are touched; of comments only our own, and people's stay. mutagen writes them: it is under the GPL, so
it is an extra that this project can do without.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import av

from classifier.errors import ClassifierError, ErrorKind
from classifier.results import Classification, TrackClassification
from classifier.versions import install_command

GENRE, TEMPO, KEY, COMMENT = FIELDS = ("genre", "tempo", "key", "comment")
Values = dict[str, list[str]]
"""What each of `FIELDS` has; an empty list where there is none."""

_OURS = "EDM genre:"
"""How our comments begin."""


def tags_for(answer: Classification | TrackClassification) -> Values:
    """What is worth writing of an answer: genre, tempo and key only where they are sure, and a comment with all."""
    first, second = answer.scores[:2]
    heard = f"{first.genre.name} {first.confidence:.0%}"
    if not answer.familiar:
        heard = "none of the 16"
    elif not answer.certain:
        heard = f"not sure, {heard} or {second.genre.name} {second.confidence:.0%}"
    said = [f"{_OURS} {heard}"]
    values: Values = {GENRE: [first.genre.name]} if answer.certain else {}
    if answer.tempo is not None and answer.tempo.is_sure:
        values[TEMPO] = [f"{answer.tempo.bpm:.0f}"]
        said.append(f"{answer.tempo.bpm:.1f} BPM {answer.tempo.confidence:.0%}")
    if answer.key is not None:
        values[KEY] = [answer.key.key.short]
        said.append(f"{answer.key.key.camelot} {answer.key.confidence:.0%}")
    return {**values, COMMENT: [f"{', '.join(said)} ({answer.model_version})"]}


def has_our_tags(path: Path) -> bool:
    """Whether a file was tagged by us already; False for one that has no tags, or cannot have any."""
    try:
        return any(_is_ours(comment) for comment in read_tags(path)[COMMENT])
    except ClassifierError as error:
        if error.kind is ErrorKind.NOT_INSTALLED:
            raise
        return False


def read_tags(path: Path) -> Values:
    """What the four tags of a file have now. Raises `ClassifierError` (tags, not installed)."""
    with _complaining(path):
        return _Tagged(path).values()


def write_tags(path: Path, values: Values, *, before: Callable[[Values], object] = lambda _: None) -> bool:
    """Give a file these tags, those of `FIELDS` that are named; an empty list removes one.

    `before` hears what they replace while the file is still as it was: to be written again with this function.
    Comments that are not ours stay beside ours. Returns whether anything changed. Raises `ClassifierError` (tags, not
    installed), and then the file is as it was.
    """
    path = path.resolve()  # a link stays one
    with _complaining(path):
        replaced = {field: old for field, old in read_tags(path).items() if field in values}
        if replaced == values:
            return False
        handle, name = tempfile.mkstemp(prefix=".tags-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        copy = Path(name)
        try:
            shutil.copy2(path, copy)
            tagged = _Tagged(copy)
            for field, wanted in values.items():
                tagged.set(field, wanted)
            tagged.save()
            if _audio_digest(copy) != _audio_digest(path):
                raise ClassifierError(ErrorKind.TAGS, "its audio would not stay the same")
            before(replaced)
            os.replace(copy, path)
        finally:
            copy.unlink(missing_ok=True)
        return True


def _is_ours(comment: str) -> bool:
    return comment.startswith(_OURS)


class _Tagged:
    """A file's tags, whatever their format, as lists of words."""

    def __init__(self, path: Path) -> None:
        import mutagen

        self._file: Any = mutagen.File(path)
        if self._file is None:
            raise ClassifierError(ErrorKind.TAGS, "this kind of file has none")
        if self._file.tags is None:
            self._file.add_tags()
        self._format = _format_of(self._file.tags)

    def values(self) -> Values:
        return {field: self._format.read(self._file.tags, field) for field in FIELDS}

    def set(self, field: str, wanted: list[str]) -> None:
        if field == COMMENT and not self._format.keeps_comments_apart:
            theirs = [comment for comment in self._format.read(self._file.tags, field) if not _is_ours(comment)]
            wanted = [*theirs, *(comment for comment in wanted if comment not in theirs)]
        self._format.write(self._file.tags, field, wanted)

    def save(self) -> None:
        from mutagen.id3 import ID3

        tags = self._file.tags
        if isinstance(tags, ID3) and tags.version[1] == 3:  # as it was: older programs read no newer one
            self._file.save(v2_version=3)
        else:
            self._file.save()


@dataclass(frozen=True, slots=True)
class _Format:
    """How one format of tags keeps the fields. `keeps_comments_apart`: ours has a place of its own."""

    read: Callable[[Any, str], list[str]]
    write: Callable[[Any, str, list[str]], None]
    keeps_comments_apart: bool = False


def _format_of(tags: Any) -> _Format:
    from mutagen.apev2 import APEv2
    from mutagen.asf import ASFTags
    from mutagen.id3 import ID3
    from mutagen.mp4 import MP4Tags

    if isinstance(tags, ID3):
        return _Format(_read_id3, _write_id3, keeps_comments_apart=True)
    if isinstance(tags, MP4Tags):
        return _Format(_read_mp4, _write_mp4)
    if isinstance(tags, ASFTags):
        return _lists(("WM/Genre", "WM/BeatsPerMinute", "WM/InitialKey", "Description"))
    if isinstance(tags, APEv2):
        return _lists(("Genre", "BPM", "Initial key", "Comment"))
    return _lists(("genre", "bpm", "initialkey", "comment"))  # Vorbis comments


def _lists(names: tuple[str, str, str, str]) -> _Format:
    name_of = dict(zip(FIELDS, names, strict=True))
    return _Format(partial(_read_list, name_of), partial(_write_list, name_of))


def _read_list(name_of: dict[str, str], tags: Any, field: str) -> list[str]:
    return [str(value) for value in tags.get(name_of[field], [])]


def _write_list(name_of: dict[str, str], tags: Any, field: str, wanted: list[str]) -> None:
    if wanted:
        tags[name_of[field]] = wanted
    elif name_of[field] in tags:
        del tags[name_of[field]]


_ID3_NAMES = {GENRE: "TCON", TEMPO: "TBPM", KEY: "TKEY"}
_ID3_COMMENT = "edm-genre-bot"


def _read_id3(tags: Any, field: str) -> list[str]:
    if field == COMMENT:
        return [text for frame in tags.getall("COMM") if frame.desc == _ID3_COMMENT for text in frame.text]
    return [str(text) for frame in tags.getall(_ID3_NAMES[field]) for text in frame.text]


def _write_id3(tags: Any, field: str, wanted: list[str]) -> None:
    from mutagen import id3

    if field == COMMENT:
        tags.delall(f"COMM:{_ID3_COMMENT}")
        if wanted:
            tags.add(id3.COMM(encoding=3, lang="eng", desc=_ID3_COMMENT, text=wanted))
        return
    name = _ID3_NAMES[field]
    tags.delall(name)
    if wanted:
        tags.add(getattr(id3, name)(encoding=3, text=wanted))


_MP4_NAMES = {GENRE: "\xa9gen", TEMPO: "tmpo", KEY: "----:com.apple.iTunes:initialkey", COMMENT: "\xa9cmt"}


def _read_mp4(tags: Any, field: str) -> list[str]:
    values = tags.get(_MP4_NAMES[field], [])
    return [bytes(value).decode("utf-8", "replace") if field == KEY else str(value) for value in values]


def _write_mp4(tags: Any, field: str, wanted: list[str]) -> None:
    from mutagen.mp4 import MP4FreeForm

    name = _MP4_NAMES[field]
    if not wanted:
        tags.pop(name, None)
    elif field == TEMPO:
        tags[name] = [round(float(value)) for value in wanted]
    elif field == KEY:
        tags[name] = [MP4FreeForm(value.encode()) for value in wanted]
    else:
        tags[name] = wanted


def _audio_digest(path: Path) -> bytes:
    """Of the sound alone, as it is packed: nothing is decoded."""
    digest = hashlib.sha256()
    with av.open(str(path), metadata_errors="ignore") as container:
        for packet in container.demux(container.streams.audio[0]):
            digest.update(bytes(packet))
    return digest.digest()


@contextlib.contextmanager
def _complaining(path: Path) -> Iterator[None]:
    """Whatever goes wrong with tags as the one error of this package."""
    try:
        import mutagen  # noqa: F401
    except ImportError as error:
        hint = f"mutagen: {install_command('tags')}"
        raise ClassifierError(ErrorKind.NOT_INSTALLED, hint) from error
    try:
        yield
    except ClassifierError:
        raise
    except Exception as error:  # damaged tags raise whatever they come upon
        raise ClassifierError(ErrorKind.TAGS, _reason(error, path)) from error


def _reason(error: Exception, path: Path) -> str:
    """The system's own words, and which file they are about, where that is another one."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error) or type(error).__name__
    is_other = error.filename is not None and Path(os.fsdecode(error.filename)) != path
    return f"{os.fsdecode(error.filename)}: {error.strerror}" if is_other else error.strerror
