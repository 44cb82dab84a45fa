"""Features in, calibrated probabilities out; two runtimes behind one small protocol.

LiteRT starts in milliseconds and is what serves; Keras (`tensorflow`, an optional extra) runs the same weights.
"""

import os
from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self

import numpy as np

from classifier.bundle import DEFAULT_BUNDLE, KERAS_FILE, LITERT_FILE, BundleMetadata, load_metadata
from classifier.errors import ClassifierError, ErrorKind
from classifier.features import FEATURE_NAMES, FloatArray


class RuntimeName(StrEnum):
    LITERT = "litert"
    KERAS = "keras"


class Runtime(Protocol):
    """Runs the network: standardised features (n, 122) float32 → probabilities (n, 16) float32."""

    def __call__(self, features: FloatArray) -> FloatArray: ...


class LiteRtRuntime:
    """The network in LiteRT (the former TensorFlow Lite), one thread."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self._interpreter = Interpreter(
            model_path=str(path),
            num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,  # silent, and fast enough
        )
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._allocated_rows = -1

    def __call__(self, features: FloatArray) -> FloatArray:
        if len(features) != self._allocated_rows:
            self._interpreter.resize_tensor_input(self._input, features.shape)
            self._interpreter.allocate_tensors()
            self._allocated_rows = len(features)
        self._interpreter.set_tensor(self._input, features)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)


class KerasRuntime:
    """The network in Keras on TensorFlow."""

    def __init__(self, path: Path) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import keras

        self._model = keras.models.load_model(path, compile=False, safe_mode=True)

    def __call__(self, features: FloatArray) -> FloatArray:
        return np.asarray(self._model.predict_on_batch(features), np.float32)


class GenreModel:
    """A loaded bundle: scaler, network and temperature as one step."""

    def __init__(self, metadata: BundleMetadata, runtime: Runtime) -> None:
        self.metadata = metadata
        self._runtime = runtime

    @classmethod
    def load(cls, bundle: Path = DEFAULT_BUNDLE, *, runtime: RuntimeName = RuntimeName.LITERT) -> Self:
        """Load a bundle's folder. Raises `ClassifierError` (model unusable) with the reason."""
        metadata = load_metadata(bundle)
        file = bundle / (LITERT_FILE if runtime is RuntimeName.LITERT else KERAS_FILE)
        if not file.is_file():
            raise ClassifierError(ErrorKind.MODEL_UNUSABLE, f"{file}: no such file")
        try:
            network = LiteRtRuntime(file) if runtime is RuntimeName.LITERT else KerasRuntime(file)
        except ImportError as error:
            hint = f"the {runtime} runtime needs the package {error.name!r}"
            raise ClassifierError(ErrorKind.MODEL_UNUSABLE, hint) from error
        except (OSError, ValueError, RuntimeError) as error:
            raise ClassifierError(ErrorKind.MODEL_UNUSABLE, f"{file}: {error}") from error
        return cls(metadata, network)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the numbers that describe a window to this model, in order."""
        return self.metadata.feature_names

    def predict(self, features: FloatArray) -> FloatArray:
        """Calibrated probabilities in the order of `GENRES`.

        Parameters: `features` (122,) or (n, 122) as `extract_features` gives them, not scaled.
        Returns (16,) or (n, 16) float32; each row sums to 1. Raises ValueError for another shape.
        """
        rows = np.atleast_2d(features)
        if rows.ndim != 2 or rows.shape[1] != len(FEATURE_NAMES):
            raise ValueError(f"expected features (n, {len(FEATURE_NAMES)}), got {features.shape}")
        probabilities = tempered(self._runtime(self.metadata.scaler.transform(rows)), self.metadata.temperature)
        return probabilities[0] if features.ndim == 1 else probabilities


def tempered(probabilities: FloatArray, temperature: float) -> FloatArray:
    """Temperature scaling of softmax outputs (n, classes): softmax(log p / T), as in Guo et al. 2017.

    A temperature above 1 makes the answers less confident; their order never changes.
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-30)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
