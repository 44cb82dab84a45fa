"""Write a model bundle: network in two formats, metadata, report pictures and model card."""

import contextlib
import io
import os
import shutil
import tempfile
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from classifier.bundle import KERAS_FILE, LITERT_FILE, METADATA_FILE, BundleMetadata
from classifier.features import FEATURE_NAMES, SPEC, FloatArray
from classifier.genres import SLUGS
from classifier.model import KerasRuntime, LiteRtRuntime
from training.card import model_card
from training.errors import TrainingError
from training.fitting import FittedModel
from training.outputs import check_target
from training.report import draw_confusion, draw_curves
from training.splits import Parts
from training.tables import FeatureTable

MAX_RUNTIME_GAP = 1e-5
"""Largest difference of a probability between the two formats of a network."""

_LIBRARIES = ("keras", "tensorflow", "librosa", "numpy", "scikit-learn", "soxr")


def write_bundle(
    fitted: FittedModel, parts: Parts, out: Path, *, name: str, version_text: str, settings: dict[str, Any], notes: str
) -> BundleMetadata:
    """Write a complete bundle to the folder `out`, replacing one that is there only when the new one is whole.

    Raises `TrainingError` if the two formats of the network do not agree, or if `out` holds something else.
    `settings` records recipe, sampling and seed; `notes` is Markdown that the model card ends with.
    """
    check_target(out)
    metadata = BundleMetadata(
        name=name,
        version=version_text,
        created=datetime.now(UTC).date().isoformat(),
        labels=SLUGS,
        feature_names=FEATURE_NAMES,
        feature_spec=SPEC.to_dict(),
        scaler=fitted.scaler,
        temperature=fitted.temperature,
        certain_from=fitted.certain_from,
        libraries={library: version(library) for library in _LIBRARIES},
        data={
            "train": describe(parts.train),
            "validation": describe(parts.validation),
            "test": describe(parts.test),
            **settings,
        },
        metrics=fitted.metrics.to_dict(),
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".bundle-") as draft_name:
        draft = Path(draft_name) / "bundle"
        report = draft / "report"
        report.mkdir(parents=True)
        fitted.network.save(draft / KERAS_FILE)
        (draft / LITERT_FILE).write_bytes(to_litert(fitted.network))
        _check_agreement(draft, fitted.scaler.transform(parts.test.features))
        (draft / METADATA_FILE).write_text(metadata.model_dump_json(indent=1) + "\n", encoding="utf-8")
        (draft / "MODEL_CARD.md").write_text(model_card(metadata, fitted.metrics, notes), encoding="utf-8")
        draw_confusion(fitted.metrics, report / "confusion.png")
        draw_curves(fitted.history, report / "curves.png")
        if out.exists():
            shutil.rmtree(out)
        os.replace(draft, out)
    return metadata


def _check_agreement(draft: Path, rows: FloatArray) -> None:
    """The numbers that were measured must be those that will be served."""
    gap = float(np.abs(LiteRtRuntime(draft / LITERT_FILE)(rows) - KerasRuntime(draft / KERAS_FILE)(rows)).max())
    if gap > MAX_RUNTIME_GAP:
        raise TrainingError(f"the LiteRT network differs from the Keras network by {gap:.1e}")


def to_litert(network: keras.Model) -> bytes:
    """The network as a LiteRT flatbuffer with a free number of rows."""
    with contextlib.redirect_stdout(io.StringIO()):  # Keras prints what it exports
        return bytes(tf.lite.TFLiteConverter.from_keras_model(network).convert())


def describe(table: FeatureTable) -> dict[str, Any]:
    """What a part is made of: counts by genre and by source, and a fingerprint of its numbers."""
    plain = table.is_plain
    return {
        "windows": int(plain.sum()),
        "altered_copies": int((~plain).sum()),
        "tracks": len(np.unique(table.tracks)),
        "windows_by_genre": {slug: int((plain & (table.labels == i)).sum()) for i, slug in enumerate(SLUGS)},
        "windows_by_source": dict(sorted(Counter(table.sources[plain].tolist()).items())),
        "fingerprint": table.fingerprint(),
    }
