"""TensorFlow's own lines are left out of what commands say, and nothing else."""

import os
import subprocess
import sys

import pytest

from training.cli.quiet import without_tensorflow_lines

QUIET = "from training.cli.quiet import without_tensorflow_lines as quiet\n"


def test_only_their_lines_are_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    with without_tensorflow_lines():
        os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n")
        os.write(2, b"I0000 00:00:1795963073.640774   30103 port.cc:153] oneDNN custom operations are on.\n")
        os.write(2, b"E0000 00:00:1795963318.039735   31440 node_def_util.cc:682] NodeDef mentions attribute\n")
        os.write(2, b"I can be read\nEpoch")
        os.write(2, b" 3\n")
    os.write(2, b"I0000 00:00:1 afterwards\n")
    assert capfd.readouterr().err == "I can be read\nEpoch 3\nI0000 00:00:1 afterwards\n"


def test_what_ends_the_work_is_said_all_the_same() -> None:
    code = f"{QUIET}with quiet():\n    raise SystemExit('it is over')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (1, "it is over\n")


def test_without_a_stderr_it_works_too() -> None:
    code = f"{QUIET}with quiet():\n    print('done')"
    run = subprocess.run(
        f'"{sys.executable}" -c "{code}" 2>&-', shell=True, capture_output=True, text=True, check=False
    )
    assert run.stdout == "done\n"
