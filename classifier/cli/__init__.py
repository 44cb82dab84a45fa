"""The command line of the classifier: tracks or folders in, an answer for each out, and what DJs do with answers."""

from classifier.cli.main import main

__all__ = ["main"]
