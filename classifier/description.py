"""Everything a window can be described with: families of columns, the same in tables, bundles and answers.

- *features*: the 122 features (`classifier.features`);
- *rhythm*: periods of the onsets and fluctuation of the bands (`classifier.rhythm`);
- *embedding*: what a pretrained network hears. It comes out of a bundle's own network; here are only its names.
"""

from dataclasses import asdict
from typing import Any, Final

from classifier.features import FEATURE_NAMES, SPEC
from classifier.mel import MEL
from classifier.rhythm import RHYTHM, RHYTHM_NAMES

FEATURES: Final = "features"
RHYTHM_FAMILY: Final = "rhythm"
EMBEDDING: Final = "embedding"
FAMILIES = (FEATURES, RHYTHM_FAMILY, EMBEDDING)
"""In the order of their columns."""

EMBEDDING_SIZE = 192
EMBEDDING_NAMES = tuple(f"embedding{n}" for n in range(1, EMBEDDING_SIZE + 1))

COLUMNS_BY_FAMILY: dict[str, tuple[str, ...]] = {
    FEATURES: FEATURE_NAMES,
    RHYTHM_FAMILY: RHYTHM_NAMES,
    EMBEDDING: EMBEDDING_NAMES,
}

_MEL_SPEC = asdict(MEL)
SPECS: dict[str, dict[str, Any]] = {
    FEATURES: SPEC.to_dict(),
    RHYTHM_FAMILY: {**_MEL_SPEC, **{f"rhythm_{key}": value for key, value in RHYTHM.to_dict().items()}},
    EMBEDDING: {**_MEL_SPEC, "network": "MusiCNN: MSD_musicnn, MTT_musicnn", "size": EMBEDDING_SIZE},
}
"""Everything that changes a value of a family; stored in a bundle and compared when it is loaded."""
