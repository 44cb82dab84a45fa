"""Many files at a time: in their order, each once, and none costs another its answer."""

import fcntl
import json
import multiprocessing
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest

from classifier import batch
from classifier.batch import Answered, Outcome, Task, outcomes
from classifier.bundle import REFERENCE_BUNDLE
from classifier.cli import main
from classifier.errors import ClassifierError, ErrorKind
from classifier.model import RuntimeName
from tests.support.bot_process import ROOT
from tests.support.processes import is_alive

TASK = Task(REFERENCE_BUNDLE, RuntimeName.LITERT, offset_s=2.0, listen_on=False, whole_track=False, with_picture=False)


@pytest.fixture
def files(tmp_path: Path, track_mp3: bytes) -> list[Path]:
    """Twelve tracks, and the fourth is no music."""
    made = [tmp_path / f"{number:02}.mp3" for number in range(12)]
    for path in made:
        path.write_bytes(b"text" if path.stem == "03" else track_mp3)
    return made


def test_by_several_processes_the_answers_are_those_of_one_in_the_same_order(files: list[Path]) -> None:
    alone = list(outcomes(files, TASK, workers=1))
    together = list(outcomes(files, TASK, workers=3))
    assert [isinstance(outcome, Answered) for outcome in together] == [number != 3 for number in range(12)]
    for one, other in zip(alone, together, strict=True):
        if isinstance(one, ClassifierError):
            assert isinstance(other, ClassifierError)
            assert (other.kind, other.detail) == (one.kind, one.detail)
            assert one.kind is ErrorKind.NOT_AUDIO
        else:
            assert other == one


def test_several_processes_work(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(_: Path, __: Task) -> Answered:
        time.sleep(0.1)
        raise RuntimeError(os.getpid())

    monkeypatch.setattr(batch, "_answer", slow)
    workers = {str(outcome) for outcome in outcomes(files, TASK, workers=2)}
    assert len(workers) == 2
    assert not any(str(os.getpid()) in words for words in workers)


def test_a_file_that_ends_its_process_costs_only_its_own_answer(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = batch._answer

    def deadly(file: Path, task: Task) -> Answered:
        if file.stem in {"05", "06"}:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(file, task)

    monkeypatch.setattr(batch, "_answer", deadly)
    found: list[Outcome] = list(outcomes(files, TASK, workers=2))
    failed = {number: outcome for number, outcome in enumerate(found) if isinstance(outcome, ClassifierError)}
    assert failed.keys() == {3, 5, 6}
    assert "ends the process that reads it" in str(failed[5])


def test_a_pipe_among_files_is_read(files: list[Path], tmp_path: Path, track_mp3: bytes) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    threading.Thread(target=pipe.write_bytes, args=(track_mp3,), daemon=True).start()
    found = list(outcomes([*files[:3], pipe, *files[4:]], TASK, workers=2))
    assert all(isinstance(outcome, Answered) for outcome in found)


@pytest.mark.parametrize("name", ["n" * 300 + ".mp3", "a\0b.mp3", "none.mp3"])
def test_a_name_that_no_file_can_have_costs_the_others_nothing(files: list[Path], name: str) -> None:
    found = list(outcomes([*files[:3], Path(name), *files[4:]], TASK, workers=2))
    failed = [number for number, outcome in enumerate(found) if isinstance(outcome, ClassifierError)]
    assert (len(found), failed) == (12, [3])


def test_a_bundle_that_cannot_be_used_is_said_before_anything_else(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ClassifierError) as caught:
        outcomes(files, Task(tmp_path, RuntimeName.LITERT, 2.0, False, False, False), workers=2)
    assert caught.value.kind is ErrorKind.MODEL_UNUSABLE


@pytest.mark.parametrize("number", ["0", "-1", "two", "1.5", "1" * 2000])
def test_a_number_of_workers_is_a_number(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["a.mp3", "--workers", number])
    assert "is no number from 1 to 999" in capsys.readouterr().err


def test_on_a_terminal_a_bar_moves_on_and_leaves_nothing_in_the_output(files: list[Path]) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "classifier", str(files[0].parent), "--json", "--no-listen-on"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
        out = process.communicate()[0]
    os.close(ours)
    assert [Path(json.loads(line)["file"]).stem for line in out.splitlines()] == [
        f"{number:02}" for number in range(12) if number != 3
    ]
    assert b"0/12" in shown  # the first thing; how often it is drawn again, the clock decides
    assert b"03.mp3: this is not audio" in shown


def test_without_a_terminal_there_is_no_bar(files: list[Path]) -> None:
    command = [sys.executable, "-m", "classifier", *map(str, files[4:]), "--no-listen-on"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"8 files: .*\.\n(.*\n)?", run.stderr)
    assert len(run.stdout.splitlines()) == 8


def test_an_interrupt_ends_all_processes_without_a_traceback(tmp_path: Path, track_mp3: bytes) -> None:
    for number in range(200):
        (tmp_path / f"{number:03}.mp3").write_bytes(track_mp3)
    command = [sys.executable, "-m", "classifier", str(tmp_path), "--workers", "2"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        interrupted = time.monotonic()
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=20)
        finally:
            process.kill()
        assert time.monotonic() - interrupted < 2
    assert (process.returncode, errors) == (130, "")


def test_whoever_wants_no_more_does_not_wait_for_what_is_being_read(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = batch._answer

    def slow(file: Path, task: Task) -> Answered:
        if file.stem != "00":
            time.sleep(60)
        return real(file, task)

    monkeypatch.setattr(batch, "_answer", slow)
    others = set(multiprocessing.active_children())
    found = batch._by_many(files, TASK, 2)
    assert isinstance(next(found), Answered)
    workers = set(multiprocessing.active_children()) - others
    assert len(workers) == 2
    found.close()
    deadline = time.monotonic() + 5
    while any(is_alive(worker.pid or 0) for worker in workers):  # as the system sees it: another thread may wait, too
        assert time.monotonic() < deadline
        time.sleep(0.01)
