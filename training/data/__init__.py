"""Feature tables, how they are split and sampled, and where their rows come from."""
