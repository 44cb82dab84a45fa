"""How fast and how small: `python -m tests.benchmarks` measures everything that the README's table says."""
