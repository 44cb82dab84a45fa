"""Report pictures of a bundle: confusion matrix and training curves. Drawn without pyplot."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import ConfusionMatrixDisplay

from classifier.genres import GENRES
from training.evaluation import Metrics

_CURVES = {"loss": "loss", "accuracy": "accuracy", "precision": "precision", "recall": "recall"}


def draw_confusion(metrics: Metrics, path: Path) -> None:
    """Write the confusion matrix as PNG: each row is a true genre and sums to 100 %."""
    counts = np.array(metrics.confusion, np.float64)
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(11, 10), layout="constrained")
    axes = figure.add_subplot()
    display = ConfusionMatrixDisplay(shares, display_labels=[genre.name for genre in GENRES])
    display.plot(ax=axes, cmap="Blues", values_format=".0f", xticks_rotation="vertical", colorbar=False)
    axes.set_title(f"Answers in % of each genre's windows ({metrics.windows} windows, {metrics.tracks} tracks)")
    axes.set_xlabel("answer")
    axes.set_ylabel("genre")
    figure.savefig(path, dpi=90)


def draw_curves(history: Mapping[str, Sequence[float]], path: Path) -> None:
    """Write loss, accuracy, precision and recall of the training and the validation part over the epochs as PNG."""
    figure = Figure(figsize=(11, 7), layout="constrained")
    for number, (key, title) in enumerate(_CURVES.items(), start=1):
        axes = figure.add_subplot(2, 2, number)
        epochs = range(1, len(history[key]) + 1)
        axes.plot(epochs, history[key], label="training")
        axes.plot(epochs, history[f"val_{key}"], label="validation")
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
    figure.axes[0].legend()
    figure.savefig(path, dpi=90)
