"""Reports: pictures, and documents that are written as self-contained HTML and as Markdown."""

from training.report.pictures import draw_confusion, draw_curves

__all__ = ["draw_confusion", "draw_curves"]
