"""Recordings described by the workers of a Dask cluster; their bytes are sent there, so nothing has to be shared.

A few files are on their way for each worker, whatever their number. The workers need this project, with the same model.
"""

import contextlib
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import distributed
from distributed.client import Future, FutureCancelledError

from classifier.bundle import DEFAULT_BUNDLE, load_metadata
from classifier.quiet import quieten
from training.data.clips import Clip, described
from training.errors import TrainingError

_CONNECT_S = 10.0
_WITHOUT_WORKERS_S = 120.0
_AHEAD = 2
"""Files on their way for each thread, so that none waits for the next one's bytes."""
_SENDS, _AGAIN_AFTER_S = 60, 1.0
_TRIES = 3
"""Workers that a file may be lost with, by its fault or not."""


@dataclass(slots=True)
class _Sent:
    """A file on its way, and how many workers it has been sent to."""

    clip: Clip
    content: Future[Any]
    tries: int = 1


def described_by_all(clips: list[Clip], scheduler: str) -> Iterator[tuple[Clip, bytes | str]]:
    """Each file's rows as Parquet, or why it is passed over, as they are done.

    Raises `TrainingError` where there is no such cluster, where it goes away, and where it has another model.
    """
    quieten("distributed")
    try:
        client = distributed.Client(scheduler, timeout=_CONNECT_S, set_as_default=False, direct_to_workers=True)
    except (OSError, ValueError) as error:
        raise TrainingError(f"{scheduler}: cannot be reached: {error}") from error
    try:
        _check_workers(client, scheduler)
        yield from _by_all(client, clips)
    except (OSError, FutureCancelledError) as error:
        raise TrainingError(f"{scheduler}: has gone: {error}; what is done is kept, start it again to go on") from error
    finally:
        with contextlib.suppress(Exception):  # whatever it could not say any more
            client.close(timeout=2)


def _check_workers(client: distributed.Client, scheduler: str) -> None:
    """There are workers, and all of them have the model that is here."""
    try:
        client.wait_for_workers(1, timeout=_WITHOUT_WORKERS_S)
    except TimeoutError as error:
        raise TrainingError(f"{scheduler}: has no workers") from error
    found: dict[str, str | Exception] = client.run(_model_here, on_error="return")
    wanted = _model_here()
    for address, model in found.items():
        if model != wanted:
            raise TrainingError(f"{address}: has not the model that is here ({model}): install the same version there")


def _model_here() -> str:
    metadata = load_metadata(DEFAULT_BUNDLE)
    return " ".join((metadata.model_version, *metadata.sha256.values()))


def _packed(clip: Clip, content: bytes) -> bytes | str:
    """Runs on a worker, which has more time for it than who asks all of them."""
    found = described(clip, content)
    if isinstance(found, str):
        return found
    packed = io.BytesIO()
    found.to_parquet(packed, index=False)
    return packed.getvalue()


def _by_all(client: distributed.Client, clips: list[Clip]) -> Iterator[tuple[Clip, bytes | str]]:
    left, sent = iter(clips), dict[Future[Any], _Sent]()
    results = distributed.as_completed(loop=client.loop)

    def send_more() -> Iterator[tuple[Clip, str]]:
        room = _AHEAD * max(1, sum(client.nthreads().values()))
        while len(sent) < room and (clip := next(left, None)) is not None:
            try:
                content = clip.path.read_bytes()
            except OSError as error:
                yield clip, f"{clip.path}: cannot be read: {error.strerror}"
                continue
            _send(client, results, sent, _Sent(clip, _sent_there(client, content)))

    yield from send_more()
    while sent:
        future = next(results)
        one = sent.pop(future)
        try:
            yield one.clip, future.result()
        except distributed.KilledWorker:
            yield one.clip, f"{one.clip.path}: ends the process that reads it"
        except FutureCancelledError:  # its bytes were lost with a worker
            if client.status != "running":
                raise
            if one.tries >= _TRIES:
                yield one.clip, f"{one.clip.path}: ends the process that reads it"
            else:
                content = _sent_there(client, one.clip.path.read_bytes())
                _send(client, results, sent, _Sent(one.clip, content, one.tries + 1))
        yield from send_more()


def _sent_there(client: distributed.Client, content: bytes) -> "Future[Any]":
    """The bytes on some worker; on another one, where that is just ending. Raises `OSError` where there is none."""
    for _ in range(_SENDS):
        try:
            return client.scatter(content, hash=False)
        except OSError:
            if client.status != "running":
                raise
            time.sleep(_AGAIN_AFTER_S)
    raise OSError("no worker takes anything")


def _send(
    client: distributed.Client,
    results: distributed.as_completed,
    sent: dict[Future[Any], _Sent],
    one: _Sent,
) -> None:
    future = client.submit(_packed, one.clip, one.content, pure=False)
    sent[future] = one
    results.add(future)
