"""`tempo-and-key`: how often both are right, on loops that were made at them."""

import argparse

from training.cli.common import COUNT, Commands, progress


def add(commands: Commands) -> None:
    command = commands.add_parser("tempo-and-key", help="how often tempo and key are right, on loops made at them")
    command.add_argument("--loops", type=COUNT, default=800, metavar="N", help="so many (default: %(default)s)")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from training.evaluate.music import WINDOWS, Outcomes, measure_music

    def row(name: str, outcomes: Outcomes) -> None:
        wrong = [f"{count} {name}" for name, count in outcomes.said.most_common() if name != "right"]
        right = f"{outcomes.right_share:.1%}" if outcomes.said else "–"
        print(f"| {name} | {outcomes.loops} | {outcomes.said_share:.1%} | {right} | {', '.join(wrong)} |")

    figures = measure_music(arguments.loops, say=progress)
    print(f"Loops of {WINDOWS} windows.\n")
    print("| | loops | something is said | of that right | wrong |\n| --- | --- | --- | --- | --- |")
    row("tempo, genre not known", figures.tempo)
    row("tempo, genre known to 60 %", figures.tempo_of_genre)
    row("tempo, nothing beats", figures.tempo_without_beat)
    row("key", figures.key)
    row("key, drums alone", figures.key_without_notes)
    return 0
