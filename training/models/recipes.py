"""Recipes: every hyperparameter of the networks, stated here once. What is drawn in an epoch is `data.sampling`."""

from dataclasses import dataclass

from pydantic import ConfigDict

from classifier.description import FEATURES, MN04, MUSICNN, RHYTHM_FAMILY


@dataclass(frozen=True, slots=True)
class Recipe:
    """Hyperparameters; a bundle's metadata records them."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # one of another version is not taken for one of this

    families: tuple[str, ...] = (FEATURES,)
    """What the network gets to know of a window: families of columns, see `classifier.description`."""
    units: tuple[int, int, int] = (128, 64, 32)
    dropout: tuple[float, float] = (0.4, 0.3)
    input_dropout: float = 0.0
    l2: float = 3e-2
    learning_rate: float = 5e-4
    constant_epochs: int = 20
    decay_per_epoch: float = 0.02
    """After `constant_epochs` the learning rate is multiplied by exp(-decay) at each epoch."""
    batch_size: int = 32
    max_epochs: int = 200
    patience: int = 25
    """Epochs without a lower validation loss before the training stops."""
    validation_folds: int = 6
    """One in so many training origins stops the training."""
    refit: bool = False
    """Whether the network is trained once more, on those origins too, for as many epochs as were best without them."""
    rhythm_components: int = 0
    """Principal components that the rhythm is reduced to; 0: none, it is taken as it is."""
    ood_source_weights: tuple[tuple[str, float], ...] = ()
    """Sources whose tracks weigh more when it is learned what is none of the genres, and how much."""
    ood_genre_weights: tuple[tuple[str, float], ...] = ()
    """Genres that weigh more there: calm ones, which are easily taken for no dance music at all."""
    ood_unlabelled_share: float = 0.1
    """What electronic music of unknown genre weighs there, as a share of all electronic music."""
    ood_penalty: float = 3e-4
    """Inverse strength of the L2 penalty there (scikit-learn's C), for rows that weigh 1 on average."""
    listening_places: int = 5
    """Windows that are heard beside the asked one where that is not certain."""
    certain_accuracy: float = 0.9
    """An answer is called certain where at least this share of such answers was right where the threshold was chosen;
    on origins that had no part in that fewer are."""


REFERENCE = Recipe()
"""One network on the 122 features: what every other model is measured against."""

DEFAULT = Recipe(
    families=(FEATURES, RHYTHM_FAMILY, MUSICNN, MN04),
    input_dropout=0.5,
    l2=1e-2,
    learning_rate=3e-3,
    constant_epochs=3,
    decay_per_epoch=0.35,
    batch_size=128,
    max_epochs=12,
    validation_folds=8,
    refit=True,
    rhythm_components=128,
    ood_source_weights=(("songs", 3.0),),
    ood_genre_weights=(("ambient", 20.0), ("lofi", 20.0)),
)
"""The same network on everything that a window can be described with."""
