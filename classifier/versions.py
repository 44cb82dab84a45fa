"""Which program this is."""

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGE = "edm-genre-bot"


def version_text() -> str:
    """The version of the package, and of the Python that runs it."""
    try:
        number = version(PACKAGE)
    except PackageNotFoundError:  # run from a folder into which it was never installed
        number = "(not installed)"
    return f"{PACKAGE} {number}, Python {platform.python_version()}"


def install_command(extra: str) -> str:
    """How an extra of this package is installed.

    >>> install_command("tags")
    'pip install "edm-genre-bot[tags]"'
    """
    return f'pip install "{PACKAGE}[{extra}]"'
