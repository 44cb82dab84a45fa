"""Slice long mixes into 3-second clips, the form in which the public data set has its audio."""

from pathlib import Path

from classifier.decoding import iter_windows
from classifier.excerpt import to_segment
from training.errors import TrainingError


def slice_mix(mix: Path, out: Path) -> int:
    """Write the full 3-second clips of a mix as WAV files (16 bit, mono, 22,050 Hz); returns how many.

    Files are named `<mix>-<second>.wav`; silent clips are left out. The mix is read in one pass and never held whole.
    Raises `ClassifierError` where it cannot be read, and `TrainingError` where a clip cannot be written.
    """
    count = 0
    for audio in iter_windows(mix):
        clip = out / f"{mix.stem}-{round(audio.window.start_s):05d}.wav"
        try:
            out.mkdir(parents=True, exist_ok=True)
            to_segment(audio.samples).export(clip, format="wav").close()
        except OSError as error:
            raise TrainingError(f"{clip}: cannot be written: {error.strerror}") from error
        count += 1
    return count
