"""`export-feedback`: make a feature table from what people said about the bot's answers."""

import argparse
from pathlib import Path

from training.cli.common import Commands
from training.errors import TrainingError


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "export-feedback", help="make a feature table from what people said about the bot's answers"
    )
    command.add_argument("--database", metavar="URL", help="the bot's database (default: DATABASE_URL)")
    command.add_argument("--out", type=Path, required=True, metavar="TABLE", help="a .csv or .parquet file")
    command.add_argument(
        "--model",
        choices=("default", "reference"),
        default="default",
        help="which model the table is to train: windows that were described for the other one may lack columns "
        "(default: %(default)s)",
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from classifier.bundle import columns_of
    from training.data.feedback import export_feedback
    from training.models.recipes import DEFAULT, REFERENCE

    recipe = DEFAULT if arguments.model == "default" else REFERENCE
    columns = columns_of(recipe.families)
    done = export_feedback(arguments.database or _configured_database(), arguments.out, columns=columns)
    print(f"{arguments.out}: {done}")
    return 0


def _configured_database() -> str:
    from config import SettingsError, load_settings

    try:
        return load_settings().database_url.get_secret_value()
    except SettingsError as error:
        raise TrainingError(str(error)) from error
