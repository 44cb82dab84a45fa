"""What is wished of a fit, and where its bundle may be written; a wrong folder is refused before any training."""

from dataclasses import dataclass
from pathlib import Path

from classifier.bundle import METADATA_FILE
from training.errors import TrainingError


@dataclass(frozen=True, slots=True)
class FitWishes:
    """What a person asks of `fit`: where the bundle goes and how it is called, and what may vary from run to run."""

    out: Path
    version: str
    seed: int
    max_epochs: int | None
    keep_near: frozenset[str]
    notes: str


def check_target(out: Path) -> None:
    """Raise `TrainingError` if `out` holds anything but a bundle: writing one there would delete it."""
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / METADATA_FILE).is_file()):
        raise TrainingError(f"{out}: is there already and is no bundle; choose another folder")
