"""Campaigns: everybody of an audience decided once, by many processes, whatever is killed on the way."""
