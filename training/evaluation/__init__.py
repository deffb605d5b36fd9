"""What a policy would have earned on logged decisions."""
