"""Feedback from the bot's database as a feature table that `fit` takes: windows with the genre that people call right.

Reads the tables `feedback` and `feature_sets`, whose columns stand in the bot's migrations; imports nothing of the bot.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from classifier.arrays import FloatArray
from classifier.genres import SLUGS
from training.data.tables import PLAIN, check_table_name, write_table
from training.errors import TrainingError

SOURCE = "feedback"
_DRIVERS = {"sqlite": "sqlite", "postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
_NO_GENRE = ""
_NONE_OF_THEM = "none"
"""What the bot predicted, or a person said, where it is none of the genres."""
_FEEDBACK = sa.table(
    "feedback",
    *map(sa.column, ("digest", "start_s", "predicted", "verdict", "corrected", "feature_set", "features")),
)
_FEATURE_SETS = sa.table("feature_sets", sa.column("id"), sa.column("columns"))


@dataclass(frozen=True, slots=True)
class FeedbackExport:
    """What became a table, and what was left out: windows, but for `unknown_features`, which are votes of windows.

    `unnamed`: most say that none of the genres is right, or not which; `disputed`: as many say one thing as another.
    """

    windows: int
    tracks: int
    votes: int
    unnamed: int
    disputed: int
    unknown_features: int

    def __str__(self) -> str:
        return (
            f"{self.windows} windows of {self.tracks} tracks, from {self.votes} votes of windows; left out:"
            f" {self.unnamed} windows without a right genre, {self.disputed} on which people disagree,"
            f" {self.unknown_features} votes of other features or genres"
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Vote:
    """What one person says about one window: a genre's slug, or that it is none they could name."""

    digest: str
    start_ms: int
    label: str
    features: FloatArray


def export_feedback(database: str, out: Path, *, columns: Sequence[str]) -> FeedbackExport:
    """Write the evaluated windows that can teach something to a .csv or .parquet table.

    `database` is the bot's DATABASE_URL; `columns` names the features that the table is to have. Raises `TrainingError`
    for a database that cannot be read, or that holds nothing to learn from.
    """
    check_table_name(out)
    votes, unknown = _read(database, columns)
    by_window: defaultdict[tuple[str, int], list[_Vote]] = defaultdict(list)
    for vote in votes:
        by_window[vote.digest, vote.start_ms].append(vote)
    decided = [(said[0], _majority(one.label for one in said)) for _, said in sorted(by_window.items())]
    labelled = [(window, label) for window, label in decided if label]
    export = FeedbackExport(
        windows=len(labelled),
        tracks=len({window.digest for window, _ in labelled}),
        votes=len(votes) + unknown,
        unnamed=sum(label == _NO_GENRE for _, label in decided),
        disputed=sum(label is None for _, label in decided),
        unknown_features=unknown,
    )
    if not labelled:
        raise TrainingError(f"there is no feedback to learn from: {export}")
    _write(labelled, columns, out)
    return export


def _read(database: str, columns: Sequence[str]) -> tuple[list[_Vote], int]:
    """The votes that have these columns, and how many have not."""
    engine = _engine(database)
    try:
        with engine.connect() as connection:
            sets = {row.id: row.columns.split("\n") for row in connection.execute(sa.select(_FEATURE_SETS))}
            rows = list(connection.execute(sa.select(_FEEDBACK)))
    except SQLAlchemyError as error:
        words = " ".join(str(getattr(error, "orig", None) or error).split())
        raise TrainingError(f"the database has no feedback that can be read: {words[:200]}") from error
    finally:
        engine.dispose()
    places = {name: [names.index(c) for c in columns] for name, names in sets.items() if set(columns) <= set(names)}
    known = [row for row in rows if row.feature_set in places and row.predicted in (*SLUGS, _NONE_OF_THEM)]
    return [_vote(row, places[row.feature_set]) for row in known], len(rows) - len(known)


def _vote(row: "sa.Row[tuple[object, ...]]", places: list[int]) -> _Vote:
    said = row.predicted if row.verdict == "right" else row.corrected
    return _Vote(
        digest=row.digest,
        start_ms=round(row.start_s * 1000),
        label=said if said in SLUGS else _NO_GENRE,
        features=np.frombuffer(row.features, "<f4")[places],
    )


def _majority(labels: Iterable[str]) -> str | None:
    """What most say; None where as many say something else."""
    (first, count), *rest = Counter(labels).most_common(2)
    return None if rest and rest[0][1] == count else first


def _write(labelled: list[tuple[_Vote, str]], columns: Sequence[str], out: Path) -> None:
    table = pd.DataFrame(np.stack([window.features for window, _ in labelled]), columns=list(columns)).assign(
        label=[label for _, label in labelled],
        track=[f"{SOURCE}/{window.digest}" for window, _ in labelled],
        start_s=[window.start_ms / 1000 for window, _ in labelled],
        source=SOURCE,
        quality="",
        variant=PLAIN,
    )
    write_table(table, out)


def _engine(database: str) -> sa.Engine:
    try:
        url = sa.make_url(database)
        driver = _DRIVERS[url.drivername.partition("+")[0]]
    except (SQLAlchemyError, KeyError) as error:
        raise TrainingError("--database: not the address of an SQLite or PostgreSQL database") from error
    if driver == "sqlite" and not Path(url.database or "").is_file():  # it would be made, and be empty
        raise TrainingError(f"--database: there is no file {url.database}")
    return sa.create_engine(url.set(drivername=driver))
