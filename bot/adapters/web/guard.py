"""Who may talk to the page: a browser on another site, or one that was given a wrong address for a name, may not.

A page on 127.0.0.1 can be reached by whatever runs in a browser on the same machine. Another site can make it post
there (cross-site requests), and with a name of its own that suddenly means 127.0.0.1 it can even read the answers (DNS
rebinding). The first shows in `Origin` or `Sec-Fetch-Site`, the second in `Host`.
"""

import asyncio
import ipaddress
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from config import Settings

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HOOKS = "/telegram/"
"""Below this path platforms call the bot."""
_SAID_AGAIN_AFTER_S = 60.0


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def guarded(settings: Settings) -> Any:
    """A middleware that answers 403 to requests for another host, or in another site's name."""
    named = {name.strip().lower() for name in settings.web_hosts.split(",") if name.strip()}
    is_local = is_loopback(settings.web_host)

    def is_ours(host: str) -> bool:
        name = (urlsplit(f"//{host}").hostname or "").lower()
        return is_loopback(name) or name == settings.web_host.lower() or name in named or not (is_local or named)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(HOOKS):  # under whatever name a platform reaches it: it shows a secret
            return await handler(request)
        try:
            allowed = is_ours(request.host)
        except ValueError:
            allowed = False
        if not allowed:
            raise web.HTTPForbidden(text="This page is not served under that name (WEB_HOSTS).\n")
        if request.method == "POST" and _is_foreign(request):
            raise web.HTTPForbidden(text="Another site cannot post here.\n")
        return await handler(request)

    return guard


def _is_foreign(request: web.Request) -> bool:
    """Whether another site has made a browser post. Scripts send neither header."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site not in {"same-origin", "none"}
    return origin is not None and urlsplit(origin).netloc.lower() != request.host.lower()


class Door:
    """Makes the connections' protocols, so many at a time; whoever comes then is turned away at once.

    Without it a few dozen idle connections take all descriptors of a process, and the chats have none left.
    """

    def __init__(self, server: web.Server, most: int) -> None:
        self._server = server
        self._most = most
        self._said_s = -_SAID_AGAIN_AFTER_S

    def __call__(self) -> asyncio.BaseProtocol:
        if len(self._server.connections) < self._most:
            return self._server()
        if time.monotonic() - self._said_s > _SAID_AGAIN_AFTER_S:
            self._said_s = time.monotonic()
            log.warning("The page has %d connections, and takes no more until some of them end", self._most)
        return _TurnedAway()


class _TurnedAway(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()
