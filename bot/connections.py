"""How the bot stands with what it is connected to: chat platforms, and the scheduler of a cluster."""

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ConnectionStatus(StrEnum):
    OFF = "off"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    REFUSED = "refused"


@dataclass(slots=True)
class ConnectionState:
    """How one of them stands; whoever connects keeps it up to date. `since` is in seconds since 1970."""

    status: ConnectionStatus = ConnectionStatus.OFF
    reason: str = ""
    since: float = field(default_factory=time.time)

    def connecting(self, reason: str = "") -> None:
        self._be(ConnectionStatus.CONNECTING, reason)

    def connected(self) -> None:
        self._be(ConnectionStatus.CONNECTED, "")

    def refused(self, reason: str) -> None:
        self._be(ConnectionStatus.REFUSED, reason)

    def _be(self, status: ConnectionStatus, reason: str) -> None:
        if status is not self.status:
            self.since = time.time()
        self.status, self.reason = status, reason

    def to_dict(self) -> dict[str, Any]:
        told = {"status": self.status.value, "since": round(self.since)}
        return told | ({"reason": self.reason} if self.reason else {})
