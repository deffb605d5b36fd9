"""Worlds that drive the service over HTTP: a simulated hotel group and recorded data."""
