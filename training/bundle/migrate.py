"""Bring a bundle of an older format to the one that is read today: other names, the same numbers.

Format 1 called the out-of-distribution score `strangeness`, its threshold `refuse_from`, and the genres whose answers
are never certain `doubted`; it had one threshold of certainty for all genres; its record of the fit did not keep the
parts apart from the rest. Format 2 had no checksums of the networks. Weights, figures and model card stay as they are.
A model of format 1 that reads more than the 122 features got them from windows at another level, and has to be fitted
anew.
"""

import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from classifier.bundle import BUNDLE_FORMAT, KERAS_FILE, LITERT_FILE, METADATA_FILE, BundleMetadata, checksums
from classifier.description import FEATURES
from training.bundle.target import exchange
from training.errors import TrainingError

if TYPE_CHECKING:
    import keras

_KEYS = {"refuse_from": "ood_threshold"}
_NOT_PARTS = {"recipe", "sampling", "seed", "near_kept_for", "folds"}
_OOD_SOURCE_WEIGHTS = [["songs", 3.0]]
"""What format 1 did without saying so, wherever a detector was fitted."""
_OLD_OUTPUT, _NEW_OUTPUT = b'"strangeness"', b'"ood_score"'
_CONFIG = "config.json"
"""Where in a Keras file the layers and outputs have their names."""


def migrate_bundle(folder: Path) -> bool:
    """Rewrite a bundle of format 1 or 2 in place; returns whether there was anything to do.

    The bundle is replaced only when the new one is whole. Raises `TrainingError` for a folder that is no bundle, or one
    of a newer format.
    """
    folder = folder.resolve()
    metadata = _read(folder)
    found = metadata.get("format", 1)
    if found == BUNDLE_FORMAT:
        return False
    if found not in {1, 2}:
        raise TrainingError(f"{folder}: its format is {found}, and this code writes {BUNDLE_FORMAT}")
    if found == 1 and metadata.get("families") not in (None, [FEATURES]):
        raise TrainingError(f"{folder}: it reads more than the 122 features, which changed: fit it anew")
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".bundle-") as beside:
        draft = Path(beside) / "draft"
        shutil.copytree(folder, draft)
        if found == 1:
            _write_networks(draft)
        try:
            metadata["sha256"] = checksums(draft)
        except OSError as error:
            raise TrainingError(f"{folder}: {error}") from error
        _write_metadata(draft / METADATA_FILE, metadata if found == 2 else _renamed_metadata(metadata))
        exchange(folder, draft, Path(beside) / "former")
    return True


def _read(folder: Path) -> dict[str, Any]:
    try:
        metadata = json.loads((folder / METADATA_FILE).read_bytes())
    except (OSError, ValueError) as error:
        raise TrainingError(f"{folder}: {METADATA_FILE} cannot be read: {error}") from error
    if not isinstance(metadata, dict):
        raise TrainingError(f"{folder}: {METADATA_FILE} is not that of a bundle")
    return metadata


def _renamed_metadata(old: dict[str, Any]) -> dict[str, Any]:
    slugs = old.get("labels") or []
    return old | {
        "window": _calibration(old.get("window") or {}, slugs),
        "track": _calibration(old.get("track") or {}, slugs),
        "metrics": _renamed(old.get("metrics")),
        "data": _record(old.get("data") or {}),
    }


def _write_metadata(path: Path, values: dict[str, Any]) -> None:
    try:
        metadata = BundleMetadata.model_validate_json(json.dumps({**values, "format": BUNDLE_FORMAT}))
    except ValidationError as error:
        raise TrainingError(f"{path}: {error}") from error
    path.write_text(metadata.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _calibration(old: dict[str, Any], slugs: list[str]) -> dict[str, Any]:
    """One threshold for each genre that may be certain."""
    kept: dict[str, Any] = _renamed({key: value for key, value in old.items() if key != "doubted"})
    doubted = old.get("doubted", ())
    return {**kept, "certain_from": {slug: old.get("certain_from") for slug in slugs if slug not in doubted}}


def _record(old: dict[str, Any]) -> dict[str, Any]:
    """The record of the fit as `training.bundle.record.FitRecord` keeps it."""
    weights = {"ood_source_weights": _OOD_SOURCE_WEIGHTS} if "non_edm" in old else {}
    return {
        "parts": {name: part for name, part in old.items() if name not in _NOT_PARTS},
        "recipe": {**old.get("recipe", {}), **weights},
        "sampling": old.get("sampling", {}),
        "seed": old.get("seed"),
        "near_genres": old.get("near_kept_for", []),
        "folds": old.get("folds"),
    }


def _renamed(value: Any) -> Any:
    """The same value with the keys of today, however deep they stand."""
    if isinstance(value, dict):
        return {_KEYS.get(key, key): _renamed(entry) for key, entry in value.items()}
    return [_renamed(entry) for entry in value] if isinstance(value, list) else value


def _write_networks(draft: Path) -> None:
    from training.bundle.assemble import save_small
    from training.bundle.litert import to_litert

    network = _load_renamed(draft / KERAS_FILE)
    save_small(network, draft / KERAS_FILE)
    (draft / LITERT_FILE).write_bytes(to_litert(network))


def _load_renamed(path: Path) -> "keras.Model":
    """The network with the output's new name, which its weights do not depend on."""
    import keras

    with tempfile.TemporaryDirectory() as folder:
        renamed = Path(folder) / KERAS_FILE
        try:
            with zipfile.ZipFile(path) as old, zipfile.ZipFile(renamed, "w") as new:
                for name in old.namelist():
                    content = old.read(name)
                    new.writestr(name, content.replace(_OLD_OUTPUT, _NEW_OUTPUT) if name == _CONFIG else content)
            network = keras.models.load_model(renamed, compile=False, safe_mode=True)
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise TrainingError(f"{path}: cannot be read as a Keras model: {error}") from error
    if "ood_score" not in network.output:
        raise TrainingError(f"{path}: has no output {_OLD_OUTPUT.decode()}")
    return network
