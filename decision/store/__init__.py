"""The store port and its twins: Redis protocol, in memory, and an embedded server for the former."""
