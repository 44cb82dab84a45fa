"""Reads audio with FFmpeg's libraries, through PyAV: nearly everything, and exactly where it lies in the track.

The reader walks over the packets in order and trusts no seek table, no stated length, and time stamps only as far as
they go on; it decodes only from shortly before the asked position. No picture is ever decoded. PyAV carries FFmpeg
inside its wheel, so nothing has to be installed beside it.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import IO, TYPE_CHECKING, Any, Self

import av
import numpy as np
import numpy.typing as npt
import soxr
from av.audio.frame import AudioFrame

from classifier.arrays import FloatArray
from classifier.errors import ClassifierError, ErrorKind
from classifier.loudness import is_silent
from classifier.readers.clock import SoundClock
from classifier.readers.downmix import to_stereo
from classifier.readers.source import BLOCK_S, LONGEST_LOOK_S, Part, check_range, is_in_range

if TYPE_CHECKING:
    AudioPacket = av.Packet[av.AudioStream]

_PREROLL_S = 0.5
"""Decoding starts this long before the asked position: an MP3 frame borrows bits from up to nine earlier ones."""

_MOST_BREAKS = 50
"""So often a container may fail before the rest of it is given up."""

_DEMUXERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dts,dtshd,eac3,flac,flv,iff,ircam,loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,"
    "nut,ogg,oma,rm,sds,shn,sox,tak,tta,truehd,voc,w64,wav,wv,xwma"
)
"""Formats FFmpeg may recognise. Playlists (HLS, concat, DASH) are left out: they open other files and addresses."""

_RAW_STREAMS = frozenset(["aac", "ac3", "dts", "eac3", "flac", "loas", "mp3", "truehd"])
"""Formats that are nothing but packets of sound, so that bytes in between are damage."""

_SIGNATURES = (
    b"RIFF", b"RF64", b"BW64", b"RIFX", b"riff", b"FORM", b"fLaC", b"OggS", b"ID3", b"\x1aE\xdf\xa3", b"0&\xb2u",
    b"caff", b"MAC ", b"wvpk", b".snd", b"TTA", b"MPCK", b"MP+", b"#!AMR",
)  # fmt: skip


class FfmpegReader:
    """Reads whatever FFmpeg decodes; raises `ClassifierError` (not audio, damaged, out of range)."""

    def __init__(self, part: Part) -> None:
        self._part = part
        with part.open() as stream:
            self._says_audio = _looks_like_audio(stream.read(16))
        self._unused: _File | None = None
        self._duration_s: float | None = None
        self.good_s = self.bad_s = 0.0
        """What could be decoded in the last pass over the track, and what could not."""
        with contextlib.ExitStack() as undo:
            file = undo.enter_context(self._open())
            self.format_name = file.container.format.name
            streams = file.container.streams.audio
            places = self._candidates(streams)
            self._place = places[0]
            self.rate_hz, self.channels = _shape(streams[self._place])
            undo.pop_all()
        self._unused = file
        if len(places) > 1:
            self._choose([(place, *_shape(streams[place])) for place in places])

    def close(self) -> None:
        if self._unused is not None:
            self._unused.close()
            self._unused = None

    def blocks(self, start_s: float) -> Iterator[FloatArray]:
        size = max(1, round(BLOCK_S * self.rate_hz))
        held: list[FloatArray] = []
        count = 0
        has_begun = False
        for at_s, decoded in self.walk(lambda _, end_s: end_s > start_s - _PREROLL_S):
            skip = 0 if has_begun else max(0, round((start_s - at_s) * self.rate_hz))
            if skip >= len(decoded):
                continue
            has_begun, block = True, decoded[skip:]
            held.append(block)
            count += len(block)
            if count >= size:
                yield np.concatenate(held)
                held, count = [], 0
        if count:
            yield np.concatenate(held)

    def spans(self, starts_s: Sequence[float], duration_s: float) -> Iterator[tuple[float, FloatArray]]:
        """In one pass; what lies between the stretches is not decoded."""
        pending = deque(starts_s)
        wanted = round(duration_s * self.rate_hz)
        held = _Held(self.channels)

        def is_needed(start_s: float, end_s: float) -> bool:
            return bool(pending) and (held.length > 0 or end_s > pending[0] - _PREROLL_S)

        for at_s, block in self.walk(is_needed):
            if not pending:
                return
            held.add(at_s, block)
            while pending:
                skip = round((pending[0] - held.from_s) * self.rate_hz)
                if skip > 0:
                    held.drop(skip, self.rate_hz)
                if held.length < wanted:
                    break
                yield pending.popleft(), held.samples()[:wanted]
        while pending:
            skip = max(0, round((pending[0] - held.from_s) * self.rate_hz))
            yield pending.popleft(), held.samples()[skip : skip + wanted]

    def duration_s(self) -> float:
        if self._duration_s is None:
            for _ in self.walk(lambda _, __: False):
                pass
        return self._duration_s or 0.0

    def is_mostly_junk(self) -> bool:
        """Whether most of the file is nothing that can be decoded; read as a whole."""
        heard_bytes = 0
        with self.reading() as (container, stream):
            if self.format_name not in _RAW_STREAMS:
                return self.bad_s > self.good_s
            for packet in _packets(container, stream):
                heard_bytes += packet.size if decoded_frames(stream.codec_context, packet) else 0
        return heard_bytes < self._part.size() / 2

    def walk(self, is_needed: Callable[[float, float], bool]) -> Iterator[tuple[float, FloatArray]]:
        """Decoded blocks with the second each starts at, of the packets whose start and end are needed.

        A packet that cannot be decoded counts as silence: one bad frame is no reason to refuse a track.
        """
        self.good_s = self.bad_s = 0.0
        clock, to_block, passed_over = SoundClock(), BlockMaker(self.rate_hz, self.channels), False
        with self.reading() as (container, stream):
            tick_s = float(stream.time_base or 0)
            for packet in _packets(container, stream):
                stamp_s, length_s = _seconds(packet.pts, tick_s), (packet.duration or 0) * tick_s
                if clock.is_set:
                    packet_s = clock.at(stamp_s, length_s)
                    if length_s and not is_needed(packet_s, packet_s + length_s):
                        passed_over = True
                        continue
                if passed_over:
                    stream.codec_context.flush_buffers()
                    passed_over = False
                frames = decoded_frames(stream.codec_context, packet)
                if not clock.is_set:
                    if not frames:
                        continue
                    heard_s = _seconds(frames[0].pts, float(frames[0].time_base or 0))
                    packet_s = clock.start(heard_s, stamp_s, length_s)
                if frames is None:
                    self.bad_s += length_s
                    yield packet_s, np.zeros((round(length_s * self.rate_hz), self.channels), np.float32)
                    continue
                position_s = packet_s
                for frame in frames:
                    position_s = clock.of_frame(_seconds(frame.pts, float(frame.time_base or 0)), position_s)
                    if is_in_range(frame.sample_rate, frame.layout.nb_channels):
                        yield position_s, to_block(frame)
                    position_s += frame.samples / frame.sample_rate
                    self.good_s += frame.samples / frame.sample_rate
                if not length_s:
                    clock.move_to(position_s)
        self._duration_s = clock.now_s

    def _choose(self, candidates: list[tuple[int, int, int]]) -> None:
        """Of several tracks the first of these that sounds; each by its place, its rate and its channels."""
        for self._place, self.rate_hz, self.channels in candidates:
            if self._sounds():
                break
        else:
            self._place, self.rate_hz, self.channels = candidates[0]
        self._duration_s = None

    def _sounds(self) -> bool:
        for number, block in enumerate(self.blocks(0.0)):
            if not is_silent(block):
                return True
            if number * BLOCK_S > LONGEST_LOOK_S:
                break
        return False

    def _candidates(self, streams: Sequence[av.AudioStream]) -> list[int]:
        """The places of the tracks that may be heard, the one that is marked as the default first."""
        if not streams:
            raise ClassifierError(ErrorKind.NOT_AUDIO, "no sound track")
        decodable = [place for place, stream in enumerate(streams) if stream.codec_context]
        if not decodable:
            raise self._undecodable("unknown codec")
        described = [place for place in decodable if streams[place].rate]
        if not described:
            raise self._undecodable("no sample rate")
        fit = [place for place in described if is_in_range(*_stated(streams[place]))]
        if not fit:
            check_range(*_stated(streams[described[0]]))
        return sorted(fit, key=lambda place: not streams[place].disposition & av.stream.Disposition.default)

    @contextlib.contextmanager
    def reading(self) -> Iterator[tuple[av.container.InputContainer, av.AudioStream]]:
        """The file from its beginning, and the chosen track."""
        file, self._unused = self._unused, None
        with file or self._open() as opened:
            yield opened.container, opened.container.streams.audio[self._place]

    def _open(self) -> "_File":
        stream = self._part.open()
        options = {"format_whitelist": _DEMUXERS, "codec_whitelist": _sound_decoders()}
        try:
            return _File(stream, av.open(stream, mode="r", options=options, metadata_errors="ignore"))
        except (av.FFmpegError, ValueError) as error:
            stream.close()
            raise self._undecodable(_reason(error)) from error

    def _undecodable(self, detail: str) -> ClassifierError:
        return ClassifierError(ErrorKind.DAMAGED if self._says_audio else ErrorKind.NOT_AUDIO, detail)


@dataclass(frozen=True, slots=True)
class _File:
    """A container and the stream that it is read from."""

    stream: IO[bytes]
    container: av.container.InputContainer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.container.close()
        self.stream.close()


class _Held:
    """Decoded blocks that follow each other, joined only when somebody asks for their samples (n, channels)."""

    def __init__(self, channels: int) -> None:
        self._blocks = [np.zeros((0, channels), np.float32)]
        self.length, self.from_s = 0, 0.0

    def add(self, at_s: float, block: FloatArray) -> None:
        self.from_s = self.from_s if self.length else at_s
        self._blocks.append(block)
        self.length += len(block)

    def drop(self, count: int, rate_hz: int) -> None:
        """Forget the first samples."""
        count = min(count, self.length)
        self._blocks = [self.samples()[count:]]
        self.length -= count
        self.from_s += count / rate_hz

    def samples(self) -> FloatArray:
        if len(self._blocks) > 1:
            self._blocks = [np.concatenate(self._blocks)]
        return self._blocks[0]


class BlockMaker:
    """Frames as blocks (n, channels) of one rate and one number of channels, whatever they are joined from."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._rate_hz, self._channels = rate_hz, channels
        self._from_hz = rate_hz
        self._stream: soxr.ResampleStream | None = None

    def __call__(self, frame: AudioFrame) -> FloatArray:
        block = _samples(frame)
        if block.shape[1] > 2:
            block = to_stereo(block, [channel.name for channel in frame.layout.channels])
        if block.shape[1] > self._channels:
            block = block.mean(axis=1, keepdims=True, dtype=np.float32)
        elif block.shape[1] < self._channels:
            block = np.repeat(block, self._channels, axis=1)
        if frame.sample_rate != self._from_hz:
            self._from_hz = frame.sample_rate
            same = frame.sample_rate == self._rate_hz
            self._stream = None if same else soxr.ResampleStream(frame.sample_rate, self._rate_hz, self._channels)
        return block if self._stream is None else self._stream.resample_chunk(np.ascontiguousarray(block))


def _stated(stream: av.AudioStream) -> tuple[int, int]:
    """Sample rate and number of channels."""
    return int(stream.rate or 0), stream.codec_context.layout.nb_channels


def _shape(stream: av.AudioStream) -> tuple[int, int]:
    """Sample rate, and the number of channels that are read of it."""
    rate_hz, channels = _stated(stream)
    return rate_hz, 1 if channels < 2 else 2


def _packets(container: av.container.InputContainer, stream: av.AudioStream) -> "Iterator[AudioPacket]":
    """The packets of a track. Where the container is broken it is tried to go on behind that."""
    for _ in range(_MOST_BREAKS):
        try:
            yield from container.demux(stream)
            return
        except av.EOFError:
            return
        except (av.FFmpegError, ValueError, IndexError):  # IndexError: of a track that nothing had announced
            continue


def decoded_frames(codec: av.AudioCodecContext, packet: "av.Packet[Any]") -> list[AudioFrame] | None:
    """The frames of a packet; None if it is damaged."""
    try:
        return [frame for frame in codec.decode(packet) if isinstance(frame, AudioFrame) and frame.samples]
    except (av.FFmpegError, ValueError):
        return None


def _samples(frame: AudioFrame) -> FloatArray:
    """All channels of a frame (n, channels), full scale 1.0."""
    frame = _packed(frame)
    values: npt.NDArray[Any] = frame.to_ndarray()
    values = values.T if frame.format.is_planar else values.reshape(-1, frame.layout.nb_channels)
    if values.dtype == np.uint8:
        return (values.astype(np.float32) - 128.0) / 128.0
    if np.issubdtype(values.dtype, np.integer):
        return np.asarray(values.astype(np.float32) / -float(np.iinfo(values.dtype).min), np.float32)
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _packed(frame: AudioFrame) -> AudioFrame:
    """The same frame with its channels interleaved, if PyAV cannot read them one by one.

    PyAV 18 finds a frame's planes by walking to a null pointer, which FFmpeg promises only for fewer than eight; beyond
    that it reads foreign memory, and a damaged file can claim any number of channels.
    """
    if not frame.format.is_planar or frame.layout.nb_channels < 8:
        return frame
    return av.AudioResampler(format=frame.format.packed, layout=frame.layout).resample(frame)[0]


def _seconds(ticks: int | None, tick_s: float) -> float | None:
    return None if ticks is None or not tick_s else ticks * tick_s


@cache
def _sound_decoders() -> str:
    """The names of all decoders of sound: a cover of a few bytes can claim a gigabyte of pixels."""
    names = []
    for name in av.codecs_available:
        with contextlib.suppress(ValueError, av.FFmpegError):
            codec = av.Codec(name, "r")
            if codec.type == "audio":
                names.append(codec.name)
    return ",".join(sorted(set(names)))


def _looks_like_audio(head: bytes) -> bool:
    """Whether the first bytes are those of an audio file, so that a failure to read it means damage."""
    is_mpeg_frame = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    return is_mpeg_frame or head.startswith(_SIGNATURES) or head[4:8] == b"ftyp"


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", "") or type(error).__name__)
