"""Settings of the bot: read once from the environment and `.env`, then frozen. No behaviour lives here."""

from config.settings import Settings, SettingsError, load_settings

__all__ = ["Settings", "SettingsError", "load_settings"]
