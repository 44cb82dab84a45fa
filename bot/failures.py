"""The closed catalogue of what can go wrong for a person; the words for each stand in the locale files.

A raw exception never reaches a chat or a page: people see the kind's reason, its advice and a short reference, and the
log line with the same reference has the rest.
"""

import secrets
from enum import StrEnum

from classifier.errors import ErrorKind


class FailureKind(StrEnum):
    """Each kind has the texts `failure-<kind>` and `failure-<kind>-advice` in every language."""

    EMPTY = "empty"
    NOT_AUDIO = "not-audio"
    WEB_PAGE = "web-page"
    ARCHIVE = "archive"
    PLAYLIST = "playlist"
    PROTECTED = "protected"
    OUT_OF_RANGE = "out-of-range"
    DAMAGED = "damaged"
    TOO_SHORT = "too-short"
    SILENT = "silent"
    TOO_LARGE = "too-large"
    NO_FILE = "no-file"
    BAD_OFFSET = "bad-offset"
    DOWNLOAD = "download"
    BUSY = "busy"
    TOO_OFTEN = "too-often"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    NO_WORKERS = "no-workers"
    STOPPING = "stopping"
    NOT_ALLOWED = "not-allowed"
    CANNOT_WRITE = "cannot-write"
    NOT_YOURS = "not-yours"
    SWITCHED_OFF = "switched-off"
    FEEDBACK_OFF = "feedback-off"
    BAD_CHOICE = "bad-choice"
    NO_AUDIO_HERE = "no-audio-here"
    TWO_FILES = "two-files"
    GONE = "gone"
    STORAGE = "storage"
    INTERNAL = "internal"

    @property
    def is_ours(self) -> bool:
        """Whether the bot, not the file, is the reason: worth a warning in the log."""
        return self in _OURS


_OURS = frozenset(
    {
        FailureKind.TIMEOUT,
        FailureKind.CRASHED,
        FailureKind.NO_WORKERS,
        FailureKind.STORAGE,
        FailureKind.INTERNAL,
    }
)

_BY_ERROR_KIND: dict[ErrorKind, FailureKind] = {
    ErrorKind.EMPTY: FailureKind.EMPTY,
    ErrorKind.NOT_AUDIO: FailureKind.NOT_AUDIO,
    ErrorKind.WEB_PAGE: FailureKind.WEB_PAGE,
    ErrorKind.ARCHIVE: FailureKind.ARCHIVE,
    ErrorKind.PLAYLIST: FailureKind.PLAYLIST,
    ErrorKind.PROTECTED: FailureKind.PROTECTED,
    ErrorKind.OUT_OF_RANGE: FailureKind.OUT_OF_RANGE,
    ErrorKind.DAMAGED: FailureKind.DAMAGED,
    ErrorKind.TOO_SHORT: FailureKind.TOO_SHORT,
    ErrorKind.SILENT: FailureKind.SILENT,
    ErrorKind.UNREADABLE: FailureKind.INTERNAL,
    ErrorKind.MODEL_UNUSABLE: FailureKind.INTERNAL,
    ErrorKind.NOT_INSTALLED: FailureKind.INTERNAL,
    ErrorKind.TAGS: FailureKind.INTERNAL,
}


class Failure(Exception):
    """Why somebody got no genre. `detail` is for the log only; `reference` is shown and logged.

    `values` fill in what the kind's texts name, where the settings do not.
    """

    def __init__(self, kind: FailureKind, detail: str = "", **values: str) -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail
        self.values = values
        self.reference = secrets.token_hex(4)

    def __str__(self) -> str:
        return f"{self.kind} ref={self.reference} {self.detail}".rstrip()


def failure_of(kind: ErrorKind, detail: str) -> Failure:
    """The failure a person sees for an error of the classifier."""
    return Failure(_BY_ERROR_KIND[kind], detail)
