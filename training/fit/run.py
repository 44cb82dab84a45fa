"""`fit` from tables to a written bundle: the reference, with tracks held out, or the default model, in folds."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from classifier.bundle import columns_of
from training.bundle.assemble import load_backbone
from training.bundle.contents import FittedModel
from training.bundle.record import FitRecord, PartRecord
from training.bundle.write import BundleFacts, write_bundle
from training.data.sampling import DEFAULT_SAMPLING, REFERENCE_SAMPLING, Sampling
from training.data.splits import split_parts, without_near_labels
from training.data.tables import FeatureTable
from training.evaluate.metrics import Metrics
from training.fit.options import FitOptions
from training.fit.train import FOLDS, fit_folds, fit_model
from training.models.recipes import DEFAULT, REFERENCE, Recipe
from training.progress import Progress


def fit_reference(table: FeatureTable, test: FeatureTable | None, options: FitOptions) -> Metrics:
    """Fit the reference to a table, measure it on its test part or on `test`, and write the bundle."""
    recipe = _recipe(REFERENCE, options)
    columns = columns_of(recipe.families)
    known = table.with_columns(columns)
    evaluated = test.with_columns(columns) if test else None
    parts = split_parts(known, test=evaluated, keep_near=options.keep_near, seed=options.seed)
    fitted = fit_model(parts, recipe=recipe, sampling=REFERENCE_SAMPLING, seed=options.seed)
    tables = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    facts = _facts(options, fitted, tables, REFERENCE_SAMPLING)
    write_bundle(fitted, options.out, facts=facts, backbone=None)
    return fitted.metrics


def fit_default(
    table: FeatureTable,
    options: FitOptions,
    *,
    others: FeatureTable | None,
    unlabelled: FeatureTable | None,
    backbone: Path,
    say: Progress,
) -> Metrics:
    """Fit the default model to a table, measure each member on its fold, and write the bundle.

    `others` are sounds that are none of the genres, `unlabelled` electronic music of unknown genre.
    """
    recipe = _recipe(DEFAULT, options)
    columns = columns_of(recipe.families)
    known = without_near_labels(table, keep_near=options.keep_near).with_columns(columns)
    non_edm, unnamed = (extra.with_columns(columns) if extra else None for extra in (others, unlabelled))
    network = load_backbone(backbone)
    fitted = fit_folds(
        known,
        others=non_edm,
        unlabelled=unnamed,
        recipe=recipe,
        sampling=DEFAULT_SAMPLING,
        seed=options.seed,
        say=say,
    )
    named = {"all": known, "non_edm": non_edm, "unlabelled": unnamed}
    tables = {name: part for name, part in named.items() if part}
    licences = files("training").joinpath("notes", "musicnn-licence.md").read_text(encoding="utf-8")
    facts = _facts(options, fitted, tables, DEFAULT_SAMPLING, folds=FOLDS, licences=licences)
    write_bundle(fitted, options.out, facts=facts, backbone=network)
    return fitted.metrics


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
