"""Bundles for tests: the shipped network under a name of its own, with the record of a fit to a test's tables."""

import json
import shutil
from pathlib import Path
from typing import Any

from classifier.bundle import DEFAULT_BUNDLE, METADATA_FILE
from training.splits import Parts


def recorded_bundle(folder: Path, parts: Parts, *, seed: int = 1, **changes: Any) -> Path:
    """A bundle that says it was fitted to these parts; `changes` replace entries of its metadata."""
    shutil.copytree(DEFAULT_BUNDLE, folder)
    path = folder / METADATA_FILE
    metadata = json.loads(path.read_text())
    recipe = {**metadata["data"]["recipe"], "max_epochs": 2}
    metadata["data"] |= {"seed": seed, "near_kept_for": [], "recipe": recipe}
    for name in ("train", "validation", "test"):
        metadata["data"][name]["fingerprint"] = getattr(parts, name).fingerprint()
    path.write_text(json.dumps(metadata | {"name": folder.name} | changes))
    return folder
