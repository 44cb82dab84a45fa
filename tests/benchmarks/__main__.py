"""`python -m tests.benchmarks`: measure, and print a table.

Needs the extras of the tests, the program ffmpeg (the usual way calls it), Linux, and for the memory of workers root.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.answers import measure_answers
from tests.benchmarks.rows import Row, draw, to_json, to_markdown
from tests.benchmarks.service import measure_service
from tests.benchmarks.simulation import draw_waiting, measure_queue
from tests.benchmarks.tracks import make_tracks


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="How fast, and how small.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="draw the table, too")
    parser.add_argument("--rounds", type=int, default=15, help="how often each answer is timed (default: 15)")
    parser.add_argument(
        "--only", choices=("answers", "service", "queue"), help="measure a part (queue is none of the whole)"
    )
    arguments = parser.parse_args()
    if arguments.only in {None, "answers"} and shutil.which("ffprobe") is None:
        parser.error("the usual way calls ffmpeg, which is not installed (apt-get install ffmpeg)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tracks = make_tracks(folder)
        rows: list[Row] = []
        if arguments.only == "queue":
            rows, services_s = asyncio.run(measure_queue(tracks[4].read_bytes()))
            if arguments.picture:
                draw_waiting(services_s, arguments.picture)
        if arguments.only in {None, "service"}:  # first: the answers stay on one core
            rows += asyncio.run(measure_service(tracks[4].read_bytes()))
        if arguments.only in {None, "answers"}:
            rows = measure_answers(tracks, folder, rounds=arguments.rounds) + rows
    if arguments.picture and arguments.only != "queue":
        draw(rows, arguments.picture)
    print(to_json(rows) if arguments.json else to_markdown(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
