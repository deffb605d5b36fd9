"""The race: many callers at once for one customer after another, in every channel, and no cap may be exceeded."""
