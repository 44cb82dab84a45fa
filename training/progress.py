"""How long work tells what it has done: one line at a time, to whoever started it."""

from collections.abc import Callable

Progress = Callable[[str], None]
"""Takes a line for people to read."""
