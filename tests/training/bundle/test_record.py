"""What a bundle records of its fit comes back as it was, and a record of another version is refused."""

import json
from typing import Any

import pytest

from classifier.bundle import DEFAULT_BUNDLE, REFERENCE_BUNDLE, load_metadata
from tests.support.tables import hand_made
from training.bundle.record import FitRecord, PartRecord
from training.data.sampling import Sampling
from training.errors import TrainingError
from training.fit.network_learner import recorded_learner
from training.models.recipes import Recipe


def test_a_record_survives_json() -> None:
    table = hand_made(["house", "trap", "trap"], ["a", "b", "b"], sources=["songs", "guide", "songs"])
    record = FitRecord(
        {"all": PartRecord.of(table)},
        Recipe(l2=0.5, refit=True),
        Sampling(mixup=0.2, source_weights=(("songs", 2.0),)),
        7,
        ("trap",),
        5,
    )
    metadata = load_metadata(REFERENCE_BUNDLE).model_copy(update={"data": json.loads(json.dumps(record.to_dict()))})
    assert FitRecord.read(metadata) == record
    part = record.parts["all"]
    assert (part.windows, part.altered_copies, part.tracks) == (3, 0, 2)
    assert part.windows_by_source == {"guide": 1, "songs": 2}
    assert part.windows_by_genre["trap"] == 2


@pytest.mark.parametrize("bundle", [DEFAULT_BUNDLE, REFERENCE_BUNDLE], ids=["default", "reference"])
def test_a_shipped_bundle_can_be_fitted_again(bundle: Any) -> None:
    record = FitRecord.read(load_metadata(bundle))
    network = recorded_learner(record)
    assert network.recipe.units == (128, 64, 32)
    assert network.sampling == record.sampling


def test_an_unknown_recipe_is_named() -> None:
    metadata = load_metadata(REFERENCE_BUNDLE)
    other = metadata.model_copy(update={"data": {**metadata.data, "recipe": {"layers": 7}}})
    with pytest.raises(TrainingError, match=r"reference-.*: its record of the fit cannot be read: recipe\.layers"):
        FitRecord.read(other)
