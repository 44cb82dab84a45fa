"""The last step of the ladder: a file and an offset in, a `Classification` out."""

from pathlib import Path

from classifier.bundle import DEFAULT_BUNDLE
from classifier.decoding import AudioWindow, decode_window
from classifier.features import extract_features
from classifier.genres import GENRES
from classifier.model import GenreModel, RuntimeName
from classifier.readers import Source
from classifier.results import Classification, GenreScore, Note


class GenreClassifier:
    """A loaded model with the steps before and after it. Load once, use for many tracks, one at a time."""

    def __init__(self, bundle: Path = DEFAULT_BUNDLE, *, runtime: RuntimeName = RuntimeName.LITERT) -> None:
        self.model = GenreModel.load(bundle, runtime=runtime)

    def classify(self, source: Source, *, offset_s: float = 0.0) -> Classification:
        """Classify the 3 seconds after `offset_s`; raises as `decode_window` does."""
        return self.classify_window(decode_window(source, offset_s=offset_s))

    def classify_window(self, audio: AudioWindow) -> Classification:
        """Classify a window that is already decoded."""
        probabilities = self.model.predict(extract_features(audio.samples))
        scores = sorted(
            (GenreScore(genre, float(p)) for genre, p in zip(GENRES, probabilities, strict=True)),
            key=lambda score: (-score.confidence, score.genre.name),
        )
        metadata = self.model.metadata
        certain = scores[0].confidence >= metadata.certain_from
        return Classification(
            window=audio.window,
            scores=tuple(scores),
            certain=certain,
            notes=audio.notes if certain else (*audio.notes, Note.NOT_SURE),
            model_version=metadata.model_version,
        )
