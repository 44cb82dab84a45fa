"""Carries out `deploy/Containerfile` in a folder, where no container engine is at hand, and tries what comes out.

Needs root, debootstrap and bind mounts: `python -m tests.container --folder /tmp/image`. The Debian that it begins with
is put together by debootstrap, without documentation, as in the image of that name. `--share PATH` makes something
of this machine visible in the build, such as packages for pip.
"""

import argparse
import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
_CONTAINERFILE = ROOT / "deploy" / "Containerfile"
_PORT = 5999
_NOT_IN_SLIM = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/cache/apt", "var/lib/apt/lists")


@dataclass
class Stage:
    """A root file system, and what the instructions so far have set for it."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    user: int = 0
    workdir: str = "/"
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.container", description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True, help="an empty one, or one of an earlier run")
    parser.add_argument("--share", type=Path, nargs="*", default=[], help="folders and files to be seen in the build")
    parser.add_argument("--build-arg", nargs="*", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    arguments = dict(pair.split("=", 1) for pair in options.build_arg)
    stage = _built(options.folder, options.share, arguments)
    print(f"{_size_mb(stage.root):.0f} MB in all, {_size_mb(options.folder / 'base'):.0f} of them Debian")
    with _mounted(stage.root, []):
        _try(stage)
    return 0


def _built(folder: Path, share: Sequence[Path], arguments: dict[str, str]) -> Stage:
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for number, (word, rest) in enumerate(_instructions(_CONTAINERFILE.read_text())):
        print(f"{number:2} {word} {rest[:100]}", flush=True)
        if word == "FROM":
            name = rest.split(" AS ")[1] if " AS " in rest else "last"
            stage = stages[name] = Stage(_copy_of_base(folder, name))
            continue
        assert stage is not None
        _carry_out(stage, word, rest, stages, share, arguments)
    assert stage is not None
    return stage


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    joined = re.sub(r"\\\n", " ", "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")))
    for line in filter(None, joined.splitlines()):
        word, _, rest = line.partition(" ")
        yield word, re.sub(r"\s+", " ", rest).strip()


def _copy_of_base(folder: Path, name: str) -> Path:
    base, root = folder / "base", folder / name
    if not base.exists():
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", str(base)], check=True, stdout=sys.stderr)
        for unused in (
            "usr/share/doc",
            "usr/share/man",
            "usr/share/locale",
            "var/cache/apt/archives",
            "var/lib/apt/lists",
        ):
            shutil.rmtree(base / unused, ignore_errors=True)  # as in the slim image
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run(["cp", "--archive", str(base), str(root)], check=True)
    return root


def _carry_out(
    stage: Stage, word: str, rest: str, stages: dict[str, Stage], share: Sequence[Path], arguments: dict[str, str]
) -> None:
    match word:
        case "RUN":
            with _mounted(stage.root, share):
                subprocess.run(_inside(stage, ["sh", "-c", rest]), check=True, env=_environment(stage, share))
        case "COPY":
            _copy(stage, rest, stages)
        case "ARG":
            name, _, default = rest.partition("=")
            stage.environment[name] = arguments.get(name, default)
        case "ENV":
            stage.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
        case "USER":
            stage.user = int(rest)
        case "WORKDIR":
            stage.workdir = rest
            (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        case "CMD":
            stage.command = json.loads(rest)
        case "HEALTHCHECK":
            stage.healthcheck = json.loads(rest.partition(" CMD ")[2])
        case "VOLUME" | "EXPOSE":
            pass
        case _:
            raise SystemExit(f"{word}: unknown here")


def _copy(stage: Stage, rest: str, stages: dict[str, Stage]) -> None:
    *words, target = rest.split()
    options = dict(word.removeprefix("--").split("=", 1) for word in words if word.startswith("--"))
    sources = [word for word in words if not word.startswith("--")]
    origin = stages[options["from"]].root if "from" in options else ROOT
    place = stage.root / (target if target.startswith("/") else f"{stage.workdir}/{target}").lstrip("/")
    for source in sources:
        found = origin / source.lstrip("/")
        into = place / found.name if target.endswith("/") else place
        (into if "from" in options else into.parent).mkdir(parents=True, exist_ok=True)
        if "from" in options:
            subprocess.run(["cp", "--archive", f"{found}/.", str(into)], check=True)
        elif found.is_dir():
            shutil.copytree(found, into, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(found, into)
        if "chown" in options:
            subprocess.run(["chown", "--recursive", options["chown"], str(into)], check=True)


def _inside(stage: Stage, command: list[str]) -> list[str]:
    user = ["--userspec", f"{stage.user}:{stage.user}"] if stage.user else []
    entered = f"cd {shlex.quote(stage.workdir)} && exec {shlex.join(command)}"
    return ["/usr/sbin/chroot", *user, str(stage.root), "sh", "-c", entered]


def _environment(stage: Stage, share: Sequence[Path]) -> dict[str, str]:
    path = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    lent = {name: value for name, value in os.environ.items() if share and name.startswith("PIP_")}
    return path | lent | stage.environment


@contextlib.contextmanager
def _mounted(root: Path, share: Sequence[Path]) -> Iterator[None]:
    places = [(Path("/proc"), "proc"), (Path("/dev"), "dev"), (Path("/etc/resolv.conf"), "etc/resolv.conf")]
    places += [(path, str(path).lstrip("/")) for path in share]
    with contextlib.ExitStack() as mounts:
        for source, name in places:
            target = root / name
            was_there = target.exists()
            if source.is_dir():
                target.mkdir(parents=True, exist_ok=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.touch()
            subprocess.run(["mount", "--bind", str(source), str(target)], check=True)
            if not was_there and source.is_file():
                mounts.callback(target.unlink)
            mounts.callback(subprocess.run, ["umount", "--lazy", str(target)], check=False)
        yield


def _try(stage: Stage) -> None:
    """Start what the image starts, as its user; ask the page, and run the health check."""
    environment = _environment(stage, []) | {"PORT": str(_PORT), "WEB_HOST": "127.0.0.1", "WORKERS": "1"}
    began_s = time.monotonic()
    bot = subprocess.Popen(_inside(stage, stage.command), env=environment)
    try:
        _until_alive(bot)
        print(f"the page is there after {time.monotonic() - began_s:.1f} s")
        request = urllib.request.Request(f"http://127.0.0.1:{_PORT}/sample", method="POST", data=b"")
        with urllib.request.urlopen(request, timeout=60) as response:
            assert response.status == 200
        print(f"the sample is answered after {time.monotonic() - began_s:.1f} s")
        subprocess.run(_inside(stage, stage.healthcheck), env=environment, check=True)
        print("the health check is content")
    finally:
        bot.terminate()
        bot.wait(15)


def _until_alive(bot: "subprocess.Popen[bytes]") -> None:
    while bot.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"http://127.0.0.1:{_PORT}/livez", timeout=1)
            return
        time.sleep(0.05)
    raise SystemExit(f"the bot ended with {bot.returncode}")


def _size_mb(folder: Path) -> float:
    command = ["du", "--summarize", "--bytes", "--one-file-system", str(folder)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[0]) / 1e6


if __name__ == "__main__":
    sys.exit(main())
