"""A finished bundle as something that answers tables, and what its metadata says about the rows it was fitted to."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from classifier.bundle import BundleMetadata
from classifier.features import FloatArray
from classifier.model import GenreModel, RuntimeName
from training.errors import TrainingError
from training.splits import Parts, may_be_judged, split_parts
from training.tables import FeatureTable

PART_NAMES = ("train", "validation", "test")


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A loaded bundle; a predictor for every table that has its columns."""

    model: GenreModel

    @classmethod
    def open(cls, folder: Path, *, runtime: RuntimeName = RuntimeName.LITERT) -> Self:
        """Load a bundle's folder. Raises `ClassifierError` with the reason where that cannot be done."""
        return cls(GenreModel.load(folder, runtime=runtime))

    @property
    def metadata(self) -> BundleMetadata:
        return self.model.metadata

    @property
    def name(self) -> str:
        return self.metadata.model_version

    def predict(self, table: FeatureTable) -> FloatArray:
        """Calibrated probabilities (n, 16). Raises `TrainingError` naming the columns that the table lacks."""
        return self.model.predict(self._inputs(table))

    def _inputs(self, table: FeatureTable) -> FloatArray:
        names = self.metadata.feature_names
        lacking = [name for name in names if name not in table.columns]
        if lacking:
            raise TrainingError(
                f"{self.name} needs {len(lacking)} columns that the tables lack: {', '.join(lacking[:5])}"
                f"{' …' if len(lacking) > 5 else ''}. Extract the tables with the version that made the bundle."
            )
        return table.features[:, [table.columns.index(name) for name in names]]

    def recorded_parts(self, table: FeatureTable) -> Parts | None:
        """The parts of the fit, if these are the tables it was run on; None where the metadata does not know them.

        Splits anew with the recorded seed and compares fingerprints: a bundle keeps no names of tracks.
        """
        data = self.metadata.data
        keep_near, seed = frozenset(data.get("near_kept_for", ())), data.get("seed")
        if seed is None:
            return None
        # A fit with a test table of its own held out validation tracks only: any other table can stand in for it.
        elsewhere = replace(table, has_tracks=False)
        for test, names in ((None, PART_NAMES), (elsewhere, PART_NAMES[:2])):
            try:
                parts = split_parts(table, test=test, keep_near=keep_near, seed=seed)
            except TrainingError:
                continue  # too small to have been split like this
            if any(getattr(parts, name).fingerprint() == self.fingerprint(name) for name in names):
                return parts
        return None

    def fingerprint(self, part: str) -> str | None:
        """The recorded fingerprint of a part: train, validation or test."""
        recorded: str | None = self.metadata.data.get(part, {}).get("fingerprint")
        return recorded

    def own_test_part(self, table: FeatureTable) -> Parts:
        """The parts of the fit. Raises `TrainingError` if these tables do not give the recorded test part."""
        parts = self.recorded_parts(table)
        if parts is None or parts.test.fingerprint() != self.fingerprint("test"):
            raise TrainingError(
                f"{self.name}: these tables do not give its test part. Name the tables it was fitted on, in the same "
                "order; a test table of its own is measured without --part."
            )
        return parts

    def warning(self, table: FeatureTable) -> str | None:
        """What is to be said about a table that trained this bundle, or None if the metadata does not know it."""
        parts = self.recorded_parts(table)
        if parts is None:
            return None
        judged = table.where(may_be_judged(table))
        known = set(parts.train.tracks.tolist()) | set(parts.validation.tracks.tolist())
        count = sum(track in known for track in judged.tracks.tolist())
        return (
            f"{count:,} of the {len(judged):,} windows are of tracks that {self.name} was fitted to: these figures are "
            "too good. --part test judges the tracks it never heard."
        )
