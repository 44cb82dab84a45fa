"""Folders of sounds that are none of the genres, and of electronic music of unknown genre, made from free sources.

`OUT/non_edm/<kind>/<origin>/<file>` and `OUT/electronic/electronic/<origin>/<file>` are what `extract --non-edm` reads:
a folder is a kind, the folder above a file its origin (a package, a synthesiser, a formula). The licences of the
packages lie beside them. No audio is part of the project.

Resumable: what is there is not made again, and each package is forgotten once its sounds are taken.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from training.data.sounds.debian import find_package, unpacked
from training.data.sounds.music import MUSIC
from training.data.sounds.placing import Recipe, Shelf, take_from
from training.data.sounds.recorded import RECORDED
from training.data.sounds.render import SOUNDFONTS, Renderer, missing_programs
from training.data.sounds.signals import SIGNALS
from training.data.sounds.sources import Kind, Package
from training.data.sounds.speech import readings
from training.data.sounds.tunes import GROOVES, TUNES, abc_of, settings_of, song_of
from training.errors import TrainingError

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class OtherSounds:
    """What came of a run: recordings and origins by kind, and why which source was passed over."""

    recordings: dict[Kind, int]
    origins: dict[Kind, int]
    passed_over: tuple[str, ...]


def make_other_sounds(
    out: Path, *, packages: Path | None = None, keep_packages: bool = False, report: Report
) -> OtherSounds:
    """Fill `out` from all sources; packages are downloaded to `packages` (default: `OUT/packages`).

    A package is removed from there once its sounds are taken, unless `keep_packages`. `report` gets a line for each
    source. Raises `TrainingError` only where nothing at all can be made; a source that fails is passed over.
    """
    cache = packages or out / "packages"
    cache.mkdir(parents=True, exist_ok=True)
    work = _Work(Shelf(out), cache, keep_packages, report)
    for program in missing_programs():
        work.fail(program, "is not installed; what needs it is passed over")
    work.renderer = Renderer(work.soundfonts())
    work.take_packages((*MUSIC, *RECORDED))
    work.make(_generated(work.renderer))
    work.make(work.shelf.mixtures())
    recordings, origins = work.shelf.counts()
    if not recordings:
        raise TrainingError(f"{out}: no source could be used; the first: {work.failures[0]}")
    return OtherSounds(recordings, origins, tuple(work.failures))


class _Work:
    """One run: where things go, and what failed."""

    def __init__(self, shelf: Shelf, cache: Path, keep_packages: bool, report: Report) -> None:
        self.shelf = shelf
        self.cache = cache
        self.keep_packages = keep_packages
        self.report = report
        self.failures: list[str] = []
        self.renderer = Renderer(())

    def fail(self, source: str, reason: str) -> None:
        self.failures.append(f"{source}: {reason}")
        self.report(self.failures[-1])

    def soundfonts(self) -> tuple[Path, ...]:
        """The SoundFonts, kept in the cache: many pieces are played with them."""
        found = []
        for name in SOUNDFONTS:
            kept = self.cache / f"{name}.sf"
            try:
                if not kept.exists():
                    with unpacked(name, self.cache) as package:
                        fonts = [path for path in package.files() if path.suffix.lower() in (".sf2", ".sf3")]
                        shutil.copyfile(max(fonts, key=lambda path: path.stat().st_size), kept)
                found.append(kept)
            except (TrainingError, ValueError) as error:
                self.fail(name, str(error))
        return tuple(found)

    def take_packages(self, packages: Iterable[Package]) -> None:
        """All takes of each package at once, so that it is downloaded once."""
        by_name: dict[str, list[Package]] = {}
        for package in packages:
            by_name.setdefault(package.name, []).append(package)
        for name, parts in by_name.items():
            key = hashlib.sha256(json.dumps([asdict(part) for part in parts]).encode()).hexdigest()[:16]
            done = self.shelf.out / "done" / f"{name}-{key}.txt"
            if not done.exists():
                self._take_package(name, parts, done)

    def _take_package(self, name: str, parts: list[Package], done: Path) -> None:
        self.shelf.clear(name)
        try:
            with unpacked(name, self.cache) as package:
                count = 0
                for take in (take for part in parts for take in part.takes):
                    count += take_from(package, take, self.shelf.origin(take.kind, name), self.renderer, self.fail)
                self.shelf.keep_licence(name, package.copyright_text())
        except TrainingError as error:
            self.fail(name, str(error))
            return
        if not count:
            self.fail(name, "has none of the files that are looked for")
        licences = "; ".join(sorted({part.licence for part in parts}))
        done.parent.mkdir(parents=True, exist_ok=True)
        done.write_text(f"{name} {package.version}: {count} recordings; licence: {licences}\n")
        self.report(f"{name} {package.version}: {count} recordings")
        file = find_package(name, self.cache)
        if file and not self.keep_packages:
            file.unlink()

    def make(self, recipes: Iterable[Recipe]) -> None:
        """Everything that comes out of no package."""
        for recipe in recipes:
            folder = self.shelf.origin(recipe.kind, recipe.origin)
            try:
                self.shelf.place(folder, recipe.name, recipe.make)
            except TrainingError as error:
                self.fail(f"{recipe.origin}/{recipe.name}", str(error))


def _generated(renderer: Renderer) -> Iterable[Recipe]:
    """Noise, tones, synthetic speech, old tunes and bands' styles."""
    for signal in SIGNALS:
        for variant in range(signal.variants):
            yield Recipe(
                signal.kind,
                f"generated-{signal.name}",
                f"{signal.name}-{variant}",
                partial(signal.audio, variant),
            )
    for reading in readings():
        yield Recipe(Kind.SPEECH, reading.origin, reading.name, reading.audio)
    for position, tune in enumerate(TUNES):
        for setting in settings_of(position):
            name = f"{tune.name}-{setting.name}"
            yield Recipe(tune.kind, "old-tunes", name, partial(renderer.render_abc, name, abc_of(tune, setting)))
    for position, (groove, _) in enumerate(GROOVES):
        yield Recipe(
            Kind.ROCK_POP_FOLK,
            "mma",
            groove.lower(),
            partial(renderer.render_groove, groove.lower(), song_of(position)),
        )
