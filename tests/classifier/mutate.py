"""Damaged files by the thousand: `python -m tests.classifier.mutate --count 5000`.

Small files of 13 formats with flipped bytes, cuts, foreign, doubled and exchanged pieces, and numbers set to nothing,
all or chance, each read as a window and as a track by a process that may have no more memory than for any other file.
Whatever comes of it has to be an answer or a `ClassifierError`; the last line says how many of each.
"""

import argparse
import multiprocessing
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache

from classifier.decoding import decode_window, spread_windows
from classifier.errors import ClassifierError
from tests.support.odd import aiff, encoded, flac, id3, mp3, ogg, staircase, w64, wav

_MEMORY_BYTES = 1_500_000_000
"""Address space of a worker: libraries take most of it, a track of gigabytes does not fit."""
_LONGEST_S = 20.0

_SOUND = staircase(7)
FORMATS: dict[str, Callable[[], bytes]] = {
    "wav": lambda: wav(_SOUND),
    "rf64": lambda: wav(_SOUND, form=b"RF64", sizes=2 * len(_SOUND)),
    "w64": lambda: w64(_SOUND),
    "aiff": lambda: aiff(_SOUND),
    "flac": lambda: flac(_SOUND),
    "mp3": lambda: id3(padding=300) + mp3(_SOUND),
    "ogg vorbis": lambda: ogg(_SOUND, "VORBIS") + ogg(_SOUND, "VORBIS", serial=2),
    "ogg opus": lambda: ogg(_SOUND.repeat(3), "OPUS", rate_hz=48_000),
    "m4a": lambda: encoded(_SOUND, "ipod", "aac", bit_rate=48_000),
    "aac": lambda: encoded(_SOUND, "adts", "aac", bit_rate=48_000),
    "webm": lambda: encoded(_SOUND.repeat(3), "webm", "libopus", rate_hz=48_000),
    "wma": lambda: encoded(_SOUND, "asf", "wmav2", bit_rate=48_000),
    "ts": lambda: encoded(_SOUND, "mpegts", "libmp3lame", bit_rate=32_000),
}


@cache
def _whole(name: str) -> bytes:
    return FORMATS[name]()


def mutated(number: int) -> tuple[str, bytes]:
    """The number-th damaged file and its format; the same for ever."""
    chance = random.Random(number)
    name = list(FORMATS)[number % len(FORMATS)]
    content = bytearray(_whole(name))
    for _ in range(chance.randint(1, 4)):
        content = chance.choice((_flipped, _cut, _foreign, _doubled, _exchanged, _renumbered))(content, chance)
    return name, bytes(content)


def _place(content: bytearray, chance: random.Random) -> int:
    """Heads are damaged as often as all the rest."""
    return chance.randrange(max(1, min(len(content), 400 if chance.random() < 0.5 else len(content))))


def _flipped(content: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.randint(1, 40)):
        if content:
            content[_place(content, chance)] = chance.randrange(256)
    return content


def _cut(content: bytearray, chance: random.Random) -> bytearray:
    return content[: _place(content, chance)] if chance.random() < 0.5 else content[_place(content, chance) :]


def _foreign(content: bytearray, chance: random.Random) -> bytearray:
    at = _place(content, chance)
    piece = chance.choice([bytes, chance.randbytes])(chance.choice([1, 100, 20_000]))
    return content[:at] + piece + content[at + chance.choice([0, len(piece)]) :]


def _doubled(content: bytearray, chance: random.Random) -> bytearray:
    at, length = _place(content, chance), chance.choice([4, 500, 30_000])
    return content[: at + length] + content[at:]


def _exchanged(content: bytearray, chance: random.Random) -> bytearray:
    one, other = sorted((_place(content, chance), _place(content, chance)))
    return content[:one] + content[other:] + content[one:other]


def _renumbered(content: bytearray, chance: random.Random) -> bytearray:
    at, length = _place(content, chance), chance.choice([1, 2, 4, 8])
    content[at : at + length] = chance.choice([bytes(length), b"\xff" * length, chance.randbytes(length)])
    return content


def outcome(number: int) -> str:
    """What came of a file: `answered`, a kind of refusal, or what is wrong, beginning with `WRONG`."""
    name, content = mutated(number)
    started = time.monotonic()
    try:
        offset_s = random.Random(number).choice([0.0, 2.0, 30.0])
        decode_window(content, offset_s=offset_s)
        list(spread_windows(content, budget=24))
        result = "answered"
    except ClassifierError as error:
        result = str(error.kind)
    except BaseException as error:
        return f"WRONG {number} ({name}): {type(error).__name__}: {error}"
    if time.monotonic() - started > _LONGEST_S:
        return f"WRONG {number} ({name}): took {time.monotonic() - started:.0f} s"
    return result


def _in_little_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


def outcomes(numbers: range, *, workers: int) -> Iterator[str]:
    """The outcome of each file, in order. Raises `BrokenProcessPool` where one ended its process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_in_little_memory) as pool:
        yield from pool.map(outcome, numbers, chunksize=10)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.classifier.mutate", description=__doc__)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    options = parser.parse_args()
    counted: Counter[str] = Counter()
    for result in outcomes(range(options.first, options.first + options.count), workers=options.workers):
        if result.startswith("WRONG"):
            print(result, flush=True)
        counted[result.split()[0]] += 1
    print(", ".join(f"{count} {result}" for result, count in counted.most_common()))
    return int(counted["WRONG"] > 0)


if __name__ == "__main__":
    sys.exit(main())
