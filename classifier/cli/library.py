"""What becomes of answers in a collection of music: tags in the files, playlists by genre, a summary at the end."""

import csv
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from classifier.cli.writers import Found
from classifier.errors import ClassifierError, ErrorKind
from classifier.genres import GENRE_BY_SLUG
from classifier.results import NONE, NOT_SURE
from classifier.tags import tags_for, write_tags

Say = Callable[[str], object]

_FORBIDDEN = str.maketrans(dict.fromkeys('/\\:*?"<>|', "-"))


class TagWriter:
    """Writes the answers into the files, and what that replaces into a file of its own first."""

    def __init__(self, backup: Path, *, dry_run: bool, say: Say) -> None:
        self._backup = backup
        self._dry_run = dry_run
        self._say = say
        self.written = 0

    def write(self, file: Path, answer: Found) -> None:
        """Raises `ClassifierError` (tags: the backup's, too; not installed)."""
        wanted = tags_for(answer)
        said = ", ".join(f"{name}: {' / '.join(values)}" for name, values in wanted.items())
        if self._dry_run:
            self._say(f"{file}: would write {said}")
            return
        self.written += write_tags(file, wanted, before=lambda replaced: self._keep(file, replaced, wanted))

    def _keep(self, file: Path, replaced: dict[str, list[str]], written: dict[str, list[str]]) -> None:
        row = {
            "file": os.fsdecode(os.path.abspath(file)),
            "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "replaced": replaced,
            "written": written,
        }
        with self._backup.open("a", encoding="utf-8", errors="surrogateescape") as out:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
            out.flush()
            os.fsync(out.fileno())


def restore_tags(backup: Path, *, say: Say) -> bool:
    """Put the tags of a backup back, the latest first; returns whether all could be. Raises `ClassifierError`."""
    all_well = True
    restored = 0
    for row in reversed(_read_backup(backup)):
        try:
            write_tags(Path(row["file"]), row["replaced"])
            restored += 1
        except ClassifierError as error:
            say(f"{row['file']}: {error}. {error.kind.advice}")
            all_well = False
    say(f"{restored} file{'s' * (restored != 1)} as before.")
    return all_well


def _read_backup(backup: Path) -> list[dict[str, Any]]:
    try:
        lines = backup.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        rows = [json.loads(line) for line in lines]
        if all(isinstance(row["file"], str) and isinstance(row["replaced"], dict) for row in rows):
            return rows
    except OSError as error:
        raise ClassifierError(ErrorKind.UNREADABLE, f"{backup}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ClassifierError(ErrorKind.TAGS, f"{backup}: no backup of tags") from error
    raise ClassifierError(ErrorKind.TAGS, f"{backup}: no backup of tags")


@dataclass(slots=True)
class Playlists:
    """The files by genre, to be written as M3U when all are known."""

    folder: Path
    _files: dict[str, list[Path]] = field(default_factory=dict)

    def add(self, file: Path, answer: Found) -> None:
        self._files.setdefault(_name(answer.pile), []).append(file)

    def write(self) -> None:
        """One UTF-8 playlist for each genre, with paths from its folder. Raises OSError."""
        self.folder.mkdir(exist_ok=True)
        for name, files in self._files.items():
            paths = [os.path.relpath(file.absolute(), self.folder.absolute()) for file in files]
            lines = ["#EXTM3U", f"#PLAYLIST:{name}", *paths]
            target = self.folder / f"{name.translate(_FORBIDDEN)}.m3u8"
            target.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape")


@dataclass(slots=True)
class Summary:
    """Counts what came out of many files."""

    _piles: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    skipped: int = 0

    def add(self, answer: Found) -> None:
        self._piles[answer.pile] += 1

    def lines(self) -> Iterator[str]:
        """What it all came to, in one line or two."""
        count = self._piles.total() + self.failed
        apart = [f"{self._piles[pile]} {words}" for pile, words in _APART.items() if self._piles[pile]]
        apart += [f"{self.failed} without an answer"] if self.failed else []
        apart += [f"{self.skipped} left out"] if self.skipped else []
        sure = Counter({pile: number for pile, number in self._piles.items() if pile not in _APART})
        yield f"{count} files: {', '.join([f'{sure.total()} sure', *apart])}."
        if sure:
            yield ", ".join(f"{_name(pile)} {number}" for pile, number in sure.most_common())


_APART = {NOT_SURE: "not sure", NONE: "like none of the 16 genres"}
_NAMES = {NOT_SURE: "Not sure", NONE: "None of the 16"}


def _name(pile: str) -> str:
    return _NAMES.get(pile) or GENRE_BY_SLUG[pile].name


def answered_in(output: Path, *, is_json: bool) -> frozenset[str]:
    """The files that an output (lines of JSON, else a table) has answers for; none where there is no such file yet.

    A last line that was cut off is taken away. Raises `ClassifierError` (unreadable) for something else.
    """
    if not output.exists():
        return frozenset()
    try:
        content = output.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(output, len(whole))
        lines = whole.decode("utf-8").splitlines()
        if is_json:
            return frozenset(json.loads(line)["file"] for line in lines)
        table = csv.DictReader(lines)
        if lines and "file" not in (table.fieldnames or ()):
            raise KeyError("file")
        return frozenset(row["file"] for row in table)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClassifierError(ErrorKind.UNREADABLE, f"{output} has no such answers to go on with") from error
