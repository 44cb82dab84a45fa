"""librosa, imported without Numba: nothing of it is lost, and nobody else notices."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from classifier.lean_librosa import hann

LEAN = "from classifier.lean_librosa import librosa\n"
PLAIN = "import librosa\n"
CALLS = """
import numpy as np, librosa.beat, librosa.util
samples = np.sin(np.arange(22_050) ** 1.3 / 50)
peaks = librosa.util.localmax(np.array([1.0, 3.0, 2.0, 5.0, 1.0]))
crossings = librosa.zero_crossings(samples).sum()
print(peaks, crossings, librosa.estimate_tuning(y=samples, sr=22_050), librosa.util.abs2(np.array([1 + 2j])))
print(librosa.yin(samples[:4_000], fmin=100, fmax=400)[:2], librosa.beat.beat_track(y=samples, sr=22_050)[0])
print(librosa.resample(samples, orig_sr=22_050, target_sr=16_000, res_type="polyphase")[:3])
print(librosa.sequence.dtw(samples[:20], samples[5:20])[0][-1])
"""


def said_by(program: str, **environment: str) -> str:
    env = os.environ | environment
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env).stdout


@pytest.mark.slow
def test_all_its_functions_say_what_they_say_elsewhere() -> None:
    assert said_by(LEAN + CALLS) == said_by(PLAIN + CALLS)


@pytest.mark.slow
def test_what_calls_another_is_compiled_with_it(tmp_path: Path) -> None:
    """As librosa's do, which Numba keeps on the disk; nothing that was compiled before is at hand for these."""
    (tmp_path / "loops.py").write_text(
        "import numba\n\n"
        "@numba.jit(nopython=True)\ndef twice(x):\n    return 2 * x\n\n"
        "@numba.jit(nopython=True)\ndef one_more(x):\n    return twice(x) + 1\n"
    )
    program = "from classifier.lean_librosa import _stand_ins\nwith _stand_ins():\n    import loops\n"
    program += "import sys; print('numba' in sys.modules, loops.one_more(20), type(loops.twice).__name__)\n"
    path = os.pathsep.join([str(tmp_path), *sys.path])
    assert said_by(program, PYTHONPATH=path) == "False 41 CPUDispatcher\n"


@pytest.mark.slow
def test_who_asks_for_numba_or_scipy_gets_them() -> None:
    program = (
        "import numba, scipy.signal, numpy as np\n"
        "print(numba.njit(lambda x: x + 1)(1), scipy.signal.get_window('hann', 4), scipy.ndimage.sobel(np.eye(2))[0])\n"
    )
    assert said_by(LEAN + program) == said_by(program + LEAN) == "2 [0.  0.5 1.  0.5] [-2. -2.]\n"


def test_a_package_that_is_not_there_is_named() -> None:
    program = (
        "import sys; sys.modules['samplerate'] = None\n"
        "import numpy as np\n"
        "try:\n    librosa.resample(np.zeros(100), orig_sr=2, target_sr=1, res_type='sinc_best')\n"
        "except ModuleNotFoundError as error:\n    print(error.name or error)\n"
    )
    assert "samplerate" in said_by(LEAN + program)


def test_its_window_is_scipys() -> None:
    import scipy.signal

    np.testing.assert_allclose(hann(2048), scipy.signal.get_window("hann", 2048), atol=1e-15)
