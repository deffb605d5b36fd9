"""Services that the bench measures Concierge against."""
