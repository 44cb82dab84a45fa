"""How good predictions are: figures, intervals, cross-validation, plots."""
