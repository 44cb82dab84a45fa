"""Training: from feature tables or audio folders to an evaluated model bundle. Never imported by what serves."""
