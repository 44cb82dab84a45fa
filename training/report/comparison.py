"""A comparison told as a document, for the terminal, as Markdown and as HTML."""

from collections.abc import Sequence

from training.evaluate.compare import Comparison, Difference, LevelComparison
from training.report.document import Document, Section, Table, Tile
from training.report.wording import counted, figure, signed


def comparison_document(comparison: Comparison, *, warnings: Sequence[str]) -> Document:
    """The report of a comparison; A is the first model, B the second, and differences are B minus A."""
    windows, tracks = comparison.windows, comparison.tracks
    counts = f"{counted(windows.figures[0].count, 'window')} of {counted(tracks.figures[0].count, 'track')}"
    return Document(
        title=f"{comparison.first} (A) against {comparison.second} (B)",
        lead=f"Both answered the same {counts}. {_verdict(comparison)}",
        warnings=tuple(warnings),
        tiles=tuple(
            Tile(
                label=f"{row.name.capitalize()}, {unit}",
                value=signed(row.difference),
                note=f"95%: {signed(row.interval.low)} to {signed(row.interval.high)}",
            )
            for unit, level in (("a window", windows), ("a track", tracks))
            for row in level.figures
        ),
        sections=(
            _section("Windows", windows),
            _section("Tracks", tracks),
            Section(
                title="How to read this",
                sentences=(
                    "Both models answered the same windows, and each draw of tracks (with replacement, within each "
                    "genre) measured both: the interval is that of the difference, B minus A. A star marks a clear "
                    "difference: its interval leaves zero out. Of sixteen genres about one gets a star by chance.",
                ),
            ),
        ),
    )


def _verdict(comparison: Comparison) -> str:
    row = next(row for row in comparison.tracks.figures if row.name == "macro recall")
    if not row.is_clear:
        return "Chance could account for the difference in macro recall by track."
    better = f"B ({comparison.second})" if row.difference > 0 else f"A ({comparison.first})"
    return f"By track, {better} has the higher macro recall, beyond chance."


def _section(title: str, level: LevelComparison) -> Section:
    pairs = level.pairs
    unit = title.lower()
    return Section(
        title=title,
        tables=(
            _differences(f"Overall, over {unit}", "figure", level.figures),
            _differences(f"Recall of each genre's {unit}", "genre", level.genres),
            Table(
                caption=f"Right and wrong over {unit}",
                header=(unit, "B right", "B wrong"),
                rows=(
                    ("A right", str(pairs.both_right), str(pairs.only_first)),
                    ("A wrong", str(pairs.only_second), str(pairs.neither)),
                ),
            ),
        ),
    )


def _differences(caption: str, first_column: str, rows: Sequence[Difference]) -> Table:
    return Table(
        caption=caption,
        header=(first_column, "count", "A", "B", "B − A", "95% of draws", "clear"),
        rows=tuple(
            (
                row.name,
                str(row.count),
                figure(row.first),
                figure(row.second),
                signed(row.difference),
                f"{signed(row.interval.low)} to {signed(row.interval.high)}",
                "★" if row.is_clear else "",
            )
            for row in rows
        ),
    )
