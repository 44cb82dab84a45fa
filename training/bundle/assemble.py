"""The whole classifier as one Keras model with named inputs.

Inside: a head, from standardised rows to the answers of every member; for the default model also its backbones, from
log-mel spectrograms to embeddings. All are models of their own and stand in the file under their names.
"""

import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from classifier.bundle import columns_of
from classifier.description import BACKBONES
from classifier.model import HEAD
from training.bundle.contents import FittedModel, Member
from training.errors import TrainingError
from training.models.mlp import round_to_half
from training.models.ood import LARGEST
from training.models.preprocessing import Preprocessor

Backbones = Mapping[str, keras.Model]
"""Networks from log-mel spectrograms to embeddings, by their names in `classifier.description.BACKBONES`."""


def assemble(fitted: FittedModel, backbones: Backbones) -> keras.Model:
    """Put a fitted model together.

    Inputs: one for each family of columns, not scaled (`features`, `rhythm`), and in the place of an embedding the
    log-mel spectrogram that it is made from, `mel_musicnn` (n, 187, 96) or `mel_mn04` (n, 300, 128). Outputs: `genres`
    (n, 16), the mean over the members, not calibrated; `members` (n, m, 16); `ood_score` (n, 1); and each embedding
    under the name of its family. Raises `TrainingError` without a backbone that is needed.
    """
    families = fitted.recipe.families
    head = build_head(fitted.preprocessor, fitted.members)
    inputs, parts, outputs = {}, [], {}
    for family in families:
        if family in BACKBONES:
            if family not in backbones:
                raise TrainingError(f"a model that reads {family} needs its network: name a bundle that has it")
            name = f"mel_{family}"
            inputs[name] = keras.Input(backbones[family].input_shape[1:], name=name)
            outputs[family] = backbones[family](inputs[name])
            parts.append(outputs[family])
        else:
            inputs[family] = keras.Input((len(columns_of((family,))),), name=family)
            parts.append(inputs[family])
    row = layers.Concatenate(name="row")(parts) if len(parts) > 1 else parts[0]
    scaler = fitted.preprocessor.scaler
    standardised = layers.Normalization(
        mean=np.asarray(scaler.mean, np.float32),
        variance=np.square(np.asarray(scaler.scale, np.float32)),
        name="scaler",
    )(row)
    outputs |= head(standardised)
    outputs["genres"] = ops.mean(outputs["members"], axis=1)
    return keras.Model(inputs, outputs, name="genre_classifier")


def build_head(preprocessor: Preprocessor, members: tuple[Member, ...]) -> keras.Model:
    """Standardised rows (n, columns) → `members` (n, m, 16) and `ood_score` (n, 1)."""
    row = keras.Input((len(preprocessor.columns),), name="row")
    prepared, rhythm = row, preprocessor.rhythm
    if preprocessor.reduction is not None:
        reduce = layers.Dense(preprocessor.reduction.shape[1], use_bias=False, name="rhythm_components")
        kept = [row[:, : rhythm.start], reduce(row[:, rhythm]), row[:, rhythm.stop :]]
        prepared = layers.Concatenate(name="prepared")(kept)
        reduce.set_weights([preprocessor.reduction])
    answers = []
    for number, member in enumerate(members):
        answers.append(_bare(member.network, f"member{number}")(prepared))
    ood_detectors = [member.ood_detector for member in members if member.ood_detector]
    score = layers.Dense(1, name="ood_score")
    outputs = {
        "members": ops.stack(answers, axis=1),
        "ood_score": score(ops.clip(row, -LARGEST, LARGEST)),
    }
    weights = [ood_detector.weights for ood_detector in ood_detectors] or [
        np.zeros(len(preprocessor.columns), np.float32)
    ]
    biases = [ood_detector.bias for ood_detector in ood_detectors] or [0.0]
    score.set_weights([np.mean(weights, axis=0)[:, np.newaxis], np.asarray([np.mean(biases)], np.float32)])
    head = keras.Model(row, outputs, name=HEAD)
    round_to_half(head)
    return head


def _bare(network: keras.Model, name: str) -> keras.Model:
    """A network without what only training needs: its optimiser would take twice the space of its weights."""
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    copy.name = name
    return copy


def load_backbones(file: Path) -> Backbones:
    """The backbones of a bundle's `model.keras`, or the one of a file that `backbone` has written.

    Raises `TrainingError` where there is none.
    """
    try:
        model = keras.models.load_model(file, compile=False, safe_mode=True)
    except (OSError, ValueError) as error:
        raise TrainingError(f"{file}: cannot be read as a Keras model: {error}") from error
    found = {layer.name: layer for layer in (model, *model.layers) if layer.name in BACKBONES}
    if not found:
        raise TrainingError(f"{file}: has no backbone")
    return found


def save_small(model: keras.Model, path: Path) -> None:
    """Save a model in Keras' format, compressed: rounded weights take half of their space."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "model.keras"
        model.save(plain)
        with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
            for name in source.namelist():
                out.writestr(zipfile.ZipInfo(name), source.read(name), zipfile.ZIP_DEFLATED)
