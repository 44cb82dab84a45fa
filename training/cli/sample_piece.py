"""`sample-piece`: make the short piece anew that the page offers to who has no file at hand."""

import argparse
from pathlib import Path

from training.cli.common import Commands

_SEED, _SECONDS, _FADE_S = 27, 20.0, 0.5
"""Drums, bass and chords at 175 beats a minute."""


def add(commands: Commands) -> None:
    command = commands.add_parser("sample-piece", help="make the piece that the page offers to try")
    command.add_argument("--out", type=Path, required=True, metavar="OUT.mp3")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    import numpy as np
    import soundfile

    from classifier.decoding import SAMPLE_RATE_HZ
    from training.data.loops import dance_loop

    samples = dance_loop(_SEED, seconds=_SECONDS).samples
    fade = np.linspace(0.0, 1.0, round(_FADE_S * SAMPLE_RATE_HZ), dtype=np.float32)
    samples[: len(fade)] *= fade
    samples[-len(fade) :] *= fade[::-1]
    soundfile.write(
        arguments.out, samples, SAMPLE_RATE_HZ, format="MP3", bitrate_mode="CONSTANT", compression_level=0.6
    )
    return 0
