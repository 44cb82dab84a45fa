"""Music that is kept as notes, made audible: MIDI files and lumps, tracker modules, LMMS projects, ABC tunes, grooves.

Each needs a program of Debian (named in `PROGRAMS`); what needs a missing one is reported and passed over.
"""

import gzip
import os
import shutil
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from classifier.decoding import SAMPLE_RATE_HZ
from training.data.sounds.audio import Audio, read_audio, stable_number
from training.data.sounds.sources import LMMS_SUFFIXES, MIDI_SUFFIXES, TRACKER_SUFFIXES
from training.errors import TrainingError

PROGRAMS = {
    "fluidsynth": "fluidsynth",
    "openmpt123": "openmpt123",
    "lmms": "lmms",
    "abc2midi": "abcmidi",
    "mma": "mma",
    "espeak-ng": "espeak-ng",
    "flite": "flite",
}
"""Program → the Debian package that has it."""

SOUNDFONTS = ("timgm6mb-soundfont", "fluidr3mono-gm-soundfont", "csound-soundfont")
"""Packages with General MIDI sounds; a piece is played with one of them, chosen by its name."""

_LONGEST_S = 150.0
"""A rendered piece is cut there: its windows are spread over it, and more of it would only cost space."""

_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Renderer:
    """Makes notes audible with the SoundFonts at hand."""

    soundfonts: tuple[Path, ...]

    def render(self, path: Path) -> Audio:
        """A file of any kind that this module knows. Raises `TrainingError` with the program's last words."""
        suffix = path.suffix.lower()
        if suffix == ".gz":
            with TemporaryDirectory() as folder:
                plain = Path(folder, path.stem)
                plain.write_bytes(gzip.decompress(path.read_bytes()))
                return self.render(plain)
        with TemporaryDirectory() as folder:
            wav = Path(folder, "out.wav")
            if suffix in MIDI_SUFFIXES:
                self._play_midi(path, wav)
            elif suffix in TRACKER_SUFFIXES:
                module = Path(folder, f"module{suffix}")
                shutil.copyfile(path, module)
                run(["openmpt123", "--batch", "--quiet", "--end-time", str(_LONGEST_S), "--render", module])
                wav = Path(f"{module}.wav")
            elif suffix in LMMS_SUFFIXES:
                run(["lmms", "--allowroot", "render", path, "-f", "wav", "-o", wav])
            else:
                raise TrainingError(f"{path.name}: nothing that can be rendered")
            if not wav.exists() or not (audio := read_audio(wav, most_s=_LONGEST_S)).length_s:
                raise TrainingError(f"{path.name}: nothing came of it")
            return audio

    def render_abc(self, name: str, abc: str) -> Audio:
        """A tune in ABC notation; its chord symbols are played as an accompaniment."""
        with TemporaryDirectory() as folder:
            tune, midi = Path(folder, f"{name}.abc"), Path(folder, f"{name}.mid")
            tune.write_text(abc)
            run(["abc2midi", tune, "-o", midi])
            return self.render(midi)

    def render_groove(self, name: str, song: str) -> Audio:
        """Chords with an accompaniment in a style, as MMA reads them."""
        with TemporaryDirectory() as folder:
            source, midi = Path(folder, f"{name}.mma"), Path(folder, f"{name}.mid")
            source.write_text(song)
            run(["mma", "-f", midi, source])
            return self.render(midi)

    def _play_midi(self, path: Path, wav: Path) -> None:
        if not self.soundfonts:
            raise TrainingError(f"{path.name}: no SoundFont of {', '.join(SOUNDFONTS)}")
        soundfont = self.soundfonts[stable_number(path.name) % len(self.soundfonts)]
        rate_hz = str(SAMPLE_RATE_HZ)  # more would take twice the time and not be heard by any feature
        run(["fluidsynth", "-n", "-i", "-q", "-g", "0.7", "-r", rate_hz, "-F", wav, soundfont, path])


def missing_programs() -> tuple[str, ...]:
    """The programs that are not there, each with the package that has it."""
    return tuple(f"{name} (package {package})" for name, package in PROGRAMS.items() if shutil.which(name) is None)


def run(command: Sequence[str | Path], *, text: str | None = None) -> None:
    """Run a program without a display. Raises `TrainingError` if it is missing, fails or takes minutes."""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    try:
        done = subprocess.run(  # noqa: S603 - the programs of `PROGRAMS`
            [str(part) for part in command],
            env=environment,
            input=text,
            timeout=_TIMEOUT_S,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        package = PROGRAMS.get(str(command[0]), "?")
        raise TrainingError(f"{command[0]} is missing: install the package {package}") from error
    except subprocess.TimeoutExpired as error:
        raise TrainingError(f"{command[0]}: no end after {_TIMEOUT_S:g} s") from error
    if done.returncode:
        raise TrainingError(f"{command[0]}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")


def extract_wad_midi(wad: Path, folder: Path) -> tuple[Path, ...]:
    """Write the MIDI lumps of a Doom WAD to `folder`, each once.

    The format: a header of 12 bytes (type, number of lumps, place of their directory), then 16 bytes for each lump:
    place, size, name of eight characters.
    """
    data = wad.read_bytes()
    _, count, start = struct.unpack_from("<4sii", data)
    written: dict[bytes, Path] = {}
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        place, size, raw_name = struct.unpack_from("<ii8s", data, start + 16 * number)
        lump = data[place : place + size]
        if lump.startswith(b"MThd") and lump not in written:
            name = raw_name.rstrip(b"\0").decode("ascii", "replace").lower()
            written[lump] = folder / f"{name}.mid"
            written[lump].write_bytes(lump)
    return tuple(written.values())
