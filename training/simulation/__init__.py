"""Simulation: what a changed workspace or model would have decided on logged requests, before it is published."""
