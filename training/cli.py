"""The command line of the training: fit, evaluate, extract, export-feedback, slice."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from classifier.errors import ClassifierError
from classifier.genres import SLUGS
from classifier.model import GenreModel, RuntimeName
from training.errors import TrainingError
from training.outputs import check_target

DEFAULT_SEED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 for input that cannot be used, 2 for a wrong call."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (TrainingError, ClassifierError) as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description="Train and measure genre models.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    fit = commands.add_parser("fit", help="train a model bundle from feature tables")
    fit.add_argument("--table", type=Path, nargs="+", required=True, metavar="PATH", help="tables to train on")
    fit.add_argument(
        "--test", type=Path, nargs="+", metavar="PATH", help="tables to test on (default: hold out tracks)"
    )
    fit.add_argument("--out", type=Path, required=True, metavar="BUNDLE", help="folder of the new bundle")
    fit.add_argument("--version", default="1.0.0", help="version of the new bundle (default: %(default)s)")
    fit.add_argument("--seed", type=int, default=DEFAULT_SEED, help="same seed, same metrics (default: %(default)s)")
    fit.add_argument("--max-epochs", type=int, metavar="N", help="stop after so many epochs")
    fit.add_argument(
        "--keep-near",
        nargs="+",
        default=[],
        choices=SLUGS,
        metavar="GENRE",
        help="genres for which rows of quality 'near' train too, with a low weight",
    )
    fit.add_argument("--notes", type=Path, metavar="FILE.md", help="text to end the model card with")
    fit.set_defaults(run=_fit)

    evaluate = commands.add_parser("evaluate", help="measure a bundle on tables")
    evaluate.add_argument("--bundle", type=Path, required=True)
    evaluate.add_argument("--table", type=Path, nargs="+", required=True, metavar="PATH")
    evaluate.add_argument("--runtime", type=RuntimeName, choices=list(RuntimeName), default=RuntimeName.LITERT)
    evaluate.set_defaults(run=_evaluate)

    extract = commands.add_parser("extract", help="make a feature table from audio, a folder for each genre")
    extract.add_argument("--audio", type=Path, required=True, metavar="FOLDER")
    extract.add_argument("--out", type=Path, required=True, metavar="TABLE", help="a .csv or .parquet file")
    extract.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: %(default)s)")
    extract.set_defaults(run=_extract)

    feedback = commands.add_parser(
        "export-feedback", help="make a feature table from what people said about the bot's answers"
    )
    feedback.add_argument("--database", metavar="URL", help="the bot's database (default: DATABASE_URL)")
    feedback.add_argument("--out", type=Path, required=True, metavar="TABLE", help="a .csv or .parquet file")
    feedback.set_defaults(run=_export_feedback)

    slice_ = commands.add_parser("slice", help="cut long mixes into 3-second clips")
    slice_.add_argument("--mix", type=Path, nargs="+", required=True, metavar="PATH")
    slice_.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    slice_.set_defaults(run=_slice)
    return parser


def _fit(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from training.splits import split_parts
    from training.tables import read_tables

    check_target(options.out)
    table = read_tables(options.table)
    test = read_tables(options.test) if options.test else None
    parts = split_parts(table, test=test, keep_near=frozenset(options.keep_near), seed=options.seed)
    if not table.has_tracks:
        print("note: without a column 'track', clips of one mix may lie on both sides of a split", file=sys.stderr)
    notes = _text(options.notes)

    from training.evaluation import genre_table, summary
    from training.export import write_bundle
    from training.fitting import fit_model
    from training.network import Recipe
    from training.sampling import Sampling

    recipe = Recipe() if options.max_epochs is None else replace(Recipe(), max_epochs=options.max_epochs)
    sampling = Sampling()
    fitted = fit_model(parts, recipe=recipe, sampling=sampling, seed=options.seed)
    settings = {
        "recipe": recipe.to_dict(),
        "sampling": sampling.to_dict(),
        "seed": options.seed,
        "near_kept_for": sorted(options.keep_near),
    }
    write_bundle(
        fitted,
        parts,
        options.out,
        name=options.out.name,
        version_text=options.version,
        settings=settings,
        notes=notes,
    )
    print(summary(fitted.metrics))
    print(genre_table(fitted.metrics))
    return 0


def _text(path: Path | None) -> str:
    try:
        return path.read_text(encoding="utf-8") if path else ""
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read: {error.strerror}") from error


def _evaluate(options: argparse.Namespace) -> int:
    from training.evaluation import genre_table, measure, summary
    from training.tables import read_tables

    model = GenreModel.load(options.bundle, runtime=options.runtime)
    table = read_tables(options.table)
    metrics = measure(model.predict(table.features), table, certain_from=model.metadata.certain_from)
    print(summary(metrics))
    print(genre_table(metrics))
    return 0


def _extract(options: argparse.Namespace) -> int:
    from training.extraction import extract_table

    result = extract_table(options.audio, options.out, workers=options.workers)
    print(f"{options.out}: {result.windows} windows; {len(result.refused)} files passed over")
    return 0


def _export_feedback(options: argparse.Namespace) -> int:
    from training.feedback import export_feedback

    done = export_feedback(options.database or _configured_database(), options.out)
    print(f"{options.out}: {done}")
    return 0


def _configured_database() -> str:
    from config import SettingsError, load_settings

    try:
        return load_settings().database_url.get_secret_value()
    except SettingsError as error:
        raise TrainingError(str(error)) from error


def _slice(options: argparse.Namespace) -> int:
    from training.clips import slice_mix

    failed = False
    for mix in options.mix:
        try:
            print(f"{mix}: {slice_mix(mix, options.out)} clips")
        except ClassifierError as error:
            print(f"{mix}: {error}", file=sys.stderr)
            failed = True
    return int(failed)
