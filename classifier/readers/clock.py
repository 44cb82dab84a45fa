"""A clock that runs by what is heard: time stamps are believed only as long as they go on from one packet to the next.

Streams that were joined, recorded from the middle, or interrupted have stamps that begin anew or leap; their sound has
no such gaps.
"""

import math

LEAP_S = 0.01
"""A stamp that is further than this from where the sound has come to is a leap, and moves nothing. Containers that
round their stamps to milliseconds (Matroska, WMA) stay below, and each next stamp corrects them: nothing adds up."""

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

    def start(self, stamp_s: float) -> None:
        """The first sample that is heard has this time stamp."""
        self._zero_s = stamp_s

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
