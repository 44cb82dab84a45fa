"""The web page, on aiohttp."""
