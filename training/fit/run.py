"""`fit` from tables to a written bundle: the reference, with tracks held out, or the default model, in folds."""

from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import numpy as np

from classifier.bundle import DEFAULT_BUNDLE, KERAS_FILE, columns_of
from training.bundle.assemble import load_backbones
from training.bundle.contents import FittedModel
from training.bundle.record import FitRecord, PartRecord
from training.bundle.write import BundleFacts, write_bundle
from training.data.sampling import DEFAULT_SAMPLING, REFERENCE_SAMPLING, Sampling
from training.data.splits import (
    counts_for_figures,
    origin_folds,
    split_parts,
    track_folds,
    trainable,
    without_near_labels,
)
from training.data.tables import FeatureTable
from training.evaluate.metrics import Figures, Metrics
from training.evaluate.predictions import Predictions
from training.fit.calibration import calibrate
from training.fit.measure import measure_folds, measure_test, measure_track_folds
from training.fit.train import FOLDS, OtherSounds, fit_folds, fit_member
from training.models.preprocessing import Preprocessor
from training.models.recipes import DEFAULT, REFERENCE, Recipe
from training.progress import Progress

_SAMPLE = 500
"""Rows on which the two formats of a network are compared."""


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


def fit_reference(table: FeatureTable, test: FeatureTable | None, options: FitOptions, *, say: Progress) -> Figures:
    """Fit the reference to a table, measure it on its test part or on `test`, and write the bundle. `say` gets a line
    for each epoch."""
    recipe = _recipe(REFERENCE, options)
    columns = columns_of(recipe.families)
    known = table.with_columns(columns)
    tested = test.with_columns(columns) if test else None
    parts = split_parts(known, test=tested, keep_near=options.keep_near, seed=options.seed)
    preprocessor = Preprocessor.fit(parts.train, recipe)
    member = fit_member(parts, preprocessor, recipe=recipe, sampling=REFERENCE_SAMPLING, seed=options.seed, say=say)

    def answers(part: FeatureTable) -> Predictions:
        counted = part.where(counts_for_figures(part))
        return Predictions.of(member.predict(preprocessor.transform(counted.features)), counted)

    held_out = Predictions.of(member.held_out, parts.validation)
    calibrations = calibrate(held_out.where(counts_for_figures(parts.validation)), recipe)
    fitted = FittedModel(
        recipe=recipe,
        preprocessor=preprocessor,
        members=(member,),
        calibrations=calibrations,
        figures=measure_test(answers(parts.test), calibrations),
        sample=parts.test.features[:_SAMPLE],
    )
    tables = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    write_bundle(fitted, options.out, facts=_facts(options, fitted, tables, REFERENCE_SAMPLING), backbones={})
    return fitted.figures


def fit_default(
    table: FeatureTable,
    options: FitOptions,
    *,
    others: FeatureTable | None,
    unlabelled: FeatureTable | None,
    backbone: Path,
    say: Progress,
) -> Figures:
    """Fit the default model to a table, measure each member on the origins it never heard, and write the bundle.

    `others` are sounds that are none of the genres, `unlabelled` electronic music of unknown genre. Networks for folds
    of tracks are trained, too, and thrown away: they only show how much such folds flatter. What the file `backbone`
    does not have comes from the shipped bundle.
    """
    recipe = _recipe(DEFAULT, options)
    columns = columns_of(recipe.families)
    known = trainable(without_near_labels(table, keep_near=options.keep_near)).with_columns(columns)
    non_edm, unnamed = (extra.with_columns(columns) if extra else None for extra in (others, unlabelled))
    files = dict.fromkeys([(DEFAULT_BUNDLE / KERAS_FILE).resolve(), backbone.resolve()])
    backbones = {name: network for file in files for name, network in load_backbones(file).items()}
    fold_of = origin_folds(known, folds=FOLDS, seed=options.seed)
    sounds = None
    if non_edm:
        sounds = OtherSounds(non_edm, origin_folds(non_edm, folds=FOLDS, seed=options.seed), unnamed)
    say("folds of origins")
    fitted_folds = fit_folds(
        known, fold_of, others=sounds, recipe=recipe, sampling=DEFAULT_SAMPLING, seed=options.seed, say=say
    )
    counted = counts_for_figures(known)
    edm = fitted_folds.edm and fitted_folds.edm.where(counted)
    figures = measure_folds(fitted_folds.raw, known, fold_of, recipe)
    if options.track_folds:
        figures = replace(figures, by_track=_track_folds(known, recipe, options.seed, say))
    fitted = FittedModel(
        recipe=recipe,
        preprocessor=fitted_folds.preprocessor,
        members=fitted_folds.members,
        calibrations=calibrate(fitted_folds.raw.where(counted), recipe, edm=edm),
        figures=figures,
        sample=known.features[np.flatnonzero(counted)[:_SAMPLE]],
        edm=edm,
        others=fitted_folds.others,
    )
    named = {"all": known, "non_edm": non_edm, "unlabelled": unnamed}
    tables = {name: part for name, part in named.items() if part}
    facts = _facts(options, fitted, tables, DEFAULT_SAMPLING, folds=FOLDS, licences=_licences())
    write_bundle(fitted, options.out, facts=facts, backbones=backbones)
    return fitted.figures


def _track_folds(table: FeatureTable, recipe: Recipe, seed: int, say: Progress) -> Metrics:
    """What folds of tracks would have said."""
    say("folds of tracks, for comparison")
    fold_of = track_folds(table, folds=FOLDS, seed=seed)
    fitted = fit_folds(table, fold_of, recipe=recipe, sampling=DEFAULT_SAMPLING, seed=seed, say=say)
    return measure_track_folds(fitted.raw, table)


def _licences() -> str:
    """The notices of what the backbones' numbers come from."""
    notes = files("training").joinpath("notes")
    return "\n".join(notes.joinpath(f"{name}-licence.md").read_text(encoding="utf-8") for name in ("musicnn", "mn04"))


def _recipe(recipe: Recipe, options: FitOptions) -> Recipe:
    return recipe if options.max_epochs is None else replace(recipe, max_epochs=options.max_epochs)


def _facts(
    options: FitOptions,
    fitted: FittedModel,
    tables: dict[str, FeatureTable],
    sampling: Sampling,
    *,
    folds: int | None = None,
    licences: str = "",
) -> BundleFacts:
    return BundleFacts(
        name=options.out.name,
        version=options.version,
        record=FitRecord(
            parts={name: PartRecord.of(table) for name, table in tables.items()},
            recipe=fitted.recipe,
            sampling=sampling,
            seed=options.seed,
            near_genres=tuple(sorted(options.keep_near)),
            folds=folds,
        ),
        notes=options.notes,
        licences=licences,
    )
