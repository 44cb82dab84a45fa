"""A window's description in, calibrated probabilities out; two runtimes behind one small protocol.

LiteRT starts in milliseconds and is what serves; Keras (`tensorflow`, an optional extra) runs the same weights. A
network has a head, which reads standardised rows, and perhaps backbones, which turn log-mel spectrograms into
embeddings.
"""

import os
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

from classifier.arrays import FloatArray
from classifier.bundle import DEFAULT_BUNDLE, KERAS_FILE, LITERT_FILE, BundleMetadata, check_network, load_metadata
from classifier.description import BACKBONES, FEATURES, MN04, MUSICNN, RHYTHM_FAMILY
from classifier.errors import ClassifierError, ErrorKind
from classifier.features import extract_features
from classifier.loudness import levelled
from classifier.mel import MelArray, decoded, extract_mel
from classifier.mel32k import extract_mel32k
from classifier.probabilities import tempered
from classifier.quiet import quiet_stderr
from classifier.rhythm import extract_rhythm
from classifier.versions import install_command

HEAD = "head"
"""A layer of `model.keras` that is a model itself, and a signature of `model.tflite`; so are the `BACKBONES`."""
FRONT_ENDS = f"{MUSICNN}_front_ends"
"""A signature of `model.tflite`: what MusiCNN does with bytes, before the rest of it."""


class RuntimeName(StrEnum):
    LITERT = "litert"
    KERAS = "keras"


@dataclass(frozen=True, slots=True, eq=False)
class HeadOutput:
    """What a head says of n rows: `members` (n, m, 16) are the probabilities of its m networks, and `ood_score` (n,)
    the log-odds that a row is out of distribution, none of the genres (0 from a head that does not know)."""

    members: FloatArray
    ood_score: FloatArray


class Runtime(Protocol):
    """Runs a bundle's networks: a head that reads `columns` numbers a row, and the `backbones` that it has."""

    columns: int
    backbones: frozenset[str]

    def embed(self, backbone: str, spectrogram: FloatArray) -> FloatArray:
        """A log-mel spectrogram (frames, bands) as a backbone reads it → its embedding (n,)."""
        ...

    def infer(self, rows: FloatArray) -> HeadOutput:
        """Standardised rows (n, columns) float32 → what the head says."""
        ...


class LiteRtRuntime:
    """The network in LiteRT (the former TensorFlow Lite), one thread."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with quiet_stderr():  # the first run tells there which delegate it takes
            self._interpreter = Interpreter(model_path=str(path), num_threads=1)
            signatures = self._interpreter.get_signature_list()
            self._head = self._interpreter.get_signature_runner(HEAD)
            self._runners = {
                name: self._interpreter.get_signature_runner(name)
                for name in (*BACKBONES, FRONT_ENDS)
                if name in signatures
            }
            self.columns = int(self._head.get_input_details()["row"]["shape"][-1])
            whole = {name for name in self._runners if name != MUSICNN or FRONT_ENDS in self._runners}
            self.backbones = frozenset(whole) - {FRONT_ENDS}
            self.infer(np.zeros((1, self.columns), np.float32))

    def embed(self, backbone: str, spectrogram: FloatArray) -> FloatArray:
        inputs = {"mel": spectrogram[np.newaxis]}
        if backbone == MUSICNN:
            inputs = self._runners[FRONT_ENDS](**inputs)
        return np.asarray(self._runners[backbone](**inputs)["embedding"][0], np.float32)

    def infer(self, rows: FloatArray) -> HeadOutput:
        return _head_output(self._head(row=rows))


class KerasRuntime:
    """The network in Keras on TensorFlow."""

    def __init__(self, path: Path) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        if "keras" not in sys.modules:
            os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever the host has set for others
        import keras

        if (backend := keras.config.backend()) != "tensorflow" or keras.config.floatx() != "float32":
            raise ClassifierError(
                ErrorKind.MODEL_UNUSABLE, f"Keras is set to {backend} and {keras.config.floatx()} in this process"
            )

        self.model = keras.models.load_model(path, compile=False, safe_mode=True)
        self._head = self.model.get_layer(HEAD)
        self._networks = {layer.name: layer for layer in self.model.layers if layer.name in BACKBONES}
        self.columns = int(self._head.input_shape[-1])
        self.backbones = frozenset(self._networks)

    def embed(self, backbone: str, spectrogram: FloatArray) -> FloatArray:
        return np.asarray(self._networks[backbone](spectrogram[np.newaxis], training=False)[0], np.float32)

    def infer(self, rows: FloatArray) -> HeadOutput:
        return _head_output(self._head(rows, training=False))


class GenreModel:
    """A loaded bundle: description, scaler, network and temperature as one thing."""

    def __init__(self, metadata: BundleMetadata, runtime: Runtime) -> None:
        self.metadata = metadata
        self._runtime = runtime

    @classmethod
    def load(cls, bundle: Path = DEFAULT_BUNDLE, *, runtime: RuntimeName = RuntimeName.LITERT) -> Self:
        """Load a bundle's folder. Raises `ClassifierError` (model unusable) with the reason."""
        metadata = load_metadata(bundle)
        file = check_network(bundle, LITERT_FILE if runtime is RuntimeName.LITERT else KERAS_FILE, metadata)
        try:
            network = LiteRtRuntime(file) if runtime is RuntimeName.LITERT else KerasRuntime(file)
        except ModuleNotFoundError as error:
            hint = f"the {runtime} runtime needs {error.name}: {install_command('training')}"
            raise ClassifierError(ErrorKind.NOT_INSTALLED, hint) from error
        except (ImportError, OSError, ValueError, RuntimeError) as error:
            raise ClassifierError(ErrorKind.MODEL_UNUSABLE, f"{file}: {error}") from error
        if network.columns != len(metadata.columns):
            difference = f"its network reads {network.columns} columns, its metadata names {len(metadata.columns)}"
            raise ClassifierError(ErrorKind.MODEL_UNUSABLE, f"{file}: {difference}")
        lacking = [name for name in BACKBONES if name in metadata.families and name not in network.backbones]
        if lacking:
            raise ClassifierError(ErrorKind.MODEL_UNUSABLE, f"{file}: has no network for {lacking[0]}")
        return cls(metadata, network)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the numbers that describe a window to this model, in order."""
        return self.metadata.columns

    def describe(self, samples: FloatArray, *, mel: MelArray | None = None) -> FloatArray:
        """One window (66150,) at 22,050 Hz → its row (columns,) float32, not scaled.

        `mel` is what `log_mel` gives of the window, where it is at hand already.
        """
        families = self.metadata.families
        parts = [extract_features(samples)] if FEATURES in families else []
        if RHYTHM_FAMILY in families or MUSICNN in families:
            mel = self.log_mel(samples) if mel is None else mel
            parts += [extract_rhythm(mel)] if RHYTHM_FAMILY in families else []
            parts += [self._runtime.embed(MUSICNN, decoded(mel))] if MUSICNN in families else []
        if MN04 in families:
            parts.append(self._runtime.embed(MN04, extract_mel32k(levelled(samples))))
        return np.concatenate(parts)

    def log_mel(self, samples: FloatArray) -> MelArray:
        """The log-mel spectrogram (187, 96) of a window (66150,) as rhythm and MusiCNN get it: at one level."""
        return extract_mel(levelled(samples))

    def embed(self, backbone: str, spectrogram: FloatArray) -> FloatArray:
        """The embedding of a log-mel spectrogram. Raises ValueError for a model that has no such backbone."""
        if backbone not in self.metadata.families:
            raise ValueError(f"{self.metadata.model_version} has no backbone {backbone}")
        return self._runtime.embed(backbone, spectrogram)

    def predict(self, rows: FloatArray) -> FloatArray:
        """Calibrated probabilities in the order of `GENRES`.

        Parameters: `rows` (columns,) or (n, columns) as `describe` gives them.
        Returns (16,) or (n, 16) float32; each row sums to 1. Raises ValueError for another shape.
        """
        probabilities = self.calibrated(self.infer(rows).members.mean(axis=1))
        return probabilities[0] if rows.ndim == 1 else probabilities

    def infer(self, rows: FloatArray) -> HeadOutput:
        """What each network of the head says of rows (columns,) or (n, columns), before any calibration."""
        table = np.atleast_2d(rows)
        if table.ndim != 2 or table.shape[1] != len(self.columns):
            raise ValueError(f"expected rows (n, {len(self.columns)}), got {rows.shape}")
        return self._runtime.infer(self.metadata.scaler.transform(table))

    def calibrated(self, probabilities: FloatArray) -> FloatArray:
        """Probabilities of windows (n, 16) with the temperature of windows."""
        return tempered(probabilities, self.metadata.window.temperature)


def _head_output(outputs: dict[str, Any]) -> HeadOutput:
    return HeadOutput(
        members=np.asarray(outputs["members"], np.float32),
        ood_score=np.asarray(outputs["ood_score"], np.float32)[:, 0],
    )
