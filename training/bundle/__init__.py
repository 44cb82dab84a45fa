"""Model bundles: put together, written, read, described, moved to a newer format."""
