"""What `deploy/` names exists: files, settings, commands. That it works, `python -m tests.container` shows."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

from config import Settings
from tests.container import _instructions

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SETTINGS = {name.upper() for name in Settings.model_fields} | {"PORT"}


def test_the_image_copies_what_is_there_and_leaves_out_the_rest() -> None:
    instructions = list(_instructions((DEPLOY / "Containerfile").read_text()))
    copied = [
        word for name, rest in instructions if name == "COPY" and "--from" not in rest for word in rest.split()[:-1]
    ]
    assert all((ROOT / name).exists() for name in copied)
    allowed = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    assert set(copied) == allowed


def test_the_image_sets_what_can_be_set_and_runs_as_nobody() -> None:
    instructions = dict(_instructions((DEPLOY / "Containerfile").read_text()))
    names = set(re.findall(r"(\w+)=", instructions["ENV"]))
    assert names - {"PATH", "MPLCONFIGDIR"} <= SETTINGS
    assert instructions["USER"] != "0"
    assert instructions["CMD"] == f'["{next(iter(PROJECT["scripts"]))}"]'


def test_compose_names_settings_and_extras_that_exist() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert set(services["bot"]["environment"]) <= SETTINGS
    assert {name for name, service in services.items() if service.get("profiles") == ["cluster"]} == {
        "scheduler",
        "worker",
    }
    (extra,) = re.findall(r"\w+", services["worker"]["build"]["args"]["EXTRAS"])
    assert extra in PROJECT["optional-dependencies"]
    for name in ("scheduler", "worker"):
        module = services[name]["command"][2]
        assert (
            subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, check=False).returncode == 0
        )
    bot = services["bot"]
    assert all(bot[what] == services["worker"][what] for what in ("cap_drop", "security_opt", "image"))


def test_the_procfile_has_its_three_processes() -> None:
    processes = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert set(processes) == {"web", "worker", "release"}
    assert all("genre-bot" in command for command in processes.values())


def test_pythons_version_is_one_that_is_supported() -> None:
    version = tuple(map(int, (ROOT / ".python-version").read_text().split(".")))
    least = tuple(map(int, re.findall(r">=(\d+)\.(\d+)", PROJECT["requires-python"])[0]))
    assert version >= least


def test_the_shell_script_can_be_read_by_any_shell() -> None:
    assert subprocess.run(["sh", "-n", str(DEPLOY / "slim.sh")], check=False).returncode == 0
