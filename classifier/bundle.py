"""A model bundle on disk: what is in it, and whether it fits this code.

A bundle is a folder with `model.keras`, its LiteRT export `model.tflite`, `metadata.json`, `MODEL_CARD.md` and report
pictures. Everything that is not a network is plain numbers in the JSON; no pickle is ever read.
"""

import hashlib
import math
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from classifier.arrays import FloatArray
from classifier.description import COLUMNS_BY_FAMILY, FAMILIES, SPECS
from classifier.errors import ClassifierError, ErrorKind
from classifier.genres import SLUGS

BUNDLES = Path(__file__).with_name("bundles")
DEFAULT_BUNDLE = BUNDLES / "default"
"""The best answers: the 122 features, rhythm, and what two pretrained networks hear."""
REFERENCE_BUNDLE = BUNDLES / "reference"
"""The 122 features alone: small, and the measure for everything else."""

BUNDLE_FORMAT = 3
"""The names in `metadata.json` and in the network that this code reads; metadata without a format are of the first."""

METADATA_FILE = "metadata.json"
KERAS_FILE = "model.keras"
LITERT_FILE = "model.tflite"


Confidence = Annotated[float, Field(ge=0, le=1)]
Temperature = Annotated[float, Field(gt=0)]


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


class Thresholds(_Frozen):
    """When an answer counts as certain, and when a sound as none of the genres; chosen on origins never heard."""

    certain_from: dict[str, Confidence]
    """Confidence from which an answer of a genre (slug) counts as certain; a genre that is not here never does."""
    ood_threshold: float | None = None
    """Out-of-distribution score (log-odds) from which a sound is called none of the genres; None: never."""
    ood_by_genre: dict[str, float] = {}
    """Genres (slugs) whose answers need a higher score for that: calm ones, which are close to other music."""

    def is_certain(self, slug: str, confidence: float) -> bool:
        """Whether an answer of this genre with this confidence counts as certain."""
        return confidence >= self.certain_from.get(slug, math.inf)

    def is_familiar(self, slug: str, ood_score: float) -> bool:
        """Whether a sound with this score may be called one of the genres, of which this one is the nearest."""
        return self.ood_threshold is None or ood_score < self.ood_by_genre.get(slug, self.ood_threshold)


class Calibration(Thresholds):
    """How scores of windows, or of whole tracks, become words."""

    temperature: Temperature


class ListeningCalibration(Thresholds):
    """How a few windows of one track are read together, where three seconds are not enough."""

    places: int = Field(ge=1)
    """How many windows are listened to beside the asked one, at the most."""
    temperatures: tuple[Temperature, ...]
    """For one window, two windows, and so on: the more are heard, the surer their mean may be."""

    @model_validator(mode="after")
    def _has_a_temperature_for_each_number_of_windows(self) -> Self:
        if len(self.temperatures) != self.places + 1:
            raise ValueError(f"{self.places} places need {self.places + 1} temperatures, not {len(self.temperatures)}")
        return self


class BundleMetadata(_Frozen):
    """`metadata.json`: everything about a model that is not a weight."""

    format: int = BUNDLE_FORMAT
    sha256: dict[str, str]
    """Of each network's file: one that was damaged, or exchanged, is not loaded."""
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
    listening: ListeningCalibration | None = None
    """None: three seconds have to be enough."""
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


def check_network(bundle: Path, name: str, metadata: BundleMetadata) -> Path:
    """The path of a network's file, if that is what the metadata say. Raises `ClassifierError` (model unusable)."""
    path = bundle / name
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ClassifierError(ErrorKind.MODEL_UNUSABLE, f"{path}: {error.strerror}") from error
    if found != metadata.sha256.get(name):
        raise ClassifierError(
            ErrorKind.MODEL_UNUSABLE, f"{path}: is not what {METADATA_FILE} says (SHA-256); copy it anew"
        )
    return path


def checksums(bundle: Path) -> dict[str, str]:
    """`BundleMetadata.sha256` for the networks of a folder."""
    return {name: hashlib.sha256((bundle / name).read_bytes()).hexdigest() for name in (KERAS_FILE, LITERT_FILE)}


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
