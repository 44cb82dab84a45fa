"""The parser with all commands, and what becomes of their errors."""

import argparse
import sys
from collections.abc import Sequence

from classifier.errors import ClassifierError
from classifier.terminal import printable
from classifier.versions import version_text
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
    sample_piece,
    similarity,
    slice_mixes,
    tempo_and_key,
)
from training.cli.interrupt import Interrupted, end_workers, interruptible
from training.cli.quiet import without_tensorflow_lines
from training.errors import TrainingError
from training.writing import check_writable

COMMANDS = (
    fit,
    evaluate,
    compare,
    promote,
    invariance,
    tempo_and_key,
    similarity,
    extract,
    other_sounds,
    export_feedback,
    slice_mixes,
    pack,
    backbone,
    migrate_bundle,
    sample_piece,
)
"""In the order in which the help shows them; each has `add(commands)`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 for input that cannot be used, 2 for a wrong call, and 128 and the
    signal's number where one ended it (130: Ctrl-C)."""
    parser = argparse.ArgumentParser(prog="python -m training", description="Train and measure genre models.")
    parser.add_argument("--version", action="version", version=version_text())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    options = parser.parse_args(arguments)
    try:
        with interruptible(), without_tensorflow_lines():
            if (out := getattr(options, "out", None)) is not None:
                check_writable(out)  # before any work
            return int(options.run(options))
    except (TrainingError, ClassifierError) as error:
        print(printable(str(error)), file=sys.stderr)
        return 1
    except OSError as error:  # a disk that is full, a folder that is gone
        print(printable(f"{error.filename or 'error'}: {error.strerror or error}"), file=sys.stderr)
        return 1
    except Interrupted as interrupted:
        end_workers()
        print("interrupted", file=sys.stderr)
        return interrupted.exit_code
