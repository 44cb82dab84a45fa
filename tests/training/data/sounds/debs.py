"""A small Debian package with sounds, built as the archive's are."""

import io
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import soundfile

from training.data.sounds.audio import RATE_HZ


def tone(seconds: float, pitch_hz: float = 440.0) -> bytes:
    """A WAV file of one sine."""
    file = io.BytesIO()
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    soundfile.write(file, 0.3 * np.sin(2 * np.pi * pitch_hz * time), RATE_HZ, format="WAV")
    return file.getvalue()


def build_deb(folder: Path, name: str, files: dict[str, bytes]) -> Path:
    """Write `<name>_1.0_all.deb` to `folder`; needs dpkg-deb."""
    tree = folder / f"{name}-tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        f"Package: {name}\nVersion: 1.0\nArchitecture: all\n"
        "Maintainer: Nobody <nobody@example.org>\nDescription: sounds\n"
    )
    for path, content in {f"usr/share/doc/{name}/copyright": b"License: CC0-1.0\n", **files}.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(content)
    package = folder / f"{name}_1.0_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", str(tree), str(package)], check=True, capture_output=True)
    return package


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()
