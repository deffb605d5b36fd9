"""Changes that `concierge simulate` foresees on a log and that are then really made: both side by side."""
