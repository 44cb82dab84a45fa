"""Ctrl-C while a command is still being imported."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.bot_process import ROOT


def test_an_interrupt_of_the_imports_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "pandas.py").write_text("raise KeyboardInterrupt")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-m", "training", "--help"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (128 + signal.SIGINT, "", "interrupted\n")
