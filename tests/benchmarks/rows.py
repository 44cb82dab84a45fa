"""What a benchmark has measured, as rows of one table; as JSON, Markdown and a picture."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `ratio` says how many times less than `compared_with` it is; both are None where there is nothing to
    compare it with."""

    name: str
    value: float
    unit: str
    compared_with: str | None = None
    ratio: float | None = None


def to_json(rows: Sequence[Row]) -> str:
    """All rows with the machine that they were measured on."""
    machine = {"python": platform.python_version(), "system": platform.system(), "processors": os.cpu_count()}
    return json.dumps({"machine": machine, "rows": [asdict(row) for row in rows]}, indent=1)


def to_markdown(rows: Iterable[Row]) -> str:
    """The table of the README."""
    lines = ["| figure | measured | |", "| --- | ---: | --- |"]
    for row in rows:
        against = "" if row.ratio is None else f"{row.ratio:.{_decimals(row.ratio)}f} × less than {row.compared_with}"
        lines.append(f"| {row.name} | {row.value:.{_decimals(row.value)}f} {row.unit} | {against} |")
    return "\n".join(lines)


def draw(rows: Sequence[Row], path: Path) -> None:
    """Bars of the figures that have been compared, the usual way beside ours."""
    compared = [row for row in rows if row.ratio is not None and row.unit == "ms"]
    figure = Figure(figsize=(8.0, 0.6 + 0.55 * len(compared)), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    places = range(len(compared))
    axes.barh([place - 0.2 for place in places], [r.value * (r.ratio or 1) for r in compared], 0.38, color="#b8b8c8")
    axes.barh([place + 0.2 for place in places], [r.value for r in compared], 0.38, color="#b5367a")
    for place, row in zip(places, compared, strict=True):
        axes.text(row.value, place + 0.2, f" {row.value:.0f} ms", va="center", fontsize=9)
        usual = row.value * (row.ratio or 1)
        axes.text(usual, place - 0.2, f" {usual:.0f} ms: {row.compared_with}", va="center", fontsize=9)
    axes.set_yticks(list(places), [row.name for row in compared], fontsize=9)
    axes.set_xscale("log")
    axes.set_xlim(10.0, axes.get_xlim()[1] * 8)
    axes.set_xlabel("milliseconds, one core")
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    FigureCanvasAgg(figure).print_png(path)


def _decimals(value: float) -> int:
    return 0 if value >= 20 else 1 if value >= 2 else 2
