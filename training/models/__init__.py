"""What can be fitted: networks and their recipes, preprocessing, backbones, the OOD detector, baselines."""
