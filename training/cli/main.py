"""The parser with all commands, and what becomes of their errors."""

import argparse
import sys
from collections.abc import Sequence

from classifier.errors import ClassifierError
from training.cli import (
    backbone,
    compare,
    evaluate,
    export_feedback,
    extract,
    fit,
    invariance,
    migrate_bundle,
    other_sounds,
    pack,
    promote,
    slice_mixes,
)
from training.errors import TrainingError

COMMANDS = (
    fit,
    evaluate,
    compare,
    promote,
    invariance,
    extract,
    other_sounds,
    export_feedback,
    slice_mixes,
    pack,
    backbone,
    migrate_bundle,
)
"""In the order in which the help shows them; each has `add(commands)`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 for input that cannot be used, 2 for a wrong call."""
    parser = argparse.ArgumentParser(prog="python -m training", description="Train and measure genre models.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except (TrainingError, ClassifierError) as error:
        print(error, file=sys.stderr)
        return 1
