"""`fit` from tables to a written bundle: the reference, with tracks held out, or the default model, in folds."""

from dataclasses import asdict, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from classifier.bundle import columns_of
from training.assembly import load_backbone
from training.evaluation import Metrics
from training.export import BundleFacts, write_bundle
from training.fitting import FOLDS, FittedModel, Progress, fit_folds, fit_model
from training.network import DEFAULT, REFERENCE, Recipe
from training.outputs import FitWishes
from training.sampling import DEFAULT_SAMPLING, REFERENCE_SAMPLING, Sampling
from training.splits import split_parts, without_cousins
from training.tables import FeatureTable


def fit_reference(table: FeatureTable, test: FeatureTable | None, wishes: FitWishes) -> Metrics:
    """Fit the reference to a table, measure it on its test part or on `test`, and write the bundle."""
    recipe = _recipe(REFERENCE, wishes)
    columns = columns_of(recipe.families)
    known = table.with_columns(columns)
    judged = test.with_columns(columns) if test else None
    parts = split_parts(known, test=judged, keep_near=wishes.keep_near, seed=wishes.seed)
    fitted = fit_model(parts, recipe=recipe, sampling=REFERENCE_SAMPLING, seed=wishes.seed)
    tables = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    facts = _facts(wishes, fitted, tables, REFERENCE_SAMPLING)
    write_bundle(fitted, wishes.out, facts=facts, backbone=None)
    return fitted.metrics


def fit_default(
    table: FeatureTable,
    wishes: FitWishes,
    *,
    others: FeatureTable | None,
    unlabelled: FeatureTable | None,
    backbone: Path,
    say: Progress,
) -> Metrics:
    """Fit the default model to a table, measure each member on its fold, and write the bundle.

    `others` are sounds that are none of the genres, `unlabelled` electronic music of unknown genre.
    """
    recipe = _recipe(DEFAULT, wishes)
    columns = columns_of(recipe.families)
    known = without_cousins(table, keep_near=wishes.keep_near).with_columns(columns)
    strangers, unnamed = (extra.with_columns(columns) if extra else None for extra in (others, unlabelled))
    network = load_backbone(backbone)
    fitted = fit_folds(
        known,
        others=strangers,
        unlabelled=unnamed,
        recipe=recipe,
        sampling=DEFAULT_SAMPLING,
        seed=wishes.seed,
        say=say,
    )
    named = {"all": known, "non_edm": strangers, "unlabelled": unnamed}
    tables = {name: part for name, part in named.items() if part}
    facts = _facts(wishes, fitted, tables, DEFAULT_SAMPLING, folds=FOLDS)
    licences = files("training").joinpath("notes", "musicnn-licence.md").read_text(encoding="utf-8")
    write_bundle(fitted, wishes.out, facts=replace(facts, licences=licences), backbone=network)
    return fitted.metrics


def _recipe(recipe: Recipe, wishes: FitWishes) -> Recipe:
    return recipe if wishes.max_epochs is None else replace(recipe, max_epochs=wishes.max_epochs)


def _facts(
    wishes: FitWishes, fitted: FittedModel, tables: dict[str, FeatureTable], sampling: Sampling, **settings: Any
) -> BundleFacts:
    return BundleFacts(
        name=wishes.out.name,
        version=wishes.version,
        tables=tables,
        settings={
            "recipe": fitted.recipe.to_dict(),
            "sampling": asdict(sampling),
            "seed": wishes.seed,
            "near_kept_for": sorted(wishes.keep_near),
            **settings,
        },
        notes=wishes.notes,
    )
