"""How often tempo and key are right, on loops that were made at them, and how often one is said where there is none.

Loops are simpler than music: these figures say what the methods can do, and where they go wrong, not how often they
will be right about songs.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ, WINDOW_S
from classifier.keys import Key
from classifier.loudness import levelled
from classifier.mel import extract_mel
from classifier.results import KeyEstimate, Tempo
from classifier.tempo import estimate_tempo
from classifier.tonality import estimate_key
from training.data.loops import BEATS, Loop, dance_loop
from training.progress import Progress

WINDOWS = 6
"""What the bot hears of a track where it listens on."""
_GENRE_CONFIDENCE = 0.6
"""How sure the genre is that a loop is given."""
_TOLERANCE = 0.02
_RATIOS = {"right": 1.0, "twice": 2.0, "half": 0.5, "3 : 2": 1.5, "2 : 3": 2 / 3, "4 : 3": 4 / 3, "3 : 4": 0.75}
_WITHOUT_SEEDS, _BEATLESS_SEEDS = 100_000, 200_000
"""Where the loops without notes and those without a beat begin."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came of many loops: how many there were, and how often each thing was said.

    `said` counts what is sure enough to be told, by what it is: right, or which error; `silent` the rest.
    """

    loops: int
    said: Counter[str]

    @property
    def said_share(self) -> float:
        return self.said.total() / self.loops

    @property
    def right_share(self) -> float:
        """Of those that were said."""
        return self.said["right"] / max(self.said.total(), 1)


@dataclass(frozen=True, slots=True)
class MusicFigures:
    """Tempo without and with a loop's genre known, key, and both where there is none."""

    tempo: Outcomes
    tempo_of_genre: Outcomes
    key: Outcomes
    tempo_without_beat: Outcomes
    key_without_notes: Outcomes


def measure_music(count: int, *, say: Progress) -> MusicFigures:
    """Measure on `count` loops with all, and a quarter as many without notes and without a beat."""
    tempos: list[str | None] = []
    tempos_of_genre: list[str | None] = []
    keys: list[str | None] = []
    for loop in _loops(range(count), say=say):
        windows = windows_of(loop)
        genre = BEATS[loop.beat].genre
        known = {genre: _GENRE_CONFIDENCE} if genre else {}
        tempos.append(tempo_outcome(_tempo(windows, {}), loop.bpm))
        tempos_of_genre.append(tempo_outcome(_tempo(windows, known), loop.bpm))
        keys.append(key_outcome(estimate_key(windows), loop.key))
    less = count // 4
    silent = [dance_loop(_BEATLESS_SEEDS + n, seconds=WINDOWS * WINDOW_S, has_beat=False) for n in range(less)]
    drums = [dance_loop(_WITHOUT_SEEDS + n, seconds=WINDOWS * WINDOW_S, has_notes=False) for n in range(less)]
    return MusicFigures(
        tempo=_counted(tempos),
        tempo_of_genre=_counted(tempos_of_genre),
        key=_counted(keys),
        tempo_without_beat=_counted(tempo_outcome(_tempo(windows_of(loop), {}), None) for loop in silent),
        key_without_notes=_counted(key_outcome(estimate_key(windows_of(loop)), None) for loop in drums),
    )


def windows_of(loop: Loop) -> list[FloatArray]:
    """A loop cut into windows."""
    length = round(WINDOW_S * SAMPLE_RATE_HZ)
    return [loop.samples[start : start + length] for start in range(0, len(loop.samples) - length + 1, length)]


def tempo_outcome(found: Tempo | None, bpm: float | None) -> str | None:
    """ "right", by which ratio it is wrong, or "other"; None where nothing is said."""
    if found is None or not found.is_sure:
        return None
    if bpm is None:
        return "other"
    near = (name for name, ratio in _RATIOS.items() if abs(found.bpm / bpm / ratio - 1.0) < _TOLERANCE)
    return next(near, "other")


def key_outcome(found: KeyEstimate | None, key: Key | None) -> str | None:
    """ "right", how the two keys are related, or "other"; None where nothing is said."""
    if found is None:
        return None
    if key is None:
        return "other"
    if found.key == key:
        return "right"
    if found.key.camelot[:-1] == key.camelot[:-1]:
        return "relative"
    if found.key.tonic == key.tonic:
        return "parallel"
    is_fifth = found.key.is_minor == key.is_minor and (found.key.tonic - key.tonic) % 12 in {5, 7}
    return "fifth" if is_fifth else "other"


def _loops(seeds: range, *, say: Progress) -> Iterator[Loop]:
    for seed in seeds:
        if seed and seed % 100 == 0:
            say(f"{seed} of {len(seeds)} loops")
        yield dance_loop(seed, seconds=WINDOWS * WINDOW_S)


def _tempo(windows: Iterable[FloatArray], genres: dict[str, float]) -> Tempo | None:
    return estimate_tempo([extract_mel(levelled(window)) for window in windows], genres)


def _counted(outcomes: Iterable[str | None]) -> Outcomes:
    found = list(outcomes)
    return Outcomes(len(found), Counter(outcome for outcome in found if outcome is not None))
