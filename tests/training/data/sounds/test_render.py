"""Notes become sound with Debian's programs; what lacks one says so."""

import shutil
import struct
from pathlib import Path

import pytest

from training.data.sounds.render import Renderer, extract_wad_midi, run
from training.data.sounds.sources import holds_sound, is_rendered
from training.errors import TrainingError


def wad(path: Path, lumps: list[tuple[str, bytes]]) -> Path:
    data, directory = b"", b""
    for name, lump in lumps:
        directory += struct.pack("<ii8s", 12 + len(data), len(lump), name.encode())
        data += lump
    path.write_bytes(struct.pack("<4sii", b"IWAD", len(lumps), 12 + len(data)) + data + directory)
    return path


def test_midi_lumps_of_a_wad_are_written_once(tmp_path: Path) -> None:
    source = wad(
        tmp_path / "doom.wad",
        [("D_E1M1", b"MThd first"), ("MAP01", b"level"), ("D_E1M2", b"MThd first"), ("D_INTRO", b"MThd second")],
    )
    paths = extract_wad_midi(source, tmp_path / "midi")
    assert [(path.name, path.read_bytes()) for path in paths] == [
        ("d_e1m1.mid", b"MThd first"),
        ("d_intro.mid", b"MThd second"),
    ]


@pytest.mark.parametrize("name", ["a.mid", "a.MID.gz", "a.xm", "a.mmpz"])
def test_notes_are_told_from_sound(name: str) -> None:
    assert is_rendered(Path(name))
    assert holds_sound(Path(name))


def test_sound_is_no_notes_and_other_files_are_neither() -> None:
    assert holds_sound(Path("a.ogg"))
    assert not is_rendered(Path("a.ogg"))
    assert not holds_sound(Path("a.png"))


def test_a_missing_program_is_named() -> None:
    with pytest.raises(TrainingError, match="no-such-program is missing"):
        run(["no-such-program"])


def test_a_failing_program_s_last_words_are_told() -> None:
    with pytest.raises(TrainingError, match="sh: too bad"):
        run(["sh", "-c", "echo too bad >&2; exit 3"])


def test_midi_without_a_soundfont_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(b"MThd")
    with pytest.raises(TrainingError, match="SoundFont"):
        Renderer(()).render(tmp_path / "a.mid")


@pytest.mark.skipif(shutil.which("openmpt123") is None, reason="needs openmpt123")
def test_a_broken_module_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xm").write_bytes(b"no module")
    with pytest.raises(TrainingError, match=r"a\.xm"):
        Renderer(()).render(tmp_path / "a.xm")
