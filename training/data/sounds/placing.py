"""Where recordings go, and how the files of a package become recordings."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from classifier.formats import AUDIO_SUFFIXES
from training.data.sounds.audio import RATE_HZ, Audio, join, read_audio, repeated, stable_number, write_audio
from training.data.sounds.debian import Unpacked
from training.data.sounds.render import Renderer, extract_wad_midi
from training.data.sounds.sources import Kind, Take, holds_sound, is_rendered
from training.errors import TrainingError

Fail = Callable[[str, str], None]

_LONGEST_COPY_BYTES = 12_000_000
"""A larger file is written anew and cut: windows are spread over a recording, and a minute has enough of them."""

_LONGEST_S = 150.0
_LONGEST_JOINED_S = 40.0
_SHORTEST_S = 3.2
_LONGEST_NAME = 60

_MIXTURES = 16
_CROWDS = 6
_BABBLE = 12
"""Voices in a crowd."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recording that is made rather than taken."""

    kind: Kind
    origin: str
    name: str
    make: Callable[[], Audio]


class Shelf:
    """The folders below `out`."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def origin(self, kind: Kind, origin: str) -> Path:
        """The folder of one origin's recordings of a kind."""
        side = self.out / ("electronic" if kind is Kind.ELECTRONIC else "non_edm")
        return side / kind.value / origin

    def clear(self, origin: str) -> None:
        """Forget the recordings of an origin, before they are taken anew."""
        for kind in Kind:
            shutil.rmtree(self.origin(kind, origin), ignore_errors=True)

    def place(self, folder: Path, name: str, make: Callable[[], Audio]) -> None:
        """Make a recording unless it is there. Raises `TrainingError` for one that is too short or cannot be made."""
        if any(folder.glob(f"{_escaped(name)}.*")):
            return
        audio = make()
        if audio.length_s < _SHORTEST_S:
            raise TrainingError(f"only {audio.length_s:.1f} s")
        write_audio(audio, folder / name)

    def keep_licence(self, origin: str, text: str) -> None:
        """Keep what the package says about its licences beside the recordings."""
        folder = self.out / "licences"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{origin}.txt").write_text(text)

    def recordings(self, kind: Kind) -> list[Path]:
        """All recordings of a kind, in the order of their paths."""
        folder = self.origin(kind, "")
        return sorted(path for path in folder.glob("*/*") if path.is_file())

    def counts(self) -> tuple[dict[Kind, int], dict[Kind, int]]:
        """Recordings and origins of each kind that has any."""
        recordings, origins = Counter[Kind](), Counter[Kind]()
        for kind in Kind:
            paths = self.recordings(kind)
            if paths:
                recordings[kind] = len(paths)
                origins[kind] = len({path.parent for path in paths})
        return dict(recordings), dict(origins)

    def mixtures(self) -> Iterator[Recipe]:
        """Speech above music, and crowds: sums of what is there."""
        voices = [
            path for path in self.recordings(Kind.SPEECH) if path.parent.name not in ("speech-over-music", "crowd")
        ]
        tunes = self.recordings(Kind.CLASSICAL) + self.recordings(Kind.ROCK_POP_FOLK)
        if len(voices) < _BABBLE or not tunes:
            return
        for number in range(_MIXTURES):
            voice, tune = _nth(voices, number, _MIXTURES), _nth(tunes, number, _MIXTURES)
            under_db = (6.0, 12.0, 18.0)[number % 3]
            yield Recipe(
                Kind.SPEECH,
                "speech-over-music",
                f"speech-over-music-{number:02}",
                partial(_above, voice, tune, under_db),
            )
        for number in range(_CROWDS):
            some = [voices[(number * 7 + step * 5) % len(voices)] for step in range(_BABBLE)]
            yield Recipe(Kind.NOISE, "crowd", f"crowd-{number}", partial(_crowd, some))


def take_from(package: Unpacked, take: Take, folder: Path, renderer: Renderer, fail: Fail) -> int:
    """Put the recordings of one take into `folder`; returns how many are there. What fails is told to `fail`."""
    files = _matching(package, take)
    groups = _joined_groups(files, take) if take.join_s else [(path,) for path in _spread(files, take.most)]
    count = 0
    for number, group in enumerate(groups):
        name = _name(group[0], package.folder, number if take.join_s else None)
        try:
            _take_group(group, take, folder / name, renderer)
            count += 1
        except TrainingError as error:
            fail(f"{folder.name}/{group[0].name}", str(error))
    return count


def _matching(package: Unpacked, take: Take) -> list[Path]:
    matched = []
    files = list(package.files())
    for wad in [path for path in files if path.suffix.lower() == ".wad"]:
        files += extract_wad_midi(wad, wad.with_name(wad.name + ".midi"))
    for path in files:
        inside = f"/{path.relative_to(package.folder)}"
        if holds_sound(path) and _matches(inside, take.patterns) and not _matches(inside, take.but_not):
            matched.append(path)
    return matched


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns)


def _joined_groups(files: Sequence[Path], take: Take) -> list[tuple[Path, ...]]:
    """Runs of files of one folder, at most `most` of them, spread over the folders and within them."""
    by_folder: dict[Path, list[Path]] = {}
    for path in files:
        by_folder.setdefault(path.parent, []).append(path)
    folders = sorted(by_folder.values(), key=len, reverse=True)[: take.most]
    groups = []
    for position, members in enumerate(folders):
        share = take.most // len(folders) + (position < take.most % len(folders))
        starts = np.linspace(0, len(members), share + 1).astype(int)
        groups += [tuple(members[a:b]) for a, b in pairwise(starts) if b > a]
    return groups


def _spread(files: Sequence[Path], most: int) -> list[Path]:
    """At most `most` of the files, evenly spread."""
    return [_nth(files, number, min(most, len(files))) for number in range(min(most, len(files)))]


def _nth(items: Sequence[Path], number: int, count: int) -> Path:
    return items[number * len(items) // count]


def _take_group(group: tuple[Path, ...], take: Take, stem: Path, renderer: Renderer) -> None:
    first = group[0]
    if take.join_s:
        parts: list[Audio] = []
        for path in group:
            parts.append(read_audio(path, most_s=_LONGEST_JOINED_S))
            if sum(part.length_s for part in parts) >= take.join_s:
                break
        audio = join(parts, seed=stable_number(stem.name))
    elif take.repeat_s:
        audio = repeated(read_audio(first), take.repeat_s)
    elif is_rendered(first):
        audio = renderer.render(first)
    elif first.stat().st_size <= _LONGEST_COPY_BYTES and first.suffix.lower() in AUDIO_SUFFIXES:
        _copy(first, stem)
        return
    else:
        audio = read_audio(first, most_s=_LONGEST_S)
    if audio.length_s < _SHORTEST_S:
        raise TrainingError(f"only {audio.length_s:.1f} s")
    write_audio(audio, stem)


def _copy(path: Path, stem: Path) -> None:
    if read_audio(path, most_s=_SHORTEST_S).length_s < _SHORTEST_S - 0.01:
        raise TrainingError("shorter than a window")
    stem.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, stem.with_name(stem.name + path.suffix.lower()))


def _name(path: Path, folder: Path, number: int | None) -> str:
    """A name that tells where the file was, and is the only one of its kind."""
    inside = path.relative_to(folder).with_suffix("")
    words = "-".join(inside.parts[-2:]).lower()
    plain = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in words)[-_LONGEST_NAME:]
    ending = f"{stable_number(str(inside)) % 10_000:04}" if number is None else f"{number:02}"
    return f"{plain}-{ending}"


def _escaped(name: str) -> str:
    return name.replace("[", "[[]")


def _above(voice: Path, music: Path, under_db: float) -> Audio:
    """The voice with the music `under_db` below it, measured by the RMS of both."""
    speech, tune = read_audio(voice).resampled().samples, read_audio(music, most_s=60.0).resampled().samples
    tune = np.resize(tune, len(speech))
    scale = np.std(speech) / max(float(np.std(tune)), 1e-6) * 10 ** (-under_db / 20)
    return Audio(speech + tune * np.float32(scale))


def _crowd(voices: Sequence[Path]) -> Audio:
    """All voices at once, equally loud, each begun elsewhere."""
    length = 24 * RATE_HZ
    parts = []
    for number, path in enumerate(voices):
        samples = np.resize(read_audio(path).resampled().samples, length)
        parts.append(np.roll(samples, number * 3 * RATE_HZ) / max(float(np.std(samples)), 1e-6))
    return Audio((np.sum(parts, axis=0) / len(parts)).astype(np.float32))
