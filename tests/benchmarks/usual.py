"""The usual way to do what the mission says, as it is found in many a notebook: our measure of speed, not of style."""

from collections.abc import Callable
from pathlib import Path

from classifier.bundle import KERAS_FILE, REFERENCE_BUNDLE, load_metadata


def usual_way(folder: Path) -> Callable[[Path, float], str]:
    """A function from an MP3 and an offset in seconds to a genre's slug; it leaves clip and picture in `folder`.

    pydub decodes the whole file and exports three seconds, librosa is called for each of the six features, Keras
    scales and predicts, and pyplot draws. The network is our reference, loaded once.
    """
    import keras
    import librosa
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np
    from pydub import AudioSegment

    metadata = load_metadata(REFERENCE_BUNDLE)
    network = keras.models.load_model(REFERENCE_BUNDLE / KERAS_FILE, compile=False)

    def classify(path: Path, offset_s: float) -> str:
        sound = AudioSegment.from_file(path)
        clip = sound[round(offset_s * 1000) : round((offset_s + 3.0) * 1000)]
        clip.export(folder / "clip.wav", format="wav")
        samples, rate = librosa.load(folder / "clip.wav")
        families = [
            librosa.feature.spectral_centroid(y=samples, sr=rate),
            librosa.feature.spectral_rolloff(y=samples, sr=rate),
            librosa.feature.zero_crossing_rate(samples),
            librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=40),
            librosa.feature.chroma_stft(y=samples, sr=rate),
            librosa.feature.tonnetz(y=samples, sr=rate),
        ]
        row = np.concatenate([[band.mean(), band.std()] for family in families for band in family])
        probabilities = network.predict({"features": row[np.newaxis]}, verbose=0)["genres"][0]
        plt.figure(figsize=(9.6, 5.4))
        decibels = librosa.amplitude_to_db(np.abs(librosa.stft(samples)), ref=np.max)
        librosa.display.specshow(decibels, sr=rate, x_axis="time", y_axis="log")
        plt.colorbar(format="%+2.0f dB")
        plt.title(metadata.labels[int(probabilities.argmax())])
        plt.savefig(folder / "spectrogram.png")
        plt.close()
        return metadata.labels[int(probabilities.argmax())]

    return classify
