"""Whether something can be written, asked before hours of work and not after them."""

import os
from pathlib import Path

from training.errors import TrainingError


def check_writable(path: Path) -> None:
    """Raise `TrainingError` where a file or a folder of this name cannot be made, or be replaced."""
    try:
        path.lstat()
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:  # a name that is too long, a file among its folders, no name at all
        raise TrainingError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}") from error
    above = next(folder for folder in (path.absolute().parent, *path.absolute().parents) if folder.exists())
    if not above.is_dir():
        raise TrainingError(f"{path}: cannot be written: {above} is no folder")
    if not os.access(above, os.W_OK | os.X_OK):
        raise TrainingError(f"{path}: cannot be written: {above} cannot be written to")
