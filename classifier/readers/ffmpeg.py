"""Reads audio with FFmpeg's libraries, through PyAV: nearly everything, and exactly where it lies in the track.

The reader walks over the packets in order and trusts no seek table and no stated length; it decodes only from shortly
before the asked position. PyAV carries FFmpeg inside its wheel, so nothing has to be installed beside it.
"""

import contextlib
from collections import deque
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

import av
import numpy as np
import numpy.typing as npt
import soxr
from av.audio.frame import AudioFrame

from classifier.arrays import FloatArray
from classifier.errors import ClassifierError, ErrorKind
from classifier.readers.source import Source, joined, open_stream

if TYPE_CHECKING:
    AudioPacket = av.Packet[av.AudioStream]

_PREROLL_S = 0.5
"""Decoding starts this long before the asked position: an MP3 frame borrows bits from up to nine earlier ones."""

_DEMUXERS = ",".join(
    [
        "aac",
        "ac3",
        "aiff",
        "amr",
        "ape",
        "asf",
        "au",
        "avi",
        "caf",
        "dts",
        "eac3",
        "flac",
        "flv",
        "loas",
        "matroska",
        "mov",
        "mp3",
        "mpc",
        "mpc8",
        "mpeg",
        "mpegts",
        "ogg",
        "tta",
        "w64",
        "wav",
        "wv",
    ]
)
"""Formats FFmpeg may recognise. Playlists (HLS, concat, DASH) are left out: they open other files and addresses."""

_SIGNATURES = (b"RIFF", b"FORM", b"fLaC", b"OggS", b"ID3", b"\x1aE\xdf\xa3", b"0&\xb2u", b"caff", b"MAC ", b"wvpk")


class FfmpegReader:
    """Reads whatever FFmpeg decodes; raises `ClassifierError` (not audio, damaged)."""

    def __init__(self, source: Source) -> None:
        self._source = source
        with open_stream(source) as stream:
            self._says_audio = _looks_like_audio(stream.read(16))
        with self._opened() as (_, audio):
            self.rate_hz = int(audio.rate or 0)
        if self.rate_hz <= 0:
            raise self._undecodable("no sample rate")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held open between two reads."""

    def blocks(self, start_s: float) -> Iterator[FloatArray]:
        for position_s, block in self._positioned(start_s):
            skip = round((start_s - position_s) * self.rate_hz)
            if skip < len(block):
                yield block[max(0, skip) :]

    def spans(self, starts_s: Sequence[float], duration_s: float) -> Iterator[tuple[float, FloatArray]]:
        """The stretches of `duration_s` from each of the ascending `starts_s`, in one pass; what lies between them is
        not decoded. Stretches that the track does not fill are left out."""
        pending = deque(starts_s)
        wanted = round(duration_s * self.rate_hz)
        held, held_from_s = np.zeros(0, np.float32), 0.0
        with self._opened() as (container, stream):
            for packet in _surviving(container.demux(stream)):
                if not pending:
                    return
                packet_s = _seconds(packet.pts, packet.time_base, stream.start_time or 0)
                if packet_s is not None and packet_s < pending[0] - _PREROLL_S and not len(held):
                    continue
                for position_s, block in self._decoded(packet, stream):
                    if not len(held):
                        held_from_s = held_from_s if position_s is None else position_s
                    held = np.concatenate([held, block])
                    while pending:
                        skip = round((pending[0] - held_from_s) * self.rate_hz)
                        if skip > 0:
                            held, held_from_s = held[skip:], held_from_s + min(skip, len(held)) / self.rate_hz
                        if len(held) < wanted:
                            break
                        yield pending.popleft(), held[:wanted]

    def duration_s(self) -> float:
        """Length of the track by where its last packet starts, found without decoding any."""
        return self._last_packet_s()

    def tail(self, duration_s: float) -> tuple[float, FloatArray]:
        wanted = round(duration_s * self.rate_hz)
        near_end_s = max(0.0, self._last_packet_s() - duration_s - 1.0)
        for from_s in (near_end_s, 0.0):
            positioned = list(self._positioned(from_s))
            samples = joined([block for _, block in positioned])
            if len(samples) >= wanted or (positioned and from_s == 0.0):
                start = max(0, len(samples) - wanted)
                return positioned[0][0] + start / self.rate_hz, samples[start:]
        raise self._undecodable("nothing could be decoded")

    def _last_packet_s(self) -> float:
        """Where the last packet starts, found without decoding any; 0 where they carry no time."""
        with self._opened() as (container, stream):
            end = 0.0
            for packet in _surviving(container.demux(stream)):
                end = _seconds(packet.pts, packet.time_base, stream.start_time or 0) or end
            return end

    def _positioned(self, start_s: float) -> Iterator[tuple[float, FloatArray]]:
        """Decoded blocks from a little before `start_s`, each with the second it starts at.

        Packets that cannot be decoded are passed over: one bad frame is no reason to refuse a track.
        """
        with self._opened() as (container, stream):
            end_s: float | None = None
            for packet in _surviving(container.demux(stream)):
                packet_s = _seconds(packet.pts, packet.time_base, stream.start_time or 0)
                if packet_s is not None and packet_s < start_s - _PREROLL_S:
                    continue
                for position_s, block in self._decoded(packet, stream):
                    if end_s is None:
                        end_s = position_s or 0.0
                    yield end_s, block
                    end_s += len(block) / self.rate_hz

    def _decoded(self, packet: "AudioPacket", stream: av.AudioStream) -> Iterator[tuple[float | None, FloatArray]]:
        """The blocks of a packet and where each starts, as far as its time stamps tell; none if it is damaged."""
        try:
            frames = [frame for frame in packet.decode() if isinstance(frame, AudioFrame) and frame.samples]
            blocks = [_mono(frame, self.rate_hz) for frame in frames]
        except (av.FFmpegError, ValueError):
            return
        for frame, block in zip(frames, blocks, strict=True):
            yield _seconds(frame.pts, frame.time_base, stream.start_time or 0), block

    @contextlib.contextmanager
    def _opened(self) -> Iterator[tuple[av.container.InputContainer, av.AudioStream]]:
        with open_stream(self._source) as raw:
            try:
                container = av.open(raw, mode="r", options={"format_whitelist": _DEMUXERS}, metadata_errors="ignore")
            except (av.FFmpegError, ValueError) as error:
                raise self._undecodable(_reason(error)) from error
            with container:
                if not container.streams.audio:
                    raise ClassifierError(ErrorKind.NOT_AUDIO, "no sound track")
                decodable = [stream for stream in container.streams.audio if stream.codec_context]
                if not decodable:
                    raise self._undecodable("unknown codec")
                yield container, decodable[0]

    def _undecodable(self, detail: str) -> ClassifierError:
        return ClassifierError(ErrorKind.DAMAGED if self._says_audio else ErrorKind.NOT_AUDIO, detail)


def _surviving(packets: "Iterator[AudioPacket]") -> "Iterator[AudioPacket]":
    """The packets up to the first place where the container itself is broken."""
    with contextlib.suppress(av.FFmpegError, ValueError):
        yield from packets


def _mono(frame: AudioFrame, rate_hz: int) -> FloatArray:
    """Mean of the channels, full scale 1.0; a frame of another rate (files joined end to end) is resampled.

    FFmpeg's own downmix is 3 dB louder than the mean that the features were defined with.
    """
    frame = _packed(frame)
    values: npt.NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(-1, frame.layout.nb_channels).T
    if values.dtype == np.uint8:
        values = (values.astype(np.float32) - 128.0) / 128.0
    elif np.issubdtype(values.dtype, np.integer):
        values = values.astype(np.float32) / -float(np.iinfo(values.dtype).min)
    mono = values.mean(axis=0, dtype=np.float32)
    return mono if frame.sample_rate == rate_hz else soxr.resample(mono, frame.sample_rate, rate_hz)


def _packed(frame: AudioFrame) -> AudioFrame:
    """The same frame with its channels interleaved, if PyAV cannot read them one by one.

    PyAV 18 finds a frame's planes by walking to a null pointer, which FFmpeg promises only for fewer than eight; beyond
    that it reads foreign memory, and a damaged file can claim any number of channels.
    """
    if not frame.format.is_planar or frame.layout.nb_channels < 8:
        return frame
    return av.AudioResampler(format=frame.format.packed, layout=frame.layout).resample(frame)[0]


def _seconds(ticks: int | None, time_base: Fraction | None, origin: int) -> float | None:
    """A stream's time stamp as seconds from the start of its sound (its first stamp is the encoder's delay)."""
    return None if ticks is None or time_base is None else float((ticks - origin) * time_base)


def _looks_like_audio(head: bytes) -> bool:
    """Whether the first bytes are those of an audio file, so that a failure to read it means damage."""
    is_mpeg_frame = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    return is_mpeg_frame or head.startswith(_SIGNATURES) or head[4:8] == b"ftyp"


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", "") or type(error).__name__)
