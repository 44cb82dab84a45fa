"""Odd files of every kind: the second that an answer names is the second that was heard, or the refusal says why."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from classifier.decoding import decode_window, iter_windows, spread_windows, windows_beside
from classifier.errors import ClassifierError, ErrorKind
from classifier.results import Note, Window
from tests.support.odd import RATE_HZ, flac, is_exact, mp3, wav
from tests.support.odd_files import COARSE, HEARD, LENGTH_S, REFUSED, TWICE, WHOLE, content_of


@pytest.fixture(params=HEARD)
def odd(request: pytest.FixtureRequest) -> tuple[bytes, float]:
    return content_of(request.param), HEARD[request.param][1]


def test_the_window_is_where_it_says(odd: tuple[bytes, float], capfd: pytest.CaptureFixture[str]) -> None:
    """At the beginning, inside, over the place where links meet, and at the last seconds."""
    content, within_s = odd
    for offset_s in (0.0, 2.0, 5.0, 8.0):
        audio = decode_window(content, offset_s=offset_s)
        assert (audio.window.start_s, audio.notes) == (offset_s, ())
        assert is_exact(audio, within_s=within_s)
    last = decode_window(content, offset_s=500.0)
    assert last.window.end_s == pytest.approx(LENGTH_S, abs=0.25)
    assert (is_exact(last, within_s=within_s), last.notes) == (True, (Note.MOVED_BACK,))
    assert capfd.readouterr().err == ""


def test_a_whole_track_hears_the_same(odd: tuple[bytes, float]) -> None:
    content, within_s = odd
    windows = list(spread_windows(content, budget=24))
    assert [audio.window.start_s for audio in windows] == [0.0, 3.0, 6.0, 9.0]
    assert all(is_exact(audio, within_s=within_s) for audio in windows)
    assert len(list(iter_windows(content))) == len(windows)


def test_a_few_windows_hear_the_same(odd: tuple[bytes, float], tmp_path: Path) -> None:
    content, within_s = odd
    (tmp_path / "odd").write_bytes(content)
    windows = list(windows_beside(tmp_path / "odd", Window(5.5, 3.0), budget=2))
    assert [audio.window.start_s for audio in windows] == pytest.approx([2.0, 9.0], abs=TWICE)
    assert all(is_exact(audio, within_s=within_s) for audio in windows)


@pytest.mark.parametrize("name", REFUSED)
def test_the_reason_is_the_true_one_at_every_offset(name: str, tmp_path: Path) -> None:
    make, kind = REFUSED[name]
    content = make()
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    asked = [lambda offset_s=offset_s: decode_window(content, offset_s=offset_s) for offset_s in (0.0, 4.0, 500.0)]
    asked += [
        lambda: decode_window(path),
        lambda: list(spread_windows(content, budget=24)),
        lambda: list(iter_windows(path)),
    ]
    for ask in asked:
        with pytest.raises(ClassifierError) as caught:
            ask()
        assert caught.value.kind is kind


def test_a_damaged_second_costs_only_its_own_window() -> None:
    for odd_sample in (np.nan, np.inf, 1e25):
        samples = WHOLE.copy()
        samples[7 * RATE_HZ + 900] = odd_sample
        content = wav(samples, kind="<f4")
        assert [audio.window.start_s for audio in spread_windows(content, budget=24)] == [0.0, 3.0, 9.0]
        assert is_exact(decode_window(content, offset_s=3.0))
        with pytest.raises(ClassifierError) as caught:
            decode_window(content, offset_s=6.0)
        assert caught.value.kind is ErrorKind.DAMAGED


@pytest.mark.parametrize("right", [-WHOLE, -WHOLE * 0.98, -WHOLE + 0.01 * np.sin(np.arange(len(WHOLE)))])
def test_of_channels_that_cancel_each_other_out_one_is_heard(right: np.ndarray) -> None:
    for content in (wav(np.stack([WHOLE, right], 1)), mp3(np.stack([WHOLE, right], 1).astype(np.float32))):
        audio = decode_window(content, offset_s=5.0)
        assert (audio.notes, is_exact(audio, within_s=COARSE)) == ((Note.ONE_CHANNEL,), True)
        assert audio.samples.std() == pytest.approx(0.4 / np.sqrt(2), rel=0.1)


def test_stereo_is_as_loud_in_surround() -> None:
    stereo = decode_window(flac(np.stack([WHOLE] * 2, 1)), offset_s=5.0).samples
    for name in ("stereo in quad", "stereo in 5.1", "stereo in 7.1", "stereo in 16 channels"):
        assert decode_window(content_of(name), offset_s=5.0).samples == pytest.approx(stereo, abs=2e-3)


def test_covers_cost_nothing() -> None:
    """Twelve covers of a gigabyte of pixels each, in a process that may have half of one of them."""
    program = (
        "import resource, sys\n"
        "from classifier.decoding import decode_window, spread_windows\n"
        "content = sys.stdin.buffer.read()\n"
        "decode_window(content[-30_000:])\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "decode_window(content, offset_s=2.0), decode_window(content, offset_s=90.0)\n"
        "list(spread_windows(content, budget=24))\n"
        "grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "assert grown < 30_000, grown\n"
    )
    content = content_of("mp3 with covers")
    run = subprocess.run([sys.executable, "-c", program], input=content, capture_output=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr.decode()
