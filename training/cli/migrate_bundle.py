"""`migrate-bundle`: bring a bundle of an earlier format to the one that this version reads."""

import argparse
from pathlib import Path

from training.cli.common import Commands


def add(commands: Commands) -> None:
    command = commands.add_parser("migrate-bundle", help="bring a bundle of an earlier format to this version's")
    command.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder of the bundle, which is replaced")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from training.bundle.migrate import migrate_bundle

    changed = migrate_bundle(arguments.bundle)
    print(f"{arguments.bundle}: {'brought to the newest format' if changed else 'has the newest format already'}")
    return 0
