"""A Dask cluster makes the same table as this machine, whatever happens to its workers."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.support.audio import dance_track, mp3
from tests.support.bot_process import free_port
from tests.support.cluster import Cluster
from training.cli.main import main
from training.data.extract import extract_table
from training.errors import TrainingError

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Two workers; the first is started anew whenever it ends."""
    (tmp_path / "cluster").mkdir()
    cluster = Cluster(tmp_path / "cluster")
    cluster.start_scheduler()
    cluster.start_worker()
    cluster.start_worker(nanny=False)
    yield cluster
    cluster.end()


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audio")
    track = mp3(dance_track(10.0))
    for number in range(8):
        genre = folder / ("house", "trance")[number % 2]
        genre.mkdir(exist_ok=True)
        (genre / f"{number}.mp3").write_bytes(track[: len(track) - number * 10_000])
    (folder / "house" / "bad.mp3").write_bytes(b"no music")
    return folder


def rows(table: Path) -> pd.DataFrame:
    return pd.read_parquet(table).sort_values(["track", "window"], ignore_index=True)


def test_a_killed_worker_costs_no_row(cluster: Cluster, audio: Path, tmp_path: Path) -> None:
    here, there = tmp_path / "here.parquet", tmp_path / "there.parquet"
    extract_table(audio, here, workers=1, quiet=True)
    parts = there.with_name("there.parquet.parts")

    def kill() -> None:
        while not any(parts.glob("*.parquet")):
            time.sleep(0.01)
        cluster.kill_worker(0)

    killer = threading.Thread(target=kill)
    killer.start()
    result = extract_table(audio, there, workers=1, scheduler=cluster.address, quiet=True)
    killer.join()
    assert len(result.refused) == 1
    assert "bad.mp3" in result.refused[0]
    pd.testing.assert_frame_equal(rows(there), rows(here), rtol=1e-5, atol=1e-5)
    assert not parts.exists()


def test_without_its_scheduler_it_ends_in_one_line_and_goes_on_later(
    cluster: Cluster, tmp_path: Path, audio: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "table.parquet"
    arguments = ["extract", "--audio", str(audio), "--out", str(table)]
    parts = table.with_name("table.parquet.parts")

    def stop() -> None:
        while not any(parts.glob("*.parquet")):
            time.sleep(0.01)
        cluster.stop_scheduler()

    stopper = threading.Thread(target=stop)
    stopper.start()
    assert main([*arguments, "--scheduler", cluster.address]) == 1
    stopper.join()
    assert "has gone" in capsys.readouterr().err.splitlines()[-1]
    done = len(list(parts.glob("*.parquet")))
    assert 0 < done < 8
    assert main([*arguments, "--workers", "2"]) == 0
    assert len(set(rows(table)["track"])) == 8


def test_a_cluster_of_no_use_is_said(
    cluster: Cluster, audio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "table.parquet"
    monkeypatch.setattr("training.data.cluster._CONNECT_S", 1.0)
    with pytest.raises(TrainingError, match="cannot be reached"):
        extract_table(audio, table, workers=1, scheduler=f"tcp://127.0.0.1:{free_port()}", quiet=True)
    monkeypatch.setattr("training.data.cluster.load_metadata", lambda _: _Other())
    with pytest.raises(TrainingError, match="has not the model that is here"):
        extract_table(audio, table, workers=1, scheduler=cluster.address, quiet=True)


class _Other:
    model_version = "another-1.0.0"
    sha256: dict[str, str] = {}  # noqa: RUF012
