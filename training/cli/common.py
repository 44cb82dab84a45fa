"""What several commands share: arguments of the same meaning, and how they tell what they do."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from classifier.bundle import DEFAULT_BUNDLE, KERAS_FILE
from classifier.model import RuntimeName
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
    from training.data.shipped import read_shipped
    from training.data.tables import read_tables

    return read_tables(arguments.table) if arguments.table else read_shipped().genres


def add_backbone(command: argparse.ArgumentParser, *, help_: str) -> None:
    """The file with the network behind the embedding."""
    command.add_argument("--backbone", type=Path, default=DEFAULT_BUNDLE / KERAS_FILE, metavar="FILE.keras", help=help_)


def progress(line: str) -> None:
    """A `Progress` that writes to stderr at once."""
    print(line, file=sys.stderr, flush=True)


def text_of(path: Path | None) -> str:
    """A file's text, empty for None. Raises `TrainingError` where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8") if path else ""
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read: {error.strerror}") from error
