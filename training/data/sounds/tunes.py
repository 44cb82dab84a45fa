"""Old tunes and styles that are played from notes: melodies in ABC on quiet instruments, chords in bands' styles.

The tunes are traditional or their composers died long ago; they were written down anew here.
"""

from dataclasses import dataclass

from training.data.sounds.sources import Kind

_PASSES = 3


@dataclass(frozen=True, slots=True)
class Tune:
    """A melody with chord symbols: `header` has its metre, unit and key, `speed` its beats a minute."""

    name: str
    kind: Kind
    header: str
    speed: str
    notes: str


@dataclass(frozen=True, slots=True)
class Setting:
    """Who plays a tune: General MIDI programs (from 0) of melody and chords, and how the chords are broken."""

    name: str
    melody: int
    chords: int
    broken: bool


SETTINGS = (
    Setting("piano", 0, 0, broken=True),
    Setting("nylon-guitar", 24, 24, broken=True),
    Setting("steel-guitar", 25, 25, broken=True),
    Setting("flute-harp", 73, 46, broken=True),
    Setting("strings", 48, 48, broken=False),
    Setting("harpsichord", 6, 6, broken=True),
    Setting("organ", 19, 19, broken=False),
    Setting("fiddle-guitar", 40, 25, broken=True),
    Setting("cello-piano", 42, 0, broken=True),
    Setting("accordion", 21, 24, broken=False),
)

TUNES = (
    Tune(
        "ode-to-joy",
        Kind.CLASSICAL,
        "M:4/4\nL:1/4\nK:G",
        "1/4=92",
        '"G"B B c d|"D7"d c B A|"G"G G A B|"D7"B3/2 A/2 A2|"G"B B c d|"D7"d c B A|"G"G G A B|"D7"A3/2 G/2 "G"G2|'
        '"D"A A B G|"D"A B/2c/2 B G|"D"A B/2c/2 B A|"Em"G A "D"D2|"G"B B c d|'
        '"D7"d c B A|"G"G G A B|"D7"A3/2 G/2 "G"G2|',
    ),
    Tune(
        "minuet",
        Kind.CLASSICAL,
        "M:3/4\nL:1/8\nK:G",
        "1/4=112",
        '"G"d2 GA Bc|d2 G2 G2|"C"e2 cd ef|"G"g2 G2 G2|"Am"c2 dc BA|"G"B2 cB AG|"D7"F2 GA BG|"D"A6|'
        '"G"d2 GA Bc|d2 G2 G2|"C"e2 cd ef|"G"g2 G2 G2|"Am"c2 dc BA|"G"B2 cB AG|"D7"A2 BA GF|"G"G6|',
    ),
    Tune(
        "for-elise",
        Kind.CLASSICAL,
        "M:3/8\nL:1/16\nK:Am",
        "1/8=120",
        'e^d|e^deB=dc|"Am"A2zCEA|"E"B2zE^GB|"Am"c2zEe^d|e^deB=dc|"Am"A2zCEA|"E"B2zEcB|"Am"A4 z2|'
        'Bcd|"C"e3Gfe|"G"d3Fed|"Am"c3Edc|"E"B2zEe2|e^deB=dc|"Am"A2zCEA|"E"B2zEcB|"Am"A4z2|',
    ),
    Tune(
        "canon",
        Kind.CLASSICAL,
        "M:4/4\nL:1/4\nK:D",
        "1/4=66",
        '"D"f2 "A"e2|"Bm"d2 "F#m"c2|"G"B2 "D"A2|"G"B2 "A"c2|"D"d f/2g/2 "A"a e|"Bm"f d/2e/2 "F#m"f c|'
        '"G"d B/2c/2 "D"d A|"G"B G/2A/2 "A"B c|"D"d/2f/2a/2g/2 "A"f/2d/2f/2e/2|"Bm"d/2B/2d/2a/2 "F#m"g/2b/2a/2g/2|'
        '"G"f/2d/2e/2a/2 "D"f/2a/2g/2f/2|"G"e/2g/2f/2e/2 "A"d/2c/2B/2A/2|',
    ),
    Tune(
        "lullaby",
        Kind.CLASSICAL,
        "M:3/4\nL:1/8\nK:F",
        "1/4=78",
        'AA|"F"c3 A A2|c4 Ac|"F"f2 e3 d|"C7"d2 c2 GA|B2 G2 GA|"C7"B4 GB|"F"e d c2 e2|"F"f4 FF|"Bb"f4 dB|"F"c4 AF|'
        '"C7"B2 c2 d2|"F"c4 FF|"Bb"f4 dB|"F"c4 AF|"C7"B A G2 E2|"F"F4|',
    ),
    Tune(
        "slow-waltz",
        Kind.CLASSICAL,
        "M:3/4\nL:1/4\nK:D",
        "1/4=72",
        '"G"z3|"D"z3|"G"z f a|"D"g f c|"G"B c d|"D"A3|"G"f3-|"D"f3|"G"f3-|"D"f3|"G"z f a|"D"g f c|"G"B c d|"D"A3|'
        '"F#m"c3|"Bm"f3|"E"E3-|"Em"E3|"A7"z A B|"D"c d e|"G"c d e|"A7"f2 d|"D"d3-|d3|',
    ),
    Tune(
        "greensleeves",
        Kind.ROCK_POP_FOLK,
        "M:6/8\nL:1/8\nK:Am",
        "3/8=48",
        'A|"Am"c2d e>fe|"G"d2B G>AB|"Am"c2A A>^GA|"E"B2^G E2A|"Am"c2d e>fe|"G"d2B G>AB|"Am"c>BA "E"^G>^F^G|"Am"A3 A3|'
        '"C"g3 g>fe|"G"d2B G>AB|"Am"c2A A>^GA|"E"B2^G E3|"C"g3 g>fe|"G"d2B G>AB|"Am"c>BA "E"^G>^F^G|"Am"A3 A2|',
    ),
    Tune(
        "scarborough",
        Kind.ROCK_POP_FOLK,
        "M:3/4\nL:1/4\nK:Ador",
        "1/4=100",
        '"Am"A2 A|e2 e|"G"B3/2 c/2 B|"Am"A3|z e g|"C"a2 g|"Am"e f "D"d|"Am"e3-|e2 z|"Am"a2 a|"C"g2 e|e d c|"G"B G2|'
        '"Am"A2 e|"G"d2 c|B A G|"Am"A3-|A3|',
    ),
    Tune(
        "shanty",
        Kind.ROCK_POP_FOLK,
        "M:2/4\nL:1/16\nK:Ador",
        "1/4=104",
        '"Am"e2ee e2ee|e2A2 c2e2|"G"d2dd d2dd|d2G2 B2d2|"Am"e2ee e2ee|e2f2 g2a2|"G"g2e2 d2B2|"Am"A4 A4|'
        '"Am"e4 e3e|e2A2 c2e2|"G"d4 d3d|d2G2 B2d2|"Am"e4 e3e|e2f2 g2a2|"G"g2e2 d2B2|"Am"A4 A4|',
    ),
    Tune(
        "parting-song",
        Kind.ROCK_POP_FOLK,
        "M:4/4\nL:1/8\nK:F",
        "1/4=84",
        'C2|"F"F3F F2A2|"C7"G3F G2A2|"F"F3F A2c2|"Bb"d6 d2|"F"c3A A2F2|"C7"G3F G2A2|"Dm"F3D "C7"D2C2|"F"F6 d2|'
        '"F"c3A A2F2|"C7"G3F G2d2|"F"c3A A2c2|"Bb"d6 d2|"F"c3A A2F2|"C7"G3F G2A2|"Dm"F3D "C7"D2C2|"F"F6|',
    ),
    Tune(
        "reel",
        Kind.ROCK_POP_FOLK,
        "M:4/4\nL:1/8\nK:D",
        "1/4=176",
        '"D"d2fd Adfd|"G"g2bg "A"fgaf|"D"d2fd Adfd|"A"e2ce "D"d4|"D"a2fa dafa|"G"g2bg dgbg|"D"fagf "A"edce|"D"d2f2 d4|',
    ),
    Tune(
        "rising-sun",
        Kind.ROCK_POP_FOLK,
        "M:6/8\nL:1/8\nK:Am",
        "3/8=42",
        '"Am"A3 "C"c2d|"D"e3 "F"f2e|"Am"a3 "C"a2g|"E"e6|"Am"a3 "C"a2g|"D"e3 "F"f2e|"Am"d2c "E"A2^G|"Am"A6|',
    ),
)


def abc_of(tune: Tune, setting: Setting) -> str:
    """The tune in full, three times over, as abc2midi reads it."""
    chords = "ghih" if setting.broken else "f"
    metre = tune.header.split("\n")[0].removeprefix("M:")
    pattern = {"3/4": chords * 3 if setting.broken else "fzz", "4/4": chords * 2 if setting.broken else "f2f2"}.get(
        metre, "ghi" if setting.broken else "fz"
    )
    lines = [
        "X:1",
        f"T:{tune.name}",
        tune.header.replace("\nK:", f"\nQ:{tune.speed}\nK:"),
        f"%%MIDI program {setting.melody}",
        f"%%MIDI chordprog {setting.chords}",
        f"%%MIDI bassprog {setting.chords}",
        f"%%MIDI gchord {pattern}",
        "%%MIDI chordvol 55",
        "%%MIDI bassvol 60",
        *[tune.notes] * _PASSES,
    ]
    return "\n".join(lines) + "\n"


def settings_of(position: int) -> tuple[Setting, ...]:
    """Three settings for the tune at this position: each instrument gets some tunes."""
    return tuple(SETTINGS[(position * 3 + offset) % len(SETTINGS)] for offset in range(3))


GROOVES = (
    ("50sRock", 150),
    ("60sRock", 132),
    ("8Beat", 116),
    ("BasicRock", 120),
    ("Ballad", 72),
    ("Bluegrass", 130),
    ("Blues", 92),
    ("BossaNova", 128),
    ("CountryBlues", 100),
    ("CountrySwing", 120),
    ("CountryWaltz", 110),
    ("Folk", 104),
    ("FolkRock", 108),
    ("FolkBallad", 80),
    ("FrenchWaltz", 160),
    ("GuitarBallad", 76),
    ("GypsyJazz", 176),
    ("JazzGuitar", 120),
    ("Polka", 124),
    ("PopBallad", 78),
    ("RockBallad", 74),
    ("SlowRock", 70),
    ("SlowJazz", 66),
    ("SoftRock", 96),
    ("Swing", 140),
    ("Tango", 118),
    ("Ska", 132),
    ("WesternSwing", 136),
)
"""Styles of bands in MMA's library, with a tempo; those that dance music is made of are left out."""

_PROGRESSIONS = (
    ("C", "Am", "F", "G7", "C", "Am", "Dm", "G7"),
    ("G", "G", "C", "G", "D7", "C", "G", "D7"),
    ("Am", "G", "F", "E7", "Am", "Dm", "E7", "Am"),
    ("D", "Bm", "G", "A7", "Em", "A7", "D", "A7"),
)
_WALTZES = ("CountryWaltz", "FrenchWaltz")


def song_of(position: int) -> str:
    """A song without a melody in the style at this position of `GROOVES`, as MMA reads it."""
    groove, tempo = GROOVES[position]
    chords = _PROGRESSIONS[position % len(_PROGRESSIONS)]
    bars = "\n".join(f"{number} {chord}" for number, chord in enumerate(chords, start=1))
    beats = 3 if groove in _WALTZES else 4
    return f"Tempo {tempo}\nTime {beats}\nGroove {groove}\nRepeat\n{bars}\nRepeatEnd 4\n"
