"""`fit`: train a model bundle from feature tables."""

import argparse
import shlex
import sys
from functools import reduce
from pathlib import Path

from classifier.genres import SLUGS
from training.bundle.target import check_target
from training.cli.common import COUNT, SEED, Commands, add_backbone, progress, text_of

DEFAULT_SEED = 1
NEAR_GENRES = ("big_room_house", "future_garage_wave_trap")
"""Genres of which the shipped measurements have hardly anything else."""


def add(commands: Commands) -> None:
    command = commands.add_parser("fit", help="train a model bundle from feature tables")
    command.add_argument(
        "--table",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="tables to train on (default: the measurements that the shipped bundles are made from)",
    )
    command.add_argument(
        "--add-shipped", action="store_true", help="train on the shipped measurements, too, beside the tables"
    )
    command.add_argument(
        "--test", type=Path, nargs="+", metavar="PATH", help="tables to test on (default: hold out tracks)"
    )
    command.add_argument("--out", type=Path, required=True, metavar="BUNDLE", help="folder of the new bundle")
    command.add_argument("--version", default="1.0.0", help="version of the new bundle (default: %(default)s)")
    command.add_argument(
        "--seed", type=SEED, default=DEFAULT_SEED, help="same seed, same metrics (default: %(default)s)"
    )
    command.add_argument("--max-epochs", type=COUNT, metavar="N", help="stop after so many epochs")
    command.add_argument(
        "--keep-near",
        nargs="+",
        default=[],
        choices=SLUGS,
        metavar="GENRE",
        help="genres for which rows of quality 'near' train too, with a low weight (default: without --table those of "
        "the shipped bundles)",
    )
    command.add_argument(
        "--model",
        choices=("default", "reference"),
        default="default",
        help="default: a network for each of five folds of origins, on all columns; reference: one network on the 122 "
        "features (default: %(default)s)",
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
    add_backbone(
        command,
        help_="default: where the networks behind the embedding are, or one of them (default: in the shipped bundle)",
    )
    command.add_argument(
        "--without-track-folds",
        action="store_true",
        help="default: leave out the folds of tracks, which only show how much they flatter: half the time",
    )
    command.add_argument("--notes", type=Path, metavar="FILE.md", help="text to end the model card with")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    check_target(arguments.out)  # before TensorFlow takes its seconds

    from training.data.repeats import without_recordings_of, without_repeats
    from training.data.shipped import read_shipped
    from training.data.tables import FeatureTable, read_other_tables, read_tables
    from training.evaluate.metrics import answer_summary, genre_table, summary
    from training.fit.run import FitOptions, fit_default, fit_reference

    shipped = read_shipped() if arguments.add_shipped or not arguments.table else None
    options = FitOptions(
        out=arguments.out,
        version=arguments.version,
        seed=arguments.seed,
        max_epochs=arguments.max_epochs,
        keep_near=frozenset(
            arguments.keep_near or (NEAR_GENRES if arguments.add_shipped or not arguments.table else [])
        ),
        notes=text_of(arguments.notes),
        track_folds=not arguments.without_track_folds,
    )
    tables = [read_tables(arguments.table)] if arguments.table else []
    tables += [shipped.genres] if shipped else []
    table = reduce(FeatureTable.joined, tables)
    table = without_repeats(table, say=progress)
    if not table.has_tracks:
        print("note: without a column 'track', clips of one mix may lie on both sides of a split", file=sys.stderr)
    if arguments.model == "reference":
        test = read_tables(arguments.test) if arguments.test else None
        table = without_recordings_of(table, test, say=progress) if test else table
        figures = fit_reference(table, test, options, say=progress)
    else:
        others, unlabelled = (
            read_other_tables(paths) if paths else None for paths in (arguments.non_edm, arguments.unlabelled)
        )
        if shipped:
            others, unlabelled = shipped.non_edm, shipped.unlabelled
        figures = fit_default(
            table, options, others=others, unlabelled=unlabelled, backbone=arguments.backbone, say=progress
        )
    print(summary(figures.main))
    print(answer_summary(figures))
    print(genre_table(figures.main.windows, figures.main.tracks))
    where = shlex.quote(str(arguments.out))
    progress(f"bundle: {arguments.out} (read its MODEL_CARD.md)")
    progress(f"next: python -m classifier --bundle {where} TRACK, or MODEL_BUNDLE={where} python -m bot")
    return 0
