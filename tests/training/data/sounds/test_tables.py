"""The tables of sources can be audited: each package has a licence, each take says what it takes."""

from collections import Counter, defaultdict

from training.data.sounds.music import MUSIC
from training.data.sounds.recorded import RECORDED
from training.data.sounds.sources import Kind
from training.data.sounds.speech import TEXTS, readings
from training.data.sounds.tunes import GROOVES, SETTINGS, TUNES, abc_of, settings_of, song_of


def test_each_package_has_a_licence_and_takes_something() -> None:
    for package in (*MUSIC, *RECORDED):
        assert package.licence, package.name
        assert package.takes, package.name
        for take in package.takes:
            assert take.patterns, package.name
            assert take.most > 0, package.name


def test_each_table_names_a_package_once() -> None:
    for table in (MUSIC, RECORDED):
        kinds = Counter((package.name, take.kind) for package in table for take in package.takes)
        assert not [key for key, count in kinds.items() if count > 1]


def test_each_kind_of_recorded_sound_has_many_origins() -> None:
    origins = defaultdict(set)
    for package in (*MUSIC, *RECORDED):
        for take in package.takes:
            origins[take.kind].add(package.name)
    assert {kind for kind in Kind if len(origins[kind]) < 8} == {Kind.TONES}


def test_readings_have_names_of_their_own_and_many_languages() -> None:
    names = [(reading.origin, reading.name) for reading in readings()]
    assert len(set(names)) == len(names) >= 50
    assert len(TEXTS) >= 12


def test_each_instrument_plays_and_every_tune_is_heard() -> None:
    used = {setting.name for position in range(len(TUNES)) for setting in settings_of(position)}
    assert used == {setting.name for setting in SETTINGS}


def test_a_tune_in_abc_has_its_tempo_before_its_key_and_all_its_passes() -> None:
    lines = abc_of(TUNES[1], SETTINGS[1]).splitlines()
    assert lines[2:6] == ["M:3/4", "L:1/8", "Q:1/4=112", "K:G"]
    assert "%%MIDI program 24" in lines
    assert lines.count(TUNES[1].notes) == 3


def test_a_song_names_its_groove_and_ends() -> None:
    song = song_of(0)
    assert f"Groove {GROOVES[0][0]}" in song
    assert song.count("Repeat") == 2
