"""The model card: what a bundle was trained on, what it scores and where it fails, in Markdown."""

from typing import Any

from classifier.bundle import BundleMetadata
from classifier.genres import GENRE_BY_SLUG
from training.evaluation import Metrics, genre_table, summary


def model_card(metadata: BundleMetadata, metrics: Metrics, notes: str) -> str:
    """The card's text; every figure in it comes from the bundle itself, `notes` is added at the end."""
    return _paragraphs(
        f"# Model card: {metadata.model_version}",
        f"Created {metadata.created}. Input: 3 seconds of audio as {len(metadata.feature_names)} features "
        f"(mean and standard deviation of 40 MFCC, 12 chroma, 6 tonnetz, zero crossing rate, spectral centroid and "
        f"rolloff). Output: probabilities of {len(metadata.labels)} EDM genres, calibrated with temperature "
        f"{metadata.temperature:.2f}. An answer is called certain from a confidence of "
        f"{metadata.certain_from:.0%} on; that threshold was chosen on validation tracks.",
        "## Score on held-out tracks",
        "No track of the test part was used for training, for stopping it or for calibration.",
        "```\n" + summary(metrics) + "\n```",
        genre_table(metrics),
        f"Weakest: {_weakest(metrics)}.",
        "![Confusion matrix](report/confusion.png)",
        "![Training curves](report/curves.png)",
        "## Data",
        _data_table(metadata.data),
        notes.strip(),
    )


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text) + "\n"


def _weakest(metrics: Metrics) -> str:
    pairs = zip(metrics.windows.genres, metrics.tracks.genres, strict=True)
    measured = sorted(((row, tracks.count) for row, tracks in pairs if row.count), key=lambda pair: pair[0].f1)
    return ", ".join(f"{GENRE_BY_SLUG[row.slug].name} (F1 {row.f1:.2f}, {count} tracks)" for row, count in measured[:4])


def _data_table(data: dict[str, Any]) -> str:
    lines = ["| part | windows | altered copies | tracks | sources |", "|---|---|---|---|---|"]
    for part in ("train", "validation", "test"):
        figures = data[part]
        sources = ", ".join(f"{name} {count}" for name, count in figures["windows_by_source"].items())
        lines.append(
            f"| {part} | {figures['windows']} | {figures['altered_copies']} | {figures['tracks']} | {sources} |"
        )
    return "\n".join(lines)
