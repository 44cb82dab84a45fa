"""What stops a training command: one exception whose text is the whole message for the person at the terminal."""


class TrainingError(Exception):
    """Input that cannot be trained on or evaluated; the text names the file, column or row."""
