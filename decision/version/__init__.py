"""Versions of catalogues and models: stored, pointed to, loaded."""
