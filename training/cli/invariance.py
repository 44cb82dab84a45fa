"""`invariance`: how many answers stay when the same music is quieter, mastered otherwise or went through a codec."""

import argparse
from pathlib import Path

from classifier.bundle import DEFAULT_BUNDLE
from training.cli.common import COUNT, SEED, Commands


def add(commands: Commands) -> None:
    command = commands.add_parser("invariance", help="how many answers stay when the same music is altered")
    command.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE, metavar="BUNDLE")
    command.add_argument("--audio", type=Path, required=True, metavar="FOLDER", help="music of any kind")
    command.add_argument("--windows", type=COUNT, default=6, metavar="N", help="of each file (default: %(default)s)")
    command.add_argument("--seed", type=SEED, default=1, help="of the random equalisers (default: %(default)s)")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from training.bundle.invariance import measure_invariance

    found = measure_invariance(arguments.bundle, arguments.audio, windows=arguments.windows, seed=arguments.seed)
    print(f"{found.windows} windows of {found.tracks} tracks; answers that stay:")
    for alteration, share in found.unchanged.items():
        print(f"  {alteration}: {share:.1%}")
    return 0
