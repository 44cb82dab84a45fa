"""Several processes: whatever ends one of them, and whenever, no task is lost and nobody waits for ever."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from classifier.pool import ENDING, EndsItsProcess, WorkerPool
from tests.support.bot_process import ROOT
from tests.support.processes import is_alive

FORK = multiprocessing.get_context("fork")
MORE_THAN_A_PIPE_HOLDS = 4_000_000


def all_of(pool: WorkerPool[int, object]) -> dict[int, object]:
    return dict(pool.take() for _ in range(len(pool)))


def workers_of(pool: WorkerPool[int, object]) -> list[int]:
    return [worker.process.pid or 0 for worker in pool._workers]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_each_task_is_done_once_however_processes_are_started(method: str) -> None:
    with WorkerPool(abs, workers=2, context=multiprocessing.get_context(method)) as pool:
        for number in range(50):
            pool.give(-number)
        assert len(pool) == 50
        assert all_of(pool) == {-number: number for number in range(50)}
        with pytest.raises(IndexError):
            pool.take()


def test_what_a_worker_does_first_is_done_in_each() -> None:
    with WorkerPool(os.getenv, workers=2, context=FORK, start=lambda: os.environ.update(POOL="begun")) as pool:
        pool.give("POOL")
        assert pool.take() == ("POOL", "begun")
    assert "POOL" not in os.environ


def test_a_task_that_ends_its_process_is_tried_twice_and_costs_only_itself(tmp_path: Path) -> None:
    tries = tmp_path / "tries"

    def do(number: int) -> int:
        if number == 3:
            with tries.open("a") as file:
                file.write("x")
            os._exit(7)
        return number

    with WorkerPool(do, workers=2, context=FORK) as pool:
        for number in range(12):
            pool.give(number)
        found = all_of(pool)
    assert isinstance(found.pop(3), EndsItsProcess)
    assert found == {number: number for number in range(12) if number != 3}
    assert tries.read_text() == "xx"


def test_a_worker_that_somebody_kills_costs_nothing() -> None:
    def do(number: int) -> int:
        time.sleep(0.05)
        return number

    with WorkerPool(do, workers=2, context=FORK) as pool:
        idle, busy = workers_of(pool)
        os.kill(idle, signal.SIGTERM)
        until(lambda: not is_alive(idle))
        for number in range(8):
            pool.give(number)
        os.kill(busy, signal.SIGKILL)
        assert all_of(pool) == {number: number for number in range(8)}


def test_half_a_result_holds_nobody_up() -> None:
    """A worker that is killed while it writes more than its pipe holds."""
    writes = multiprocessing.Event()

    def do(number: int) -> bytes:
        writes.set()
        return bytes(MORE_THAN_A_PIPE_HOLDS)

    with WorkerPool(do, workers=1, context=FORK) as pool:
        pool.give(1)
        assert writes.wait(20)
        (worker,) = workers_of(pool)
        until(pool._workers[0].pipe.poll)
        os.kill(worker, signal.SIGKILL)
        assert pool.take() == (1, bytes(MORE_THAN_A_PIPE_HOLDS))
        pool.give(2)
        until(pool._workers[0].pipe.poll)
        began = time.monotonic()
    assert time.monotonic() - began < 2


def test_an_exception_reaches_who_takes_results_and_the_others_are_done() -> None:
    with WorkerPool(lambda number: 6 // number, workers=1, context=FORK) as pool:
        for number in (0, 2):
            pool.give(number)
        with pytest.raises(ZeroDivisionError) as caught:
            pool.take()
        assert "test_pool.py" in caught.value.__notes__[0]  # where it was raised
        assert pool.take() == (2, 3)


def test_at_the_end_of_the_block_no_process_is_left() -> None:
    def do(number: int) -> None:
        time.sleep(60)

    with WorkerPool(do, workers=2, context=FORK) as pool:
        workers = workers_of(pool)
        for number in range(5):
            pool.give(number)
    until(lambda: not any(is_alive(worker) for worker in workers))


def test_without_who_started_them_workers_end() -> None:
    program = textwrap.dedent(
        """
        import multiprocessing, os, signal
        from classifier.pool import WorkerPool
        with WorkerPool(abs, workers=3, context=multiprocessing.get_context("fork")) as pool:
            pool.give(1)
            pool.take()
            print(*(worker.process.pid for worker in pool._workers), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    workers = [int(pid) for pid in run.stdout.split()]
    assert len(workers) == 3
    until(lambda: not any(is_alive(worker) for worker in workers))
    assert run.stderr == ""


def test_an_interrupt_while_they_are_started_is_heard_after_and_leaves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where another thread is the one that the system tells of it."""
    started: list[int] = []
    over = threading.Event()
    threading.Thread(target=over.wait, daemon=True).start()
    numbers: Iterator[int] = count()
    real = WorkerPool._new_worker

    def interrupted(pool: WorkerPool[int, int]) -> object:
        worker = real(pool)
        started.append(worker.process.pid or 0)
        if next(numbers) == 0:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
        return worker

    monkeypatch.setattr(WorkerPool, "_new_worker", interrupted)
    with pytest.raises(KeyboardInterrupt), WorkerPool(abs, workers=3, context=FORK):
        pytest.fail("the interrupt was lost")
    over.set()
    assert len(started) == 3
    until(lambda: not any(is_alive(worker) for worker in started))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & set(ENDING)
