"""What a host has set for others: notebooks, styles, another Keras, a user without a home. Nothing of it reaches in."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from classifier.canvas import own_style
from classifier.spectrogram import render_spectrogram
from tests.support.audio import dance_track, encode

ROOT = Path(__file__).parents[2]
STYLE = "text.usetex: True\naxes.facecolor: red\nfont.size: 40\nxtick.color: yellow\n"


@pytest.fixture
def track(tmp_path: Path) -> Path:
    path = tmp_path / "track.wav"
    path.write_bytes(encode(dance_track(5.0), "WAV"))
    return path


def picture(track: Path, folder: Path, *, cwd: Path | None = None, **environment: str) -> bytes:
    """The spectrogram that the command line draws on a host with such an environment."""
    out = folder / "picture.png"
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "classifier",
            str(track),
            "--spectrogram",
            str(out),
            "--offset",
            "1",
            "--model",
            "reference",
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        cwd=cwd or folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    return out.read_bytes()


@pytest.mark.slow
def test_pictures_are_the_same_on_every_host(track: Path, tmp_path: Path) -> None:
    plain = picture(track, tmp_path)
    assert picture(track, tmp_path, MPLBACKEND="module://matplotlib_inline.backend_inline") == plain
    assert picture(track, tmp_path, MPLBACKEND="nonsense") == plain
    (tmp_path / "style").mkdir()
    (tmp_path / "style" / "matplotlibrc").write_text(STYLE)
    assert picture(track, tmp_path, MATPLOTLIBRC=str(tmp_path / "style" / "matplotlibrc")) == plain
    assert picture(track, tmp_path, cwd=tmp_path / "style") == plain


def test_a_library_users_style_is_left_alone_and_leaves_ours_alone() -> None:
    import matplotlib

    samples = dance_track(3.0, rate_hz=22_050)[:66_150]
    plain = render_spectrogram(samples, title="Techno")
    with matplotlib.rc_context({"font.size": 40, "text.color": "red", "axes.grid": True}):
        assert render_spectrogram(samples, title="Techno") == plain
        assert matplotlib.rcParams["font.size"] == 40
        with own_style():
            assert matplotlib.rcParams["font.size"] == matplotlib.rcParamsDefault["font.size"]


@pytest.mark.slow
def test_keras_is_tensorflows_in_float32(track: Path, tmp_path: Path) -> None:
    """Whatever the environment and a file of settings want of it."""
    (tmp_path / ".keras").mkdir()
    other = {"floatx": "float16", "backend": "torch", "image_data_format": "channels_first", "epsilon": 0.1}
    (tmp_path / ".keras" / "keras.json").write_text(json.dumps(other))
    environment = {"KERAS_BACKEND": "jax", "HOME": str(tmp_path)}
    program = (
        "from classifier.process import set_up_process\n"
        "set_up_process()\n"
        "import sys\n"
        "from classifier import REFERENCE_BUNDLE, GenreClassifier, RuntimeName\n"
        "for runtime in (RuntimeName.KERAS, RuntimeName.LITERT):\n"
        "    classifier = GenreClassifier(REFERENCE_BUNDLE, runtime=runtime)\n"
        "    found = classifier.classify(open(sys.argv[1], 'rb').read(), offset_s=1.0)\n"
        "    print(found.genre.slug, round(found.confidence, 2))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(track)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    keras, litert = run.stdout.splitlines()
    assert keras == litert


def test_a_user_without_a_home_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    program = (
        "import os\n"
        "from classifier.process import set_up_process\n"
        "set_up_process()\n"
        "folder = os.environ['MPLCONFIGDIR']\n"
        "facts = os.stat(folder)\n"
        "print(facts.st_uid == os.getuid(), oct(facts.st_mode & 0o777))\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MPL")}
    environment |= {"HOME": "/nonexistent", "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    for _ in range(2):
        run = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        assert run.stdout.split() == ["True", "0o700"]
    foreign = next(tmp_path.iterdir())
    foreign.chmod(0o777)  # anybody could have put something there
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True", "0o700"]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_the_places_of_large_files_go_back_at_once() -> None:
    program = (
        "import sys\n"
        "from classifier.process import give_back_files\n"
        "if sys.argv[1] == 'asked':\n    give_back_files()\n"
        "def held_mb():\n    return int(open('/proc/self/statm').read().split()[1]) * 4 // 1024\n"
        "before = held_mb()\n"
        "b'x' * (3 << 20)\n"  # from now on, glibc would take such blocks from the heap
        "files, words = [], []\n"
        "for n in range(20):\n    files.append(b'x' * ((3 << 20) + n))\n    words.append(b'x' * 100_000)\n"
        "del files\n"
        "print(held_mb() - before)\n"
    )
    held_mb = {
        how: int(subprocess.run([sys.executable, "-c", program, how], capture_output=True, check=True).stdout)
        for how in ("asked", "not asked")
    }
    assert held_mb["asked"] < 10 < held_mb["not asked"]
