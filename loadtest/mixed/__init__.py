"""Decisions of every kind at once, while catalogues and models are swapped; then all of them are replayed."""
