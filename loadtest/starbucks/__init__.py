"""The Starbucks world: a recorded experiment, replayed in its own time."""
