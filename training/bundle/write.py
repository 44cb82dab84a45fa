"""Write a model bundle: network in two formats, metadata, report pictures and model card."""

import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from classifier.arrays import FloatArray
from classifier.bundle import KERAS_FILE, LITERT_FILE, METADATA_FILE, BundleMetadata, checksums
from classifier.description import SPECS
from classifier.genres import SLUGS
from classifier.model import KerasRuntime, LiteRtRuntime
from training.bundle.assemble import Backbones, assemble, save_small
from training.bundle.contents import FittedModel
from training.bundle.litert import to_litert
from training.bundle.model_card import model_card
from training.bundle.record import FitRecord
from training.bundle.target import check_target
from training.errors import TrainingError
from training.evaluate.plots import draw_confusion, draw_curves
from training.evaluate.rejection import Rejection, measure_rejection

MAX_RUNTIME_GAP = 1e-5
"""Largest difference of a probability between the two formats of a network."""

_LIBRARIES = ("keras", "tensorflow", "librosa", "numpy", "scikit-learn", "scipy", "soxr")


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """What a bundle says of itself beside the figures.

    `record` says how it was fitted and to what; `notes` is Markdown that the model card ends with; `licences` go into a
    file of their own.
    """

    name: str
    version: str
    record: FitRecord
    notes: str = ""
    licences: str = ""


def write_bundle(fitted: FittedModel, out: Path, *, facts: BundleFacts, backbones: Backbones) -> BundleMetadata:
    """Write a complete bundle to the folder `out`, replacing one that is there only when the new one is whole.

    Raises `TrainingError` if the two formats of the network do not agree, or if `out` holds something else.
    """
    check_target(out)
    families = fitted.recipe.families
    rejection = _rejection(fitted)
    metadata = BundleMetadata(
        sha256={},  # known when the networks are written
        name=facts.name,
        version=facts.version,
        created=datetime.now(UTC).date().isoformat(),
        labels=SLUGS,
        families=families,
        columns=fitted.preprocessor.columns,
        specs={family: SPECS[family] for family in families},
        scaler=fitted.preprocessor.scaler,
        window=fitted.calibrations.window,
        track=fitted.calibrations.track,
        listening=fitted.calibrations.listening,
        libraries={library: version(library) for library in _LIBRARIES},
        data=facts.record.to_dict(),
        metrics=fitted.figures.to_dict() | ({"rejection": asdict(rejection)} if rejection else {}),
    )
    network = assemble(fitted, backbones)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".bundle-") as draft_name:
        draft = Path(draft_name) / "bundle"
        report = draft / "report"
        report.mkdir(parents=True)
        save_small(network, draft / KERAS_FILE)
        (draft / LITERT_FILE).write_bytes(to_litert(network))
        _check_agreement(draft, fitted.preprocessor.scaler.transform(fitted.sample))
        metadata = metadata.model_copy(update={"sha256": checksums(draft)})
        (draft / METADATA_FILE).write_text(metadata.model_dump_json(indent=1) + "\n", encoding="utf-8")
        (draft / "MODEL_CARD.md").write_text(
            model_card(metadata, facts.record, fitted.figures, rejection, facts.notes), encoding="utf-8"
        )
        if facts.licences:
            (draft / "LICENCES.md").write_text(facts.licences, encoding="utf-8")
        draw_confusion(fitted.figures.main, report / "confusion.png")
        draw_curves([member.history for member in fitted.members], report / "curves.png")
        if out.exists():
            shutil.rmtree(out)
        os.replace(draft, out)
    return metadata


def _rejection(fitted: FittedModel) -> Rejection | None:
    if fitted.edm is None or fitted.others is None:
        return None
    window, track = fitted.calibrations.window, fitted.calibrations.track
    return measure_rejection(fitted.edm, fitted.others, window=window, track=track)


def _check_agreement(draft: Path, rows: FloatArray) -> None:
    """The numbers that were measured must be those that will be served."""
    said = [runtime.infer(rows) for runtime in (LiteRtRuntime(draft / LITERT_FILE), KerasRuntime(draft / KERAS_FILE))]
    gap = float(np.abs(said[0].members - said[1].members).max())
    if not gap <= MAX_RUNTIME_GAP:  # not a number is no agreement
        raise TrainingError(f"the LiteRT network differs from the Keras network by {gap:.1e}")
