"""From tables to fitted networks with calibrated scores, and from these to a bundle."""
