"""The key of sounds that were made in it: chords, loops, other tunings; and none where nothing has a pitch."""

import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.decoding import SAMPLE_RATE_HZ
from classifier.keys import KEYS, Key
from classifier.tonality import estimate_key, extract_pitch_classes
from tests.support.audio import noise, sine
from training.data.loops import dance_loop
from training.evaluate.music import windows_of

CADENCES = {
    False: ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)),
    True: ((0, 3, 7), (5, 8, 12), (7, 10, 14), (0, 3, 7)),
}


def cadence(key: Key, *, cents: float = 0.0) -> list[FloatArray]:
    """Tonic, subdominant, dominant, tonic: a window each, of plain tones."""
    a4_hz = 440.0 * 2.0 ** (cents / 1200)
    chords = [[a4_hz * 2.0 ** ((key.tonic + step - 21) / 12) for step in chord] for chord in CADENCES[key.is_minor]]
    return [sum(sine(3.0, hz, amplitude=0.2) for hz in (*chord, 2 * chord[0])) for chord in chords]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_a_cadence_has_its_key(key: Key) -> None:
    found = estimate_key(cadence(key))
    assert found is not None
    assert found.key == key


@pytest.mark.parametrize("cents", [-30.0, -15.0, 15.0, 30.0])
def test_another_tuning_is_no_other_key(cents: float) -> None:
    for key in (Key(9, is_minor=True), Key(4, is_minor=False)):
        found = estimate_key(cadence(key, cents=cents))
        assert found is not None
        assert found.key == key


def test_a_tone_is_its_pitch_class() -> None:
    classes = extract_pitch_classes(sine(3.0, 440.0))
    assert classes.sum() == pytest.approx(1.0, abs=1e-5)
    assert classes.argmax() == 27  # A: nine semitones over C, of three classes each
    assert classes[27] > 0.9


def test_drums_noise_and_silence_have_no_key() -> None:
    for seed in range(8):
        assert estimate_key(windows_of(dance_loop(300 + seed, seconds=18.0, has_notes=False))) is None
    assert estimate_key([noise(3.0, seed=seed) for seed in range(5)]) is None
    assert estimate_key([np.zeros(3 * SAMPLE_RATE_HZ, np.float32)] * 5) is None
    assert not extract_pitch_classes(np.zeros(3 * SAMPLE_RATE_HZ, np.float32)).any()


def test_one_chord_is_no_key() -> None:
    assert estimate_key(cadence(Key(0, is_minor=False))[:3]) is None


def test_the_camelot_wheel_goes_by_fifths() -> None:
    numbers = [int(Key(7 * step % 12, is_minor=False).camelot[:-1]) for step in range(12)]
    assert numbers == [(8 + step - 1) % 12 + 1 for step in range(12)]
    relatives = [(Key(tonic, is_minor=False), Key((tonic + 9) % 12, is_minor=True)) for tonic in range(12)]
    assert all(major.camelot[:-1] == minor.camelot[:-1] for major, minor in relatives)
    assert len({key.camelot for key in KEYS}) == len({key.short for key in KEYS}) == 24
