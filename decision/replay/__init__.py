"""Replay of the journal: every decision made again with the versions of its time, by as many processes as there are."""
