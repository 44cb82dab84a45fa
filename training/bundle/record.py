"""What a bundle records of its fit: recipe, sampling, seed, and what its parts were made of."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
from pydantic import TypeAdapter, ValidationError

from classifier.bundle import BundleMetadata
from classifier.genres import SLUGS
from training.data.sampling import Sampling
from training.data.tables import FeatureTable
from training.errors import TrainingError
from training.models.recipes import Recipe


@dataclass(frozen=True, slots=True)
class PartRecord:
    """What a part is made of: counts by genre and by source, and a fingerprint of its numbers."""

    windows: int
    altered_copies: int
    tracks: int
    windows_by_genre: dict[str, int]
    windows_by_source: dict[str, int]
    fingerprint: str

    @classmethod
    def of(cls, table: FeatureTable) -> Self:
        """Count what a table has."""
        plain = table.is_plain
        return cls(
            windows=int(plain.sum()),
            altered_copies=int((~plain).sum()),
            tracks=len(np.unique(table.tracks)),
            windows_by_genre={slug: int((plain & (table.labels == i)).sum()) for i, slug in enumerate(SLUGS)},
            windows_by_source=dict(sorted(Counter(table.sources[plain].tolist()).items())),
            fingerprint=table.fingerprint(),
        )


@dataclass(frozen=True, slots=True)
class FitRecord:
    """The entry `data` of a bundle's metadata.

    `parts` are the tables it was fitted to, by name (train, validation, test; or all, non_edm, unlabelled);
    `near_genres` (slugs) kept their near labels; `folds` is None for a model of one network.
    """

    parts: dict[str, PartRecord]
    recipe: Recipe
    sampling: Sampling
    seed: int
    near_genres: tuple[str, ...] = field(default=())
    folds: int | None = None

    @classmethod
    def read(cls, metadata: BundleMetadata) -> Self:
        """The record in a bundle's metadata. Raises `TrainingError` where this version cannot read it."""
        try:
            return TypeAdapter(cls).validate_python(metadata.data)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise TrainingError(
                f"{metadata.model_version}: its record of the fit cannot be read: {place}: {first['msg']}"
            ) from error

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
