"""Times in a track as people write them: `30`, `12.5`, `12,5`, `1:30`, `1:02:03`."""

import re

_TIME = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,4}):)?(\d{1,6}(?:[.,]\d{1,40})?)\s*s?", re.ASCII)
_STEPS_PER_S = 1_000_000


def read_time(text: str) -> float:
    """Seconds from the start of a track, to the microsecond. Raises ValueError for anything that is no time.

    >>> read_time("1:30"), read_time("12,5"), read_time("45 s")
    (90.0, 12.5, 45.0)
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError("not a time")
    hours, minutes, seconds = match.groups()
    exact = int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds.replace(",", "."))
    return round(exact * _STEPS_PER_S) / _STEPS_PER_S
