"""The command line of the training: fit and measure models, and make the tables and the backbone they need."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.bundle import DEFAULT_BUNDLE, KERAS_FILE
from classifier.errors import ClassifierError
from classifier.genres import SLUGS
from classifier.model import RuntimeName
from training.errors import TrainingError
from training.outputs import FitWishes, check_target

if TYPE_CHECKING:
    from training.bundles import Bundle
    from training.study import Study
    from training.tables import FeatureTable

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

    _add_fit(commands.add_parser("fit", help="train a model bundle from feature tables"))
    _add_evaluate(commands.add_parser("evaluate", help="measure a bundle on tables and write a report"))
    _add_compare(commands.add_parser("compare", help="measure two bundles on the same tables"))
    _add_extract(commands.add_parser("extract", help="make a feature table from audio, a folder for each genre"))
    _add_export_feedback(
        commands.add_parser(
            "export-feedback", help="make a feature table from what people said about the bot's answers"
        )
    )
    _add_slice(commands.add_parser("slice", help="cut long mixes into 3-second clips"))
    _add_backbone(commands.add_parser("backbone", help="make the network behind the embedding from MusiCNN's numbers"))
    _add_enrich(commands.add_parser("enrich", help="add rhythm and embedding to a table whose pictures are at hand"))
    return parser


def _add_fit(fit: argparse.ArgumentParser) -> None:
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
    fit.add_argument(
        "--model",
        choices=("reference", "default"),
        default="reference",
        help="reference: one network on the 122 features; default: a network for each of five folds of tracks, on all "
        "columns (default: %(default)s)",
    )
    fit.add_argument(
        "--non-edm", type=Path, nargs="+", metavar="PATH", help="default: tables of sounds that are none of the genres"
    )
    fit.add_argument(
        "--unlabelled",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="default: tables of electronic music of unknown genre, which is not to be refused",
    )
    fit.add_argument(
        "--backbone",
        type=Path,
        default=DEFAULT_BUNDLE / KERAS_FILE,
        metavar="FILE.keras",
        help="default: where the network behind the embedding is (default: in the shipped bundle)",
    )
    fit.add_argument("--notes", type=Path, metavar="FILE.md", help="text to end the model card with")
    fit.set_defaults(run=_fit)


def _add_evaluate(evaluate: argparse.ArgumentParser) -> None:
    evaluate.add_argument("--bundle", type=Path, required=True)
    _add_judging(evaluate)
    evaluate.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where report.html and report.md go (default: reports/BUNDLE)"
    )
    evaluate.add_argument(
        "--cross-validate",
        action="store_true",
        help="fit the bundle's recipe and the baselines anew in five folds of tracks; takes minutes",
    )
    evaluate.add_argument(
        "--keep-near",
        nargs="+",
        choices=SLUGS,
        metavar="GENRE",
        help="genres for which rows of quality 'near' train in cross-validation (default: as for the bundle)",
    )
    evaluate.add_argument(
        "--learning-curve",
        choices=("logistic", "network", "none"),
        default="logistic",
        help="who learns from ever more tracks in cross-validation (default: %(default)s, which is quick)",
    )
    evaluate.add_argument("--goal", type=float, metavar="RECALL", help="macro recall to say the way to")
    evaluate.set_defaults(run=_evaluate)


def _add_compare(compare: argparse.ArgumentParser) -> None:
    compare.add_argument("first", type=Path, metavar="A", help="folder of a bundle")
    compare.add_argument("second", type=Path, metavar="B", help="folder of another")
    _add_judging(compare)
    compare.add_argument("--out", type=Path, metavar="FOLDER", help="write report.html and report.md there, too")
    compare.set_defaults(run=_compare)


def _add_judging(command: argparse.ArgumentParser) -> None:
    command.add_argument("--table", type=Path, nargs="+", required=True, metavar="PATH")
    command.add_argument(
        "--part",
        choices=("all", "test"),
        default="all",
        help="test: only the tracks held out when the bundle was fitted to these tables (default: %(default)s)",
    )
    command.add_argument("--runtime", type=RuntimeName, choices=list(RuntimeName), default=RuntimeName.LITERT)


def _add_extract(extract: argparse.ArgumentParser) -> None:
    extract.add_argument("--audio", type=Path, required=True, metavar="FOLDER")
    extract.add_argument("--out", type=Path, required=True, metavar="TABLE", help="a .csv or .parquet file")
    extract.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: %(default)s)")
    extract.add_argument("--windows", type=int, metavar="N", help="at most so many of a file, spread (default: all)")
    extract.add_argument(
        "--non-edm", action="store_true", help="the folders are kinds of other sounds (speech, noise, …), not genres"
    )
    extract.set_defaults(run=_extract)


def _add_export_feedback(feedback: argparse.ArgumentParser) -> None:
    feedback.add_argument("--database", metavar="URL", help="the bot's database (default: DATABASE_URL)")
    feedback.add_argument("--out", type=Path, required=True, metavar="TABLE", help="a .csv or .parquet file")
    feedback.add_argument(
        "--model",
        choices=("default", "reference"),
        default="default",
        help="which model the table is to train: windows that were described for the other one may lack columns "
        "(default: %(default)s)",
    )
    feedback.set_defaults(run=_export_feedback)


def _add_slice(slice_: argparse.ArgumentParser) -> None:
    slice_.add_argument("--mix", type=Path, nargs="+", required=True, metavar="PATH")
    slice_.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    slice_.set_defaults(run=_slice)


def _add_backbone(backbone: argparse.ArgumentParser) -> None:
    backbone.add_argument("--wheel", type=Path, required=True, metavar="FILE.whl", help="wheel of the package musicnn")
    backbone.add_argument("--mels", type=Path, required=True, metavar="FILE.npz", help="pictures of music, array 'mel'")
    backbone.add_argument("--out", type=Path, required=True, metavar="FILE.keras")
    backbone.set_defaults(run=_backbone)


def _add_enrich(enrich: argparse.ArgumentParser) -> None:
    enrich.add_argument("--table", type=Path, required=True, metavar="PATH")
    enrich.add_argument("--altered", type=Path, metavar="PATH", help="the same rows behind a low-pass at 7 kHz")
    enrich.add_argument("--mels", type=Path, required=True, metavar="FILE.npz", help="'mel', row by row as the table")
    enrich.add_argument("--backbone", type=Path, default=DEFAULT_BUNDLE / KERAS_FILE, metavar="FILE.keras")
    enrich.add_argument("--out", type=Path, required=True, metavar="TABLE", help="a .csv or .parquet file")
    enrich.set_defaults(run=_enrich)


def _fit(options: argparse.Namespace) -> int:
    from training.bundling import fit_default, fit_reference
    from training.evaluation import genre_table, summary
    from training.tables import read_other_tables, read_tables

    check_target(options.out)
    wishes = FitWishes(
        out=options.out,
        version=options.version,
        seed=options.seed,
        max_epochs=options.max_epochs,
        keep_near=frozenset(options.keep_near),
        notes=_text(options.notes),
    )
    table = read_tables(options.table)
    if not table.has_tracks:
        print("note: without a column 'track', clips of one mix may lie on both sides of a split", file=sys.stderr)
    if options.model == "reference":
        test = read_tables(options.test) if options.test else None
        metrics = fit_reference(table, test, wishes)
    else:
        others, unlabelled = (
            read_other_tables(paths) if paths else None for paths in (options.non_edm, options.unlabelled)
        )
        metrics = fit_default(
            table, wishes, others=others, unlabelled=unlabelled, backbone=options.backbone, say=_progress
        )
    print(summary(metrics))
    print(genre_table(metrics))
    return 0


def _text(path: Path | None) -> str:
    try:
        return path.read_text(encoding="utf-8") if path else ""
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read: {error.strerror}") from error


def _evaluate(options: argparse.Namespace) -> int:
    from training.bundles import Bundle
    from training.evaluation import genre_table, summary
    from training.learners import BASELINES
    from training.report.sections import study_document
    from training.report.writing import write_report
    from training.study import study_bundle, study_test_part
    from training.tables import read_tables

    bundle = Bundle.open(options.bundle, runtime=options.runtime)
    table = read_tables(options.table)
    if options.cross_validate:
        study = _cross_validation(options, bundle, table)
    elif options.part == "test":
        study = study_test_part(bundle, table, baselines=BASELINES, progress=_progress)
    else:
        study = study_bundle(bundle, table, progress=_progress)
    out = options.out or Path("reports") / bundle.name
    write_report(study_document(study), out)
    print(summary(study.subject.metrics))
    print(genre_table(study.subject.metrics))
    for warning in study.warnings:
        print(f"note: {warning}", file=sys.stderr)
    print(f"report: {out / 'report.html'}", file=sys.stderr)
    return 0


def _cross_validation(options: argparse.Namespace, bundle: "Bundle", table: "FeatureTable") -> "Study":
    from training.learners import BASELINES, Learner, Logistic
    from training.network_learner import recorded_network
    from training.study import study_recipe

    if options.part == "test":
        raise TrainingError("--cross-validate judges every track: leave --part test out")
    network = recorded_network(bundle.metadata)
    curve: dict[str, Learner | None] = {"logistic": Logistic(), "network": network, "none": None}
    keep_near = bundle.metadata.data.get("near_kept_for", []) if options.keep_near is None else options.keep_near
    return study_recipe(
        network,
        table,
        title=f"Cross-validation of the recipe of {bundle.name}",
        certain_from=bundle.metadata.window.certain_from,
        keep_near=frozenset(keep_near),
        baselines=BASELINES,
        curve_learner=curve[options.learning_curve],
        goal=options.goal,
        progress=_progress,
    )


def _compare(options: argparse.Namespace) -> int:
    from training.bundles import Bundle
    from training.report.comparing import comparison_document
    from training.report.writing import to_markdown, write_report
    from training.study import study_difference
    from training.tables import read_tables

    first, second = (Bundle.open(folder, runtime=options.runtime) for folder in (options.first, options.second))
    table = read_tables(options.table)
    result = study_difference(first, second, table, only_test=options.part == "test")
    document = comparison_document(result.comparison, warnings=result.warnings)
    print(to_markdown(document), end="")
    if options.out:
        write_report(document, options.out)
        print(f"report: {options.out / 'report.html'}", file=sys.stderr)
    return 0


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _backbone(options: argparse.Namespace) -> int:
    from training.assembly import save_small
    from training.backbone import build_backbone
    from training.enriching import read_mels

    save_small(build_backbone(options.wheel, read_mels(options.mels)), options.out)
    return 0


def _enrich(options: argparse.Namespace) -> int:
    from training.assembly import load_backbone
    from training.enriching import enrich_table

    rows = enrich_table(
        options.table, options.altered, options.mels, backbone=load_backbone(options.backbone), out=options.out
    )
    print(f"{options.out}: {rows} rows")
    return 0


def _extract(options: argparse.Namespace) -> int:
    from training.extraction import extract_table

    result = extract_table(
        options.audio, options.out, workers=options.workers, non_edm=options.non_edm, budget=options.windows
    )
    print(f"{options.out}: {result.windows} windows; {len(result.refused)} files passed over")
    return 0


def _export_feedback(options: argparse.Namespace) -> int:
    from classifier.bundle import columns_of
    from training.feedback import export_feedback
    from training.network import DEFAULT, REFERENCE

    recipe = DEFAULT if options.model == "default" else REFERENCE
    columns = columns_of(recipe.families)
    done = export_feedback(options.database or _configured_database(), options.out, columns=columns)
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
