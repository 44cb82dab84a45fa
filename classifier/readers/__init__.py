"""Ways to read audio as mono blocks at its own sample rate, a module for each."""
