"""What Numba compiles for the first time, one process compiles while the others wait."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.bot_process import ROOT

PROGRAM = (
    "import sys, time, types\n"
    "def warm_up():\n"
    "    with open(sys.argv[1], 'a') as told:\n"
    "        told.write('begins ')\n"
    "    time.sleep(1.0)\n"
    "    with open(sys.argv[1], 'a') as told:\n"
    "        told.write('ends ')\n"
    "sys.modules['classifier.warmup'] = types.SimpleNamespace(warm_up=warm_up)\n"
    "from classifier.compiling import ensure_compiled\n"
    "ensure_compiled()\n"
    "print(open(sys.argv[1]).read())\n"
)


def told(folder: Path, **environment: str) -> list[str]:
    """What three processes that start at once say of who has compiled when they go on."""
    (folder / "tmp").mkdir(exist_ok=True)
    settings = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "tmp"), **environment}
    started = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder / "told")], env=settings, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    return [process.communicate()[0].decode().strip() for process in started]


def test_one_compiles_and_the_others_wait_for_it(tmp_path: Path) -> None:
    assert told(tmp_path) == ["begins ends"] * 3


def test_afterwards_nobody_does_until_it_is_kept_elsewhere(tmp_path: Path) -> None:
    told(tmp_path)
    assert told(tmp_path) == ["begins ends"] * 3
    assert told(tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "other")) == ["begins ends begins ends"] * 3


def test_where_nothing_can_be_noted_it_goes_on_at_once(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "told").write_text("nobody")
    folder = tmp_path / "tmp" / f"edm-genre-bot-{os.getuid()}"
    folder.mkdir()
    folder.chmod(0o777)  # others could write there
    assert told(tmp_path) == ["nobody"] * 3
