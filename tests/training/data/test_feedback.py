"""What people said in the bot becomes a table that `fit` takes: from the bot's own storage, on a real database."""

import asyncio
import struct
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bot.storage import Storage
from bot.votes import Evidence, SeenWindow, Vote, Voter, checked_vote
from classifier.features import FEATURE_NAMES
from classifier.genres import GENRES
from classifier.results import GenreScore
from tests.support.tables import frame
from training.cli.main import main
from training.data.feedback import FeedbackExport, export_feedback
from training.data.tables import read_tables
from training.errors import TrainingError

SCORES = tuple(GenreScore(genre, 1 / 16) for genre in GENRES)
RIGHT, WRONG = checked_vote("right", "dnb"), checked_vote("wrong", "dnb")
TECHNO, NONE = checked_vote("wrong", "dnb", "techno"), checked_vote("wrong", "dnb", "none")


def evidence(digest: str, *windows: SeenWindow, columns: tuple[str, ...] = FEATURE_NAMES) -> Evidence:
    part = f"{windows[0].start_s:g}" if len(windows) == 1 else "all"
    return Evidence(digest.ljust(16, "0"), part, "reference-1.0.0", columns, SCORES, windows)


def window(start_s: float, first: float = 1.0, count: int = len(FEATURE_NAMES)) -> SeenWindow:
    """Features that count up from `first`."""
    return SeenWindow(start_s, struct.pack(f"<{count}f", *(first + step for step in range(count))))


def database(folder: Path, *votes: tuple[str, Vote, Evidence]) -> str:
    """A database of the bot with what these people said."""
    url = f"sqlite:///{folder}/bot.sqlite3"

    async def fill() -> None:
        storage = await Storage.open(url)
        for person, vote, seen in votes:
            voter = Voter("telegram", "1", person)
            await storage.keep_vote(voter, vote, seen, given_on=date(2025, 1, 31))
        await storage.close()

    asyncio.run(fill())
    return url


def test_what_is_right_becomes_the_label(tmp_path: Path) -> None:
    url = database(
        tmp_path,
        ("a", RIGHT, evidence("1e5", window(30.0, 0.5))),
        ("a", TECHNO, evidence("2", window(0.0), window(3.0))),
        ("a", WRONG, evidence("3", window(30.0))),
        ("a", NONE, evidence("4", window(30.0))),
    )
    out = tmp_path / "feedback.parquet"
    export = export_feedback(url, out, columns=FEATURE_NAMES)
    assert export == FeedbackExport(3, 2, votes=5, unnamed=2, disputed=0, unknown_features=0)
    table = pd.read_parquet(out)
    assert table["label"].tolist() == ["dnb", "techno", "techno"]
    assert table["start_s"].tolist() == [30.0, 0.0, 3.0]
    assert set(table["source"]) == {"feedback"}
    np.testing.assert_array_equal(table[list(FEATURE_NAMES)].iloc[0], np.arange(122, dtype=np.float32) + 0.5)
    read = read_tables([out])
    assert read.has_tracks
    assert read.tracks.tolist() == [f"feedback/1e5{'0' * 13}", *2 * [f"feedback/2{'0' * 15}"]]


def test_what_was_called_none_of_the_genres_teaches_what_people_say_it_is(tmp_path: Path) -> None:
    """The bot called both none of the genres: one is techno after all, the other really is none."""
    url = database(
        tmp_path,
        ("a", checked_vote("wrong", "none", "techno"), evidence("1", window(0.0))),
        ("a", checked_vote("right", "none"), evidence("2", window(0.0))),
    )
    out = tmp_path / "feedback.parquet"
    export = export_feedback(url, out, columns=FEATURE_NAMES)
    assert export == FeedbackExport(1, 1, votes=2, unnamed=1, disputed=0, unknown_features=0)
    assert pd.read_parquet(out)["label"].tolist() == ["techno"]


def test_csv_keeps_the_names_of_the_files(tmp_path: Path) -> None:
    url = database(tmp_path, ("a", RIGHT, evidence("12", window(30.0))))  # looks like a number
    export_feedback(url, tmp_path / "feedback.csv", columns=FEATURE_NAMES)
    assert read_tables([tmp_path / "feedback.csv"]).tracks.tolist() == [f"feedback/12{'0' * 14}"]


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        ((RIGHT, TECHNO, TECHNO), "techno"),
        ((RIGHT, RIGHT, NONE), "dnb"),
        ((RIGHT, TECHNO), None),
        ((RIGHT, NONE), None),
        ((RIGHT, WRONG, NONE), ""),
    ],
)
def test_the_majority_counts(tmp_path: Path, votes: tuple[Vote, ...], label: str | None) -> None:
    disputed = [(str(person), vote, evidence("1", window(30.0))) for person, vote in enumerate(votes)]
    url = database(tmp_path, *disputed, ("z", RIGHT, evidence("2", window(30.0))))
    export = export_feedback(url, tmp_path / "t.parquet", columns=FEATURE_NAMES)
    assert (export.disputed, export.unnamed) == (int(label is None), int(label == ""))
    labels = pd.read_parquet(tmp_path / "t.parquet").query(f"track == 'feedback/1{'0' * 15}'")["label"].tolist()
    assert labels == ([label] if label else [])


def test_features_are_found_by_name_and_others_are_left_out(tmp_path: Path) -> None:
    more = ("tempo", *reversed(FEATURE_NAMES))
    url = database(
        tmp_path,
        ("a", RIGHT, evidence("1", window(30.0, 0.0, len(more)), columns=more)),
        ("a", RIGHT, evidence("2", window(30.0, 0.0, 1), columns=("tempo",))),
    )
    export = export_feedback(url, tmp_path / "t.parquet", columns=FEATURE_NAMES)
    assert (export.windows, export.unknown_features) == (1, 1)
    table = pd.read_parquet(tmp_path / "t.parquet")
    np.testing.assert_array_equal(table[list(FEATURE_NAMES)].iloc[0], np.arange(122, 0, -1, dtype=np.float32))


@pytest.mark.slow
def test_fit_takes_it_beside_other_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame().to_parquet(tmp_path / "mine.parquet")
    monkeypatch.setenv("DATABASE_URL", database(tmp_path, ("a", TECHNO, evidence("1", window(0.0), window(3.0)))))
    table = tmp_path / "feedback.parquet"
    assert main(["export-feedback", "--model", "reference", "--out", str(table)]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{table}: 2 windows of 1 tracks, from 2 votes of windows; left out: 0 windows")
    tables = [str(tmp_path / "mine.parquet"), str(table)]
    call = ["fit", "--model", "reference", "--table", *tables, "--out", str(tmp_path / "bundle"), "--max-epochs", "1"]
    assert main(call) == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "not the address"),
        ("mysql://a/b", "not the address"),
        ("sqlite:////no/such/file.sqlite3", "there is no file /no/such/file.sqlite3"),
        ("postgresql://u:geheim@127.0.0.1:1/x", "no feedback that can be read"),
    ],
)
def test_a_database_that_cannot_be_read_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str, words: str
) -> None:
    assert main(["export-feedback", "--database", url, "--out", str(tmp_path / "t.parquet")]) == 1
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert "geheim" not in said


def test_a_database_without_feedback_is_said(tmp_path: Path) -> None:
    url = database(tmp_path, ("a", NONE, evidence("1", window(0.0))))
    with pytest.raises(TrainingError, match="no feedback to learn from: 0 windows of 0 tracks, from 1 votes"):
        export_feedback(url, tmp_path / "t.parquet", columns=FEATURE_NAMES)
    other = tmp_path / "other.sqlite3"
    other.write_bytes(b"")
    with pytest.raises(TrainingError, match="no such table"):
        export_feedback(f"sqlite:///{other}", tmp_path / "t.parquet", columns=FEATURE_NAMES)
    with pytest.raises(TrainingError, match=r"\.csv or \.parquet"):
        export_feedback("sqlite://", tmp_path / "t.xlsx", columns=FEATURE_NAMES)
    url = database(tmp_path, ("b", RIGHT, evidence("1", window(0.0))), ("c", RIGHT, evidence("1", window(0.0))))
    with pytest.raises(TrainingError, match="cannot be written"):
        export_feedback(url, tmp_path / "nowhere" / "t.csv", columns=FEATURE_NAMES)
