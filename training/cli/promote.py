"""`promote`: put a new bundle in the place of the one in use, but only if it is better on the same tracks."""

import argparse
from pathlib import Path

from training.cli.common import Commands, add_evaluation_data, evaluation_table

NOT_BETTER = 3
"""The exit code where the bundle in use stays."""


def add(commands: Commands) -> None:
    command = commands.add_parser("promote", help="replace a bundle by a new one if that is better")
    command.add_argument("current", type=Path, metavar="CURRENT", help="folder of the bundle in use")
    command.add_argument("new", type=Path, metavar="NEW", help="folder of the new bundle")
    add_evaluation_data(command)
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 where the new bundle took the place, 3 where it is no better; a bundle in use is never half replaced."""
    from training.bundle.read import Bundle
    from training.bundle.study import is_better, study_difference
    from training.bundle.target import replace_bundle

    current, new = (Bundle.open(folder, runtime=arguments.runtime) for folder in (arguments.current, arguments.new))
    result = study_difference(current, new, evaluation_table(arguments), only_test=arguments.part == "test")
    better = is_better(result.comparison)
    for level, comparison in (("windows", result.comparison.windows), ("tracks", result.comparison.tracks)):
        for row in comparison.figures:
            print(f"{row.name} over {level}: {row.first:.3f} → {row.second:.3f}")
    if not better:
        print(f"{arguments.current}: stays, {new.name} is not better")
        return NOT_BETTER
    replace_bundle(arguments.current, arguments.new)
    print(f"{arguments.current}: is {new.name} now, and was {current.name}")
    return 0
