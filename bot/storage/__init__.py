"""What the bot remembers: settings of conversations and feedback, in SQL. No audio, no messages, no names."""

from bot.storage.database import StorageUnusable
from bot.storage.store import Storage

__all__ = ["Storage", "StorageUnusable"]
