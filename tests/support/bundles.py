"""Bundles for tests: a shipped one with another name, other calibration, or the record of a fit to a test's tables."""

import json
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.bundle import DEFAULT_BUNDLE, KERAS_FILE, METADATA_FILE, REFERENCE_BUNDLE, checksums
from training.data.splits import Parts

if TYPE_CHECKING:
    from training.bundle.assemble import Backbones


@cache
def shipped_backbones() -> "Backbones":
    """Of the shipped bundle, for who changes nothing in them."""
    from training.bundle.assemble import load_backbones  # Keras comes with it

    return load_backbones(DEFAULT_BUNDLE / KERAS_FILE)


def copied_bundle(folder: Path, *, source: Path = DEFAULT_BUNDLE, **changes: Any) -> Path:
    """A copy of a shipped bundle, named after its folder, 1.0.0; `changes` replace entries of its metadata."""
    shutil.copytree(source, folder)
    path = folder / METADATA_FILE
    metadata = json.loads(path.read_text())
    path.write_text(json.dumps(metadata | {"name": folder.name, "version": "1.0.0"} | changes))
    return folder


def sealed(folder: Path) -> Path:
    """A bundle whose networks were changed for a test, with checksums that say so."""
    path = folder / METADATA_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sha256": checksums(folder)}))
    return folder


def recorded_bundle(folder: Path, parts: Parts, *, seed: int = 1, **changes: Any) -> Path:
    """A copy of the reference that says it was fitted to these parts; `changes` replace entries of its metadata."""
    data = json.loads((REFERENCE_BUNDLE / METADATA_FILE).read_text())["data"]
    data |= {"seed": seed, "near_genres": [], "recipe": {**data["recipe"], "max_epochs": 2}}
    for name in ("train", "validation", "test"):
        data["parts"][name]["fingerprint"] = getattr(parts, name).fingerprint()
    return copied_bundle(folder, source=REFERENCE_BUNDLE, data=data, **changes)
