"""The tracks that are measured: music of our own as MP3, long ones by joining a short one to itself."""

from pathlib import Path

from classifier.arrays import FloatArray
from tests.support.audio import dance_track, encode_with_ffmpeg

MINUTES = (4, 60, 600)
_BIT_RATES = {4: 320_000, 60: 320_000, 600: 64_000}
"""Ten hours at 320 kbit/s would be 1.4 GB."""
_PIECE_S = 240.0


def make_tracks(folder: Path) -> dict[int, Path]:
    """MP3 files by their minutes: 4 and 60 at 320 kbit/s, 600 at 64 kbit/s."""
    music = dance_track(_PIECE_S)
    pieces = {rate: _frames(music, rate) for rate in set(_BIT_RATES.values())}
    tracks = {}
    for minutes in MINUTES:
        tracks[minutes] = folder / f"{minutes}min.mp3"
        with tracks[minutes].open("wb") as file:
            for _ in range(round(minutes * 60 / _PIECE_S)):
                file.write(pieces[_BIT_RATES[minutes]])
    return tracks


def _frames(music: FloatArray, bit_rate: int) -> bytes:
    """MPEG frames without the tag before them, as in a long mix that was encoded in one go."""
    content = encode_with_ffmpeg(music, "mp3", "libmp3lame", rate_hz=44_100, layout="stereo", bit_rate=bit_rate)
    return content[content.index(b"\xff\xfb") :]
