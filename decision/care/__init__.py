"""Looking after the models in use: drift, calibration, fallbacks, age and evidence, found in the journal."""
