"""`slice`: cut long mixes into 3-second clips."""

import argparse
import sys
from pathlib import Path

from classifier.errors import ClassifierError
from classifier.terminal import printable
from training.cli.common import Commands


def add(commands: Commands) -> None:
    command = commands.add_parser("slice", help="cut long mixes into 3-second clips")
    command.add_argument("--mix", type=Path, nargs="+", required=True, metavar="PATH")
    command.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from training.data.slice import slice_mix

    failed = False
    for mix in arguments.mix:
        try:
            print(f"{printable(mix)}: {slice_mix(mix, arguments.out)} clips")
        except ClassifierError as error:
            print(printable(f"{mix}: {error}"), file=sys.stderr)
            failed = True
    return int(failed)
