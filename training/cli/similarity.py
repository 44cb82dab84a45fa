"""`similarity`: how alike pairs of songs are, which `/compare` measures two tracks by."""

import argparse
from pathlib import Path

from classifier.bundle import DEFAULT_BUNDLE
from training.cli.common import Commands


def add(commands: Commands) -> None:
    command = commands.add_parser("similarity", help="how alike pairs of songs are by their embeddings")
    command.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE, metavar="BUNDLE")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from classifier.model import GenreModel
    from classifier.similarity import QUANTILES_AT
    from training.data.shipped import read_shipped
    from training.evaluate.similarity import cosine_quantiles

    apart, alike, own = cosine_quantiles(GenreModel.load(arguments.bundle), read_shipped().genres)
    for name, values in (
        ("quantile", QUANTILES_AT),
        ("any two songs", apart),
        ("of one genre", alike),
        ("halves of one", own),
    ):
        print(f"{name}: {', '.join(map(str, values))}")
    return 0
