"""Profiles: what is known of a subject, how events change it, and what is computed from it."""
