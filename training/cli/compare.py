"""`compare`: measure two bundles on the same tables."""

import argparse
import sys
from pathlib import Path

from training.cli.common import Commands, add_evaluation_data, evaluation_table


def add(commands: Commands) -> None:
    command = commands.add_parser("compare", help="measure two bundles on the same tables")
    command.add_argument("first", type=Path, metavar="A", help="folder of a bundle")
    command.add_argument("second", type=Path, metavar="B", help="folder of another")
    add_evaluation_data(command)
    command.add_argument("--out", type=Path, metavar="FOLDER", help="write report.html and report.md there, too")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from training.bundle.read import Bundle
    from training.bundle.study import study_difference
    from training.report.comparison import comparison_document
    from training.report.render import to_markdown, write_report

    first, second = (Bundle.open(folder, runtime=arguments.runtime) for folder in (arguments.first, arguments.second))
    table = evaluation_table(arguments)
    result = study_difference(first, second, table, only_test=arguments.part == "test")
    document = comparison_document(result.comparison, warnings=result.warnings)
    print(to_markdown(document), end="")
    if arguments.out:
        write_report(document, arguments.out)
        print(f"report: {arguments.out / 'report.html'}", file=sys.stderr)
    return 0
