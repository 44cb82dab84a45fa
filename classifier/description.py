"""Everything a window can be described with: families of columns, the same in tables, bundles and answers.

- *features*: the 122 features (`classifier.features`);
- *rhythm*: periods of the onsets and fluctuation of the bands (`classifier.rhythm`);
- *musicnn* and *mn04*: what two pretrained networks hear, which come with a bundle; here are only the names.
"""

from dataclasses import asdict
from typing import Any, Final

from classifier.features import FEATURE_NAMES, SPEC
from classifier.loudness import LEVEL
from classifier.mel import MEL
from classifier.mel32k import MEL32K
from classifier.rhythm import RHYTHM, RHYTHM_NAMES

FEATURES: Final = "features"
RHYTHM_FAMILY: Final = "rhythm"
MUSICNN: Final = "musicnn"
MN04: Final = "mn04"
FAMILIES = (FEATURES, RHYTHM_FAMILY, MUSICNN, MN04)
"""In the order of their columns."""

MUSICNN_SIZE = 192
MUSICNN_NAMES = tuple(f"embedding{n}" for n in range(1, MUSICNN_SIZE + 1))
MN04_SIZE = 384
MN04_NAMES = tuple(f"mn04_{n}" for n in range(1, MN04_SIZE + 1))
BACKBONES = (MUSICNN, MN04)
"""The families that come out of a pretrained network."""

COLUMNS_BY_FAMILY: dict[str, tuple[str, ...]] = {
    FEATURES: FEATURE_NAMES,
    RHYTHM_FAMILY: RHYTHM_NAMES,
    MUSICNN: MUSICNN_NAMES,
    MN04: MN04_NAMES,
}

_MEL_SPEC = {**asdict(MEL), **LEVEL.to_dict()}
SPECS: dict[str, dict[str, Any]] = {
    FEATURES: SPEC.to_dict(),
    RHYTHM_FAMILY: {**_MEL_SPEC, **{f"rhythm_{key}": value for key, value in RHYTHM.to_dict().items()}},
    MUSICNN: {**_MEL_SPEC, "network": "MusiCNN: MSD_musicnn, MTT_musicnn", "size": MUSICNN_SIZE},
    MN04: {**asdict(MEL32K), **LEVEL.to_dict(), "network": "EfficientAT: mn04_as", "size": MN04_SIZE},
}
"""Everything that changes a value of a family; stored in a bundle and compared when it is loaded."""
