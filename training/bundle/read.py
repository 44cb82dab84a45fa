"""A finished bundle as something that answers tables, and what its metadata says about the rows it was fitted to."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

from classifier.arrays import FloatArray
from classifier.bundle import BundleMetadata
from classifier.model import GenreModel, RuntimeName
from training.bundle.record import FitRecord
from training.data.splits import Parts, is_evaluable, origin_folds, split_parts, without_near_labels
from training.data.tables import FeatureTable, IntArray
from training.errors import TrainingError
from training.evaluate.predictions import Predictions, by_fold

PART_NAMES = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
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

    @cached_property
    def record(self) -> FitRecord:
        """How it was fitted, and to what. Raises `TrainingError` where this version cannot read that."""
        return FitRecord.read(self.metadata)

    def predict(self, table: FeatureTable) -> FloatArray:
        """Calibrated probabilities (n, 16). Raises `TrainingError` naming the columns that the table lacks."""
        return self.model.predict(self.inputs(table).features)

    def inputs(self, table: FeatureTable) -> FeatureTable:
        """The table with the columns this bundle reads. Raises `TrainingError` naming those that it lacks."""
        try:
            return table.with_columns(self.metadata.columns)
        except TrainingError as error:
            raise TrainingError(f"{self.name}: {error}") from error

    def answers(self, table: FeatureTable) -> Predictions:
        """The calibrated answers to the rows of a table."""
        return Predictions.of(self.predict(table), table, track_temperature=self.metadata.track.temperature)

    def own_folds(self, table: FeatureTable) -> "OwnFolds":
        """For a bundle of one network for each fold: the evaluated rows of its own tables, each answered by the network
        that never heard its track. Raises `TrainingError` for other tables, or a bundle that was not fitted so."""
        record = self.record
        if record.folds is None:
            raise TrainingError(f"{self.name} was not fitted in folds")
        usable = self.usable(table)
        if usable.fingerprint() != self.fingerprint("all"):
            raise TrainingError(
                f"{self.name}: these are not the tables it was fitted on. Name those, in the same order; any other "
                "table is measured without --part."
            )
        evaluated = is_evaluable(usable)
        fold_of = origin_folds(usable, folds=record.folds, seed=record.seed)
        return OwnFolds(self, usable.where(evaluated), fold_of[evaluated])

    def usable(self, table: FeatureTable) -> FeatureTable:
        """The rows of a table that may train this bundle's recipe, with the columns it reads."""
        return self.inputs(without_near_labels(table, keep_near=frozenset(self.record.near_genres)))

    def recorded_parts(self, table: FeatureTable) -> Parts | None:
        """The parts of the fit, if these are the tables it was run on; else None.

        Splits anew with the recorded seed and compares fingerprints: a bundle keeps no names of tracks.
        """
        table, keep_near = self.inputs(table), frozenset(self.record.near_genres)
        # A fit with a test table of its own held out validation tracks only: any other table can stand in for it.
        elsewhere = replace(table, has_tracks=False)
        for test, names in ((None, PART_NAMES), (elsewhere, PART_NAMES[:2])):
            try:
                parts = split_parts(table, test=test, keep_near=keep_near, seed=self.record.seed)
            except TrainingError:
                continue  # too small to have been split like this
            if any(getattr(parts, name).fingerprint() == self.fingerprint(name) for name in names):
                return parts
        return None

    def fingerprint(self, part: str) -> str | None:
        """The recorded fingerprint of a part; None for one that the fit did not have."""
        recorded = self.record.parts.get(part)
        return recorded.fingerprint if recorded else None

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
        if self.record.folds is not None:
            return self._fold_warning(table)
        parts = self.recorded_parts(table)
        if parts is None:
            return None
        evaluated = table.where(is_evaluable(table))
        known = set(parts.train.tracks.tolist()) | set(parts.validation.tracks.tolist())
        count = sum(track in known for track in evaluated.tracks.tolist())
        return (
            f"{count:,} of the {len(evaluated):,} windows are of tracks that {self.name} was fitted to: these figures "
            "are too good. --part test measures the tracks it never heard."
        )

    def _fold_warning(self, table: FeatureTable) -> str | None:
        try:
            folds = self.own_folds(table)
        except TrainingError:
            return None
        return (
            f"all {len(folds.evaluated):,} windows are of tracks that networks of {self.name} were fitted to: these "
            "figures are too good. --part test lets each network evaluate only the tracks it never heard."
        )


@dataclass(frozen=True, slots=True, eq=False)
class OwnFolds:
    """The rows that a bundle's networks were fitted to, each row evaluated by the network of its own fold.

    A predictor for the rows of `evaluated`, or for altered values in the same rows.
    """

    bundle: Bundle
    evaluated: FeatureTable
    fold_of: IntArray

    def predict(self, table: FeatureTable) -> FloatArray:
        """Calibrated probabilities (n, 16); `table` has the rows of `evaluated` in the same order."""
        members = self.bundle.model.infer(self.bundle.inputs(table).features).members
        return self.bundle.model.calibrated(by_fold(list(members.transpose(1, 0, 2)), self.fold_of))

    def answers(self) -> Predictions:
        return Predictions.of(
            self.predict(self.evaluated), self.evaluated, track_temperature=self.bundle.metadata.track.temperature
        )
