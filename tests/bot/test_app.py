"""`python -m bot` as a process: up at once, one line about missing tokens, a clean stop, clear refusals to start."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from tests.support.bot_process import ROOT, free_port

SETTINGS = {"WORKERS": "1", "MODEL": "reference", "DATABASE_URL": "sqlite://"}


class Bot:
    """A running `python -m bot`; its log is read when it has ended."""

    def __init__(self, **environment: str) -> None:
        self.port = free_port()
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot"],
            env={**inherited, **SETTINGS, "WEB_PORT": str(self.port), **environment},
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def get(self, path: str, *, within_s: float = 15.0) -> bytes:
        deadline = time.monotonic() + within_s
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as response:
                    return bytes(response.read())
            except urllib.error.HTTPError:
                raise
            except urllib.error.URLError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.05)

    def until_ready(self) -> None:
        self.until_ready_or_failing()

    def until_ready_or_failing(self) -> None:
        """Until its workers are warm, whatever else fails."""
        while True:
            try:
                told = self.get("/healthz")
            except urllib.error.HTTPError as error:
                told = error.read()
            if json.loads(told)["model_version"]:
                return
            time.sleep(0.05)

    def end(self, number: signal.Signals) -> str:
        self.process.send_signal(number)
        return self.process.communicate(timeout=10)[1]


@pytest.fixture
def bot() -> Iterator[Bot]:
    """With the model that one gets."""
    running = Bot(MODEL="default")
    with running.process:
        yield running
        running.process.kill()


def test_without_tokens_the_page_is_on_and_one_line_says_so(bot: Bot) -> None:
    assert b"<form" in bot.get("/")
    bot.until_ready()
    log = bot.end(signal.SIGTERM)
    assert bot.process.returncode == 0
    lines = [line for line in log.splitlines() if "DISCORD_TOKEN" in line]
    assert len(lines) == 1
    assert "only the web page is on" in lines[0]
    assert f"http://127.0.0.1:{bot.port}" in log
    assert "Traceback" not in log


@pytest.mark.parametrize("environment", [{"DATABASE_URL": "nonsense"}, {"FEEDBACK": "false"}], ids=["broken", "off"])
def test_the_page_alone_needs_no_database(environment: dict[str, str]) -> None:
    bot = Bot(**environment)
    with bot.process:
        bot.until_ready()
        log = bot.end(signal.SIGTERM)
    assert bot.process.returncode == 0
    assert ("asks for no feedback" in log) == ("DATABASE_URL" in environment)
    assert "Traceback" not in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_while_it_still_warms_up(bot: Bot, number: signal.Signals) -> None:
    bot.get("/")
    bot.process.send_signal(number)
    assert bot.process.wait(timeout=5.0) == 0  # on a busy machine; half a second on an idle one
    log = bot.process.communicate()[1]
    assert "Traceback" not in log


def test_while_the_database_is_awaited_health_says_so_and_a_stop_is_heard() -> None:
    bot = Bot(TELEGRAM_TOKEN="1:x", DATABASE_URL=f"postgres://somebody@127.0.0.1:{free_port()}/bot")
    with bot.process:
        told: dict[str, Any] = {"database": {"status": "off"}}
        while told["database"]["status"] == "off":  # until it was tried once
            with pytest.raises(urllib.error.HTTPError) as caught:
                bot.get("/healthz")
            told = json.loads(caught.value.read())
        assert told["failing"] == ["workers", "database"]
        assert "cannot be used" in told["database"]["reason"]
        log = bot.end(signal.SIGTERM)  # within ten seconds; it would be tried again for longer
    assert bot.process.returncode == 0
    assert "trying again in" in log
    assert "Traceback" not in log


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bot = Bot(WEB_PORT=str(taken.getsockname()[1]))
        log = bot.process.communicate(timeout=20)[1]
    assert bot.process.returncode == 1
    assert log.splitlines()[-1].startswith("WEB_HOST, WEB_PORT: cannot listen on 127.0.0.1:")
    assert "Traceback" not in log


def test_a_model_that_cannot_be_loaded_stops_the_start(tmp_path: Path) -> None:
    bot = Bot(MODEL_BUNDLE=str(tmp_path))
    log = bot.process.communicate(timeout=30)[1]
    assert bot.process.returncode == 1
    assert "the model bundle cannot be used" in log.splitlines()[-1]
    assert "Traceback" not in log


@pytest.mark.parametrize("content", ["", "raise SystemError('not ours')", "import nothing_like_that"])
def test_a_file_that_stands_in_the_way_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.py").write_text(content)
    run = subprocess.run(
        [sys.executable, "-m", "bot"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert run.stderr.startswith(f"{tmp_path / 'config.py'} stands in the way")
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize("argument", ["--help", "--version"])
@pytest.mark.parametrize("package", ["bot", "classifier", "training"])
def test_each_program_says_what_it_is(package: str, argument: str) -> None:
    command = [sys.executable, "-m", package, argument]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (run.returncode, run.stderr) == (0, "")
    assert f"python -m {package}" in run.stdout or "edm-genre-bot " in run.stdout


def test_an_unknown_argument_is_an_error() -> None:
    command = [sys.executable, "-m", "bot", "--nonsense"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 2
    assert "unrecognized arguments: --nonsense" in run.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("ALL_PROXY", "socks5://127.0.0.1:1080"), ("SSL_CERT_FILE", "/nonexistent"), ("TELEGRAM_PROXY", "nonsense://x")],
)
def test_a_proxy_that_cannot_be_used_is_one_line_with_its_name(name: str, value: str) -> None:
    bot = Bot(TELEGRAM_TOKEN="1:x", LOG_LEVEL="INFO", **{name: value})
    bot.until_ready_or_failing()
    log = bot.end(signal.SIGTERM)
    assert "Traceback" not in log
    assert sum(name in line for line in log.splitlines()) >= 1


def test_tables_are_made_without_a_start(tmp_path: Path) -> None:
    database = tmp_path / "bot.sqlite3"
    command = [sys.executable, "-m", "bot", "--migrate"]
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{database}"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "The database is up to date." in run.stderr
    with contextlib.closing(sqlite3.connect(database)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {"preferences", "counts", "feedback", "begun"} <= tables
    environment["DATABASE_URL"] = "sqlite:////nonexistent/bot.sqlite3"
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (run.returncode, len(run.stderr.splitlines())) == (1, 1)


def test_the_service_of_systemd_starts_what_is_installed_and_is_hardly_exposed() -> None:
    unit = ROOT / "deploy" / "genre-bot.service"
    text = unit.read_text()
    assert "ExecStart=/opt/genre-bot/bin/genre-bot\n" in text
    assert entry_points(group="console_scripts", name="genre-bot")["genre-bot"].load() is main
    if analyse := shutil.which("systemd-analyze"):
        run = subprocess.run(
            [analyse, "security", "--offline=true", str(unit)], capture_output=True, text=True, check=False
        )
        found = re.search(r"Overall exposure level for genre-bot\.service: (\d+\.\d)", run.stdout)
        assert found, run.stdout + run.stderr
        assert float(found[1]) <= 3.0


def test_the_procfile_names_programs_that_there_are() -> None:
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert lines.keys() == {"web", "worker", "release"}
    assert all("genre-bot" in line for line in lines.values())


def test_an_interrupt_of_the_imports_needs_no_words(tmp_path: Path) -> None:
    (tmp_path / "jinja2.py").write_text("raise KeyboardInterrupt")
    run = subprocess.run(
        [sys.executable, "-m", "bot"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]), **SETTINGS},
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (128 + signal.SIGINT, "", "")
