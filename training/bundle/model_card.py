"""The model card: what a bundle was trained on, what it scores and where it fails, in Markdown."""

from classifier.bundle import BundleMetadata
from classifier.description import EMBEDDING, FEATURES, RHYTHM_FAMILY
from classifier.genres import GENRE_BY_SLUG
from training.bundle.record import FitRecord
from training.evaluate.metrics import Metrics, genre_table, summary
from training.evaluate.ood import Rejection

_FAMILY_WORDS = {
    FEATURES: "122 features (mean and standard deviation of 40 MFCC, 12 chroma, 6 tonnetz, zero crossing rate, "
    "spectral centroid and rolloff)",
    RHYTHM_FAMILY: "498 values of its rhythm (autocorrelation of the onsets in five bands, fluctuation of twelve "
    "bands)",
    EMBEDDING: "192 values of what two pretrained networks (MusiCNN, Pons & Serra 2019) hear in it",
}


def model_card(
    metadata: BundleMetadata, record: FitRecord, metrics: Metrics, rejection: Rejection | None, notes: str
) -> str:
    """The card's text; every figure in it comes from the bundle itself, `notes` is added at the end."""
    return _paragraphs(
        f"# Model card: {metadata.model_version}",
        _introduction(metadata, record),
        "## Score on held-out tracks",
        _method(record),
        "```\n" + summary(metrics) + "\n```",
        genre_table(metrics),
        f"Weakest: {_weakest(metrics)}.",
        _rejection_table(rejection) if rejection else "",
        "![Confusion matrix](report/confusion.png)",
        "![Training curves](report/curves.png)",
        "## Data",
        _data_table(record),
        notes.strip(),
    )


def _introduction(metadata: BundleMetadata, record: FitRecord) -> str:
    window, track = metadata.window, metadata.track
    return (
        f"Created {metadata.created}. Input: 3 seconds of audio as "
        f"{', '.join(_FAMILY_WORDS[family] for family in metadata.families)}. Output: probabilities of "
        f"{len(metadata.labels)} EDM genres, calibrated with temperature {window.temperature:.2f}; for a whole track "
        f"the mean log-probability of its windows, with temperature {track.temperature:.2f}. An answer is called "
        f"certain from a confidence of {window.certain_from:.0%} on, for a whole track of {track.certain_from:.0%}: of "
        f"answers this sure, at least {record.recipe.certain_accuracy:.0%} were right."
        + _unreliable(window.unreliable_genres)
    )


def _unreliable(slugs: tuple[str, ...]) -> str:
    if not slugs:
        return ""
    names = ", ".join(GENRE_BY_SLUG[slug].name for slug in slugs)
    return f" Answers that name {names} are never called certain: most confident ones were wrong."


def _method(record: FitRecord) -> str:
    if record.folds is None:
        return "No track of the test part was used for training, for stopping it or for calibration."
    return (
        f"The tracks were dealt into {record.folds} folds. The model has a network for each, which learned from the "
        "other folds; each window below was answered by the network that had never heard its track. What is served is "
        "the mean of all networks. Temperatures and thresholds were chosen on the same answers."
    )


def _rejection_table(rejection: Rejection) -> str:
    kinds = [rejection.edm, *rejection.kinds]
    rows = [
        f"| {kind.kind} | {kind.refused_windows:.0%} | {kind.refused_tracks:.0%} | {kind.windows} | {kind.tracks} |"
        for kind in kinds
    ]
    head = "| sound | windows refused | recordings refused | windows | recordings |\n|---|---|---|---|---|"
    return (
        "What sounds too unlike anything it knows is called none of the 16 genres. How often that happens, measured in "
        "folds as well (a recording by the mean over its windows):\n\n" + "\n".join([head, *rows])
    )


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text) + "\n"


def _weakest(metrics: Metrics) -> str:
    pairs = zip(metrics.windows.genres, metrics.tracks.genres, strict=True)
    measured = sorted(((row, tracks.count) for row, tracks in pairs if row.count), key=lambda pair: pair[0].f1)
    return ", ".join(f"{GENRE_BY_SLUG[row.slug].name} (F1 {row.f1:.2f}, {count} tracks)" for row, count in measured[:4])


def _data_table(record: FitRecord) -> str:
    lines = ["| part | windows | altered copies | tracks | sources |", "|---|---|---|---|---|"]
    for name, part in record.parts.items():
        sources = ", ".join(f"{source} {count}" for source, count in part.windows_by_source.items())
        lines.append(f"| {name} | {part.windows} | {part.altered_copies} | {part.tracks} | {sources} |")
    return "\n".join(lines)
