"""Debian packages as sources: downloaded by name with apt's lists, unpacked into a folder, never installed."""

import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from training.data.sounds.sources import holds_sound
from training.errors import TrainingError

_DOWNLOAD_S = 1800
_ARCHIVES = (".pk3", ".pk4", ".zip", ".love")
"""Endings of zip archives that games keep their sounds in."""

_WANTED = (*_ARCHIVES, ".sf2", ".sf3", ".wad")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The files of one package below `folder`, archives inside it unpacked beside themselves."""

    folder: Path
    version: str

    def files(self) -> tuple[Path, ...]:
        """All regular files, in the order of their paths."""
        return tuple(sorted(path for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink()))

    def copyright_text(self) -> str:
        """What `debian/copyright` says, or nothing where the package points to another one's."""
        paths = sorted(self.folder.glob("usr/share/doc/*/copyright"))
        return paths[0].read_text(errors="replace") if paths and paths[0].exists() else ""


@contextmanager
def unpacked(name: str, cache: Path) -> Iterator[Unpacked]:
    """Download the package into `cache` unless it is there, and unpack it until the block ends.

    Raises `TrainingError` where apt does not know the package, or apt is not there.
    """
    package = find_package(name, cache) or _download(name, cache)
    with TemporaryDirectory(prefix="unpacked-", dir=cache) as folder:
        _unpack_sounds(package, Path(folder))
        _unpack_archives(Path(folder))
        yield Unpacked(Path(folder), _run(["dpkg-deb", "-f", str(package), "Version"], timeout_s=60).strip())


def find_package(name: str, cache: Path) -> Path | None:
    """The package's file in `cache`."""
    return next(iter(sorted(cache.glob(f"{name}_*.deb"))), None)


def _download(name: str, cache: Path) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    _run(["apt-get", "download", "-q", name], timeout_s=_DOWNLOAD_S, folder=cache)
    package = find_package(name, cache)
    if package is None:
        raise TrainingError(f"{name}: apt-get left no package")
    return package


def _run(command: list[str], *, timeout_s: float, folder: Path | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed programs, arguments from the tables of this folder
            command, cwd=folder, timeout=timeout_s, capture_output=True, text=True, check=True
        )
    except FileNotFoundError as error:
        raise TrainingError(f"{command[0]} is needed: run this on Debian or Ubuntu") from error
    except subprocess.TimeoutExpired as error:
        raise TrainingError(f"{' '.join(command[:3])}: no end after {timeout_s:g} s") from error
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip().splitlines() or ["failed"])[-1]
        raise TrainingError(f"{' '.join(command[:2])}: {reason}") from error
    return done.stdout


def _unpack_sounds(package: Path, folder: Path) -> None:
    """Only what may hold sounds, and the copyright: the rest of a game would fill the disk."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as process:  # noqa: S603, S607
        try:
            with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
                for member in archive:
                    if member.isfile() and _is_wanted(Path(member.name)):
                        archive.extract(member, folder, filter="data")
        except tarfile.TarError as error:
            raise TrainingError(f"{package.name}: cannot be unpacked: {error}") from error


def _is_wanted(path: Path) -> bool:
    return holds_sound(path) or path.suffix.lower() in _WANTED or path.name == "copyright"


def _unpack_archives(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _ARCHIVES and path.is_file():
            _unpack_zip(path)


def _unpack_zip(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if holds_sound(Path(name)):
                    archive.extract(name, _beside(path))
    except zipfile.BadZipFile:
        return  # another program's format with the same ending


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".unpacked")
