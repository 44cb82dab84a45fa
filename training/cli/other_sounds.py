"""`other-sounds`: make folders of sounds that are none of the genres, and of unlabelled electronic music."""

import argparse
import sys
from pathlib import Path

from training.cli.common import Commands


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "other-sounds", help="make what is refused, and unlabelled electronic music, from free packages and formulas"
    )
    command.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    command.add_argument(
        "--packages", type=Path, metavar="FOLDER", help="where packages are downloaded to (default: OUT/packages)"
    )
    command.add_argument(
        "--keep-packages", action="store_true", help="do not remove a package once its sounds are taken"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from training.data.other_sounds import make_other_sounds

    made = make_other_sounds(
        arguments.out,
        packages=arguments.packages,
        keep_packages=arguments.keep_packages,
        report=lambda line: print(line, file=sys.stderr, flush=True),
    )
    for kind, recordings in made.recordings.items():
        print(f"{kind}: {recordings} recordings of {made.origins[kind]} origins")
    print(f"{len(made.passed_over)} sources passed over")
    return 0
