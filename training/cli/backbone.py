"""`backbone`: make the network behind the embedding from MusiCNN's numbers."""

import argparse
from pathlib import Path

from training.cli.common import Commands


def add(commands: Commands) -> None:
    command = commands.add_parser("backbone", help="make the network behind the embedding from MusiCNN's numbers")
    command.add_argument("--wheel", type=Path, required=True, metavar="FILE.whl", help="wheel of the package musicnn")
    command.add_argument(
        "--mels", type=Path, required=True, metavar="FILE.npz", help="log-mel spectrograms of music, array 'mel'"
    )
    command.add_argument("--out", type=Path, required=True, metavar="FILE.keras")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from training.bundle.assemble import save_small
    from training.models.backbone import build_backbone, read_mels

    save_small(build_backbone(arguments.wheel, read_mels(arguments.mels)), arguments.out)
    return 0
