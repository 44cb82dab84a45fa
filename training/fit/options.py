"""What a person asks of `fit`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FitOptions:
    """What a person asks of `fit`: where the bundle goes and how it is called, and what may vary from run to run."""

    out: Path
    version: str
    seed: int
    max_epochs: int | None
    keep_near: frozenset[str]
    notes: str
    track_folds: bool = True
    """Whether networks are trained in folds of tracks, too, which only show how much such folds flatter."""
