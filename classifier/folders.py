"""The music in a folder: what a person means who names it, without what systems and programs have put there."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from classifier.formats import AUDIO_SUFFIXES

_NO_ALBUMS = frozenset(
    ["__macosx", "@eadir", "@recycle", "#recycle", "$recycle.bin", "system volume information", "lost+found"]
)
"""Folders of archives, network storage and waste, in lower case."""


def audio_files(folder: Path, *, say: Callable[[str], object]) -> Iterator[Path]:
    """The sound files below a folder, by their endings, in the order of their names.

    Hidden files and folders are passed over, and those that are nobody's album (`__MACOSX`, `@eaDir`, …); the named
    folder itself may be hidden. Links to folders are followed, but no folder is looked into twice. `say` gets a line
    for each folder that cannot be read.
    """
    return _below(folder, set(), say)


def album_folders(folder: Path) -> list[Path]:
    """The folders in a folder, without those that `audio_files` passes over."""
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and not _is_passed_over(path.name)]


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or name.lower() in _NO_ALBUMS


def _below(folder: Path, seen: set[tuple[int, int]], say: Callable[[str], object]) -> Iterator[Path]:
    try:
        state = folder.stat()
        names = sorted(os.listdir(folder))
    except OSError as error:
        say(f"{folder}: cannot be read: {error.strerror}")
        return
    if (state.st_dev, state.st_ino) in seen:
        return
    seen.add((state.st_dev, state.st_ino))
    for name in names:
        path = folder / name
        if _is_passed_over(name):
            continue
        if path.is_dir():
            yield from _below(path, seen, say)
        elif path.suffix.lower() in AUDIO_SUFFIXES and path.is_file():
            yield path
