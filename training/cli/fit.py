"""`fit`: train a model bundle from feature tables."""

import argparse
import sys
from pathlib import Path

from classifier.genres import SLUGS
from training.bundle.target import check_target
from training.cli.common import Commands, add_backbone, progress, text_of

DEFAULT_SEED = 1


def add(commands: Commands) -> None:
    command = commands.add_parser("fit", help="train a model bundle from feature tables")
    command.add_argument("--table", type=Path, nargs="+", required=True, metavar="PATH", help="tables to train on")
    command.add_argument(
        "--test", type=Path, nargs="+", metavar="PATH", help="tables to test on (default: hold out tracks)"
    )
    command.add_argument("--out", type=Path, required=True, metavar="BUNDLE", help="folder of the new bundle")
    command.add_argument("--version", default="1.0.0", help="version of the new bundle (default: %(default)s)")
    command.add_argument(
        "--seed", type=int, default=DEFAULT_SEED, help="same seed, same metrics (default: %(default)s)"
    )
    command.add_argument("--max-epochs", type=int, metavar="N", help="stop after so many epochs")
    command.add_argument(
        "--keep-near",
        nargs="+",
        default=[],
        choices=SLUGS,
        metavar="GENRE",
        help="genres for which rows of quality 'near' train too, with a low weight",
    )
    command.add_argument(
        "--model",
        choices=("reference", "default"),
        default="reference",
        help="reference: one network on the 122 features; default: a network for each of five folds of tracks, on all "
        "columns (default: %(default)s)",
    )
    command.add_argument(
        "--non-edm", type=Path, nargs="+", metavar="PATH", help="default: tables of sounds that are none of the genres"
    )
    command.add_argument(
        "--unlabelled",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="default: tables of electronic music of unknown genre, which is not to be refused",
    )
    add_backbone(command, help_="default: where the network behind the embedding is (default: in the shipped bundle)")
    command.add_argument("--notes", type=Path, metavar="FILE.md", help="text to end the model card with")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    check_target(arguments.out)  # before TensorFlow takes its seconds

    from training.data.tables import read_other_tables, read_tables
    from training.evaluate.metrics import genre_table, summary
    from training.fit.options import FitOptions
    from training.fit.run import fit_default, fit_reference

    options = FitOptions(
        out=arguments.out,
        version=arguments.version,
        seed=arguments.seed,
        max_epochs=arguments.max_epochs,
        keep_near=frozenset(arguments.keep_near),
        notes=text_of(arguments.notes),
    )
    table = read_tables(arguments.table)
    if not table.has_tracks:
        print("note: without a column 'track', clips of one mix may lie on both sides of a split", file=sys.stderr)
    if arguments.model == "reference":
        test = read_tables(arguments.test) if arguments.test else None
        metrics = fit_reference(table, test, options)
    else:
        others, unlabelled = (
            read_other_tables(paths) if paths else None for paths in (arguments.non_edm, arguments.unlabelled)
        )
        metrics = fit_default(
            table, options, others=others, unlabelled=unlabelled, backbone=arguments.backbone, say=progress
        )
    print(summary(metrics))
    print(genre_table(metrics))
    return 0
