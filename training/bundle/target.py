"""Where a bundle may be written; a wrong folder is refused before any training."""

from pathlib import Path

from classifier.bundle import METADATA_FILE
from training.errors import TrainingError


def check_target(out: Path) -> None:
    """Raise `TrainingError` if `out` holds anything but a bundle: writing one there would delete it."""
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / METADATA_FILE).is_file()):
        raise TrainingError(f"{out}: is there already and is no bundle; choose another folder")
