"""A clock that runs by what is heard: time stamps are believed only as long as they go on from one packet to the next.

Streams that were joined, recorded from the middle, or interrupted have stamps that begin anew or leap; their sound has
no such gaps.
"""

import math

LEAP_S = 0.1
"""A stamp that is further than this from where the sound has come to is a leap, and moves nothing; nor does one that
does not go on. Below it stamps correct lengths, which are rounded (Matroska, WMA) or late by a packet (Vorbis)."""

_DELAY_S = 0.1
"""A decoder may give a frame so much later than the packet that it was in."""


class SoundClock:
    """Seconds from the first sample that is heard."""

    def __init__(self) -> None:
        self._zero_s: float | None = None
        self._next_s = 0.0
        self._last_stamp_s = -math.inf

    @property
    def is_set(self) -> bool:
        """Whether the first sample has been heard."""
        return self._zero_s is not None

    def start(self, heard_s: float | None, stamp_s: float | None, duration_s: float) -> float:
        """The second, near 0, at which the packet starts that is heard first.

        `heard_s` is the time stamp of its first sound: an encoder's delay may put it behind the packet's own, a
        decoder's delay before it.
        """
        start_s = 0.0 if heard_s is None or stamp_s is None else stamp_s - heard_s
        if abs(start_s) > _DELAY_S:
            start_s = 0.0
        self._zero_s = (stamp_s or 0.0) - start_s
        self._last_stamp_s = -math.inf if stamp_s is None else stamp_s
        self._next_s = start_s + duration_s
        return start_s

    def at(self, stamp_s: float | None, duration_s: float) -> float:
        """The second at which a packet starts, from its time stamp (None: it has none) and its length."""
        start_s = self._next_s
        if stamp_s is not None:
            if self._zero_s is None:
                self._zero_s = stamp_s
            start_s = stamp_s - self._zero_s
            if abs(start_s - self._next_s) > LEAP_S or stamp_s <= self._last_stamp_s:
                start_s = self._next_s
                self._zero_s = stamp_s - start_s
            self._last_stamp_s = stamp_s
        self._next_s = start_s + duration_s
        return start_s

    @property
    def now_s(self) -> float:
        """Where the sound has come to."""
        return self._next_s

    def move_to(self, end_s: float) -> None:
        """What was heard last ends here: of a packet that does not say how long it is."""
        self._next_s = end_s

    def of_frame(self, stamp_s: float | None, packet_s: float) -> float:
        """The second at which a decoded frame starts: near its packet's, else (a leap, no stamp) the packet's own."""
        if stamp_s is None or self._zero_s is None:
            return packet_s
        start_s = stamp_s - self._zero_s
        return start_s if abs(start_s - packet_s) <= _DELAY_S else packet_s
