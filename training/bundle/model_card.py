"""The model card: what a bundle was trained on, what it scores and where it fails, in Markdown."""

from dataclasses import replace

from classifier.bundle import BundleMetadata, Calibration
from classifier.description import FEATURES, MN04, MUSICNN, RHYTHM_FAMILY
from classifier.genres import GENRE_BY_SLUG, GENRES
from training.bundle.record import FitRecord
from training.evaluate.metrics import Figures, Metrics, answer_summary, genre_table, summary
from training.evaluate.rejection import Rejection

_FAMILY_WORDS = {
    FEATURES: "122 features (mean and standard deviation of 40 MFCC, 12 chroma, 6 tonnetz, zero crossing rate, "
    "spectral centroid and rolloff)",
    RHYTHM_FAMILY: "498 values of its rhythm (autocorrelation of the onsets in five bands, fluctuation of twelve "
    "bands)",
    MUSICNN: "192 values of what two pretrained networks (MusiCNN, Pons & Serra 2019) hear in it",
    MN04: "384 values of what a third one hears (EfficientAT mn04, Schmid, Koutini & Widmer 2023)",
}


def model_card(
    metadata: BundleMetadata, record: FitRecord, figures: Figures, rejection: Rejection | None, notes: str
) -> str:
    """The card's text; every figure in it comes from the bundle itself, `notes` is added at the end."""
    main = figures.main
    return _paragraphs(
        f"# Model card: {metadata.model_version}",
        _introduction(metadata, record),
        "## Score on held-out origins",
        _method(record),
        "```\n" + summary(main) + "\n" + answer_summary(figures) + "\n```",
        "### Three seconds alone",
        genre_table(main.windows, main.tracks),
        f"Weakest: {_weakest(main)}.",
        "### The answer people get",
        genre_table(figures.answer, main.tracks),
        "### Whole tracks",
        genre_table(main.tracks, main.tracks),
        _rejection_table(rejection) if rejection else "",
        "![Confusion matrix](report/confusion.png)",
        "![Training curves](report/curves.png)",
        "## Data",
        _data_table(record),
        notes.strip(),
    )


def _introduction(metadata: BundleMetadata, record: FitRecord) -> str:
    window, track, listening = metadata.window, metadata.track, metadata.listening
    return (
        f"Created {metadata.created}. Input: 3 seconds of audio as "
        f"{', '.join(_FAMILY_WORDS[family] for family in metadata.families)}. Output: probabilities of "
        f"{len(metadata.labels)} EDM genres, calibrated with temperature {window.temperature:.2f}; for a whole track "
        f"the mean log-probability of its windows, with temperature {track.temperature:.2f}."
        + (
            f" Where three seconds are not certain, {listening.places} more of the track are heard."
            if listening
            else ""
        )
        + " An answer is called certain from a confidence on that was chosen for its genre, so that at least "
        f"{record.recipe.certain_accuracy:.0%} of such answers were right: " + _thresholds(window) + "."
    )


def _thresholds(window: Calibration) -> str:
    """Each genre with its threshold, and which ones have none."""
    needed = window.certain_from
    certain = [f"{genre.name} {needed[genre.slug]:.0%}" for genre in GENRES if genre.slug in needed]
    never = [genre.name for genre in GENRES if genre.slug not in needed]
    return ", ".join(certain or ["none"]) + (f"; never certain: {', '.join(never)}" if never else "")


def _method(record: FitRecord) -> str:
    if record.folds is None:
        return (
            "No origin of the test part was used for training, for stopping it or for calibration. Sources that are "
            "one big origin train, but are not counted."
        )
    return (
        "Songs of one origin share ripping, codec and taste, so whole origins were held apart: they were dealt into "
        f"{record.folds} folds. The model has a network for each, which learned from the other folds; each window "
        "below was answered by the network that had never heard its origin, with temperatures and thresholds chosen on "
        "the other folds. What is served is the mean of all networks. Sources that are one big origin "
        "train, but are not counted, but for the line that is said to flatter."
    )


def _rejection_table(rejection: Rejection) -> str:
    genres = [replace(row, kind=GENRE_BY_SLUG[row.kind].name) for row in rejection.genres]
    kinds = [rejection.edm, *genres, *rejection.kinds]
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
