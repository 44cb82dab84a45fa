"""Telling the operator in a chat when something does not work, and when it does again."""

import asyncio
import logging
from collections.abc import Sequence

from bot.adapters.platform import ChatAdapter
from bot.health import Health

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 5.0
_LASTING_LOOKS = 3
"""What is mended within a few looks is not worth a message."""


async def tell_operator(chat: str, health: Health, adapters: Sequence[ChatAdapter]) -> None:
    """Look for ever; `chat` as in `ADMIN_CHAT`: `telegram:123` or `discord:456`."""
    platform, _, number = chat.partition(":")
    adapter = next((adapter for adapter in adapters if adapter.name.lower() == platform), None)
    if adapter is None:
        log.warning("ADMIN_CHAT: %s is not switched on", platform)
        return
    told: list[str] = []
    seen, looks = told, 0
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        facts, failing = await health.facts()
        if facts["status"] == "warming":
            continue
        looks = looks + 1 if failing == seen else 1
        seen = failing
        if looks < _LASTING_LOOKS or failing == told:
            continue
        words = f"⚠️ {_reasons(facts, failing)}" if failing else "✅ Everything works again."
        try:
            await adapter.tell(number, words)
            told = failing
        except Exception as error:  # of whatever library; the next look tries again
            log.warning("ADMIN_CHAT: %s could not be told: %r", platform, error)


def _reasons(facts: dict[str, object], failing: Sequence[str]) -> str:
    """Each part with what is known of it."""
    known = [(name, facts.get(name)) for name in failing]
    return "; ".join(
        f"{name}: {about.get('reason') or about.get('status') or about.get('states')}"
        if isinstance(about, dict)
        else name
        for name, about in known
    )
