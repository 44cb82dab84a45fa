"""Reports: what was measured, told as self-contained HTML and as Markdown."""
