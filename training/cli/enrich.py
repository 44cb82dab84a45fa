"""`enrich`: add rhythm and embedding to a table whose log-mel spectrograms are at hand."""

import argparse
from pathlib import Path

from training.cli.common import Commands, add_backbone


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "enrich", help="add rhythm and embedding to a table whose log-mel spectrograms are at hand"
    )
    command.add_argument("--table", type=Path, required=True, metavar="PATH")
    command.add_argument("--altered", type=Path, metavar="PATH", help="the same rows behind a low-pass at 7 kHz")
    command.add_argument("--mels", type=Path, required=True, metavar="FILE.npz", help="'mel', row by row as the table")
    add_backbone(command, help_="where the network behind the embedding is (default: in the shipped bundle)")
    command.add_argument("--out", type=Path, required=True, metavar="TABLE", help="a .csv or .parquet file")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from functools import partial

    from training.bundle.assemble import load_backbone
    from training.data.augment import enrich_table
    from training.models.backbone import pool

    embed = partial(pool, load_backbone(arguments.backbone))
    rows = enrich_table(arguments.table, arguments.altered, arguments.mels, embed=embed, out=arguments.out)
    print(f"{arguments.out}: {rows} rows")
    return 0
