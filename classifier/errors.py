"""What can go wrong in the classifier, as one exception family with a closed set of kinds.

The sentences here are for the command line and the log, in English; chats and the page word each kind themselves.
"""

from enum import StrEnum


class ErrorKind(StrEnum):
    """Why a file got no answer. Each kind has one message and one advice."""

    UNREADABLE = "unreadable"
    EMPTY = "empty"
    NOT_AUDIO = "not_audio"
    WEB_PAGE = "web_page"
    ARCHIVE = "archive"
    PLAYLIST = "playlist"
    PROTECTED = "protected"
    OUT_OF_RANGE = "out_of_range"
    DAMAGED = "damaged"
    TOO_SHORT = "too_short"
    SILENT = "silent"
    MODEL_UNUSABLE = "model_unusable"
    NOT_INSTALLED = "not_installed"
    TAGS = "tags"

    @property
    def message(self) -> str:
        return _TEXTS[self][0]

    @property
    def advice(self) -> str:
        return _TEXTS[self][1]


_TEXTS: dict[ErrorKind, tuple[str, str]] = {
    ErrorKind.UNREADABLE: ("the file cannot be opened", "Check the path and the permissions."),
    ErrorKind.EMPTY: ("the file is empty", "Export or download it again."),
    ErrorKind.NOT_AUDIO: (
        "this is not audio that can be read",
        "Send a music file: MP3, M4A, Ogg, Opus, FLAC, WAV or WMA.",
    ),
    ErrorKind.WEB_PAGE: (
        "this is a web page, no audio",
        "Download the music itself: the page may ask to log in first.",
    ),
    ErrorKind.ARCHIVE: ("this is an archive, no audio", "Unpack it and send the music files."),
    ErrorKind.PLAYLIST: ("this is a playlist, no audio", "Send the music files that it lists."),
    ErrorKind.PROTECTED: ("the audio is protected against copying", "Send a version that anybody can play."),
    ErrorKind.OUT_OF_RANGE: (
        "no music has such a sample rate or so many channels",
        "Export it with 4 kHz to 768 kHz and at most 64 channels, for instance as MP3.",
    ),
    ErrorKind.DAMAGED: ("the audio is damaged", "Export or download the file again."),
    ErrorKind.TOO_SHORT: ("the track is shorter than 3 seconds", "Send at least 3 seconds of music."),
    ErrorKind.SILENT: ("there is only silence", "Check the file, or choose another offset."),
    ErrorKind.MODEL_UNUSABLE: ("the model bundle cannot be used", "Install or train a bundle made for this version."),
    ErrorKind.NOT_INSTALLED: ("a package that this needs is not installed", "Install the extra that is named."),
    ErrorKind.TAGS: (
        "its tags cannot be read or written",
        "Check the permissions; MP3, FLAC, Ogg, Opus, M4A, WMA, WAV and AIFF have tags.",
    ),
}


class ClassifierError(Exception):
    """The only exception the classifier raises for bad input; `kind` says why, `detail` is for the log."""

    def __init__(self, kind: ErrorKind, detail: str = "") -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.kind.message} ({self.detail})" if self.detail else self.kind.message
