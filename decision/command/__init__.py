"""The `concierge` command line."""
