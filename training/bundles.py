"""A finished bundle as something that answers tables, and what its metadata says about the rows it was fitted to."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from classifier.bundle import BundleMetadata
from classifier.features import FloatArray
from classifier.model import GenreModel, RuntimeName
from training.answers import Answers
from training.errors import TrainingError
from training.fitting import by_fold
from training.splits import Parts, may_be_judged, split_parts, track_folds, without_cousins
from training.tables import FeatureTable, IntArray

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
        return self.model.predict(self.inputs(table).features)

    def inputs(self, table: FeatureTable) -> FeatureTable:
        """The table with the columns this bundle reads. Raises `TrainingError` naming those that it lacks."""
        try:
            return table.with_columns(self.metadata.columns)
        except TrainingError as error:
            raise TrainingError(f"{self.name}: {error}") from error

    def answers(self, table: FeatureTable) -> Answers:
        """The calibrated answers to the rows of a table."""
        return Answers.of(self.predict(table), table, track_temperature=self.metadata.track.temperature)

    def own_folds(self, table: FeatureTable) -> "OwnFolds":
        """For a bundle of one network for each fold: the judged rows of its own tables, each answered by the network
        that never heard its track. Raises `TrainingError` for other tables, or a bundle that was not fitted so."""
        data = self.metadata.data
        if "folds" not in data:
            raise TrainingError(f"{self.name} was not fitted in folds")
        usable = self.inputs(without_cousins(table, keep_near=frozenset(data["near_kept_for"])))
        if usable.fingerprint() != self.fingerprint("all"):
            raise TrainingError(
                f"{self.name}: these are not the tables it was fitted on. Name those, in the same order; any other "
                "table is measured without --part."
            )
        judged = may_be_judged(usable)
        return OwnFolds(self, usable.where(judged), track_folds(usable, folds=data["folds"], seed=data["seed"])[judged])

    def recorded_parts(self, table: FeatureTable) -> Parts | None:
        """The parts of the fit, if these are the tables it was run on; None where the metadata does not know them.

        Splits anew with the recorded seed and compares fingerprints: a bundle keeps no names of tracks.
        """
        data, table = self.metadata.data, self.inputs(table)
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
        if "folds" in self.metadata.data:
            return self._fold_warning(table)
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

    def _fold_warning(self, table: FeatureTable) -> str | None:
        try:
            folds = self.own_folds(table)
        except TrainingError:
            return None
        return (
            f"all {len(folds.judged):,} windows are of tracks that networks of {self.name} were fitted to: these "
            "figures are too good. --part test lets each network judge only the tracks it never heard."
        )


@dataclass(frozen=True, slots=True, eq=False)
class OwnFolds:
    """The rows that a bundle's networks were fitted to, each row judged by the network of its own fold.

    A predictor for the rows of `judged`, or for altered values in the same rows.
    """

    bundle: Bundle
    judged: FeatureTable
    fold_of: IntArray

    def predict(self, table: FeatureTable) -> FloatArray:
        """Calibrated probabilities (n, 16); `table` has the rows of `judged` in the same order."""
        members = self.bundle.model.judge(self.bundle.inputs(table).features).members
        return self.bundle.model.calibrated(by_fold(list(members.transpose(1, 0, 2)), self.fold_of))

    def answers(self) -> Answers:
        return Answers.of(
            self.predict(self.judged), self.judged, track_temperature=self.bundle.metadata.track.temperature
        )
