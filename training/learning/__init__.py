"""From recorded decisions to a model: rows, trees, calibration, and how well it predicts."""
