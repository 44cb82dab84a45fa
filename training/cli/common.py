"""What several commands share: arguments of the same meaning, and how they tell what they do."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from classifier.bundle import DEFAULT_BUNDLE, KERAS_FILE
from classifier.model import RuntimeName
from classifier.terminal import printable
from training.errors import TrainingError

if TYPE_CHECKING:
    from training.data.tables import FeatureTable

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What `add_subparsers` gives."""


def add_evaluation_data(command: argparse.ArgumentParser) -> None:
    """The tables that a finished bundle is measured on."""
    command.add_argument(
        "--table", type=Path, nargs="+", metavar="PATH", help="(default: the measurements behind the shipped bundles)"
    )
    command.add_argument(
        "--part",
        choices=("all", "test"),
        default="all",
        help="test: only the tracks held out when the bundle was fitted to these tables (default: %(default)s)",
    )
    command.add_argument("--runtime", type=RuntimeName, choices=list(RuntimeName), default=RuntimeName.LITERT)


def evaluation_table(arguments: argparse.Namespace) -> "FeatureTable":
    """The tables that `add_evaluation_data` took."""
    from training.data.repeats import without_repeats
    from training.data.shipped import read_shipped
    from training.data.tables import read_tables

    table = read_tables(arguments.table) if arguments.table else read_shipped().genres
    return without_repeats(table, say=progress)


def add_backbone(command: argparse.ArgumentParser, *, help_: str) -> None:
    """The file with the network behind the embedding."""
    command.add_argument("--backbone", type=Path, default=DEFAULT_BUNDLE / KERAS_FILE, metavar="FILE.keras", help=help_)


def progress(line: str) -> None:
    """A `Progress` that writes to stderr at once."""
    print(printable(line), file=sys.stderr, flush=True)


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """An argument's type: a whole number from `least` to `most`."""

    def number(text: str) -> int:
        value = int(text)
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(
                f"{text} is not a whole number from {least} {f'to {most}' if most else 'on'}"
            )
        return value

    return number


SEED = whole_number(0, 2**32 - 1)
"""What NumPy, TensorFlow and scikit-learn take as a seed."""
COUNT = whole_number(1)


def text_of(path: Path | None) -> str:
    """A file's text, empty for None. Raises `TrainingError` where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8") if path else ""
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read: {error.strerror}") from error
