"""`evaluate`: measure a bundle on tables and write a report."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.genres import SLUGS
from training.cli.common import Commands, add_evaluation_data, evaluation_table, progress
from training.errors import TrainingError

if TYPE_CHECKING:
    from training.bundle.read import Bundle
    from training.data.tables import FeatureTable
    from training.evaluate.study import Study
    from training.models.learner import Learner


def add(commands: Commands) -> None:
    command = commands.add_parser("evaluate", help="measure a bundle on tables and write a report")
    command.add_argument("--bundle", type=Path, required=True)
    add_evaluation_data(command)
    command.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where report.html and report.md go (default: reports/BUNDLE)"
    )
    command.add_argument(
        "--cross-validate",
        action="store_true",
        help="fit the bundle's recipe and the baselines anew in five folds of origins; takes minutes",
    )
    command.add_argument(
        "--keep-near",
        nargs="+",
        choices=SLUGS,
        metavar="GENRE",
        help="genres for which rows of quality 'near' train in cross-validation (default: as for the bundle)",
    )
    command.add_argument(
        "--learning-curve",
        choices=("logistic", "network", "none"),
        default="logistic",
        help="who learns from ever more tracks in cross-validation (default: %(default)s, which is quick)",
    )
    command.add_argument("--goal", type=float, metavar="RECALL", help="macro recall to say the way to")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from training.bundle.read import Bundle
    from training.bundle.study import study_bundle, study_test_part
    from training.evaluate.metrics import genre_table, summary
    from training.models.baselines import BASELINES
    from training.report.render import write_report
    from training.report.sections import study_document

    bundle = Bundle.open(arguments.bundle, runtime=arguments.runtime)
    table = evaluation_table(arguments)
    if arguments.cross_validate:
        study = _cross_validation(arguments, bundle, table)
    elif arguments.part == "test":
        study = study_test_part(bundle, table, baselines=BASELINES, progress=progress)
    else:
        study = study_bundle(bundle, table, progress=progress)
    out = arguments.out or Path("reports") / bundle.name
    write_report(study_document(study), out)
    print(summary(study.subject.metrics))
    print(genre_table(study.subject.metrics.windows, study.subject.metrics.tracks))
    for warning in study.warnings:
        print(f"note: {warning}", file=sys.stderr)
    print(f"report: {out / 'report.html'}", file=sys.stderr)
    return 0


def _cross_validation(arguments: argparse.Namespace, bundle: "Bundle", table: "FeatureTable") -> "Study":
    from training.evaluate.study import study_recipe
    from training.fit.network_learner import recorded_learner
    from training.models.baselines import BASELINES, Logistic

    if arguments.part == "test":
        raise TrainingError("--cross-validate measures every track: leave --part test out")
    network = recorded_learner(bundle.record)
    curve: dict[str, Learner | None] = {"logistic": Logistic(), "network": network, "none": None}
    keep_near = bundle.record.near_genres if arguments.keep_near is None else arguments.keep_near
    return study_recipe(
        network,
        table,
        title=f"Cross-validation of the recipe of {bundle.name}",
        keep_near=frozenset(keep_near),
        baselines=BASELINES,
        curve_learner=curve[arguments.learning_curve],
        goal=arguments.goal,
        progress=progress,
    )
