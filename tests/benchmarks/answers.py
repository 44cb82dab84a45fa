"""One answer on one core, warm: ours and the usual way in turn, in one process."""

import io
import os
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import librosa
from PIL import Image

from classifier.bundle import DEFAULT_BUNDLE, REFERENCE_BUNDLE
from classifier.decoding import decode_window
from classifier.pipeline import GenreClassifier
from classifier.spectrogram import render_spectrogram
from classifier.warmup import warm_up
from tests.benchmarks.rows import Row
from tests.benchmarks.usual import usual_way

_OFFSET_S = 10.0


def measure_answers(tracks: Mapping[int, Path], folder: Path, *, rounds: int) -> list[Row]:
    """Three seconds with their picture, and the parts of that; longer tracks; and what no program can do without."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    warm_up()
    default, reference = GenreClassifier(DEFAULT_BUNDLE), GenreClassifier(REFERENCE_BUNDLE)
    usual = usual_way(folder)
    short, hour, long = tracks[4], tracks[60], tracks[600]
    samples = decode_window(short, offset_s=_OFFSET_S).samples
    picture = Image.open(io.BytesIO(render_spectrogram(samples))).convert("RGB")

    def ours(classifier: GenreClassifier, track: Path, *, listen_on: bool = False) -> None:
        window = decode_window(track, offset_s=_OFFSET_S)
        answer = classifier.classify_window(window, source=track if listen_on else None)
        render_spectrogram(window.samples, window=window.window, title=answer.title)

    took = in_turn(
        {
            "usual": lambda: usual(short, _OFFSET_S),
            "default": lambda: ours(default, short),
            "reference": lambda: ours(reference, short),
            "listening on": lambda: ours(default, short, listen_on=True),
            "decode": lambda: decode_window(short, offset_s=_OFFSET_S),
            "transform": lambda: librosa.stft(samples),
            "png": lambda: picture.save(io.BytesIO(), "PNG"),
            "describe": lambda: default.model.describe(samples),
            "picture": lambda: render_spectrogram(samples),
            "whole track": lambda: default.classify_track(short),
        },
        rounds=rounds,
    )
    least = took["decode"] + took["transform"] + took["png"]
    longer = in_turn(
        {
            "usual, an hour": lambda: usual(hour, _OFFSET_S),
            "an hour": lambda: ours(default, hour),
            "whole hour": lambda: default.classify_track(hour),
            "ten hours": lambda: ours(default, long),
            "whole ten hours": lambda: default.classify_track(long),
        },
        rounds=max(1, rounds // 5),
    )
    return [
        Row("an answer of the model default", took["default"], "ms", "the usual way", took["usual"] / took["default"]),
        Row(
            "an answer of the model reference",
            took["reference"],
            "ms",
            "the usual way",
            took["usual"] / took["reference"],
        ),
        Row("the usual way", took["usual"], "ms"),
        Row("decoding, one transform and one PNG, which nothing can do without", least, "ms"),
        Row("default over that", took["default"] / least, "×"),
        Row("describing 3 s to the model default", took["describe"], "ms"),
        Row("the picture", took["picture"], "ms"),
        Row("an answer that listens on at more places", took["listening on"], "ms"),
        Row("a whole track", took["whole track"], "ms"),
        Row(
            "an answer out of an hour",
            longer["an hour"],
            "ms",
            "the usual way",
            longer["usual, an hour"] / longer["an hour"],
        ),
        Row("an answer out of ten hours", longer["ten hours"], "ms"),
        Row("a whole hour over a whole track of 4 minutes", longer["whole hour"] / took["whole track"], "×"),
        Row("whole ten hours over that", longer["whole ten hours"] / took["whole track"], "×"),
    ]


def in_turn(tasks: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Medians in milliseconds of tasks that are done one after the other, in so many rounds after one to warm up: what
    the machine does meanwhile meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(rounds + 1):
        for name, task in tasks.items():
            started = time.perf_counter()
            task()
            if number:
                times[name].append(time.perf_counter() - started)
    return {name: 1000.0 * statistics.median(each) for name, each in times.items()}
