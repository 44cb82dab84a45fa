"""`extract`: make a feature table from audio, a folder for each genre."""

import argparse
import os
from pathlib import Path

from training.cli.common import COUNT, Commands
from training.data.copies import COPIES


def add(commands: Commands) -> None:
    command = commands.add_parser("extract", help="make a feature table from audio, a folder for each genre")
    command.add_argument("--audio", type=Path, required=True, metavar="FOLDER")
    command.add_argument("--out", type=Path, required=True, metavar="TABLE", help="a .csv or .parquet file")
    command.add_argument("--workers", type=COUNT, default=os.cpu_count() or 1, help="processes (default: %(default)s)")
    command.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster that does the work instead: tcp://host:8786"
    )
    command.add_argument("--windows", type=COUNT, metavar="N", help="at most so many of a file, spread (default: all)")
    command.add_argument(
        "--non-edm", action="store_true", help="the folders are kinds of other sounds (speech, noise, …), not genres"
    )
    command.add_argument("--origin", metavar="NAME", help="origin of all files (default: the folder each lies in)")
    command.add_argument(
        "--copies", nargs="+", default=[], choices=COPIES, help="altered copies of each window to describe, too"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from training.data.extract import extract_table

    result = extract_table(
        arguments.audio,
        arguments.out,
        workers=arguments.workers,
        non_edm=arguments.non_edm,
        budget=arguments.windows,
        origin=arguments.origin,
        copies=arguments.copies,
        scheduler=arguments.scheduler,
    )
    print(f"{arguments.out}: {result.windows} windows; {len(result.refused)} files passed over")
    return 0
