"""A model bundle on disk: what is in it, and whether it fits this code.

A bundle is a folder with `model.keras`, its LiteRT export `model.tflite`, `metadata.json`, `MODEL_CARD.md` and report
pictures. Everything that is not a network is plain numbers in the JSON; no pickle is ever read.
"""

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from classifier.errors import ClassifierError, ErrorKind
from classifier.features import FEATURE_NAMES, SPEC, FloatArray
from classifier.genres import SLUGS

BUNDLES = Path(__file__).with_name("bundles")
DEFAULT_BUNDLE = BUNDLES / "reference"

METADATA_FILE = "metadata.json"
KERAS_FILE = "model.keras"
LITERT_FILE = "model.tflite"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Scaler(_Frozen):
    """Mean and scale of each feature over the training windows, as scikit-learn's StandardScaler found them."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]

    def transform(self, features: FloatArray) -> FloatArray:
        """Standardise features (n, 122) → (n, 122) float32."""
        return ((features - np.asarray(self.mean)) / np.asarray(self.scale)).astype(np.float32)


class BundleMetadata(_Frozen):
    """`metadata.json`: everything about a model that is not a weight."""

    name: str
    version: str
    created: str
    labels: tuple[str, ...]
    feature_names: tuple[str, ...]
    feature_spec: dict[str, Any]
    scaler: Scaler
    temperature: float = Field(gt=0)
    certain_from: float = Field(ge=0, le=1)
    """Confidence from which an answer counts as certain, chosen on tracks the network was not fitted to."""
    libraries: dict[str, str]
    data: dict[str, Any]
    metrics: dict[str, Any]

    @property
    def model_version(self) -> str:
        return f"{self.name}-{self.version}"


def load_metadata(bundle: Path) -> BundleMetadata:
    """Read and check a bundle's metadata.

    Raises `ClassifierError` (model unusable) that names the first difference from what this code computes: labels,
    feature names, their order, or the feature specification.
    """
    try:
        metadata = BundleMetadata.model_validate_json((bundle / METADATA_FILE).read_bytes())
    except OSError as error:
        raise ClassifierError(ErrorKind.MODEL_UNUSABLE, f"{bundle}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or METADATA_FILE
        raise ClassifierError(ErrorKind.MODEL_UNUSABLE, f"{bundle}: {place}: {first['msg']}") from error
    difference = (
        _difference("label", metadata.labels, SLUGS)
        or _difference("feature", metadata.feature_names, FEATURE_NAMES)
        or _spec_difference(metadata.feature_spec)
        or _difference("number of scaler values", (str(len(metadata.scaler.mean)),), (str(len(FEATURE_NAMES)),))
        or _difference("number of scaler values", (str(len(metadata.scaler.scale)),), (str(len(FEATURE_NAMES)),))
    )
    if difference:
        raise ClassifierError(ErrorKind.MODEL_UNUSABLE, f"{bundle}: {difference}")
    return metadata


def _difference(what: str, found: tuple[str, ...], expected: tuple[str, ...]) -> str | None:
    if found == expected:
        return None
    for position, (theirs, ours) in enumerate(zip(found, expected, strict=False), start=1):
        if theirs != ours:
            return f"{what} {position} is {theirs!r} in the bundle and {ours!r} in the code"
    return f"the bundle has {len(found)} × {what}, the code {len(expected)}"


def _spec_difference(found: dict[str, Any]) -> str | None:
    expected = SPEC.to_dict()
    for key in sorted(expected.keys() | found.keys()):
        if expected.get(key) != found.get(key):
            return f"feature_spec.{key} is {found.get(key)!r} in the bundle and {expected.get(key)!r} in the code"
    return None
