"""A model bundle on disk: what is in it, and whether it fits this code.

A bundle is a folder with `model.keras`, its LiteRT export `model.tflite`, `metadata.json`, `MODEL_CARD.md` and report
pictures. Everything that is not a network is plain numbers in the JSON; no pickle is ever read.
"""

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from classifier.arrays import FloatArray
from classifier.description import COLUMNS_BY_FAMILY, FAMILIES, SPECS
from classifier.errors import ClassifierError, ErrorKind
from classifier.genres import SLUGS

BUNDLES = Path(__file__).with_name("bundles")
DEFAULT_BUNDLE = BUNDLES / "default"
"""The best answers: the 122 features, rhythm, and what two pretrained networks hear."""
REFERENCE_BUNDLE = BUNDLES / "reference"
"""The 122 features alone: small, and the measure for everything else."""

BUNDLE_FORMAT = 2
"""The names in `metadata.json` and in the network that this code reads; metadata without a format are of the first."""

METADATA_FILE = "metadata.json"
KERAS_FILE = "model.keras"
LITERT_FILE = "model.tflite"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Format(BaseModel):
    """What is read first, whatever else stands there."""

    format: int = 1


class Scaler(_Frozen):
    """Mean and scale of each column over the training windows, found with scikit-learn's StandardScaler."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]

    def transform(self, rows: FloatArray) -> FloatArray:
        """Standardise rows (n, columns) → (n, columns) float32."""
        return ((rows - np.asarray(self.mean)) / np.asarray(self.scale)).astype(np.float32)


class Calibration(_Frozen):
    """How scores of windows, or of whole tracks, become words; chosen on tracks the network was not fitted to."""

    temperature: float = Field(gt=0)
    certain_from: float = Field(ge=0, le=1)
    """Confidence from which an answer counts as certain."""
    unreliable_genres: tuple[str, ...] = ()
    """Genres (slugs) whose answers are never certain: too few of those that were measured were right."""
    ood_threshold: float | None = None
    """Out-of-distribution score (log-odds) from which a sound is called none of the genres; None: never."""

    def is_certain(self, slug: str, confidence: float) -> bool:
        """Whether an answer of this genre with this confidence counts as certain."""
        return confidence >= self.certain_from and slug not in self.unreliable_genres


class BundleMetadata(_Frozen):
    """`metadata.json`: everything about a model that is not a weight."""

    format: int = BUNDLE_FORMAT
    name: str
    version: str
    created: str
    labels: tuple[str, ...]
    families: tuple[str, ...]
    columns: tuple[str, ...]
    specs: dict[str, dict[str, Any]]
    scaler: Scaler
    window: Calibration
    track: Calibration
    libraries: dict[str, str]
    data: dict[str, Any]
    metrics: dict[str, Any]

    @property
    def model_version(self) -> str:
        return f"{self.name}-{self.version}"


def load_metadata(bundle: Path) -> BundleMetadata:
    """Read and check a bundle's metadata.

    Raises `ClassifierError` (model unusable) that names the first difference from what this code computes: the format,
    labels, families of columns, their names and order, or a specification.
    """
    try:
        text = (bundle / METADATA_FILE).read_bytes()
        _check_format(bundle, _Format.model_validate_json(text).format)
        metadata = BundleMetadata.model_validate_json(text)
    except OSError as error:
        raise ClassifierError(ErrorKind.MODEL_UNUSABLE, f"{bundle}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or METADATA_FILE
        raise ClassifierError(ErrorKind.MODEL_UNUSABLE, f"{bundle}: {place}: {first['msg']}") from error
    unknown = [family for family in metadata.families if family not in FAMILIES]
    difference = (
        _difference("label", metadata.labels, SLUGS)
        or (f"the code knows no columns of the family {unknown[0]!r}" if unknown else None)
        or _difference("family", metadata.families, tuple(name for name in FAMILIES if name in metadata.families))
        or _difference("column", metadata.columns, columns_of(metadata.families))
        or _spec_difference(metadata.specs, {family: SPECS[family] for family in metadata.families})
        or _count_difference(len(metadata.scaler.mean), len(metadata.columns))
        or _count_difference(len(metadata.scaler.scale), len(metadata.columns))
    )
    if difference:
        raise ClassifierError(ErrorKind.MODEL_UNUSABLE, f"{bundle}: {difference}")
    return metadata


def _check_format(bundle: Path, found: int) -> None:
    if found == BUNDLE_FORMAT:
        return
    advice = f"`python -m training migrate-bundle {bundle}` brings it up to date"
    if found > BUNDLE_FORMAT:
        advice = "a newer version of this program wrote it"
    detail = f"{bundle}: its format is {found}, and this code reads {BUNDLE_FORMAT}; {advice}"
    raise ClassifierError(ErrorKind.MODEL_UNUSABLE, detail)


def columns_of(families: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of some families of `FAMILIES`, one family after the other."""
    return tuple(name for family in families for name in COLUMNS_BY_FAMILY[family])


def _difference(what: str, found: tuple[str, ...], expected: tuple[str, ...]) -> str | None:
    if found == expected:
        return None
    for position, (theirs, ours) in enumerate(zip(found, expected, strict=False), start=1):
        if theirs != ours:
            return f"{what} {position} is {theirs!r} in the bundle and {ours!r} in the code"
    return f"the bundle has {len(found)} × {what}, the code {len(expected)}"


def _count_difference(found: int, expected: int) -> str | None:
    return None if found == expected else f"the bundle has {found} × scaler value, and {expected} columns"


def _spec_difference(found: dict[str, dict[str, Any]], expected: dict[str, dict[str, Any]]) -> str | None:
    for family in sorted(expected.keys() | found.keys()):
        ours, theirs = expected.get(family, {}), found.get(family, {})
        for key in sorted(ours.keys() | theirs.keys()):
            if ours.get(key) != theirs.get(key):
                return f"specs.{family}.{key} is {theirs.get(key)!r} in the bundle and {ours.get(key)!r} in the code"
    return None
