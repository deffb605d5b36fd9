"""The statistical side: features by binding, forests, calibration, artefacts and smoothed rates."""
