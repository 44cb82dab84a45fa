"""Ways to read audio at its own sample rate, a module for each, and the one choice of a reader for a file.

Whatever is heard of a file, a window, several or all of it, is read by the reader that was chosen for it here.
"""

import contextlib
from collections.abc import Iterator

from classifier.errors import ClassifierError, ErrorKind
from classifier.readers.chain import ChainReader
from classifier.readers.ffmpeg import FfmpegReader
from classifier.readers.foreign import refuse_foreign
from classifier.readers.links import links
from classifier.readers.mp3 import Mp3Reader
from classifier.readers.mpeg import is_free_format, without_junk
from classifier.readers.repair import repaired
from classifier.readers.sndfile import SndfileReader
from classifier.readers.source import Part, Reader, Source, UnreliableSource, whole


@contextlib.contextmanager
def opened(source: Source) -> Iterator[Reader]:
    """A reader for a track; raises `ClassifierError` for what is none that can be heard."""
    part = whole(source)
    with part.open() as stream:
        refuse_foreign(stream)
    readers: list[Reader] = []
    try:
        for link in links(repaired(part)):
            try:
                readers.append(_reader(link))
            except ClassifierError:
                if not readers:  # of a chain only the first link has to be good
                    raise
        reader = readers[0] if len(readers) == 1 else ChainReader(readers)
        yield reader
    finally:
        for reader in readers:
            reader.close()


def _reader(part: Part) -> Reader:
    with part.open() as stream:
        is_big_endian = stream.read(4) == b"RIFX"
    if is_big_endian or is_free_format(part):  # FFmpeg takes the one for noise, and does not know the other
        return _or_refused(part, ClassifierError(ErrorKind.DAMAGED))
    try:
        reader = FfmpegReader(part)
    except ClassifierError as error:
        if error.kind is ErrorKind.OUT_OF_RANGE:
            raise
        sound = without_junk(part)
        if sound is not part:
            return FfmpegReader(sound)
        if error.kind is not ErrorKind.NOT_AUDIO:
            raise
        return _or_refused(part, error)
    if reader.format_name != "mp3":
        return reader
    if (sound := without_junk(part)) is not part:
        reader.close()
        return FfmpegReader(sound)
    return Mp3Reader(reader, part)


def _or_refused(part: Part, refusal: ClassifierError) -> Reader:
    try:
        return SndfileReader(part)
    except UnreliableSource:
        raise refusal from None
