"""Files of a package become recordings: copied, cut, joined or repeated, spread over what is there."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.data.sounds.debs import tone
from training.data.sounds.audio import RATE_HZ, Audio, read_audio
from training.data.sounds.debian import Unpacked
from training.data.sounds.placing import Recipe, Shelf, take_from
from training.data.sounds.render import Renderer
from training.data.sounds.sources import Kind, Take
from training.errors import TrainingError


@pytest.fixture
def package(tmp_path: Path) -> Unpacked:
    folder = tmp_path / "package"
    for number in range(10):
        for path, seconds in (
            (f"music/song{number}.wav", 5.0),
            (f"voices/anna/{number}.wav", 1.0),
            (f"voices/ben/{number}.wav", 1.0),
        ):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(tone(seconds, 300 + 10 * number))
    (folder / "music" / "notes.txt").write_text("no sound")
    return Unpacked(folder, "1.0")


def take(package: Unpacked, what: Take, folder: Path) -> tuple[list[Path], list[str]]:
    failures: list[str] = []
    count = take_from(
        package, what, folder, Renderer(()), lambda source, reason: failures.append(f"{source}: {reason}")
    )
    paths = sorted(folder.glob("*"))
    assert len(paths) == count
    return paths, failures


def test_whole_pieces_are_copied_and_spread(package: Unpacked, tmp_path: Path) -> None:
    what = Take(Kind.CLASSICAL, ("*/music/*",), most=5, but_not=("*/song0.wav",))
    paths, failures = take(package, what, tmp_path / "out")
    assert [path.name.split("-")[1] for path in paths] == ["song1", "song2", "song4", "song6", "song8"]
    assert paths[0].read_bytes() == (package.folder / "music" / "song1.wav").read_bytes()
    assert not failures


def test_prompts_of_one_voice_follow_each_other(package: Unpacked, tmp_path: Path) -> None:
    paths, _ = take(package, Take(Kind.SPEECH, ("*/voices/*.wav",), most=3, join_s=4.0), tmp_path / "out")
    assert sorted(path.name.split("-")[0] for path in paths) == ["anna", "anna", "ben"]
    for path in paths:
        assert 4.0 <= read_audio(path).length_s <= 7.5


def test_a_loop_is_repeated(package: Unpacked, tmp_path: Path) -> None:
    paths, _ = take(package, Take(Kind.ELECTRONIC, ("*/anna/1.wav",), repeat_s=9.0), tmp_path / "out")
    assert read_audio(paths[0]).length_s == pytest.approx(9.0, abs=0.06)


def test_what_is_shorter_than_a_window_is_told(package: Unpacked, tmp_path: Path) -> None:
    paths, failures = take(package, Take(Kind.SFX, ("*/anna/1.wav",)), tmp_path / "out")
    assert not paths
    assert failures == ["out/1.wav: shorter than a window"]


def test_recipes_are_made_once_and_counted(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    folder = shelf.origin(Kind.NOISE, "hiss")
    made = []

    def hiss() -> Audio:
        made.append(1)
        return Audio(np.random.default_rng(1).normal(0, 0.1, 4 * RATE_HZ).astype(np.float32))

    shelf.place(folder, "hiss-0", hiss)
    shelf.place(folder, "hiss-0", hiss)
    assert len(made) == 1
    assert folder == tmp_path / "non_edm" / "noise" / "hiss"
    assert shelf.counts() == ({Kind.NOISE: 1}, {Kind.NOISE: 1})
    with pytest.raises(TrainingError, match=r"1\.0 s"):
        shelf.place(folder, "short", lambda: Audio(np.ones(RATE_HZ, np.float32)))


def test_electronic_music_goes_to_its_own_side(tmp_path: Path) -> None:
    assert Shelf(tmp_path).origin(Kind.ELECTRONIC, "krank") == tmp_path / "electronic" / "electronic" / "krank"


def test_speech_lies_above_music_by_the_stated_level(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for number in range(12):
        voice = shelf.origin(Kind.SPEECH, "voices") / f"{number:02}.wav"
        voice.parent.mkdir(parents=True, exist_ok=True)
        voice.write_bytes(tone(4.0, 1_000))
    tune = shelf.origin(Kind.CLASSICAL, "tunes") / "a.wav"
    tune.parent.mkdir(parents=True)
    tune.write_bytes(tone(2.0, 200))
    mixtures: list[Recipe] = list(shelf.mixtures())
    power = np.abs(np.fft.rfft(mixtures[0].make().samples)) ** 2
    assert 10 * np.log10(power[4_000] / power[800]) == pytest.approx(6.0, abs=0.1)  # lines of a 4-second spectrum
    assert {recipe.origin for recipe in mixtures} == {"speech-over-music", "crowd"}
