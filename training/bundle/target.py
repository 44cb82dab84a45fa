"""Where a bundle may be written, and how one takes the place of another."""

import os
import shutil
import tempfile
from pathlib import Path

from classifier.bundle import METADATA_FILE
from training.errors import TrainingError


def check_target(out: Path) -> None:
    """Raise `TrainingError` if `out` holds anything but a bundle: writing one there would delete it."""
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / METADATA_FILE).is_file()):
        raise TrainingError(f"{out}: is there already and is no bundle; choose another folder")


def replace_bundle(current: Path, new: Path) -> None:
    """Put a copy of the bundle `new` in the place of `current`; what was there stays if that fails.

    Raises `TrainingError` where it cannot be written.
    """
    current = current.resolve()
    try:
        with tempfile.TemporaryDirectory(dir=current.parent, prefix=".bundle-") as beside:
            draft, former = Path(beside) / "draft", Path(beside) / "former"
            shutil.copytree(new, draft)
            exchange(current, draft, former)
    except OSError as error:
        raise TrainingError(f"{current}: cannot be replaced: {error.strerror}") from error


def exchange(folder: Path, draft: Path, former: Path) -> None:
    """Put the draft in the folder's place; the folder, which goes to `former`, comes back if that fails."""
    os.replace(folder, former)
    try:
        os.replace(draft, folder)
    except OSError:
        os.replace(former, folder)
        raise
