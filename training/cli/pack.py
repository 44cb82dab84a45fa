"""`pack`: put the tables that a shipped bundle is fitted to into one small file."""

import argparse
from pathlib import Path

from classifier.genres import SLUGS
from training.cli.common import Commands
from training.data.shipped import SHIPPED_TABLE


def add(commands: Commands) -> None:
    command = commands.add_parser("pack", help="put the tables behind a shipped bundle into one small file")
    command.add_argument("--table", type=Path, required=True, metavar="PATH", help="windows of the genres")
    command.add_argument("--non-edm", type=Path, required=True, metavar="PATH", help="sounds that are none of them")
    command.add_argument("--unlabelled", type=Path, metavar="PATH", help="electronic music of unknown genre")
    command.add_argument("--keep-near", nargs="+", default=[], choices=SLUGS, metavar="GENRE")
    command.add_argument("--out", type=Path, default=SHIPPED_TABLE, metavar="FILE.parquet")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from training.data.shipped import pack

    rows = pack(
        arguments.table,
        arguments.non_edm,
        arguments.unlabelled,
        keep_near=frozenset(arguments.keep_near),
        out=arguments.out,
    )
    print(f"{arguments.out}: {rows} rows, {arguments.out.stat().st_size / 1e6:.1f} MB")
    return 0
